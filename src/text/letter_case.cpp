// Lookups in the generated runs, with a table for the first 65,536 code points made once.
#include "text/letter_case.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/strings.h"
#include "text/letter_case_tables.h"
#include "text/unicode.h"

namespace reprise::text {
namespace {

constexpr char32_t kCapitalSigma = 0x3A3, kSigma = 0x3C3, kFinalSigma = 0x3C2, kCapitalDottedI = 0x130;

// 0 where no run holds the code point.
int32_t value_in(const LetterRun* runs, size_t count, char32_t c) {
  for (size_t i = 0; i < count && runs[i].first <= c; ++i) {
    if (c <= runs[i].last && (c - runs[i].first) % static_cast<uint32_t>(runs[i].stride) == 0) return runs[i].value;
  }
  return 0;
}

struct Letter {
  int32_t to_small = 0;
  uint8_t kase = 0;
};

Letter letter_of(char32_t c) {
  static const auto table = [] {
    auto out = std::make_unique<std::array<Letter, 0x10000>>();
    for (size_t i = 0; i < kSmallFormsCount; ++i) {
      for (uint32_t at = kSmallForms[i].first; at <= kSmallForms[i].last && at < 0x10000; at += static_cast<uint32_t>(kSmallForms[i].stride)) (*out)[at].to_small = kSmallForms[i].value;
    }
    for (size_t i = 0; i < kLetterCasesCount; ++i) {
      for (uint32_t at = kLetterCases[i].first; at <= kLetterCases[i].last && at < 0x10000; at += static_cast<uint32_t>(kLetterCases[i].stride)) (*out)[at].kase = static_cast<uint8_t>(kLetterCases[i].value);
    }
    return out;
  }();
  if (c < 0x10000) return (*table)[c];
  return {value_in(kSmallForms, kSmallFormsCount, c), static_cast<uint8_t>(value_in(kLetterCases, kLetterCasesCount, c))};
}

}  // namespace

std::u32string code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) out += next_code_point(text, i);
  return out;
}

std::string utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char32_t c : text) append_utf8(out, c);
  return out;
}

bool is_upper(char32_t c) { return letter_of(c).kase == 1; }
bool is_lower(char32_t c) { return letter_of(c).kase == 2; }
// Unicode's white space, and the four separators of ASCII that Python counts in.
bool is_space(char32_t c) { return (c >= 0x1C && c <= 0x1F) || char_class(c) == CharClass::space; }
bool is_word(char32_t c) {
  const CharClass kind = char_class(c);
  return c == '_' || kind == CharClass::letter || kind == CharClass::number;
}
bool is_decimal(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  const uint32_t* end = kDecimalZeros + kDecimalZerosCount;
  const uint32_t* after = std::upper_bound(kDecimalZeros, end, static_cast<uint32_t>(c));
  return after != kDecimalZeros && c - after[-1] < 10;
}
char32_t small_form(char32_t c) { return static_cast<char32_t>(static_cast<int64_t>(c) + letter_of(c).to_small); }

bool equal_letters(char32_t a, char32_t b) {
  a = small_form(a);
  b = small_form(b);
  if (a == b) return true;
  if (a < 0x80 && b < 0x80) return false;
  // Sorted by letter, then by the other.
  return std::binary_search(kEqualLetters, kEqualLetters + kEqualLettersCount, LetterPair{a, b}, [](const LetterPair& x, const LetterPair& y) { return x.letter != y.letter ? x.letter < y.letter : x.other < y.other; });
}

bool is_upper(std::u32string_view text) {
  bool any = false;
  for (char32_t c : text) {
    const uint8_t kind = letter_of(c).kase;
    if (kind > 1) return false;
    any |= kind == 1;
  }
  return any;
}

bool is_lower(std::u32string_view text) {
  bool any = false;
  for (char32_t c : text) {
    const uint8_t kind = letter_of(c).kase;
    if (kind == 1 || kind == 3) return false;
    any |= kind == 2;
  }
  return any;
}

std::u32string lower(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == kCapitalDottedI) {
      out += U"i\u0307";
    } else if (c == kCapitalSigma) {
      const bool after_letter = i > 0 && letter_of(text[i - 1]).kase != 0, before_letter = i + 1 < text.size() && letter_of(text[i + 1]).kase != 0;
      out += after_letter && !before_letter ? kFinalSigma : kSigma;
    } else {
      out += small_form(c);
    }
  }
  return out;
}

std::u32string_view strip(std::u32string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::u32string_view strip(std::u32string_view text, char32_t which) {
  while (!text.empty() && text.front() == which) text.remove_prefix(1);
  while (!text.empty() && text.back() == which) text.remove_suffix(1);
  return text;
}

}  // namespace reprise::text
