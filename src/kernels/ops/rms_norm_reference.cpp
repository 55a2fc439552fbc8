// The truth: plain loops, double sums.
#include <cmath>
#include <vector>

#include "kernels/ops/rms_norm.h"

namespace reprise::kernels::ops::reference {

void rms_norm(const RmsNorm& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    const T *x = static_cast<const T*>(a.x), *residual = static_cast<const T*>(a.residual), *weight = static_cast<const T*>(a.weight);
    T *sum = static_cast<T*>(a.sum), *out = static_cast<T*>(a.out);
    for (int64_t r = 0; r < a.rows; ++r) {
      std::vector<float> row(static_cast<size_t>(a.width));
      double squares = 0;
      for (int64_t i = 0; i < a.width; ++i) {
        float v = float_of(x[r * a.width + i]);
        if (residual) {
          const T rounded = rounded_to<T>(v + float_of(residual[r * a.width + i]));
          sum[r * a.width + i] = rounded;
          v = float_of(rounded);
        }
        row[static_cast<size_t>(i)] = v;
        squares += double{v} * v;
      }
      const double inverse = 1 / std::sqrt(squares / static_cast<double>(a.width) + a.eps);
      if (a.inverse_rms) a.inverse_rms[r] = static_cast<float>(inverse);
      for (int64_t i = 0; i < a.width; ++i) {
        out[r * a.width + i] = rounded_to<T>(static_cast<float>(row[static_cast<size_t>(i)] * inverse * float_of(weight[i])));
      }
    }
  });
}

void rms_norm_backward(const RmsNormBackward& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    const T *x = static_cast<const T*>(a.x), *weight = static_cast<const T*>(a.weight), *d_out = static_cast<const T*>(a.d_out), *d_sum = static_cast<const T*>(a.d_sum);
    T* d_x = static_cast<T*>(a.d_x);
    std::vector<double> d_weight(static_cast<size_t>(a.width));
    for (int64_t r = 0; r < a.rows; ++r) {
      const int64_t row = r * a.width;
      const double inverse = a.inverse_rms[r];
      double product = 0;
      for (int64_t i = 0; i < a.width; ++i) product += double{float_of(x[row + i])} * float_of(weight[i]) * float_of(d_out[row + i]);
      const double pull = product * inverse * inverse * inverse / static_cast<double>(a.width);
      for (int64_t i = 0; i < a.width; ++i) {
        const double v = float_of(x[row + i]), d = float_of(d_out[row + i]);
        d_weight[static_cast<size_t>(i)] += d * v * inverse;
        d_x[row + i] = rounded_to<T>(static_cast<float>(inverse * float_of(weight[i]) * d - pull * v + (d_sum ? float_of(d_sum[row + i]) : 0.0f)));
      }
    }
    for (int64_t i = 0; i < a.width; ++i) a.d_weight[i] = static_cast<float>(d_weight[static_cast<size_t>(i)]);
  });
}

}  // namespace reprise::kernels::ops::reference
