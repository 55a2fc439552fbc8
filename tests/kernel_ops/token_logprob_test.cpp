// Log-probs and entropies from tiles of logits, and the gradient in place.
#include "kernels/ops/token_logprob.h"

#include "kernel_ops/emulated.h"
#include "kernel_ops/harness.h"
#include "support/fault_of.h"

namespace reprise::kernels::ops {
namespace {

class TokenLogprobOp : public KernelOp {};
REPRISE_EVERY_WAY(TokenLogprobOp);

struct Shape {
  int64_t rows, vocabulary, tile, shift;
  float scale, spread;
};
// One tile and many, a last one of one column, tiles off the 16-byte grid; flat and peaked rows.
constexpr Shape kShapes[] = {{1, 1, 1, 0, 1, 1}, {3, 40, 40, 0, 1, 1}, {3, 97, 32, 0, 0.7f, 5}, {2, 5000, 2048, 0, 1, 12}, {2, 5000, 5000, 1, 1.3f, 0.1f}, {4, 513, 256, 0, 1, 60}, {0, 8, 8, 0, 1, 1}};

std::vector<float> logits_of(const Shape& s) {
  auto values = normals(static_cast<size_t>(s.rows * s.vocabulary), 1, s.spread);
  if (s.vocabulary > 90) {
    for (size_t i = 0; i < values.size(); i += 31) values[i] = -INFINITY;  // banned tokens
    values[5] = 80;
  }
  return values;
}
std::vector<int32_t> targets_of(const Shape& s) {
  std::vector<int32_t> targets;
  for (int64_t r = 0; r < s.rows; ++r) targets.push_back(static_cast<int32_t>(((r + 1) * s.vocabulary - 1) % s.vocabulary - (r > 0 ? std::min<int64_t>(r * 3, s.vocabulary - 1) : 0)));
  return targets;
}
// Columns first .. first + width - 1 of all rows.
std::vector<float> tile_of(const std::vector<float>& all, const Shape& s, int64_t first, int64_t width) {
  std::vector<float> tile;
  for (int64_t r = 0; r < s.rows; ++r) tile.insert(tile.end(), all.begin() + r * s.vocabulary + first, all.begin() + r * s.vocabulary + first + width);
  return tile;
}

TEST_P(TokenLogprobOp, AgreesWithTheReferenceWhateverTheTiles) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.vocabulary) + " in tiles of " + std::to_string(s.tile));
    const auto logits = logits_of(s);
    const auto targets = targets_of(s);
    compare([&](Runs runs, Memory& m) -> Results {
      TokenLogprob a = {.dtype = type(), .rows = s.rows, .vocabulary = s.vocabulary, .scale = s.scale};
      a.targets = m.input(targets);
      a.state = {m.output<float>(s.rows), m.output<float>(s.rows), m.output<float>(s.rows), m.output<float>(s.rows)};
      a.logprob = m.output<float>(s.rows);
      a.entropy = m.output<float>(s.rows);
      a.log_sum = m.output<float>(s.rows);
      for (; a.first < s.vocabulary; a.first += s.tile) {
        // The reference sees all at once: that the tiles do not matter is part of the test.
        const int64_t width = runs == Runs::reference ? s.vocabulary : std::min(s.tile, s.vocabulary - a.first);
        a.width = a.stride = width;
        a.logits = m.input(type(), tile_of(logits, s, a.first, width));
        perform(runs, a, token_logprob, emulated::token_logprob);
        if (runs == Runs::reference) break;
      }
      return {{"logprob", m.fetch(a.logprob), 1e-6, 1e-5}, {"entropy", m.fetch(a.entropy), 2e-5, 2e-5}, {"log_sum", m.fetch(a.log_sum), 1e-6, 1e-6}};
    }, s.shift);
  }
}

TEST_P(TokenLogprobOp, BackwardAgreesWithTheReference) {
  for (const Shape& s : kShapes) {
    for (const bool with_entropy : {false, true}) {
      SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.vocabulary));
      const auto logits = logits_of(s);
      auto targets = targets_of(s);
      targets.push_back(0);  // so that no rows have an address, too
      const size_t rows = static_cast<size_t>(s.rows);
      std::vector<float> state(rows + 1), logprob(rows + 1), entropy(rows + 1), log_sum(rows + 1);
      // Log-sums that fit the rounded logits: of the reference.
      Memory truth(Runs::reference);
      const TokenLogprob forward = {.dtype = type(), .rows = s.rows, .vocabulary = s.vocabulary, .width = s.vocabulary, .stride = s.vocabulary, .logits = truth.input(type(), logits), .scale = s.scale, .targets = targets.data(),
                                    .state = {state.data(), state.data(), state.data(), state.data()}, .logprob = logprob.data(), .entropy = entropy.data(), .log_sum = log_sum.data()};
      token_logprob(forward, {});
      const auto d_logprob = normals(rows, 3), d_entropy = normals(rows, 4);
      const int64_t first = s.vocabulary / 3, width = s.vocabulary - first;
      compare([&](Runs runs, Memory& m) -> Results {
        TokenLogprobBackward a = {.dtype = type(), .rows = s.rows, .vocabulary = s.vocabulary, .first = first, .width = width, .stride = width, .logits = m.input(type(), tile_of(logits, s, first, width)), .scale = s.scale};
        a.targets = m.input(targets);
        a.log_sum = m.input(log_sum);
        a.entropy = m.input(entropy);
        a.d_logprob = m.input(d_logprob);
        if (with_entropy) a.d_entropy = m.input(d_entropy);
        perform(runs, a, token_logprob_backward, emulated::token_logprob_backward);
        return {{"d_logits", m.fetch(type(), a.logits), 2e-5 + rounding(type()), 2e-5}};
      }, s.shift);
    }
  }
}

// Against differences: the sum of log-prob and entropy of one row.
TEST(TokenLogprobReference, BackwardIsTheSlope) {
  const auto logits = normals(9, 1);
  const int32_t target = 4;
  float scratch[4], logprob = 0, entropy = 0, log_sum = 0;
  const auto value = [&](const std::vector<float>& at) {
    reference::token_logprob({.rows = 1, .vocabulary = 9, .width = 9, .stride = 9, .logits = at.data(), .scale = 0.8f, .targets = &target, .state = {scratch, scratch + 1, scratch + 2, scratch + 3}, .logprob = &logprob, .entropy = &entropy, .log_sum = &log_sum});
    return 0.7 * logprob + 0.3 * entropy;
  };
  value(logits);
  auto d = logits;
  const float d_logprob = 0.7f, d_entropy = 0.3f;
  reference::token_logprob_backward({.rows = 1, .vocabulary = 9, .width = 9, .stride = 9, .logits = d.data(), .scale = 0.8f, .targets = &target, .log_sum = &log_sum, .entropy = &entropy, .d_logprob = &d_logprob, .d_entropy = &d_entropy});
  for (size_t i = 0; i < 9; ++i) {
    auto up = logits, down = logits;
    up[i] += 0.03f;
    down[i] -= 0.03f;
    EXPECT_NEAR(d[i], (value(up) - value(down)) / (double{up[i]} - down[i]), 2e-4);
  }
}

TEST(TokenLogprobOp, RefusesATileBeyondTheVocabulary) {
  EXPECT_EQ(testing::fault_of([&] { check(TokenLogprob{.rows = 1, .vocabulary = 10, .first = 8, .width = 3, .stride = 3}); }), "token_logprob: the tile reaches beyond the vocabulary");
}

}  // namespace
}  // namespace reprise::kernels::ops
