// Metadata to ModelConfig, tensor names to Hugging Face's. llama.cpp's converter interleaves the rows of q and k for the
// llama architecture (its RoPE turns neighbouring pairs); they are put back here. qwen2 and qwen3 are stored as they are.
#include "model/gguf_model.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "io/gguf.h"
#include "model/gguf_config.h"

namespace reprise::model {
namespace {

// "blk.3.attn_q.weight" -> "model.layers.3.self_attn.q_proj.weight"; "" for tensors that are not weights.
std::string hugging_face_name(const std::string& name) {
  if (name == "token_embd.weight") return "model.embed_tokens.weight";
  if (name == "output_norm.weight") return "model.norm.weight";
  if (name == "output.weight") return "lm_head.weight";
  if (!name.starts_with("blk.")) return {};
  const size_t dot = name.find('.', 4);
  if (dot == std::string::npos) return {};
  const std::string rest = name.substr(dot + 1);
  const std::pair<const char*, const char*> parts[] = {
      {"attn_q_norm.", "self_attn.q_norm."}, {"attn_k_norm.", "self_attn.k_norm."}, {"attn_norm.", "input_layernorm."},
      {"ffn_norm.", "post_attention_layernorm."}, {"attn_q.", "self_attn.q_proj."}, {"attn_k.", "self_attn.k_proj."},
      {"attn_v.", "self_attn.v_proj."}, {"attn_output.", "self_attn.o_proj."}, {"ffn_gate.", "mlp.gate_proj."},
      {"ffn_up.", "mlp.up_proj."}, {"ffn_down.", "mlp.down_proj."}};
  for (const auto& [gguf, hugging_face] : parts) {
    if (rest.starts_with(gguf)) return "model.layers." + name.substr(4, dot - 4) + "." + hugging_face + rest.substr(std::string_view(gguf).size());
  }
  return {};
}

// Rows (head, pair, side) back to (head, side, pair).
at::Tensor unpermuted(const at::Tensor& t, int64_t heads) {
  const int64_t half = t.size(0) / heads / 2;
  auto sizes = t.sizes().vec();
  if (t.dim() == 1) return t.view({heads, half, 2}).transpose(1, 2).reshape(sizes);
  return t.view({heads, half, 2, t.size(1)}).transpose(1, 2).reshape(sizes);
}

}  // namespace

LoadedModel load_gguf_model(const std::filesystem::path& path, at::ScalarType dtype, at::Device device) {
  const io::GgufFile file(path);
  const std::string architecture = file.text("general.architecture");
  if (architecture != "llama" && architecture != "qwen2" && architecture != "qwen3") {
    throw Error("has architecture '" + architecture + "'", path.string(), "llama, qwen2 and qwen3 are supported");
  }
  const ModelConfig config = gguf_model_config(file, architecture);
  NamedTensors weights;
  for (const io::GgufTensor& tensor : file.tensors()) {
    const std::string name = hugging_face_name(tensor.name);
    if (name.empty()) throw Error("has a tensor that is not known: " + tensor.name.substr(0, 80), path.string());
    at::Tensor values = at::empty(tensor.shape, at::kFloat);
    io::dequantize(tensor, {values.data_ptr<float>(), static_cast<size_t>(values.numel())});
    if (architecture == "llama" && (name.find("q_proj") != std::string::npos || name.find("k_proj") != std::string::npos)) {
      const int64_t heads = name.find("q_proj") != std::string::npos ? config.num_attention_heads : config.num_key_value_heads;
      if (tensor.shape[0] != heads * config.head_dim) throw Error("has a shape that does not fit the heads", path.string() + ": tensor '" + tensor.name + "'");
      values = unpermuted(values, heads);
    }
    weights[name] = values.to(at::TensorOptions().dtype(dtype).device(device));
  }
  LoadedModel loaded;
  try {
    loaded.model = std::make_shared<Transformer>(config, std::move(weights));
  } catch (const Error& error) {
    throw Error(error.fault(), path.string(), error.hint());
  }
  static_cast<text::ModelText&>(loaded) = text::model_text_of(file);
  return loaded;
}

}  // namespace reprise::model
