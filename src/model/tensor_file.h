// LibTorch tensors to and from safetensors files.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

#include "io/safetensors.h"
#include "model/transformer.h"

namespace reprise::model {

// A copy in `dtype` on `device`; the view's mapped pages may be dropped afterwards.
at::Tensor to_tensor(const io::TensorView& view, at::ScalarType dtype, at::Device device);

// Writes tensors in name order, each in its own dtype (float32, bfloat16, float16, float64, int64).
void write_tensor_file(const std::filesystem::path& file, const NamedTensors& tensors);
// All tensors in their stored dtype, on the CPU.
NamedTensors read_tensor_file(const std::filesystem::path& file);

}  // namespace reprise::model
