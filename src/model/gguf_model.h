// Models from GGUF files (llama and qwen2 architectures, qwen3 too), dequantised to the wanted type.
#pragma once

#include <filesystem>

#include "model/weights.h"

namespace reprise::model {

LoadedModel load_gguf_model(const std::filesystem::path& path, at::ScalarType dtype, at::Device device);

}  // namespace reprise::model
