// All randomness of Reprise: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as
// 1, 2, 3"), a counter-based generator. A stream is named by a path of integers, e.g.
// (seed, stage, step, problem, sample), and its n-th draw depends on nothing else: not on the batch, the
// order, the thread count or what was drawn before. Nothing here calls std::*_distribution or libm.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace reprise {

// Ten rounds of Philox4x32. Known answers: tests/base/random_test.cpp (from Random123's kat_vectors).
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

class RandomStream {
 public:
  // The path is hashed into the 64-bit key and the upper half of the counter (192 bits in all, by
  // splitmix64 chains), so equal paths give equal streams and distinct paths distinct ones.
  explicit RandomStream(std::initializer_list<uint64_t> path);

  uint32_t next_u32();
  uint64_t next_u64();
  // In [0, 1), 53 bits.
  double uniform();
  // Unbiased integer in [0, bound) by rejection; bound > 0.
  uint64_t below(uint64_t bound);
  // Standard normal: Box-Muller with our own log and cos (base/fixed_math.h), the same bits everywhere.
  double normal();
  // The draw at an absolute position, without moving the stream: for the token at `position` of a sample.
  double uniform_at(uint64_t position) const;

  // Where the stream stands, for checkpoints: the number of 32-bit words taken.
  uint64_t position() const { return position_; }
  void seek(uint64_t position);

 private:
  uint32_t word_at(uint64_t position) const;
  std::array<uint32_t, 2> key_{};
  uint32_t upper_[2]{};
  uint64_t position_ = 0;
};

// Fisher-Yates, the same on every platform.
template <class T>
void shuffle(std::vector<T>& values, RandomStream& stream) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[stream.below(i)]);
}

// A stable 64-bit number for a name (stage names, problem ids) in a random path: FNV-1a.
uint64_t name_number(std::string_view name);

}  // namespace reprise
