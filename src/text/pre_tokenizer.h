// Cutting text into the words that BPE may not merge across. The patterns of the tokenizers that Reprise serves are known
// by their regular expression and scanned by hand; an unknown pattern is an Error that names it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace reprise::text {

enum class SplitRule {
  gpt2,             // GPT-2's pattern (ByteLevel with use_regex)
  qwen2,            // one digit a word
  llama3,           // up to three digits a word
  single_digits,    // every digit alone
  three_digits,     // runs of digits cut at three
  cjk_runs,         // runs of Han, hiragana, katakana
  deepseek_words,   // DeepSeek-V3's third step
  none
};

// Reads tokenizer.json's pre_tokenizer; rules are applied one after the other, each on the pieces of the one before.
std::vector<SplitRule> read_pre_tokenizer(const nlohmann::json& json, const std::string& where);

// Calls word(piece) for each piece of text, in order; together they are the whole text. text is valid UTF-8.
void split_words(const std::vector<SplitRule>& rules, std::string_view text, const std::function<void(std::string_view)>& word);

}  // namespace reprise::text
