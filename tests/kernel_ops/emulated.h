// The launchers of the kernel files as the emulator runs them (emulated_kernels.cpp).
#pragma once

#include "kernels/ops/rms_norm.h"

namespace reprise::kernels::ops::emulated {
void rms_norm(const RmsNorm& args, Stream stream);
void rms_norm_backward(const RmsNormBackward& args, Stream stream);
}  // namespace reprise::kernels::ops::emulated
