// Attention and its gradient against plain loops in double, and the bits that must not depend on how a sequence lies.
#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/random.h"

namespace reprise::kernels {
namespace {

std::vector<float> normals(size_t count, uint64_t seed) {
  RandomStream stream({seed});
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(stream.normal());
  return values;
}

// Positions in parts of given sizes; rows of keys and values [count][E], 32 floats to spare.
struct Parts {
  std::vector<std::vector<float>> keys, values, key_panels, value_panels, d_keys, d_values;
  std::vector<KeyValues> parts;
  std::vector<KeyValueGradients> gradients;

  Parts(const std::vector<float>& k, const std::vector<float>& v, int64_t E, const std::vector<int64_t>& sizes) {
    int64_t first = 0;
    for (int64_t size : sizes) {
      const auto rows = [&](const std::vector<float>& from) {
        std::vector<float> out(from.begin() + first * E, from.begin() + (first + size) * E);
        out.resize(out.size() + kPanel);
        return out;
      };
      keys.push_back(rows(k));
      values.push_back(rows(v));
      for (auto* panels : {&key_panels, &value_panels}) {
        panels->emplace_back(static_cast<size_t>(panel_floats(size, E)), std::nanf(""));  // what no position fills has no effect
        for (int64_t t = 0; t < size; ++t) put_in_panels((panels == &key_panels ? keys : values).back().data() + t * E, t, E, panels->back().data());
      }
      d_keys.emplace_back(static_cast<size_t>(size * E), 0.0f);
      d_values.emplace_back(static_cast<size_t>(size * E), 0.0f);
      first += size;
    }
    for (size_t i = 0; i < sizes.size(); ++i) {
      parts.push_back({sizes[i], key_panels[i].data(), values[i].data(), E});
      gradients.push_back({keys[i].data(), E, value_panels[i].data(), d_keys[i].data(), d_values[i].data(), E});
    }
  }
  static std::vector<float> joined(const std::vector<std::vector<float>>& all) {
    std::vector<float> out;
    for (const auto& one : all) out.insert(out.end(), one.begin(), one.end());
    return out;
  }
};

struct Case {
  int64_t E, T, rows;
  std::vector<int64_t> visible;
  std::vector<float> q, k, v, d;
  Case(int64_t head_dim, int64_t positions, int64_t num_rows) : E(head_dim), T(positions), rows(num_rows) {
    for (int64_t r = 0; r < rows; ++r) visible.push_back(std::max<int64_t>(1, T - (rows - 1 - r) / 2));
    q = normals(static_cast<size_t>(rows * E + kPanel), 1);
    for (float& x : q) x *= 0.3f;
    k = normals(static_cast<size_t>(T * E), 2);
    v = normals(static_cast<size_t>(T * E), 3);
    d = normals(static_cast<size_t>(rows * E + kPanel), 4);
  }
  Queries queries() const { return {rows, E, q.data(), visible.data()}; }
};

TEST(Attention, AgreesWithDoublesBothWays) {
  for (const auto& [E, T, rows] : {std::tuple<int64_t, int64_t, int64_t>{8, 5, 3}, {64, 70, 14}, {40, 33, 1}, {16, 1, 2}, {128, 100, 50}}) {
    const Case c(E, T, rows);
    Parts laid(c.k, c.v, E, {T});
    std::vector<float> scores, d_scores, mixed(static_cast<size_t>(rows * E)), d_q(static_cast<size_t>(rows * E));
    attend(c.queries(), laid.parts, scores, mixed.data());
    attend_backward(c.queries(), laid.parts, laid.gradients, mixed.data(), c.d.data(), scores, d_scores, d_q.data());
    std::vector<double> d_k(static_cast<size_t>(T * E)), d_v(static_cast<size_t>(T * E));
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t n = c.visible[static_cast<size_t>(r)];
      std::vector<double> p(static_cast<size_t>(n));
      double most = -1e300, sum = 0, dot = 0;
      const auto at = [&](const std::vector<float>& m, int64_t row, int64_t e) { return double{m[static_cast<size_t>(row * E + e)]}; };
      for (int64_t t = 0; t < n; ++t) {
        for (int64_t e = 0; e < E; ++e) p[static_cast<size_t>(t)] += at(c.q, r, e) * at(c.k, t, e);
        most = std::max(most, p[static_cast<size_t>(t)]);
      }
      for (double& x : p) sum += x = std::exp(x - most);
      for (double& x : p) x /= sum;
      std::vector<double> dp(static_cast<size_t>(n));
      for (int64_t t = 0; t < n; ++t) {
        for (int64_t e = 0; e < E; ++e) {
          dp[static_cast<size_t>(t)] += at(c.d, r, e) * at(c.v, t, e);
          d_v[static_cast<size_t>(t * E + e)] += p[static_cast<size_t>(t)] * at(c.d, r, e);
        }
        dot += p[static_cast<size_t>(t)] * dp[static_cast<size_t>(t)];
      }
      for (int64_t e = 0; e < E; ++e) {
        double want = 0, want_d = 0;
        for (int64_t t = 0; t < n; ++t) {
          const double ds = p[static_cast<size_t>(t)] * (dp[static_cast<size_t>(t)] - dot);
          want += p[static_cast<size_t>(t)] * at(c.v, t, e);
          want_d += ds * at(c.k, t, e);
          d_k[static_cast<size_t>(t * E + e)] += ds * at(c.q, r, e);
        }
        EXPECT_NEAR(mixed[static_cast<size_t>(r * E + e)], want, 1e-5);
        EXPECT_NEAR(d_q[static_cast<size_t>(r * E + e)], want_d, 3e-5);
      }
    }
    for (size_t i = 0; i < d_k.size(); ++i) {
      EXPECT_NEAR(laid.d_keys[0][i], d_k[i], 5e-5);
      EXPECT_NEAR(laid.d_values[0][i], d_v[i], 5e-5);
    }
  }
}

TEST(Attention, HasTheSameBitsHoweverTheSequenceLies) {
  for (int64_t E : {8, 64}) {
    const Case c(E, 150, 20);
    const auto outcome = [&](const std::vector<int64_t>& sizes, bool one_by_one) {
      Parts laid(c.k, c.v, E, sizes);
      std::vector<float> scores, d_scores, mixed(static_cast<size_t>(c.rows * E)), d_q(static_cast<size_t>(c.rows * E));
      for (int64_t r = 0; r < c.rows; r += one_by_one ? 1 : c.rows) {
        const Queries some = {one_by_one ? 1 : c.rows, E, c.q.data() + r * E, c.visible.data() + r};
        attend(some, laid.parts, scores, mixed.data() + r * E);
        attend_backward(some, laid.parts, laid.gradients, mixed.data() + r * E, c.d.data() + r * E, scores, d_scores, d_q.data() + r * E);
      }
      auto all = mixed;
      for (const auto& more : {d_q, Parts::joined(laid.d_keys), Parts::joined(laid.d_values)}) all.insert(all.end(), more.begin(), more.end());
      return all;
    };
    const auto whole = outcome({150}, false);
    EXPECT_EQ(outcome({150}, true), whole);
    EXPECT_EQ(outcome({37, 113}, false), whole);
    EXPECT_EQ(outcome({32, 32, 32, 32, 22}, true), whole);
    EXPECT_EQ(outcome({1, 64, 85}, false), whole);
  }
}

}  // namespace
}  // namespace reprise::kernels
