// SwiGLU and its gradient.
#include "kernels/ops/swiglu.h"

#include "kernel_ops/emulated.h"
#include "kernel_ops/harness.h"
#include "support/fault_of.h"

namespace reprise::kernels::ops {
namespace {

class SwigluOp : public KernelOp {};
REPRISE_EVERY_WAY(SwigluOp);

struct Shape {
  int64_t rows, width, stride, shift;
};
constexpr Shape kShapes[] = {{1, 1, 1, 0}, {3, 8, 16, 0}, {3, 13, 29, 0}, {2, 4864, 9728, 0}, {2, 40, 80, 1}, {5, 12, 20, 0}, {0, 8, 8, 0}};

std::vector<float> gates(size_t n) {
  auto values = normals(n, 1, 3.0f);
  // Far out on both sides the exponential overflows or vanishes.
  for (size_t i = 0; i < n; i += 7) values[i] = (i % 2 ? -1.0f : 1.0f) * static_cast<float>(i % 300);
  return values;
}

TEST_P(SwigluOp, AgreesWithTheReference) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.width));
    const size_t n = static_cast<size_t>(s.rows * s.stride);
    const auto gate = gates(n), up = normals(n, 2);
    compare([&](Runs runs, Memory& m) -> Results {
      const Swiglu a = {.dtype = type(), .rows = s.rows, .width = s.width, .stride = s.stride, .gate = m.input(type(), gate), .up = m.input(type(), up), .out = m.output(type(), s.rows * s.width)};
      perform(runs, a, swiglu, emulated::swiglu);
      return {{"out", m.fetch(type(), a.out), 2e-6 + rounding(type()), 1e-35}};
    }, s.shift);
  }
}

TEST_P(SwigluOp, BackwardAgreesWithTheReferenceAndMayRunInPlace) {
  for (const Shape& s : kShapes) {
    for (const bool in_place : {false, true}) {
      SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.width));
      const size_t n = static_cast<size_t>(s.rows * s.stride);
      const auto gate = gates(n), up = normals(n, 2), d = normals(static_cast<size_t>(s.rows * s.width), 3);
      compare([&](Runs runs, Memory& m) -> Results {
        SwigluBackward a = {.dtype = type(), .rows = s.rows, .width = s.width, .stride = s.stride};
        void *g = m.input(type(), gate), *u = m.input(type(), up);
        a.gate = g;
        a.up = u;
        a.d_out = m.input(type(), d);
        // Between the rows nothing is written: what stands there must still stand there.
        a.d_gate = in_place ? g : m.input(type(), std::vector<float>(n, 0.5f));
        a.d_up = in_place ? u : m.input(type(), std::vector<float>(n, 0.5f));
        perform(runs, a, swiglu_backward, emulated::swiglu_backward);
        return {{"d_gate", m.fetch(type(), a.d_gate), 1e-5 + rounding(type()), 2e-6}, {"d_up", m.fetch(type(), a.d_up), 2e-6 + rounding(type()), 1e-35}};
      }, s.shift);
    }
  }
}

TEST(SwigluReference, BackwardIsTheSlope) {
  for (const float at : {-5.0f, -0.3f, 0.0f, 2.0f}) {
    const float up = 1.5f, one = 1, step = 1e-2f;
    float low = 0, high = 0, d_gate = 0, d_up = 0;
    const float below = at - step, above = at + step;
    reference::swiglu({.rows = 1, .width = 1, .stride = 1, .gate = &below, .up = &up, .out = &low});
    reference::swiglu({.rows = 1, .width = 1, .stride = 1, .gate = &above, .up = &up, .out = &high});
    reference::swiglu_backward({.rows = 1, .width = 1, .stride = 1, .gate = &at, .up = &up, .d_out = &one, .d_gate = &d_gate, .d_up = &d_up});
    EXPECT_NEAR(d_gate, (double{high} - low) / (double{above} - below), 1e-4) << at;
    EXPECT_NEAR(d_up, at / (1 + std::exp(-double{at})), 1e-6) << at;
  }
}

TEST(SwigluOp, RefusesOverlappingRows) {
  float one = 1;
  EXPECT_EQ(testing::fault_of([&] { swiglu({.rows = 2, .width = 8, .stride = 7, .gate = &one, .up = &one, .out = &one}, {}); }),
            "swiglu: rows of gate and up overlap: the stride is smaller than the width");
}

}  // namespace
}  // namespace reprise::kernels::ops
