// A map from words to ids and back; texts are joined by single spaces, as HF does without a decoder. Added tokens are
// cut out first, also in the middle of a word, so "<bos>0" is two tokens.
#include "text/word_level.h"

#include <map>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "text/added_tokens.h"

namespace reprise::text {
namespace {

class WordLevelTokenizer : public Tokenizer {
 public:
  WordLevelTokenizer(const nlohmann::json& json, std::string source, const std::string& where) 
      : source_(std::move(source)), where_(where), added_(read_added_tokens(json, where)) {
    // at() throws where [] on a missing key would be undefined; Tokenizer::from_json tells it as one line.
    const auto& model = json.at("model");
    const auto& vocabulary = model.at("vocab");
    if (!vocabulary.is_object()) throw Error("has no vocabulary", where);
    for (const auto& [word, id] : vocabulary.items()) add(word, id);
    if (const auto added = json.find("added_tokens"); added != json.end() && added->is_array()) {
      for (const auto& token : *added) {
        if (!token.is_object() || !token.contains("content") || !token["content"].is_string() || !token.contains("id")) throw Error("has an added token without content or id", where);
        add(token["content"], token["id"]);
        if (token.value("special", false)) special_.insert({token["id"].get<int32_t>(), true});
      }
    }
    if (const auto unknown = model.find("unk_token"); unknown != model.end() && unknown->is_string()) unknown_ = id_of(unknown->get<std::string>());
    const nlohmann::json post = json.contains("post_processor") ? json["post_processor"] : nlohmann::json();
    if (post.is_object() && post.value("type", "") == "TemplateProcessing" && post.contains("single") && post["single"].is_array()) {
      bool after = false;
      for (const auto& piece : post["single"]) {
        if (piece.contains("Sequence")) after = true;
        if (!piece.contains("SpecialToken")) continue;
        const auto id = id_of(piece["SpecialToken"].value("id", ""));
        if (!id) throw Error("has a post-processor that names an unknown token", where);
        (after ? behind_ : front_).push_back(*id);
      }
    }
    bos_ = id_of("<bos>");
    eos_ = id_of("<eos>");
    pad_ = id_of("<pad>");
  }

  std::vector<int32_t> encode(std::string_view text, bool add_special_tokens) const override {
    std::vector<int32_t> ids;
    if (add_special_tokens) ids = front_;
    added_.split(text, false, [&](std::string_view part, int32_t id) {
      if (id >= 0) {
        ids.push_back(id);
      } else {
        encode_words(part, ids);
      }
    });
    if (add_special_tokens) ids.insert(ids.end(), behind_.begin(), behind_.end());
    return ids;
  }

  std::string decode(std::span<const int32_t> ids, DecodeOptions options) const override {
    std::string text;
    for (int32_t id : ids) {
      if (id < 0 || static_cast<size_t>(id) >= words_.size() || (options.skip_special_tokens && special_.contains(id))) continue;
      if (!text.empty()) text += ' ';
      text += words_[id];
    }
    return text;
  }

  int32_t vocab_size() const override { return static_cast<int32_t>(words_.size()); }
  std::optional<int32_t> id_of(std::string_view token) const override {
    const auto found = ids_.find(token);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string token_of(int32_t id) const override { return id >= 0 && static_cast<size_t>(id) < words_.size() ? words_[id] : ""; }
  std::optional<int32_t> bos_id() const override { return bos_; }
  std::optional<int32_t> eos_id() const override { return eos_; }
  std::optional<int32_t> pad_id() const override { return pad_; }
  const std::string& json() const override { return source_; }

 private:
  static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  void encode_words(std::string_view text, std::vector<int32_t>& ids) const {
    for (size_t start = 0; start < text.size();) {
      if (is_space(text[start])) {
        ++start;
        continue;
      }
      size_t end = start;
      while (end < text.size() && !is_space(text[end])) ++end;
      const std::string_view word = text.substr(start, end - start);
      const auto id = id_of(word);
      if (!id && !unknown_) throw Error("has no word '" + std::string(word.substr(0, 40)) + "'", where_, "the data and the tokenizer do not belong together");
      ids.push_back(id ? *id : *unknown_);
      start = end;
    }
  }

  void add(const std::string& word, const nlohmann::json& id) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() > 10'000'000) throw Error("gives token '" + word.substr(0, 40) + "' an id that cannot be", where_);
    const int32_t number = id.get<int32_t>();
    const auto [place, fresh] = ids_.emplace(word, number);
    if (!fresh && place->second != number) throw Error("gives token '" + word.substr(0, 40) + "' two ids", where_);
    if (static_cast<size_t>(number) >= words_.size()) words_.resize(number + 1);
    if (fresh && !words_[number].empty()) throw Error("gives id " + std::to_string(number) + " to two tokens", where_);
    words_[number] = word;
  }

  std::string source_, where_;
  AddedTokens added_;
  std::vector<std::string> words_;
  std::map<std::string, int32_t, std::less<>> ids_;
  std::map<int32_t, bool> special_;
  std::vector<int32_t> front_, behind_;
  std::optional<int32_t> unknown_, bos_, eos_, pad_;
};

}  // namespace

std::string make_word_level_tokenizer_json(const std::vector<std::string>& words) {
  nlohmann::ordered_json json, vocabulary, added = nlohmann::ordered_json::array();
  for (size_t i = 0; i < words.size(); ++i) vocabulary[words[i]] = i;
  for (size_t i = 0; i < 3 && i < words.size(); ++i) {
    added.push_back({{"id", i}, {"content", words[i]}, {"single_word", false}, {"lstrip", false}, {"rstrip", false}, {"normalized", false}, {"special", true}});
  }
  json["version"] = "1.0";
  json["truncation"] = nullptr;
  json["padding"] = nullptr;
  json["added_tokens"] = added;
  json["normalizer"] = nullptr;
  json["pre_tokenizer"] = {{"type", "WhitespaceSplit"}};
  const std::string bos = words.at(1);
  json["post_processor"] = {{"type", "TemplateProcessing"},
                            {"single", {{{"SpecialToken", {{"id", bos}, {"type_id", 0}}}}, {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
                            {"pair", {{{"SpecialToken", {{"id", bos}, {"type_id", 0}}}}, {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "B"}, {"type_id", 0}}}}}},
                            {"special_tokens", {{bos, {{"id", bos}, {"ids", {1}}, {"tokens", {bos}}}}}}};
  json["decoder"] = nullptr;
  json["model"] = {{"type", "WordLevel"}, {"vocab", vocabulary}, {"unk_token", words.at(0)}};
  return json.dump(1) + "\n";
}

std::shared_ptr<const Tokenizer> make_word_level_tokenizer(const nlohmann::json& json, std::string source, const std::string& where) {
  return std::make_shared<WordLevelTokenizer>(json, std::move(source), where);
}

}  // namespace reprise::text
