// The truth: every row's logits whole, in double and never rounded to the dtype.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/ops/linear_logprob.h"

namespace reprise::kernels::ops::reference {
namespace {

template <class T>
double dot(const T* a, const T* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += double{float_of(a[i])} * float_of(b[i]);
  return sum;
}

template <class T>
std::vector<double> scaled_logits(const LinearLogprob& a, int64_t row) {
  std::vector<double> x;
  for (int64_t v = 0; v < a.vocabulary; ++v) x.push_back(a.scale * dot(static_cast<const T*>(a.hidden) + row * a.width, static_cast<const T*>(a.weight) + v * a.width, a.width));
  return x;
}

}  // namespace

void linear_logprob(const LinearLogprob& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    for (int64_t r = 0; r < a.rows; ++r) {
      const auto x = scaled_logits<T>(a, r);
      const double maximum = *std::max_element(x.begin(), x.end());
      double sum = 0, moment = 0;
      for (double v : x) {
        sum += std::exp(v - maximum);
        moment += std::exp(v - maximum) * (v - maximum);
      }
      a.log_sum[r] = static_cast<float>(maximum + std::log(sum));
      a.logprob[r] = static_cast<float>(x[static_cast<size_t>(a.targets[r])] - maximum - std::log(sum));
      a.entropy[r] = static_cast<float>(std::log(sum) - moment / sum);
    }
  });
}

void linear_logprob_backward(const LinearLogprobBackward& a) {
  const LinearLogprob& f = a.forward;
  with_type(f.dtype, [&]<class T>(T*) {
    const T *hidden = static_cast<const T*>(f.hidden), *weight = static_cast<const T*>(f.weight);
    std::vector<double> d_hidden(static_cast<size_t>(f.rows * f.width)), d_weight(static_cast<size_t>(f.vocabulary * f.width));
    for (int64_t r = 0; r < f.rows; ++r) {
      const auto x = scaled_logits<T>(f, r);
      for (int64_t v = 0; v < f.vocabulary; ++v) {
        const double log_p = x[static_cast<size_t>(v)] - f.log_sum[r], p = std::exp(log_p);
        const double d = f.scale * (a.d_logprob[r] * ((f.targets[r] == v) - p) - (a.d_entropy ? a.d_entropy[r] * p * (log_p + f.entropy[r]) : 0.0));
        for (int64_t k = 0; k < f.width; ++k) {
          d_hidden[static_cast<size_t>(r * f.width + k)] += d * float_of(weight[v * f.width + k]);
          d_weight[static_cast<size_t>(v * f.width + k)] += d * float_of(hidden[r * f.width + k]);
        }
      }
    }
    for (size_t i = 0; i < d_hidden.size(); ++i) a.d_hidden[i] += static_cast<float>(d_hidden[i]);
    for (size_t i = 0; a.d_weight && i < d_weight.size(); ++i) a.d_weight[i] += static_cast<float>(d_weight[i]);
  });
}

Products products() {
  Products p;
  p.logits = [](DType type, const void* a, const void* b, void* logits, int64_t m, int64_t n, int64_t k, int64_t ld) {
    with_type(type, [&]<class T>(T*) {
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) static_cast<T*>(logits)[i * ld + j] = rounded_to<T>(static_cast<float>(dot(static_cast<const T*>(a) + i * k, static_cast<const T*>(b) + j * k, k)));
      }
    });
  };
  p.to_hidden = [](DType type, const void* d, const void* b, float* sum, int64_t m, int64_t n, int64_t k, int64_t ld) {
    with_type(type, [&]<class T>(T*) {
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t e = 0; e < k; ++e) {
          double total = 0;
          for (int64_t j = 0; j < n; ++j) total += double{float_of(static_cast<const T*>(d)[i * ld + j])} * float_of(static_cast<const T*>(b)[j * k + e]);
          sum[i * k + e] += static_cast<float>(total);
        }
      }
    });
  };
  p.to_weight = [](DType type, const void* d, const void* a, float* sum, int64_t m, int64_t n, int64_t k, int64_t ld) {
    with_type(type, [&]<class T>(T*) {
      for (int64_t j = 0; j < n; ++j) {
        for (int64_t e = 0; e < k; ++e) {
          double total = 0;
          for (int64_t i = 0; i < m; ++i) total += double{float_of(static_cast<const T*>(d)[i * ld + j])} * float_of(static_cast<const T*>(a)[i * k + e]);
          sum[j * k + e] += static_cast<float>(total);
        }
      }
    });
  };
  return p;
}

}  // namespace reprise::kernels::ops::reference
