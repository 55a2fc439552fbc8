// RMSNorm and its gradient.
#include "kernels/ops/rms_norm.h"

#include "kernel_ops/emulated.h"
#include "kernel_ops/harness.h"
#include "support/fault_of.h"

namespace reprise::kernels::ops {
namespace {

class RmsNormOp : public KernelOp {};
REPRISE_EVERY_WAY(RmsNormOp);

struct Shape {
  int64_t rows, width, shift;
};
// One element, widths that 16 bytes do and do not divide, wider than a block's stride, arrays off the 16-byte grid.
constexpr Shape kShapes[] = {{1, 1, 0}, {3, 8, 0}, {5, 13, 0}, {2, 896, 0}, {2, 896, 1}, {3, 2056, 0}, {1, 4101, 0}, {0, 16, 0}};

TEST_P(RmsNormOp, AgreesWithTheReference) {
  for (const Shape& s : kShapes) {
    for (const bool with_residual : {false, true}) {
      SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.width) + (with_residual ? " with residual" : ""));
      const size_t n = static_cast<size_t>(s.rows * s.width);
      const auto x = normals(n, 1, 3.0f), r = normals(n, 2), w = normals(static_cast<size_t>(s.width), 3);
      compare([&](Runs runs, Memory& m) -> Results {
        RmsNorm a = {.dtype = type(), .rows = s.rows, .width = s.width, .eps = 1e-5};
        a.x = m.input(type(), x);
        a.weight = m.input(type(), w);
        a.out = m.output(type(), s.rows * s.width);
        a.inverse_rms = m.output<float>(s.rows);
        if (with_residual) {
          a.residual = m.input(type(), r);
          a.sum = m.output(type(), s.rows * s.width);
        }
        perform(runs, a, rms_norm, emulated::rms_norm);
        Results out = {{"out", m.fetch(type(), a.out), 1e-5 + rounding(type()), 0}, {"inverse_rms", m.fetch(a.inverse_rms), 2e-6, 0}};
        if (with_residual) out.push_back({"sum", m.fetch(type(), a.sum), 0, 0});
        return out;
      }, s.shift);
    }
  }
}

TEST_P(RmsNormOp, TheSumMayTakeTheResidualsPlace) {
  const auto x = normals(4 * 64, 1), r = normals(4 * 64, 2), w = normals(64, 3);
  compare([&](Runs runs, Memory& m) -> Results {
    void* residual = m.input(type(), r);
    const RmsNorm a = {.dtype = type(), .rows = 4, .width = 64, .x = m.input(type(), x), .residual = residual, .weight = m.input(type(), w), .sum = residual, .out = m.output(type(), 4 * 64)};
    perform(runs, a, rms_norm, emulated::rms_norm);
    return {{"out", m.fetch(type(), a.out), 1e-5 + rounding(type()), 0}, {"sum", m.fetch(type(), a.sum), 0, 0}};
  });
}

TEST_P(RmsNormOp, BackwardAgreesWithTheReference) {
  for (const Shape& s : {Shape{1, 1, 0}, {3, 8, 0}, {7, 13, 0}, {2, 896, 1}, {260, 272, 0}, {1, 2056, 0}, {0, 16, 0}}) {
    for (const bool with_sum : {false, true}) {
      SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.width));
      const size_t n = static_cast<size_t>(s.rows * s.width);
      const auto x = normals(n, 1), w = normals(static_cast<size_t>(s.width), 2), d = normals(n, 3), past = normals(n, 4);
      std::vector<float> inverse = normals(static_cast<size_t>(s.rows), 5);
      for (float& v : inverse) v = 0.5f + std::abs(v);
      compare([&](Runs runs, Memory& m) -> Results {
        RmsNormBackward a = {.dtype = type(), .rows = s.rows, .width = s.width};
        a.x = m.input(type(), x);
        a.weight = m.input(type(), w);
        a.inverse_rms = m.input(inverse);
        a.d_out = m.input(type(), d);
        if (with_sum) a.d_sum = m.input(type(), past);
        a.d_x = m.output(type(), s.rows * s.width);
        a.d_weight = m.output<float>(s.width);
        a.workspace = m.output<float>(std::max<int64_t>(1, workspace_floats(a)));
        perform(runs, a, rms_norm_backward, emulated::rms_norm_backward);
        return {{"d_x", m.fetch(type(), a.d_x), 1e-5 + rounding(type()), 2e-5}, {"d_weight", m.fetch(a.d_weight), 1e-5, 1e-5 * std::sqrt(static_cast<double>(s.rows) + 1)}};
      }, s.shift);
    }
  }
}

// The gradient's reference against differences of the forward's reference.
TEST(RmsNormReference, BackwardIsTheSlope) {
  const int64_t width = 7;
  const auto x = normals(7, 1), w = normals(7, 2), d = normals(7, 3);
  const auto loss = [&](const std::vector<float>& at, float* inverse) {
    std::vector<float> out(7);
    reference::rms_norm({.rows = 1, .width = width, .x = at.data(), .weight = w.data(), .out = out.data(), .inverse_rms = inverse});
    double sum = 0;
    for (size_t i = 0; i < 7; ++i) sum += double{out[i]} * d[i];
    return sum;
  };
  float inverse = 0;
  loss(x, &inverse);
  std::vector<float> d_x(7), d_w(7), workspace(7);
  reference::rms_norm_backward({.rows = 1, .width = width, .x = x.data(), .weight = w.data(), .inverse_rms = &inverse, .d_out = d.data(), .d_x = d_x.data(), .d_weight = d_w.data(), .workspace = workspace.data()});
  for (size_t i = 0; i < 7; ++i) {
    auto up = x, down = x;
    up[i] += 1e-2f;
    down[i] -= 1e-2f;
    EXPECT_NEAR(d_x[i], (loss(up, nullptr) - loss(down, nullptr)) / (double{up[i]} - down[i]), 2e-3);
  }
}

TEST(RmsNormOp, RefusesWhatItCannotDo) {
  float one = 1;
  EXPECT_EQ(testing::fault_of([&] { rms_norm({.rows = 1, .width = 1, .x = &one, .residual = &one, .weight = &one, .out = &one}, {}); }),
            "rms_norm: a residual needs a place for the sum, and a sum a residual");
  EXPECT_EQ(testing::fault_of([&] { check(RmsNormBackward{.rows = 1, .width = 20000}); }), "rms_norm_backward: rows wider than 12032 are not supported");
#ifndef REPRISE_CUDA
  EXPECT_EQ(testing::fault_of([&] { rms_norm({.rows = 1, .width = 1, .x = &one, .weight = &one, .out = &one}, {Implementation::cuda}); }), "rms_norm: this build has no CUDA half; build it with `make cuda`");
#endif
}

}  // namespace
}  // namespace reprise::kernels::ops
