// One function a kind of value, each at the cursor.
#include "evaluation/harness/python_literal.h"

#include "base/strings.h"

namespace reprise::evaluation {
namespace {

using nlohmann::json;

// Ends the parsing of what is no literal.
struct NoLiteral {};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  json whole() {
    json out = value(0);
    skip_blanks();
    if (at_ != text_.size()) throw NoLiteral{};
    return out;
  }

 private:
  static constexpr int kMaxDepth = 50;

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  json value(int depth) {
    if (depth > kMaxDepth) throw NoLiteral{};
    skip_blanks();
    if (at_ == text_.size()) throw NoLiteral{};
    switch (text_[at_]) {
      case '[': return sequence('[', ']', depth);
      case '(': return sequence('(', ')', depth);
      case '{': return dict(depth);
      case '\'':
      case '"': return quoted();
      default: break;
    }
    if (take_word("None")) return nullptr;
    if (take_word("True")) return true;
    if (take_word("False")) return false;
    if (take_word("nan")) return "NaN";
    if (take_word("inf")) return "Infinity";
    if (take_word("-inf")) return "-Infinity";
    return number();
  }

  json sequence(char open, char close, int depth) {
    take(open);
    json out = json::array();
    while (!take(close)) {
      out.push_back(value(depth + 1));
      if (!take(',')) {
        if (!take(close)) throw NoLiteral{};
        break;
      }
    }
    return out;
  }

  json dict(int depth) {
    take('{');
    json out = json::object();
    while (!take('}')) {
      skip_blanks();
      if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) throw NoLiteral{};
      const std::string key = quoted();
      if (!take(':')) throw NoLiteral{};
      out[key] = value(depth + 1);
      if (!take(',')) {
        if (!take('}')) throw NoLiteral{};
        break;
      }
    }
    return out;
  }

  char32_t hex(int digits) {
    char32_t code = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      if (at_ == text_.size()) throw NoLiteral{};
      const char c = text_[at_];
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) throw NoLiteral{};
      code = code << 4 | static_cast<char32_t>(digit);
    }
    return code;
  }

  // A surrogate stands for a byte that was no text; JSON has no place for it.
  static void put(std::string& out, char32_t code) { append_utf8(out, code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ? 0xFFFD : code); }

  std::string quoted() {
    const char quote = text_[at_++];
    std::string out;
    for (;;) {
      if (at_ == text_.size()) throw NoLiteral{};
      const char c = text_[at_++];
      if (c == quote) return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ == text_.size()) throw NoLiteral{};
      switch (text_[at_++]) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case '\\': out += '\\'; break;
        case '\'': out += '\''; break;
        case '"': out += '"'; break;
        case 'x': put(out, hex(2)); break;
        case 'u': put(out, hex(4)); break;
        case 'U': put(out, hex(8)); break;
        default: throw NoLiteral{};
      }
    }
  }

  json number() {
    const size_t start = at_;
    while (at_ < text_.size() && (std::string_view("+-.eE").find(text_[at_]) != std::string_view::npos || (text_[at_] >= '0' && text_[at_] <= '9'))) ++at_;
    const std::string_view digits = text_.substr(start, at_ - start);
    if (const auto whole = parse_int(digits)) return *whole;
    if (const auto real = parse_double(digits)) return *real;
    throw NoLiteral{};
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<json> parse_python_literal(std::string_view text) {
  try {
    return Parser(text).whole();
  } catch (const NoLiteral&) {
    return std::nullopt;
  }
}

}  // namespace reprise::evaluation
