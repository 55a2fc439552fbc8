// Hugging Face folders. Files are mapped; each tensor is copied once, in the type it will have, and its mapped pages
// are given back, so loading peaks at the model's own size plus one tensor.
#include "model/weights.h"

#include <ATen/ATen.h>

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "io/safetensors.h"
#include "model/gguf_model.h"
#include "model/tensor_file.h"

namespace reprise::model {
namespace {

NamedTensors read_folder_tensors(const std::filesystem::path& folder, const ModelConfig& config, at::ScalarType dtype, at::Device device) {
  std::map<std::string, std::set<std::string>> names_by_file;  // empty set: all of the file
  const auto single = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
  if (path_exists(single)) {
    names_by_file["model.safetensors"];
  } else if (path_exists(index)) {
    for (const auto& [name, file] : io::read_safetensors_index(index)) names_by_file[file].insert(name);
  } else {
    throw Error("has neither model.safetensors nor model.safetensors.index.json", folder.string(), "give a Hugging Face model folder or a .gguf file");
  }
  NamedTensors weights;
  for (const auto& [file, names] : names_by_file) {
    const io::SafetensorsFile mapped(folder / file);
    for (const std::string& name : names) {
      if (!mapped.find(name)) throw Error("lacks tensor '" + name + "' that the index promises", (folder / file).string());
    }
    for (const io::TensorView& view : mapped.tensors()) {
      // Left over in some published folders: frequencies that are computed, a head that is tied.
      if (view.name.ends_with("rotary_emb.inv_freq") || ((config.tie_word_embeddings || config.num_labels > 0) && view.name == "lm_head.weight")) continue;
      weights[view.name] = to_tensor(view, dtype, device);
    }
  }
  return weights;
}

void check_vocabulary(const LoadedModel& loaded, const std::string& where) {
  if (!loaded.tokenizer) return;
  const int64_t rows = loaded.model->config().vocab_size, needed = loaded.tokenizer->vocab_size();
  if (needed > rows) {
    throw Error("the tokenizer has " + std::to_string(needed) + " tokens, the model's vocabulary " + std::to_string(rows), where,
                "model and tokenizer do not belong together");
  }
}

std::string tokenizer_config_of(const text::Tokenizer& tokenizer, const std::string& chat_template, int64_t max_length) {
  nlohmann::ordered_json config;
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  config["clean_up_tokenization_spaces"] = false;
  config["model_max_length"] = max_length;
  if (const auto id = tokenizer.bos_id()) config["bos_token"] = tokenizer.token_of(*id);
  if (const auto id = tokenizer.eos_id()) config["eos_token"] = tokenizer.token_of(*id);
  if (const auto id = tokenizer.pad_id()) config["pad_token"] = tokenizer.token_of(*id);
  if (!chat_template.empty()) config["chat_template"] = chat_template;
  return config.dump(2) + "\n";
}

}  // namespace

LoadedModel load_model(const std::filesystem::path& path, at::ScalarType dtype, at::Device device) {
  if (!path_exists(path)) throw Error("is not there", path.string(), "give a Hugging Face model folder or a .gguf file");
  LoadedModel loaded;
  if (!is_folder(path)) {
    loaded = load_gguf_model(path, dtype, device);
    check_vocabulary(loaded, path.string());
    return loaded;
  }
  const ModelConfig config = read_model_config(path / "config.json");
  if (config.plan_only) throw Error("model_type " + config.model_type + " can be planned, not run", path.string());
  try {
    loaded.model = std::make_shared<Transformer>(config, read_folder_tensors(path, config, dtype, device));
  } catch (const Error& error) {
    if (error.where() == "model") throw Error(error.fault(), path.string(), error.hint());
    throw;
  }
  static_cast<text::ModelText&>(loaded) = text::read_model_text(path);
  check_vocabulary(loaded, path.string());
  return loaded;
}

void save_model(const std::filesystem::path& folder, const Transformer& model, const text::Tokenizer* tokenizer,
                const std::string& chat_template, const std::string& generation_config_json, int64_t max_shard_bytes) {
  // Cut into shards in name order; one shard keeps the plain file name.
  std::vector<std::vector<std::string>> shards(1);
  int64_t shard_bytes = 0, total_bytes = 0;
  for (const auto& [name, tensor] : model.weights()) {
    const int64_t bytes = static_cast<int64_t>(tensor.nbytes());
    if (shard_bytes > 0 && shard_bytes + bytes > max_shard_bytes) {
      shards.emplace_back();
      shard_bytes = 0;
    }
    shards.back().push_back(name);
    shard_bytes += bytes;
    total_bytes += bytes;
  }
  std::map<std::string, std::string> weight_map;
  for (size_t i = 0; i < shards.size(); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, shards.size());
    const std::string file = shards.size() == 1 ? "model.safetensors" : name;
    NamedTensors part;
    for (const std::string& tensor : shards[i]) {
      part.emplace(tensor, model.weights().at(tensor));
      weight_map[tensor] = file;
    }
    write_tensor_file(folder / file, part);
  }
  if (shards.size() > 1) write_file(folder / "model.safetensors.index.json", io::write_safetensors_index(weight_map, total_bytes));
  ModelConfig config = model.config();
  config.torch_dtype = at::toString(model.weights().begin()->second.scalar_type()) == std::string("BFloat16") ? "bfloat16" : "float32";
  write_file(folder / "config.json", write_model_config(config));
  if (tokenizer) {
    write_file(folder / "tokenizer.json", tokenizer->json());
    write_file(folder / "tokenizer_config.json", tokenizer_config_of(*tokenizer, chat_template, config.max_position_embeddings));
  }
  if (!generation_config_json.empty()) write_file(folder / "generation_config.json", generation_config_json);
}

}  // namespace reprise::model
