// The truth: one weight after the other, in double, rounded to float32 where the state is stored.
#include <cmath>

#include "kernels/ops/adamw.h"

namespace reprise::kernels::ops::reference {

void adamw(const Adamw& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    with_type(a.gradient_dtype, [&]<class G>(G*) {
      const double scale = a.gradient_scale ? *a.gradient_scale : 1.0;
      for (int64_t i = 0; i < a.count; ++i) {
        const double g = float_of(static_cast<const G*>(a.gradient)[i]) * scale;
        a.exp_avg[i] = static_cast<float>(double{a.beta1} * a.exp_avg[i] + double{1 - a.beta1} * g);
        a.exp_avg_sq[i] = static_cast<float>(double{a.beta2} * a.exp_avg_sq[i] + double{1 - a.beta2} * g * g);
        const double before = a.master ? a.master[i] : float_of(static_cast<const T*>(a.weight)[i]);
        const float after = static_cast<float>(a.keep * before - a.rate * double{a.exp_avg[i]} / (std::sqrt(double{a.exp_avg_sq[i]}) * a.root_scale + a.epsilon));
        if (a.master) a.master[i] = after;
        static_cast<T*>(a.weight)[i] = rounded_to<T>(after);
      }
    });
  });
}

}  // namespace reprise::kernels::ops::reference
