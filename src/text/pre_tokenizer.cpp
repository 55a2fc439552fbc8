// Hand-written scanners: each returns the end of the word that starts at `at`.
#include "text/pre_tokenizer.h"

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "text/unicode.h"

namespace reprise::text {
namespace {

using nlohmann::json;

constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kThreeDigits = R"(\p{N}{1,3})";
constexpr const char* kCjk = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";
constexpr const char* kDeepseek =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

// A cursor over code points with their class.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  struct Char {
    char32_t code = 0;
    CharClass kind = CharClass::other;
    size_t end = 0;  // 0: nothing left
    bool letter() const { return end && kind == CharClass::letter; }
    bool number() const { return end && kind == CharClass::number; }
    bool space() const { return end && kind == CharClass::space; }
    bool newline() const { return end && (code == '\r' || code == '\n'); }
    bool other() const { return end && kind != CharClass::letter && kind != CharClass::number && kind != CharClass::space; }
  };
  Char at(size_t position) const {
    if (position >= text_.size()) return {};
    Char c;
    c.end = position;
    c.code = next_code_point(text_, c.end);
    c.kind = char_class(c.code);
    return c;
  }
  template <class Test>
  size_t while_true(size_t position, Test test) const {
    for (Char c = at(position); c.end && test(c); c = at(position)) position = c.end;
    return position;
  }

  // 's 't 're 've 'm 'll 'd at a quote; 0 if none. Regex engines fold U+017F to s and U+212A to k.
  size_t contraction(size_t position, bool ignore_case) const {
    if (position >= text_.size() || text_[position] != '\'') return 0;
    const auto lower = [&](const Char& c) -> char32_t {
      if (!c.end) return 0;
      if (ignore_case && c.code == 0x17F) return 's';
      return ignore_case && c.code >= 'A' && c.code <= 'Z' ? c.code + 32 : c.code;
    };
    const Char first = at(position + 1);
    const char32_t a = lower(first);
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return first.end;
    const Char second = first.end ? at(first.end) : Char{};
    const char32_t b = lower(second);
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return second.end;
    return 0;
  }

  // \s*[\r\n]+|\s+(?!\S)|\s+ , or without the newline branch.
  size_t white_space(size_t position, bool newlines) const {
    size_t run = position, last = position, after_newline = 0;
    for (Char c = at(run); c.space(); c = at(run)) {
      last = run;
      run = c.end;
      if (c.newline()) after_newline = run;
    }
    if (newlines && after_newline) return after_newline;
    // Followed by something: the last white space belongs to the next word, unless it is the only one.
    if (run < text_.size() && last > position) return last;
    return run;
  }

  size_t gpt2(size_t start) const {
    if (const size_t end = contraction(start, false)) return end;
    const Char first = at(start);
    const Char c = first.code == ' ' ? at(first.end) : first;
    if (c.letter()) return while_true(c.end, [](const Char& x) { return x.letter(); });
    if (c.number()) return while_true(c.end, [](const Char& x) { return x.number(); });
    if (c.other()) return while_true(c.end, [](const Char& x) { return x.other(); });
    return white_space(start, false);
  }

  size_t qwen2(size_t start, int digits) const {
    if (const size_t end = contraction(start, true)) return end;
    const Char first = at(start);
    if (first.letter()) return while_true(first.end, [](const Char& x) { return x.letter(); });
    if (!first.newline() && !first.number()) {
      const Char next = at(first.end);
      if (next.letter()) return while_true(next.end, [](const Char& x) { return x.letter(); });
    }
    if (first.number()) return number_run(start, digits);
    const Char c = first.code == ' ' ? at(first.end) : first;
    if (c.other()) {
      const size_t end = while_true(c.end, [](const Char& x) { return x.other(); });
      return while_true(end, [](const Char& x) { return x.newline(); });
    }
    return white_space(start, true);
  }

  size_t number_run(size_t start, int digits) const {
    size_t end = start;
    for (Char c = at(end); c.number() && digits > 0; c = at(end), --digits) end = c.end;
    return end;
  }

