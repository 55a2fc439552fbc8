// Sizes are checked before anything is allocated by them.
#include "model/gguf_config.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace reprise::model {

ModelConfig gguf_model_config(const io::GgufFile& file, const std::string& architecture) {
  const auto key = [&](const char* name) { return architecture + "." + name; };
  const auto optional_integer = [&](const std::string& name, int64_t fallback) { return file.has(name) ? file.integer(name) : fallback; };
  const auto size = [&](int64_t value, const char* name) {
    if (value < 1 || value > (int64_t{1} << 31)) throw Error(std::string("has ") + name + " " + std::to_string(value), file.path().string());
    return value;
  };
  ModelConfig c;
  c.model_type = architecture;
  c.hidden_size = size(file.integer(key("embedding_length")), "embedding_length");
  c.intermediate_size = size(file.integer(key("feed_forward_length")), "feed_forward_length");
  c.num_hidden_layers = size(file.integer(key("block_count")), "block_count");
  c.num_attention_heads = size(file.integer(key("attention.head_count")), "attention.head_count");
  c.num_key_value_heads = size(optional_integer(key("attention.head_count_kv"), c.num_attention_heads), "attention.head_count_kv");
  c.head_dim = size(optional_integer(key("attention.key_length"), std::max<int64_t>(1, c.hidden_size / c.num_attention_heads)), "attention.key_length");
  if (c.num_hidden_layers > 1000 || c.head_dim % 2 != 0 || c.num_attention_heads % c.num_key_value_heads != 0) {
    throw Error("has a shape that cannot be (" + std::to_string(c.num_hidden_layers) + " layers, head size " + std::to_string(c.head_dim) + ")", file.path().string());
  }
  c.max_position_embeddings = size(file.integer(key("context_length")), "context_length");
  c.rms_norm_eps = file.number(key("attention.layer_norm_rms_epsilon"));
  c.rope_theta = file.has(key("rope.freq_base")) ? file.number(key("rope.freq_base")) : 10000.0;
  if (file.has(key("rope.scaling.type")) && file.text(key("rope.scaling.type")) != "none") {
    c.rope_scaling.rope_type = file.text(key("rope.scaling.type"));
    if (c.rope_scaling.rope_type != "linear" && c.rope_scaling.rope_type != "yarn") throw Error("has rope scaling '" + c.rope_scaling.rope_type + "'", file.path().string());
    c.rope_scaling.factor = file.number(key("rope.scaling.factor"));
    c.rope_scaling.original_max_position_embeddings = optional_integer(key("rope.scaling.original_context_length"), c.max_position_embeddings);
  }
  if (file.find("rope_freqs.weight")) throw Error("carries its own rope frequencies (llama3 scaling)", file.path().string(), "use the Hugging Face folder of this model");
  c.attention_bias = file.find("blk.0.attn_q.bias") != nullptr;
  c.qk_norm = architecture == "qwen3";
  c.tie_word_embeddings = file.find("output.weight") == nullptr;
  const io::GgufTensor* embedding = file.find("token_embd.weight");
  if (!embedding || embedding->shape.size() != 2) throw Error("lacks token_embd.weight", file.path().string());
  c.vocab_size = embedding->shape[0];
  c.bos_token_id = optional_integer("tokenizer.ggml.bos_token_id", -1);
  if (file.has("tokenizer.ggml.eos_token_id")) c.eos_token_ids = {file.integer("tokenizer.ggml.eos_token_id")};
  c.pad_token_id = optional_integer("tokenizer.ggml.padding_token_id", -1);
  return c;
}

}  // namespace reprise::model
