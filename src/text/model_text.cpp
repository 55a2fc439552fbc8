#include "text/model_text.h"

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "text/gguf_tokenizer.h"

namespace reprise::text {
namespace {

std::string optional_file(const std::filesystem::path& path) { return path_exists(path) ? read_file(path, size_t{64} << 20) : std::string(); }

std::string chat_template_of(const std::filesystem::path& folder) {
  std::string text = optional_file(folder / "chat_template.jinja");
  if (!text.empty()) return text;
  const auto config = nlohmann::json::parse(optional_file(folder / "tokenizer_config.json"), nullptr, false);
  if (!config.is_object() || !config.contains("chat_template")) return {};
  const auto& value = config["chat_template"];
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {  // several by name: the one called default
    for (const auto& entry : value) {
      if (entry.is_object() && entry.value("name", "") == "default" && entry.contains("template") && entry["template"].is_string()) {
        return entry["template"].get<std::string>();
      }
    }
  }
  return {};
}

}  // namespace

ModelText model_text_of(const io::GgufFile& file) {
  ModelText out{.tokenizer = tokenizer_from_gguf(file)};
  if (file.has("tokenizer.chat_template")) out.chat_template = file.text("tokenizer.chat_template");
  return out;
}

ModelText read_model_text(const std::filesystem::path& path) {
  if (!path_exists(path)) throw Error("is not there", path.string(), "give a Hugging Face model folder or a .gguf file");
  if (!is_folder(path)) return model_text_of(io::GgufFile(path));
  ModelText out;
  if (path_exists(path / "tokenizer.json")) out.tokenizer = Tokenizer::from_file(path / "tokenizer.json");
  out.chat_template = chat_template_of(path);
  out.generation_config_json = optional_file(path / "generation_config.json");
  return out;
}

std::string render_conversation(const ModelText& model, const std::vector<ChatMessage>& messages, const std::string& assistant_prefix, bool add_generation_prompt) {
  if (model.chat_template.empty()) throw Error("the model has no chat template", "", "ask for a completion of a plain prompt, or give a model with a template");
  const auto name = [&](std::optional<int32_t> id) { return id && model.tokenizer ? model.tokenizer->token_of(*id) : std::string(); };
  const auto bos = model.tokenizer ? model.tokenizer->bos_id() : std::nullopt, eos = model.tokenizer ? model.tokenizer->eos_id() : std::nullopt;
  return ChatTemplate::parse(model.chat_template, "the model's chat template").render(messages, add_generation_prompt, name(bos), name(eos)) + assistant_prefix;
}

}  // namespace reprise::text
