// What a model on disk says of texts: its tokenizer, chat template and generation config, without its weights. From a Hugging Face
// folder or a GGUF file.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/gguf.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace reprise::text {

struct ModelText {
  std::shared_ptr<const Tokenizer> tokenizer;  // null if the folder has none
  std::string chat_template;                   // "" if none
  std::string generation_config_json;          // "" if none
};

// Throws Error where there is no such path or a file in it is damaged.
ModelText read_model_text(const std::filesystem::path& path);
ModelText model_text_of(const io::GgufFile& file);

// The prompt of a conversation by the model's own template, with the generation prompt (unless told otherwise), and `assistant_prefix` behind
// it. Throws Error where the model has no template or the template refuses.
std::string render_conversation(const ModelText& model, const std::vector<ChatMessage>& messages, const std::string& assistant_prefix = "", bool add_generation_prompt = true);

}  // namespace reprise::text
