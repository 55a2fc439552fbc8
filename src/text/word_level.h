// Word-level tokenizers: one id a white-space separated word. The miniature recipes use them; the JSON written here is
// loaded by Hugging Face tokenizers with the same ids and the same texts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "text/tokenizer.h"

namespace reprise::text {

// words[i] gets id i. The first three must be the pad, bos and eos tokens; they are special, bos is put in front by
// add_special_tokens. A word that is not there becomes the
// first one, as Hugging Face's unk_token does.
std::string make_word_level_tokenizer_json(const std::vector<std::string>& words);

// json: a parsed tokenizer.json whose model is WordLevel with a WhitespaceSplit pre-tokenizer.
std::shared_ptr<const Tokenizer> make_word_level_tokenizer(const nlohmann::json& json, std::string source, const std::string& where);

}  // namespace reprise::text
