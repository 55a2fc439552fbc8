// AdamW and the gradients' norm: against their references, and bit for bit against what the CPU does.
#include "kernel_ops/emulated.h"
#include "kernel_ops/harness.h"
#include "kernels/ops/adamw.h"
#include "kernels/ops/gradient_norm.h"
#include "kernels/row_ops.h"
#include "support/fault_of.h"

namespace reprise::kernels::ops {
namespace {

class AdamwOp : public KernelOp {};
REPRISE_EVERY_WAY(AdamwOp);
class GradientNormOp : public KernelOp {};
REPRISE_EVERY_WAY(GradientNormOp);
// The CPU trains in float32: what it does is there in that type only.
class AsTheCpu : public KernelOp {};
INSTANTIATE_TEST_SUITE_P(Ops, AsTheCpu, ::testing::Values(Way{Runs::emulated}, Way{Runs::card}), name_of);

Adamw factors(int64_t count) {
  return {.count = count, .beta1 = 0.9f, .beta2 = 0.95f, .keep = 0.999f, .rate = 1e-2f, .root_scale = 1.7f, .epsilon = 1e-8f};
}

// Three steps, one after the other on the same state.
TEST_P(AdamwOp, AgreesWithTheReference) {
  for (const int64_t count : {1, 7, 64, 1000, 4099}) {
    for (const DType gradient_type : {DType::float32, DType::bfloat16}) {
      for (const int64_t shift : {0, 1}) {
        SCOPED_TRACE(count);
        const size_t n = static_cast<size_t>(count);
        const auto w = normals(n, 1);
        compare([&](Runs runs, Memory& m) -> Results {
          Adamw a = factors(count);
          a.dtype = type();
          a.gradient_dtype = gradient_type;
          a.weight = m.input(type(), w);
          if (type() == DType::bfloat16) a.master = static_cast<float*>(m.input(DType::float32, w));
          a.exp_avg = m.input(std::vector<float>(n, 0.0f));
          a.exp_avg_sq = m.input(std::vector<float>(n, 0.0f));
          a.gradient_scale = m.input(std::vector<float>{0.37f});
          for (uint64_t step = 0; step < 3; ++step) {
            a.gradient = m.input(gradient_type, normals(n, 10 + step));
            perform(runs, a, adamw, emulated::adamw);
          }
          Results out = {{"weight", m.fetch(type(), a.weight), 1e-6 + rounding(type()), 1e-6}, {"exp_avg", m.fetch(a.exp_avg), 1e-6, 1e-7}, {"exp_avg_sq", m.fetch(a.exp_avg_sq), 1e-6, 1e-8}};
          if (a.master) out.push_back({"master", m.fetch(a.master), 1e-6, 1e-6});
          return out;
        }, shift);
      }
    }
  }
}

TEST_P(AsTheCpu, AdamwGivesTheSameBits) {
  const size_t n = 1003;
  std::vector<float> w = normals(n, 1), m(n, 0.0f), v(n, 0.0f);
  Memory memory(GetParam().runs);
  Adamw a = factors(static_cast<int64_t>(n));
  a.weight = memory.input(w);
  a.exp_avg = memory.input(m);
  a.exp_avg_sq = memory.input(v);
  a.gradient_scale = memory.input(std::vector<float>{0.37f});
  for (uint64_t step = 0; step < 4; ++step) {
    const auto g = normals(n, 10 + step);
    kernels::adamw_row(w.data(), m.data(), v.data(), g.data(), {a.beta1, a.beta2, a.keep, a.rate, a.root_scale, a.epsilon, 0.37f}, static_cast<int64_t>(n));
    a.gradient = memory.input(g);
    perform(GetParam().runs, a, adamw, emulated::adamw);
  }
  EXPECT_EQ(memory.fetch(static_cast<float*>(a.weight)), w);
  EXPECT_EQ(memory.fetch(a.exp_avg), m);
  EXPECT_EQ(memory.fetch(a.exp_avg_sq), v);
}

TEST_P(GradientNormOp, AgreesWithTheReference) {
  for (const double max_norm : {0.0, 1.0, 1e9}) {
    for (const std::vector<int64_t>& counts : std::vector<std::vector<int64_t>>{{}, {1}, {0, 5}, {4096, 4097, 13}, {140000}}) {
      compare([&](Runs runs, Memory& m) -> Results {
        GradientNorm a;
        for (size_t i = 0; i < counts.size(); ++i) a.tensors.push_back({type(), m.input(type(), normals(static_cast<size_t>(counts[i]), i + 1)), counts[i]});
        a.max_norm = max_norm;
        a.workspace = m.output<double>(workspace_doubles(a));
        a.norm = m.output<double>(1);
        a.scale = m.output<float>(1);
        perform(runs, a, gradient_norm, emulated::gradient_norm);
        return {{"norm", {static_cast<float>(m.fetch(a.norm)[0])}, 1e-7, 0}, {"scale", m.fetch(a.scale), 2e-7, 0}};
      }, type() == DType::float32 ? 0 : 1);
    }
  }
}

// As training/optimizer.cpp sums: blocks of 4096 by square_sum_row, blocks in order, tensors in order.
TEST_P(AsTheCpu, GradientNormGivesTheSameBits) {
  Memory memory(GetParam().runs);
  GradientNorm a;
  double total = 0;
  std::vector<double> of_tensors;
  for (const int64_t count : {50000, 3, 8192, 4096, 4095, 4090, 4080, 4001, 1030 * 4096 + 17}) {
    // The last has more blocks than are staged at once; its values repeat.
    auto g = normals(static_cast<size_t>(std::min<int64_t>(count, 50000)), static_cast<uint64_t>(count));
    while (g.size() < static_cast<size_t>(count)) g.push_back(g[g.size() - 49999]);
    a.tensors.push_back({DType::float32, memory.input(g), count});
    double sum = 0;
    for (int64_t i = 0; i < count; i += kNormBlock) sum += kernels::square_sum_row(g.data() + i, std::min(kNormBlock, count - i));
    total += sum;
    of_tensors.push_back(sum);
  }
  a.max_norm = 1;
  a.workspace = memory.output<double>(workspace_doubles(a));
  a.norm = memory.output<double>(1);
  a.scale = memory.output<float>(1);
  for (const emulator::Order order : kOrders) {
    emulator::set_order(order);
    perform(GetParam().runs, a, gradient_norm, emulated::gradient_norm);
    emulator::set_order(emulator::Order::ascending);
    // The sums themselves, too: a square root forgives a last bit.
    const auto workspace = memory.fetch(a.workspace);
    for (size_t i = 0; i < of_tensors.size(); ++i) EXPECT_EQ(workspace[i], of_tensors[i]) << i;
    EXPECT_EQ(memory.fetch(a.norm)[0], std::sqrt(total));
    EXPECT_EQ(memory.fetch(a.scale)[0], static_cast<float>(1 / (std::sqrt(total) + 1e-6)));
  }
}

TEST_P(GradientNormOp, NanComesThrough) {
  Memory memory(GetParam().runs);
  auto g = normals(5000, 1);
  g[4999] = NAN;
  GradientNorm a = {.tensors = {{DType::float32, memory.input(g), 5000}}, .max_norm = 1};
  a.workspace = memory.output<double>(workspace_doubles(a));
  a.norm = memory.output<double>(1);
  a.scale = memory.output<float>(1);
  perform(GetParam().runs, a, gradient_norm, emulated::gradient_norm);
  EXPECT_TRUE(std::isnan(memory.fetch(a.norm)[0]));
  EXPECT_EQ(memory.fetch(a.scale)[0], 1.0f);
}

TEST(AdamwOp, RefusesBfloat16WithoutAMaster) {
  float one = 1;
  EXPECT_EQ(testing::fault_of([&] { adamw({.dtype = DType::bfloat16, .count = 1, .weight = &one, .exp_avg = &one, .exp_avg_sq = &one, .gradient = &one}, {}); }),
            "adamw: bfloat16 weights have a float32 master, float32 weights have none");
}

}  // namespace
}  // namespace reprise::kernels::ops
