// One test for every implementation of an operation: run on the references, on the emulated kernels and, where there is a
// card, on the card. Each run gets inputs of exact size between guards, outputs full of NaN, and is done three times (the
// emulator changes the order of threads and blocks): always the same bits.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernel_ops/emulator_control.h"
#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

enum class Runs { reference, emulated, card };

// Whether a card is there; `why` says why not, beginning with "needs a CUDA device".
bool card_is_there(std::string& why);
void* card_allocate(size_t bytes);
void card_free(void* pointer);
void card_copy(void* to, const void* from, size_t bytes, bool to_card);
void card_synchronise();

constexpr emulator::Order kOrders[] = {emulator::Order::ascending, emulator::Order::descending, emulator::Order::lanes_descending};

inline std::vector<float> normals(size_t count, uint64_t seed, float scale = 1.0f) {
  RandomStream stream({seed});
  std::vector<float> values(count);
  for (float& v : values) v = scale * static_cast<float>(stream.normal());
  return values;
}

// The memory of one run.
class Memory {
 public:
  // shift: elements between a 16-byte border and what is handed out, to take the kernels' narrow way.
  explicit Memory(Runs runs, int64_t shift = 0) : runs_(runs), shift_(static_cast<size_t>(shift)) {}
  Memory(const Memory&) = delete;
  ~Memory() {
    for (const Part& part : parts_) {
      if (runs_ == Runs::card) card_free(part.place);
    }
  }

  template <class T>
  T* input(const std::vector<T>& values) {
    return static_cast<T*>(add(values.data(), values.size() * sizeof(T), 0));
  }
  void* input(DType type, const std::vector<float>& values) {
    const std::vector<unsigned char> bytes = as(type, values);
    return add(bytes.data(), bytes.size(), shift_ * static_cast<size_t>(size_of(type)));
  }
  void* output(DType type, int64_t count) { return poisoned(static_cast<size_t>(count * size_of(type)), shift_ * static_cast<size_t>(size_of(type))); }
  template <class T>
  T* output(int64_t count) {
    return static_cast<T*>(poisoned(static_cast<size_t>(count) * sizeof(T), 0));
  }

  template <class T>
  std::vector<T> fetch(const T* pointer) const {
    const std::vector<unsigned char> bytes = fetch_bytes(pointer);
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  std::vector<float> fetch(DType type, const void* pointer) const {
    if (type == DType::float32) return fetch(static_cast<const float*>(pointer));
    std::vector<float> values;
    for (Bf16 v : fetch(static_cast<const Bf16*>(pointer))) values.push_back(float_of(v));
    return values;
  }
  // Nothing was written before or behind any part.
  void expect_guards_whole() const {
    for (const Part& part : parts_) {
      const std::vector<unsigned char> all = whole(part);
      for (size_t i = 0; i < all.size(); ++i) {
        const bool inside = i >= part.begin && i < part.begin + part.bytes;
        ASSERT_TRUE(inside || all[i] == kGuard) << "written outside of an array of " << part.bytes << " bytes";
      }
    }
  }

 private:
  static constexpr size_t kGuardBytes = 64;
  static constexpr unsigned char kGuard = 0xa5;
  struct Part {
    void* place = nullptr;
    size_t begin = 0, bytes = 0;
    std::unique_ptr<unsigned char[], void (*)(unsigned char*)> host{nullptr, [](unsigned char*) {}};
  };

  static std::vector<unsigned char> as(DType type, const std::vector<float>& values) {
    std::vector<unsigned char> bytes(values.size() * static_cast<size_t>(size_of(type)));
    for (size_t i = 0; i < values.size(); ++i) {
      if (type == DType::float32) {
        std::memcpy(bytes.data() + 4 * i, &values[i], 4);
      } else {
        const Bf16 rounded = rounded_to<Bf16>(values[i]);
        std::memcpy(bytes.data() + 2 * i, &rounded, 2);
      }
    }
    return bytes;
  }
  void* poisoned(size_t bytes, size_t offset) {
    const std::vector<unsigned char> poison(bytes, 0xff);
    return add(poison.data(), bytes, offset);
  }
  void* add(const void* values, size_t bytes, size_t offset) {
    Part part;
    part.begin = kGuardBytes + offset;
    part.bytes = bytes;
    const size_t all = part.begin + bytes + kGuardBytes;
    std::vector<unsigned char> filled(all, kGuard);
    if (bytes > 0) std::memcpy(filled.data() + part.begin, values, bytes);
    if (runs_ == Runs::card) {
      part.place = card_allocate(all);
      card_copy(part.place, filled.data(), all, true);
    } else {
      part.host = {static_cast<unsigned char*>(::operator new(all, std::align_val_t{64})), [](unsigned char* p) { ::operator delete(p, std::align_val_t{64}); }};
      part.place = part.host.get();
      std::memcpy(part.place, filled.data(), all);
    }
    parts_.push_back(std::move(part));
    return static_cast<unsigned char*>(parts_.back().place) + parts_.back().begin;
  }
  std::vector<unsigned char> whole(const Part& part) const {
    std::vector<unsigned char> all(part.begin + part.bytes + kGuardBytes);
    if (runs_ == Runs::card) {
      card_copy(all.data(), part.place, all.size(), false);
    } else {
      std::memcpy(all.data(), part.place, all.size());
    }
    return all;
  }
  std::vector<unsigned char> fetch_bytes(const void* pointer) const {
    for (const Part& part : parts_) {
      if (static_cast<unsigned char*>(part.place) + part.begin != pointer) continue;
      const std::vector<unsigned char> all = whole(part);
      return {all.begin() + static_cast<int64_t>(part.begin), all.begin() + static_cast<int64_t>(part.begin + part.bytes)};
    }
    ADD_FAILURE() << "not an array of this run";
    return {};
  }

  Runs runs_;
  size_t shift_;
  std::vector<Part> parts_;
};

// What a run gives back: named arrays.
struct Result {
  std::string name;
  std::vector<float> values;
  double relative = 0, absolute = 0;  // how far an implementation may be from the reference
  std::vector<double> of_each;        // per value, added to `absolute`; or empty
};
using Results = std::vector<Result>;

// A value rounded to bfloat16 may fall to the other side: one unit in the last place, 2^-7 of it at most.
inline double rounding(DType type) { return type == DType::float32 ? 0.0 : 0x1.02p-7; }

inline void expect_near(const Results& got, const Results& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].values.size(), want[i].values.size()) << got[i].name;
    for (size_t j = 0; j < got[i].values.size(); ++j) {
      const double x = got[i].values[j], y = want[i].values[j];
      const double allowed = want[i].absolute + want[i].relative * std::abs(y) + (want[i].of_each.empty() ? 0.0 : want[i].of_each[j]);
      ASSERT_TRUE(x == y || std::abs(x - y) <= allowed) << got[i].name << "[" << j << "] is " << x << ", the reference says " << y;
    }
  }
}
inline void expect_same_bits(const Results& a, const Results& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].values.size(), b[i].values.size());
    ASSERT_TRUE(a[i].values.empty() || std::memcmp(a[i].values.data(), b[i].values.data(), 4 * a[i].values.size()) == 0) << a[i].name << " differs from one run to the next";
  }
}

