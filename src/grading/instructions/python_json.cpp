// A reader that keeps nothing but the kinds of the brackets that are open.
#include "grading/instructions/python_json.h"

#include <vector>

namespace reprise::grading::instructions {
namespace {

constexpr size_t kMaxDigits = 4300;  // sys.int_info.default_max_str_digits

class Reader {
 public:
  explicit Reader(std::u32string_view text) : text_(text) {}

  bool whole() {
    std::vector<char32_t> open;  // '[' or '{'
    for (;;) {
      // A value is due.
      skip_space();
      if (at_ == text_.size()) return false;
      const char32_t c = text_[at_];
      if (c == '[' || c == '{') {
        ++at_;
        skip_space();
        if (!next_is(c == '[' ? ']' : '}')) {
          open.push_back(c);
          if (c == '{' && !key()) return false;
          continue;
        }
        ++at_;
      } else if (!scalar()) {
        return false;
      }
      // A value ended: a comma, or brackets close.
      for (;;) {
        skip_space();
        if (open.empty()) return at_ == text_.size();
        if (next_is(',')) {
          ++at_;
          if (open.back() == '{') {
            skip_space();
            if (!key()) return false;
          }
          break;
        }
        if (!next_is(open.back() == '[' ? ']' : '}')) return false;
        ++at_;
        open.pop_back();
      }
    }
  }

 private:
  bool next_is(char32_t c) const { return at_ < text_.size() && text_[at_] == c; }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  bool word(std::u32string_view which) {
    if (text_.substr(at_, which.size()) != which) return false;
    at_ += which.size();
    return true;
  }
  bool key() {
    if (!string()) return false;
    skip_space();
    if (!next_is(':')) return false;
    ++at_;
    return true;
  }
  bool string() {
    if (!next_is('"')) return false;
    for (++at_; at_ < text_.size(); ++at_) {
      const char32_t c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return false;
      if (c != '\\') continue;
      if (++at_ == text_.size()) return false;
      if (text_[at_] == 'u') {
        for (int i = 0; i < 4; ++i) {
          if (++at_ == text_.size() || !is_hex(text_[at_])) return false;
        }
      } else if (std::u32string_view(U"\"\\/bfnrt").find(text_[at_]) == std::u32string_view::npos) {
        return false;
      }
    }
    return false;
  }
  bool scalar() {
    switch (text_[at_]) {
      case '"': return string();
      case 't': return word(U"true");
      case 'f': return word(U"false");
      case 'n': return word(U"null");
      case 'N': return word(U"NaN");
      case 'I': return word(U"Infinity");
      default: return word(U"-Infinity") || number();
    }
  }
  // What follows a number that ends early ("01", "1.", "1e") is no comma and no bracket, and the caller refuses it.
  bool number() {
    if (next_is('-')) ++at_;
    const size_t first = at_;
    digits();
    if (at_ == first) return false;
    if (text_[first] == '0') at_ = first + 1;
    const size_t num_digits = at_ - first;
    bool whole = true;
    if (next_is('.') && digit_at(at_ + 1)) {
      ++at_;
      digits();
      whole = false;
    }
    if (next_is('e') || next_is('E')) {
      const size_t sign = at_ + 1 < text_.size() && (text_[at_ + 1] == '+' || text_[at_ + 1] == '-') ? 1 : 0;
      if (digit_at(at_ + 1 + sign)) {
        at_ += 1 + sign;
        digits();
        whole = false;
      }
    }
    return !whole || num_digits <= kMaxDigits;
  }
  bool digit_at(size_t at) const { return at < text_.size() && text_[at] >= '0' && text_[at] <= '9'; }
  void digits() {
    while (digit_at(at_)) ++at_;
  }
  static bool is_hex(char32_t c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

  std::u32string_view text_;
  size_t at_ = 0;
};

}  // namespace

// A byte order mark in front is refused, as there.
bool python_loads_json(std::u32string_view text) { return Reader(text).whole(); }

}  // namespace reprise::grading::instructions
