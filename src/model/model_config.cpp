// config.json both ways, and the counts that `plan` needs.
#include "model/model_config.h"

#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace reprise::model {
namespace {

using nlohmann::json;

constexpr int64_t kLargestSize = int64_t{1} << 31;

class Reader {
 public:
  Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  const json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  int64_t integer(const char* key, std::optional<int64_t> fallback = {}) const {
    const json* value = find(key);
    if (!value) {
      if (fallback) return *fallback;
      throw Error(std::string("lacks ") + key, where_);
    }
    if (!value->is_number_integer()) throw Error(std::string(key) + " is not an integer", where_);
    const int64_t number = value->get<int64_t>();
    if (number < 1 || number > kLargestSize) throw Error(std::string(key) + " is " + std::to_string(number), where_);
    return number;
  }
  double number(const char* key, double fallback) const {
    const json* value = find(key);
    if (!value) return fallback;
    if (!value->is_number()) throw Error(std::string(key) + " is not a number", where_);
    return value->get<double>();
  }
  bool flag(const char* key, bool fallback) const {
    const json* value = find(key);
    if (!value) return fallback;
    if (!value->is_boolean()) throw Error(std::string(key) + " is not true or false", where_);
    return value->get<bool>();
  }
  std::string text(const char* key, const std::string& fallback) const {
    const json* value = find(key);
    if (!value) return fallback;
    if (!value->is_string()) throw Error(std::string(key) + " is not a string", where_);
    return value->get<std::string>();
  }
  const std::string& where() const { return where_; }

 private:
  const json& object_;
  std::string where_;
};

RopeScaling read_rope(const json& object, int64_t max_positions, const std::string& where) {
  const Reader r(object, where + " rope parameters");
  RopeScaling rope;
  rope.rope_type = r.text("rope_type", r.text("type", "default"));
  if (rope.rope_type == "mrope") rope.rope_type = "default";
  if (rope.rope_type != "default" && rope.rope_type != "linear" && rope.rope_type != "llama3" && rope.rope_type != "yarn") {
    throw Error("rope_type '" + rope.rope_type + "' is not supported", where, "default, linear, llama3 and yarn are");
  }
  if (rope.rope_type == "default") return rope;
  rope.factor = r.number("factor", 1);
  if (!(rope.factor >= 1)) throw Error("rope factor is under 1", where);
  rope.low_freq_factor = r.number("low_freq_factor", 1);
  rope.high_freq_factor = r.number("high_freq_factor", 4);
  rope.original_max_position_embeddings = r.integer("original_max_position_embeddings", max_positions);
  rope.beta_fast = r.number("beta_fast", 32);
  rope.beta_slow = r.number("beta_slow", 1);
  rope.attention_factor = r.number("attention_factor", 0);
  rope.mscale = r.number("mscale", 0);
  rope.mscale_all_dim = r.number("mscale_all_dim", 0);
  rope.truncate = r.flag("truncate", true);
  if (rope.rope_type == "llama3" && rope.high_freq_factor <= rope.low_freq_factor) {
    throw Error("high_freq_factor must be larger than low_freq_factor", where);
  }
  return rope;
}

// DeepSeek-V3's shape (arXiv 2412.19437), counted and never run: latent attention and mixture of experts.
void count_deepseek_v3(const Reader& r, ModelConfig& c) {
  const int64_t D = c.hidden_size, H = c.num_attention_heads;
  const int64_t q_rank = r.integer("q_lora_rank"), kv_rank = r.integer("kv_lora_rank");
  const int64_t nope = r.integer("qk_nope_head_dim"), rope = r.integer("qk_rope_head_dim"), v = r.integer("v_head_dim");
  const int64_t attention = D * q_rank + q_rank + q_rank * H * (nope + rope) + D * (kv_rank + rope) + kv_rank +
                            kv_rank * H * (nope + v) + H * v * D;
  const int64_t experts = r.integer("n_routed_experts"), active = r.integer("num_experts_per_tok");
  const int64_t shared = r.integer("n_shared_experts", 1), dense = r.integer("first_k_dense_replace", 1);
  const int64_t expert = 3 * D * r.integer("moe_intermediate_size"), mlp = 3 * D * c.intermediate_size;
  const int64_t moe_layers = c.num_hidden_layers - dense;
  const int64_t common = c.num_hidden_layers * (attention + 2 * D) + D + dense * mlp + 2 * c.vocab_size * D;
  c.plan_parameters = common + moe_layers * ((experts + shared) * expert + experts * D + experts);
  c.plan_active_parameters = common + moe_layers * ((active + shared) * expert + experts * D + experts);
  c.plan_only = true;
}

}  // namespace

