// The shape of a decoder, as Hugging Face's config.json tells it (transformers 4 and 5 spellings).
// Torch-free: `plan` counts parameters, bytes and FLOPs from it. model_type deepseek_v3 is read for planning only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::model {

// Positions are scaled as transformers' modeling_rope_utils does; "default" leaves them alone.
struct RopeScaling {
  std::string rope_type = "default";  // default, linear, dynamic is refused, llama3, yarn
  double factor = 1.0;
  double low_freq_factor = 1.0, high_freq_factor = 4.0;         // llama3
  int64_t original_max_position_embeddings = 0;                 // llama3, yarn
  double beta_fast = 32, beta_slow = 1;                         // yarn
  double attention_factor = 0;                                  // yarn; 0 = derive from factor (0.1 ln f + 1)
  double mscale = 0, mscale_all_dim = 0;                        // yarn, DeepSeek's spelling; 0 = absent
  bool truncate = true;                                         // yarn: floor/ceil of the correction range
};

struct ModelConfig {
  std::string model_type = "llama";  // llama, qwen2, qwen3 (deepseek_v3: plan only)
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0;
  int64_t num_hidden_layers = 0, num_attention_heads = 0, num_key_value_heads = 0, head_dim = 0;
  int64_t max_position_embeddings = 0;
  double rms_norm_eps = 1e-6, rope_theta = 10000;
  RopeScaling rope_scaling;
  bool tie_word_embeddings = false;
  bool attention_bias = false;         // q, k, v biases (qwen2 always)
  bool attention_output_bias = false;  // o bias (llama with attention_bias: true)
  bool mlp_bias = false;
  bool qk_norm = false;                // qwen3: RMSNorm over head_dim of q and k, before RoPE
  std::string torch_dtype = "float32";
  int64_t bos_token_id = -1, pad_token_id = -1;
  std::vector<int64_t> eos_token_ids;
  int64_t num_labels = 0;              // 0: a language model; else ...ForSequenceClassification, `score.weight` in place of lm_head
  bool plan_only = false;              // parsed far enough to count, not to run
  int64_t plan_parameters = 0;         // deepseek_v3: total and activated parameters
  int64_t plan_active_parameters = 0;

  int64_t num_parameters() const;             // tied embeddings counted once
  int64_t num_active_parameters() const;      // per token (differs from num_parameters only for MoE)
  // FLOPs of one token's forward at context length `context` (2 per multiply-add, attention included).
  double forward_flops_per_token(double context) const;
};

// Throws Error naming file and key: missing, wrong type, sizes that do not divide, unsupported model_type
// (with the list of what is), sliding windows or RoPE types that we would get wrong.
ModelConfig read_model_config(const std::filesystem::path& config_json);
ModelConfig parse_model_config(std::string_view json, const std::string& name_for_errors);
// config.json in the spelling that transformers 4 and 5 both load.
std::string write_model_config(const ModelConfig& config);

}  // namespace reprise::model
