// The truth: plain loops in double.
#include <cmath>

#include "kernels/ops/swiglu.h"

namespace reprise::kernels::ops::reference {

void swiglu(const Swiglu& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    for (int64_t r = 0; r < a.rows; ++r) {
      for (int64_t i = 0; i < a.width; ++i) {
        const double gate = float_of(static_cast<const T*>(a.gate)[r * a.stride + i]), up = float_of(static_cast<const T*>(a.up)[r * a.stride + i]);
        static_cast<T*>(a.out)[r * a.width + i] = rounded_to<T>(static_cast<float>(gate / (1 + std::exp(-gate)) * up));
      }
    }
  });
}

void swiglu_backward(const SwigluBackward& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    for (int64_t r = 0; r < a.rows; ++r) {
      for (int64_t i = 0; i < a.width; ++i) {
        const int64_t at = r * a.stride + i;
        const double gate = float_of(static_cast<const T*>(a.gate)[at]), up = float_of(static_cast<const T*>(a.up)[at]), d = float_of(static_cast<const T*>(a.d_out)[r * a.width + i]);
        const double sigmoid = 1 / (1 + std::exp(-gate));
        static_cast<T*>(a.d_gate)[at] = rounded_to<T>(static_cast<float>(d * up * sigmoid * (1 + gate * (1 - sigmoid))));
        static_cast<T*>(a.d_up)[at] = rounded_to<T>(static_cast<float>(d * gate * sigmoid));
      }
    }
  });
}

}  // namespace reprise::kernels::ops::reference