ModelConfig parse_model_config(std::string_view text, const std::string& where) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) throw Error("is not a JSON object", where);
  const Reader r(object, where);
  ModelConfig c;
  c.model_type = r.text("model_type", "");
  const bool known = c.model_type == "llama" || c.model_type == "qwen2" || c.model_type == "qwen3" || c.model_type == "deepseek_v3";
  if (!known) throw Error("model_type '" + c.model_type + "' is not supported", where, "llama, qwen2 and qwen3 are (deepseek_v3 to plan only)");
  c.vocab_size = r.integer("vocab_size");
  c.hidden_size = r.integer("hidden_size");
  c.intermediate_size = r.integer("intermediate_size");
  c.num_hidden_layers = r.integer("num_hidden_layers");
  c.num_attention_heads = r.integer("num_attention_heads");
  c.num_key_value_heads = r.integer("num_key_value_heads", c.num_attention_heads);
  if (!r.find("head_dim") && c.hidden_size % c.num_attention_heads != 0) {
    throw Error("hidden_size " + std::to_string(c.hidden_size) + " does not divide by num_attention_heads " + std::to_string(c.num_attention_heads), where);
  }
  c.head_dim = r.integer("head_dim", std::max<int64_t>(1, c.hidden_size / c.num_attention_heads));
  if (c.model_type == "qwen3" && !r.find("head_dim")) c.head_dim = 128;
  c.max_position_embeddings = r.integer("max_position_embeddings", 2048);
  c.rms_norm_eps = r.number("rms_norm_eps", 1e-6);
  c.rope_theta = r.number("rope_theta", c.model_type == "llama" ? 10000.0 : c.model_type == "deepseek_v3" ? 10000.0 : 1000000.0);
  if (!r.find("rope_theta") && c.model_type != "llama") c.rope_theta = 10000.0;
  // transformers 5 writes rope_parameters with rope_theta inside; 4 writes rope_theta and rope_scaling.
  if (const json* rope = r.find("rope_parameters"); rope && rope->is_object()) {
    c.rope_theta = Reader(*rope, where).number("rope_theta", c.rope_theta);
    if (c.model_type != "deepseek_v3") c.rope_scaling = read_rope(*rope, c.max_position_embeddings, where);
  } else if (const json* scaling = r.find("rope_scaling"); scaling && scaling->is_object() && c.model_type != "deepseek_v3") {
    c.rope_scaling = read_rope(*scaling, c.max_position_embeddings, where);
  }
  if (!(c.rope_theta > 0) || !(c.rms_norm_eps > 0)) throw Error("rope_theta and rms_norm_eps must be positive", where);
  c.tie_word_embeddings = r.flag("tie_word_embeddings", false);
  if (const json* names = r.find("architectures"); names && names->is_array() && !names->empty() && (*names)[0].is_string() &&
                                                 (*names)[0].get<std::string>().ends_with("ForSequenceClassification")) {
    const json* labels = r.find("id2label");
    c.num_labels = r.integer("num_labels", labels && labels->is_object() && !labels->empty() ? static_cast<int64_t>(labels->size()) : 2);
  }
  c.attention_bias = c.model_type == "qwen2" || r.flag("attention_bias", false);
  c.attention_output_bias = c.model_type != "qwen2" && r.flag("attention_bias", false);
  c.mlp_bias = r.flag("mlp_bias", false);
  c.qk_norm = c.model_type == "qwen3";
  c.torch_dtype = r.text("dtype", r.text("torch_dtype", "float32"));
  const auto id = [&](const char* key) {
    const json* value = r.find(key);
    return value && value->is_number_integer() ? value->get<int64_t>() : int64_t{-1};
  };
  c.bos_token_id = id("bos_token_id");
  c.pad_token_id = id("pad_token_id");
  if (const json* eos = r.find("eos_token_id")) {
    if (eos->is_number_integer()) c.eos_token_ids = {eos->get<int64_t>()};
    if (eos->is_array()) {
      for (const json& one : *eos) {
        if (one.is_number_integer()) c.eos_token_ids.push_back(one.get<int64_t>());
      }
    }
  }
  if (c.model_type == "deepseek_v3") {
    count_deepseek_v3(r, c);
    return c;
  }
  if (c.num_attention_heads % c.num_key_value_heads != 0) {
    throw Error("num_attention_heads " + std::to_string(c.num_attention_heads) + " does not divide by num_key_value_heads " +
                    std::to_string(c.num_key_value_heads), where);
  }
  if (c.head_dim % 2 != 0) throw Error("head_dim " + std::to_string(c.head_dim) + " is odd", where);
  if (c.num_hidden_layers > 1000) throw Error("num_hidden_layers is " + std::to_string(c.num_hidden_layers), where);
  if (r.text("hidden_act", "silu") != "silu") throw Error("hidden_act '" + r.text("hidden_act", "") + "' is not supported", where, "silu is");
  if (r.flag("use_sliding_window", false)) throw Error("a sliding window is not supported", where, "set use_sliding_window: false if the model does not need it");
  if (const json* types = r.find("layer_types"); types && types->is_array()) {
    for (const json& type : *types) {
      if (type != "full_attention") throw Error("layer_types other than full_attention are not supported", where);
    }
  }
  return c;
}

