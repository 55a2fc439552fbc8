// Log-probs from hidden states, chunked over rows and vocabulary, against whole rows in double.
#include "kernels/ops/linear_logprob.h"

#include "kernel_ops/emulated.h"
#include "kernel_ops/harness.h"
#include "kernels/ops/cublas_products.h"
#include "support/fault_of.h"

namespace reprise::kernels::ops {
namespace {

class LinearLogprobOp : public KernelOp {};
REPRISE_EVERY_WAY(LinearLogprobOp);

struct Shape {
  int64_t rows, width, vocabulary, chunk, tile;
};
// One tile; tiles and chunks with rests; a last tile of one column; no rows.
constexpr Shape kShapes[] = {{3, 8, 40, 16, 64}, {7, 16, 97, 3, 32}, {2, 24, 513, 2, 128}, {0, 8, 16, 4, 8}};

struct Case {
  std::vector<float> hidden, weight, d_logprob, d_entropy;
  std::vector<int32_t> targets;
  explicit Case(const Shape& s) {
    hidden = normals(static_cast<size_t>(s.rows * s.width), 1);
    weight = normals(static_cast<size_t>(s.vocabulary * s.width), 2, 0.5f);
    d_logprob = normals(static_cast<size_t>(s.rows), 3);
    d_entropy = normals(static_cast<size_t>(s.rows), 4);
    for (int64_t r = 0; r < s.rows; ++r) targets.push_back(static_cast<int32_t>((r * 37 + s.vocabulary - 1) % s.vocabulary));
  }
  LinearLogprob args(Memory& m, DType type, const Shape& s) const {
    LinearLogprob a = {.dtype = type, .rows = s.rows, .width = s.width, .vocabulary = s.vocabulary, .chunk = s.chunk, .tile = s.tile};
    a.hidden = m.input(type, hidden);
    a.weight = m.input(type, weight);
    a.scale = 0.8f;
    a.targets = m.input(targets);
    a.logits = m.output(type, s.chunk * s.tile);
    a.state = m.output<float>(4 * s.chunk);
    return a;
  }
};

void forward(Runs runs, const LinearLogprob& a) {
  check(a);
  if (runs == Runs::reference) return reference::linear_logprob(a);
  if (runs == Runs::emulated) {
    return linear_logprob(a, reference::products(), [](const TokenLogprob& one) {
      check(one);
      emulated::token_logprob(one, nullptr);
    });
  }
#ifdef REPRISE_CUDA
  const CublasProducts cublas(nullptr);
  linear_logprob(a, cublas.products(), Target{Implementation::cuda});
  card_synchronise();
#endif
}

void backward(Runs runs, const LinearLogprobBackward& a) {
  check(a);
  if (runs == Runs::reference) return reference::linear_logprob_backward(a);
  if (runs == Runs::emulated) {
    return linear_logprob_backward(a, reference::products(), [](const TokenLogprobBackward& one) {
      check(one);
      emulated::token_logprob_backward(one, nullptr);
    });
  }
#ifdef REPRISE_CUDA
  const CublasProducts cublas(nullptr);
  linear_logprob_backward(a, cublas.products(), Target{Implementation::cuda});
  card_synchronise();
#endif
}

TEST_P(LinearLogprobOp, AgreesWithTheReferenceBothWays) {
  // In bfloat16 the logits themselves are rounded before anything sees them: 2^-9 of logits of about 10.
  const double near = type() == DType::float32 ? 2e-5 : 0.05;
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.vocabulary));
    const Case c(s);
    // What the backward pass takes from the forward: of the reference, for all ways alike.
    Memory truth(Runs::reference);
    LinearLogprob whole = c.args(truth, type(), s);
    std::vector<float> logprob(c.targets.size() + 1), entropy(c.targets.size() + 1), log_sum(c.targets.size() + 1);
    whole.logprob = logprob.data();
    whole.entropy = entropy.data();
    whole.log_sum = log_sum.data();
    forward(Runs::reference, whole);
    compare([&](Runs runs, Memory& m) -> Results {
      LinearLogprob a = c.args(m, type(), s);
      a.logprob = m.output<float>(s.rows);
      a.entropy = m.output<float>(s.rows);
      a.log_sum = m.output<float>(s.rows);
      forward(runs, a);
      LinearLogprobBackward b = {.forward = a};
      b.forward.entropy = m.input(entropy);
      b.forward.log_sum = m.input(log_sum);
      b.d_logprob = m.input(c.d_logprob);
      b.d_entropy = m.input(c.d_entropy);
      // Sums go on from what is there.
      b.d_hidden = m.input(std::vector<float>(static_cast<size_t>(s.rows * s.width), 0.25f));
      b.d_weight = m.input(std::vector<float>(static_cast<size_t>(s.vocabulary * s.width), 0.5f));
      backward(runs, b);
      return {{"logprob", m.fetch(a.logprob), 0, near}, {"entropy", m.fetch(a.entropy), 0, near}, {"log_sum", m.fetch(a.log_sum), 0, near},
              {"d_hidden", m.fetch(b.d_hidden), near, near}, {"d_weight", m.fetch(b.d_weight), near, near}};
    });
  }
}

TEST(LinearLogprobOp, RefusesAnEmptyTile) {
  EXPECT_EQ(testing::fault_of([] { check(LinearLogprob{.rows = 1, .width = 1, .vocabulary = 1, .tile = 0}); }), "linear_logprob: sizes must be positive");
}

}  // namespace
}  // namespace reprise::kernels::ops