  size_t deepseek(size_t start) const {
    const Char first = at(start);
    const auto ascii_letter = [](const Char& x) { return x.end && ((x.code >= 'a' && x.code <= 'z') || (x.code >= 'A' && x.code <= 'Z')); };
    const auto word = [](const Char& x) { return x.end && (x.kind == CharClass::letter || x.kind == CharClass::mark); };
    const auto sign = [](const Char& x) { return x.end && (x.kind == CharClass::punctuation || x.kind == CharClass::symbol); };
    const bool ascii_sign = first.code < 128 && sign(first);
    if (ascii_sign && ascii_letter(at(first.end))) return while_true(first.end, ascii_letter);
    if (!first.newline() && !first.letter() && !sign(first) && word(at(first.end))) return while_true(first.end, word);
    if (word(first)) return while_true(start, word);
    const Char c = first.code == ' ' ? at(first.end) : first;
    if (sign(c)) {
      const size_t end = while_true(c.end, sign);
      return while_true(end, [](const Char& x) { return x.newline(); });
    }
    if (first.space()) return white_space(start, true);
    return start;  // no branch matches: the caller makes a piece of what lies between matches
  }

  size_t cjk(size_t start) const {
    return while_true(start, [](const Char& x) { return (x.code >= 0x4e00 && x.code <= 0x9fa5) || (x.code >= 0x3040 && x.code <= 0x30ff); });
  }

  size_t size() const { return text_.size(); }
  std::string_view piece(size_t begin, size_t end) const { return text_.substr(begin, end - begin); }

 private:
  std::string_view text_;
};

size_t match(SplitRule rule, const Scanner& scanner, size_t start) {
  switch (rule) {
    case SplitRule::gpt2: return scanner.gpt2(start);
    case SplitRule::qwen2: return scanner.qwen2(start, 1);
    case SplitRule::llama3: return scanner.qwen2(start, 3);
    case SplitRule::single_digits: return scanner.number_run(start, 1);
    case SplitRule::three_digits: return scanner.number_run(start, 3);
    case SplitRule::cjk_runs: return scanner.cjk(start);
    case SplitRule::deepseek_words: return scanner.deepseek(start);
    case SplitRule::none: break;
  }
  return scanner.size();
}

void split_from(const std::vector<SplitRule>& rules, size_t level, std::string_view text, const std::function<void(std::string_view)>& word) {
  if (level == rules.size()) {
    if (!text.empty()) word(text);
    return;
  }
  const Scanner scanner(text);
  size_t pending = 0;  // start of text that no match has taken
  for (size_t at = 0; at < text.size();) {
    const size_t end = match(rules[level], scanner, at);
    if (end == at) {
      at = scanner.at(at).end;
      continue;
    }
    if (pending < at) split_from(rules, level + 1, scanner.piece(pending, at), word);
    split_from(rules, level + 1, scanner.piece(at, end), word);
    pending = at = end;
  }
  if (pending < text.size()) split_from(rules, level + 1, scanner.piece(pending, text.size()), word);
}

void read_one(const json& part, std::vector<SplitRule>& rules, const std::string& where) {
  const std::string type = part.value("type", "");
  if (type == "Sequence") {
    for (const json& inner : part.at("pretokenizers")) read_one(inner, rules, where);
    return;
  }
  if (type == "ByteLevel") {
    if (part.value("add_prefix_space", false)) throw Error("asks for add_prefix_space, which is not supported", where);
    if (part.value("use_regex", true)) rules.push_back(SplitRule::gpt2);
    return;
  }
  if (type == "Digits") {
    if (!part.value("individual_digits", false)) throw Error("has a Digits pre-tokenizer without individual_digits", where);
    rules.push_back(SplitRule::single_digits);
    return;
  }
  if (type == "Split" && part.value("behavior", "") == "Isolated" && !part.value("invert", false) && part.contains("pattern") && part["pattern"].contains("Regex")) {
    const std::string pattern = part["pattern"]["Regex"];
    const std::pair<const char*, SplitRule> known[] = {{kQwen2, SplitRule::qwen2}, {kLlama3, SplitRule::llama3}, {kThreeDigits, SplitRule::three_digits},
                                                       {kCjk, SplitRule::cjk_runs}, {kDeepseek, SplitRule::deepseek_words}};
    for (const auto& [text, rule] : known) {
      if (pattern == text) {
        rules.push_back(rule);
        return;
      }
    }
    throw Error("splits by a pattern that is not known: " + pattern.substr(0, 200), where, "GPT-2, Llama 3, Qwen2 and DeepSeek-V3 patterns are");
  }
  throw Error("has a pre-tokenizer of type '" + type + "' that is not supported", where);
}

}  // namespace

std::vector<SplitRule> read_pre_tokenizer(const json& part, const std::string& where) {
  std::vector<SplitRule> rules;
  if (!part.is_null()) read_one(part, rules, where);
  return rules;
}

void split_words(const std::vector<SplitRule>& rules, std::string_view text, const std::function<void(std::string_view)>& word) {
  split_from(rules, 0, text, word);
}

}  // namespace reprise::text