ModelConfig read_model_config(const std::filesystem::path& path) { return parse_model_config(read_file(path, 16u << 20), path.string()); }

std::string write_model_config(const ModelConfig& c) {
  nlohmann::ordered_json j;
  const std::string name = c.model_type == "llama" ? "Llama" : c.model_type == "qwen2" ? "Qwen2" : "Qwen3";
  j["architectures"] = {name + (c.num_labels > 0 ? "ForSequenceClassification" : "ForCausalLM")};
  if (c.num_labels > 0) {
    for (int64_t i = 0; i < c.num_labels; ++i) {
      j["id2label"][std::to_string(i)] = "LABEL_" + std::to_string(i);
      j["label2id"]["LABEL_" + std::to_string(i)] = i;
    }
  }
  j["model_type"] = c.model_type;
  j["vocab_size"] = c.vocab_size;
  j["hidden_size"] = c.hidden_size;
  j["intermediate_size"] = c.intermediate_size;
  j["num_hidden_layers"] = c.num_hidden_layers;
  j["num_attention_heads"] = c.num_attention_heads;
  j["num_key_value_heads"] = c.num_key_value_heads;
  j["head_dim"] = c.head_dim;
  j["hidden_act"] = "silu";
  j["max_position_embeddings"] = c.max_position_embeddings;
  j["rms_norm_eps"] = c.rms_norm_eps;
  j["rope_theta"] = c.rope_theta;
  if (c.rope_scaling.rope_type == "default") {
    j["rope_scaling"] = nullptr;
  } else {
    const RopeScaling& s = c.rope_scaling;
    nlohmann::ordered_json rope = {{"rope_type", s.rope_type}, {"factor", s.factor}};
    if (s.rope_type == "llama3") {
      rope["low_freq_factor"] = s.low_freq_factor;
      rope["high_freq_factor"] = s.high_freq_factor;
    }
    if (s.rope_type == "yarn") {
      rope["beta_fast"] = s.beta_fast;
      rope["beta_slow"] = s.beta_slow;
      if (s.attention_factor != 0) rope["attention_factor"] = s.attention_factor;
      if (s.mscale != 0) rope["mscale"] = s.mscale;
      if (s.mscale_all_dim != 0) rope["mscale_all_dim"] = s.mscale_all_dim;
      if (!s.truncate) rope["truncate"] = false;
    }
    if (s.rope_type != "linear") rope["original_max_position_embeddings"] = s.original_max_position_embeddings;
    j["rope_scaling"] = rope;
  }
  j["tie_word_embeddings"] = c.tie_word_embeddings;
  if (c.model_type != "qwen2") j["attention_bias"] = c.attention_bias;
  if (c.model_type == "llama") j["mlp_bias"] = c.mlp_bias;
  if (c.model_type != "llama") j["use_sliding_window"] = false;
  j["torch_dtype"] = c.torch_dtype;
  if (c.bos_token_id >= 0) j["bos_token_id"] = c.bos_token_id;
  if (c.eos_token_ids.size() == 1) j["eos_token_id"] = c.eos_token_ids[0];
  if (c.eos_token_ids.size() > 1) j["eos_token_id"] = c.eos_token_ids;
  if (c.pad_token_id >= 0) j["pad_token_id"] = c.pad_token_id;
  return j.dump(2) + "\n";
}

int64_t ModelConfig::num_parameters() const {
  if (plan_only) return plan_parameters;
  const int64_t D = hidden_size, q = num_attention_heads * head_dim, kv = num_key_value_heads * head_dim;
  int64_t layer = D * q + 2 * D * kv + q * D + 3 * D * intermediate_size + 2 * D;
  if (attention_bias) layer += q + 2 * kv;
  if (attention_output_bias) layer += D;
  if (mlp_bias) layer += 2 * intermediate_size + D;
  if (qk_norm) layer += 2 * head_dim;
  const int64_t head = num_labels > 0 ? num_labels * D : tie_word_embeddings ? 0 : vocab_size * D;
  return num_hidden_layers * layer + D + vocab_size * D + head;
}

int64_t ModelConfig::num_active_parameters() const { return plan_only ? plan_active_parameters : num_parameters(); }

double ModelConfig::forward_flops_per_token(double context) const {
  // The input embedding is a look-up; every other weight is one multiply-add. Attention: scores and mixing.
  const double looked_up = tie_word_embeddings && num_labels == 0 && !plan_only ? 0.0 : static_cast<double>(vocab_size * hidden_size);
  const double weights = 2.0 * (static_cast<double>(num_active_parameters()) - looked_up);
  const double attention = 4.0 * context * static_cast<double>(num_hidden_layers * num_attention_heads * head_dim);
  return weights + attention;
}

}  // namespace reprise::model
