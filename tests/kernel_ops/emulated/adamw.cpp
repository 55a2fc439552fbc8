// The very kernel file of the card, compiled for the emulator.
#include "kernel_ops/emulator.h"
// Its text:
#include "kernels/ops/adamw_cuda.cu"