// One implementation and one element type; every operation's test is instantiated over these.
struct Way {
  Runs runs = Runs::emulated;
  DType type = DType::float32;
};
inline std::string name_of(const ::testing::TestParamInfo<Way>& info) {
  return std::string(info.param.runs == Runs::emulated ? "emulated" : "card") + (info.param.type == DType::float32 ? "_float32" : "_bfloat16");
}
class KernelOp : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    std::string why;
    if (GetParam().runs == Runs::card && !card_is_there(why)) GTEST_SKIP() << why;
  }
  DType type() const { return GetParam().type; }
  // run(runs, memory): lays out its arrays, calls the operation, fetches what it wrote.
  void compare(const std::function<Results(Runs, Memory&)>& run, int64_t shift = 0) const {
    Memory truth(Runs::reference, shift);
    const Results want = run(Runs::reference, truth);
    truth.expect_guards_whole();
    Results first;
    for (const emulator::Order order : kOrders) {
      Memory memory(GetParam().runs, shift);
      emulator::set_order(order);
      const Results got = run(GetParam().runs, memory);
      emulator::set_order(emulator::Order::ascending);
      memory.expect_guards_whole();
      expect_near(got, want);
      if (order != kOrders[0]) expect_same_bits(got, first);
      first = got;
    }
  }
};
#define REPRISE_EVERY_WAY(Suite)                                                                                                             \
  INSTANTIATE_TEST_SUITE_P(Ops, Suite,                                                                                                       \
                           ::testing::Values(Way{Runs::emulated, DType::float32}, Way{Runs::emulated, DType::bfloat16}, Way{Runs::card, DType::float32}, \
                                             Way{Runs::card, DType::bfloat16}),                                                              \
                           name_of)

// The operation by the implementation that a run is of: its dispatch for reference and card, the emulated launcher else.
template <class Args, class Dispatch, class Emulated>
void perform(Runs runs, const Args& args, Dispatch dispatch, Emulated emulated) {
  if (runs == Runs::emulated) {
    check(args);
    emulated(args, nullptr);
  } else {
    dispatch(args, Target{runs == Runs::card ? Implementation::cuda : Implementation::reference, nullptr});
    if (runs == Runs::card) card_synchronise();
  }
}

}  // namespace reprise::kernels::ops
