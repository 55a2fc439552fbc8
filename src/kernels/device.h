// Which devices LibTorch can reach here. No silent fallback: asking for one that is not there is an Error.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace reprise::kernels {

// "cpu" or "cuda" (the first card).
c10::Device require_device(const std::string& name);
// "NVIDIA H200, sm_90" or the CPU's instruction set.
std::string device_description(const c10::Device& device);

}  // namespace reprise::kernels
