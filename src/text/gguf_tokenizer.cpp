// Tokens, merges and special flags into Hugging Face's form.
#include "text/gguf_tokenizer.h"

#include "base/error.h"
#include "base/json.h"

namespace reprise::text {
namespace {

using nlohmann::ordered_json;

constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

ordered_json byte_level(bool regex) { return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", regex}}; }
ordered_json split(const char* pattern) { return {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}}; }
ordered_json sequence(ordered_json first) {
  return {{"type", "Sequence"}, {"pretokenizers", ordered_json::array({std::move(first), byte_level(false)})}};
}

ordered_json pre_tokenizer(const std::string& pre, const std::string& where) {
  if (pre == "gpt-2" || pre == "gpt2" || pre == "default") return byte_level(true);
  if (pre == "smollm") {
    return {{"type", "Sequence"}, {"pretokenizers", ordered_json::array({{{"type", "Digits"}, {"individual_digits", true}}, byte_level(true)})}};
  }
  if (pre == "qwen2" || pre == "deepseek-r1-qwen") return sequence(split(kQwen2));
  if (pre == "llama-bpe" || pre == "llama3") return sequence(split(kLlama3));
  throw Error("has pre-tokenizer '" + pre + "'", where, "gpt-2, smollm, qwen2, deepseek-r1-qwen and llama-bpe are supported");
}

}  // namespace

std::shared_ptr<const Tokenizer> tokenizer_from_gguf(const io::GgufFile& file) {
  const std::string where = file.path().string();
  if (file.text("tokenizer.ggml.model") != "gpt2") throw Error("has a tokenizer of kind '" + file.text("tokenizer.ggml.model") + "'", where, "byte-level BPE (gpt2) is supported");
  const auto& tokens = file.texts("tokenizer.ggml.tokens");
  const auto types = file.integers("tokenizer.ggml.token_type");
  if (types.size() != tokens.size()) throw Error("has " + std::to_string(types.size()) + " token types for " + std::to_string(tokens.size()) + " tokens", where);
  const std::string pre = file.has("tokenizer.ggml.pre") ? file.text("tokenizer.ggml.pre") : "default";
  // ggml's token types: 1 normal, 3 control, 4 user defined, 5 unused.
  ordered_json vocabulary = ordered_json::object(), added = ordered_json::array();
  const bool control_in_vocabulary = pre == "smollm";
  std::vector<std::pair<std::string, int64_t>> entries;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (types[i] == 5) continue;
    const bool special = types[i] == 3;
    if (special || types[i] == 4) {
      added.push_back({{"id", i}, {"content", tokens[i]}, {"single_word", false}, {"lstrip", false}, {"rstrip", false}, {"normalized", false}, {"special", special}});
      if (!control_in_vocabulary) continue;
    }
    entries.emplace_back(tokens[i], static_cast<int64_t>(i));
  }
  // Through plain json: ordered_json looks every key up in a list.
  nlohmann::json sorted = nlohmann::json::object();
  for (auto& [token, id] : entries) sorted[token] = id;
  nlohmann::json root;
  root["version"] = "1.0";
  root["truncation"] = nullptr;
  root["padding"] = nullptr;
  root["added_tokens"] = added;
  root["normalizer"] = pre == "qwen2" || pre == "deepseek-r1-qwen" ? nlohmann::json{{"type", "NFC"}} : nlohmann::json();
  root["pre_tokenizer"] = pre_tokenizer(pre, where);
  root["post_processor"] = byte_level(false);
  root["decoder"] = byte_level(false);
  const bool llama3 = pre == "llama-bpe" || pre == "llama3";
  root["model"] = {{"type", "BPE"}, {"dropout", nullptr}, {"unk_token", nullptr}, {"continuing_subword_prefix", ""}, {"end_of_word_suffix", ""},
                   {"fuse_unk", false}, {"byte_fallback", false}, {"ignore_merges", llama3}, {"vocab", std::move(sorted)},
                   {"merges", file.texts("tokenizer.ggml.merges")}};
  nlohmann::json config = nlohmann::json::object();
  const auto name = [&](const char* key, const char* field) {
    if (!file.has(key)) return;
    const int64_t id = file.integer(key);
    if (id < 0 || id >= static_cast<int64_t>(tokens.size())) throw Error(std::string("has ") + key + " " + std::to_string(id), where);
    config[field] = tokens[static_cast<size_t>(id)];
  };
  name("tokenizer.ggml.bos_token_id", "bos_token");
  name("tokenizer.ggml.eos_token_id", "eos_token");
  name("tokenizer.ggml.padding_token_id", "pad_token");
  if (file.has("tokenizer.ggml.add_bos_token") && file.flag("tokenizer.ggml.add_bos_token") && config.contains("bos_token")) {
    const std::string bos = config["bos_token"];
    root["post_processor"] = {{"type", "TemplateProcessing"},
                              {"single", {{{"SpecialToken", {{"id", bos}, {"type_id", 0}}}}, {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
                              {"pair", {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "B"}, {"type_id", 1}}}}}},
                              {"special_tokens", {{bos, {{"id", bos}, {"ids", {file.integer("tokenizer.ggml.bos_token_id")}}, {"tokens", {bos}}}}}}};
  }
  return Tokenizer::from_json(root.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), config.dump(), where);
}

}  // namespace reprise::text
