// Byte-level BPE (GPT-2, Llama 3, Qwen2/2.5, DeepSeek, SmolLM2), identical to Hugging Face tokenizers.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "text/tokenizer.h"

namespace reprise::text {

std::shared_ptr<const Tokenizer> make_byte_bpe_tokenizer(const nlohmann::json& json, std::string source,
                                                         const std::string& tokenizer_config_json, const std::string& where);

}  // namespace reprise::text
