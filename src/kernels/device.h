// Which devices LibTorch can reach here. No silent fallback: asking for one that is not there is an Error.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

namespace reprise::kernels {

// "cpu" or "cuda" (the first card).
c10::Device require_device(const std::string& name);
// "NVIDIA H200, sm_90" or the CPU's instruction set.
std::string device_description(const c10::Device& device);
// FLOP/s that a large square product reaches here and now (the fastest of three): what shares of the peak are told against.
double matrix_flops_per_second(const c10::Device& device, c10::ScalarType dtype);

}  // namespace reprise::kernels
