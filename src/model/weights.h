// Models on disk: Hugging Face folders (safetensors, one file or sharded with an index) both ways, GGUF in.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>

#include "model/transformer.h"
#include "text/model_text.h"

namespace reprise::model {

struct LoadedModel : text::ModelText {
  std::shared_ptr<Transformer> model;
};

// path: a folder, or a .gguf file. Peak memory: the model in `dtype` plus one tensor. Throws Error (truncated,
// overlapping, missing or extra tensors, a vocabulary smaller than its tokenizer ...).
LoadedModel load_model(const std::filesystem::path& path, at::ScalarType dtype, at::Device device);

// A folder that transformers loads with the same logits. Shards at max_shard_bytes. Not atomic by itself:
// call it inside write_folder.
void save_model(const std::filesystem::path& folder, const Transformer& model, const text::Tokenizer* tokenizer,
                const std::string& chat_template, const std::string& generation_config_json,
                int64_t max_shard_bytes = int64_t{5} << 30);

}  // namespace reprise::model
