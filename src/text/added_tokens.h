// Added tokens (special and not): found in the text before any word is cut, leftmost and longest first, as HF does.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace reprise::text {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool special = false, normalized = false, lstrip = false, rstrip = false, single_word = false;
};

class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens);
  // Moved as a whole: the index points into the list, whose elements stay where they are.
  AddedTokens(AddedTokens&&) = default;
  const std::vector<AddedToken>& tokens() const { return tokens_; }
  bool is_special(int32_t id) const { return special_.contains(id); }

  // Cuts text at the added tokens: piece(text, -1) for what lies between (normalised to NFC when `normalize`), piece("", id)
  // for a token. Tokens with normalized=false are looked for in the raw text, the others in the normalised pieces.
  void split(std::string_view text, bool normalize, const std::function<void(std::string_view piece, int32_t id)>& piece) const;

 private:
  struct Match {
    size_t begin = 0, end = 0;  // with the white space that lstrip and rstrip take
    const AddedToken* token = nullptr;
  };
  bool find(std::string_view text, size_t from, bool normalized, Match& match) const;
  void cut(std::string_view text, bool normalized, const std::function<void(std::string_view, int32_t)>& piece) const;

  std::vector<AddedToken> tokens_;
  std::set<int32_t> special_;
  std::vector<std::vector<const AddedToken*>> by_first_byte_[2];  // [normalized][byte], longest first
};

AddedTokens read_added_tokens(const nlohmann::json& root, const std::string& where);

}  // namespace reprise::text
