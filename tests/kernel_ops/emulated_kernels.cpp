// The very kernel files of the card, compiled for the emulator.
#include "kernel_ops/emulator.h"

#include "kernels/ops/rms_norm_cuda.cu"
