// A list per first byte is all the index that a thousand tokens need.
#include "text/added_tokens.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "text/unicode.h"

namespace reprise::text {
namespace {

bool is_word_at(std::string_view text, size_t position) {
  const char32_t c = next_code_point(text, position);
  const CharClass k = char_class(c);
  return k == CharClass::letter || k == CharClass::number || k == CharClass::mark || c == '_';
}

// The start of the code point that ends at `end`.
size_t previous_start(std::string_view text, size_t end) {
  size_t start = end - 1;
  while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return start;
}

bool is_space_at(std::string_view text, size_t position) { return char_class(next_code_point(text, position)) == CharClass::space; }

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  for (auto& side : by_first_byte_) side.resize(256);
  for (const AddedToken& token : tokens_) {
    if (token.special) special_.insert(token.id);
    by_first_byte_[token.normalized][static_cast<unsigned char>(token.content[0])].push_back(&token);
  }
  for (auto& side : by_first_byte_) {
    for (auto& list : side) {
      std::stable_sort(list.begin(), list.end(), [](const AddedToken* a, const AddedToken* b) { return a->content.size() > b->content.size(); });
    }
  }
}

bool AddedTokens::find(std::string_view text, size_t from, bool normalized, Match& match) const {
  for (size_t at = from; at < text.size(); ++at) {
    for (const AddedToken* token : by_first_byte_[normalized][static_cast<unsigned char>(text[at])]) {
      if (text.compare(at, token->content.size(), token->content) != 0) continue;
      const size_t end = at + token->content.size();
      if (token->single_word && ((at > 0 && is_word_at(text, previous_start(text, at))) || (end < text.size() && is_word_at(text, end)))) continue;
      match = {at, end, token};
      if (token->lstrip) {
        while (match.begin > from && is_space_at(text, previous_start(text, match.begin))) match.begin = previous_start(text, match.begin);
      }
      if (token->rstrip) {
        while (match.end < text.size() && is_space_at(text, match.end)) next_code_point(text, match.end);
      }
      return true;
    }
  }
  return false;
}

void AddedTokens::cut(std::string_view text, bool normalized, const std::function<void(std::string_view, int32_t)>& piece) const {
  size_t at = 0;
  Match match;
  while (find(text, at, normalized, match)) {
    if (match.begin > at) piece(text.substr(at, match.begin - at), -1);
    piece({}, match.token->id);
    at = match.end;
  }
  if (at < text.size()) piece(text.substr(at), -1);
}

void AddedTokens::split(std::string_view text, bool normalize, const std::function<void(std::string_view, int32_t)>& piece) const {
  cut(text, false, [&](std::string_view part, int32_t id) {
    if (id >= 0) return piece(part, id);
    if (!normalize) return cut(part, true, piece);
    const std::string composed = nfc(part);
    cut(composed, true, piece);
  });
}

AddedTokens read_added_tokens(const nlohmann::json& root, const std::string& where) {
  std::vector<AddedToken> tokens;
  if (!root.contains("added_tokens") || root["added_tokens"].is_null()) return AddedTokens({});
  for (const auto& entry : root["added_tokens"]) {
    AddedToken token;
    const auto id = entry.at("id").get<int64_t>();
    if (id < 0 || id > 10'000'000) throw Error("gives an added token the id " + std::to_string(id), where);
    token.id = static_cast<int32_t>(id);
    token.content = entry.at("content").get<std::string>();
    if (token.content.empty()) throw Error("has an added token without content", where);
    token.special = entry.value("special", false);
    token.normalized = entry.value("normalized", !token.special);
    token.lstrip = entry.value("lstrip", false);
    token.rstrip = entry.value("rstrip", false);
    token.single_word = entry.value("single_word", false);
    tokens.push_back(std::move(token));
  }
  return AddedTokens(std::move(tokens));
}

}  // namespace reprise::text
