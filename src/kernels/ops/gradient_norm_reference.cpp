// The truth: one sum in long double.
#include <cmath>

#include "kernels/ops/gradient_norm.h"

namespace reprise::kernels::ops::reference {

void gradient_norm(const GradientNorm& a) {
  long double total = 0;
  for (const GradientTensor& one : a.tensors) {
    with_type(one.dtype, [&]<class T>(T*) {
      for (int64_t i = 0; i < one.count; ++i) {
        const long double v = float_of(static_cast<const T*>(one.values)[i]);
        total += v * v;
      }
    });
  }
  const double norm = static_cast<double>(std::sqrt(total));
  *a.norm = norm;
  *a.scale = a.max_norm > 0 && norm > a.max_norm ? static_cast<float>(a.max_norm / (norm + 1e-6)) : 1.0f;
}

}  // namespace reprise::kernels::ops::reference
