// Which language a text is written in, by script, for R1's language-consistency reward (Nature paper, equation 7):
// Num(Words_target) / Num(Words).
#pragma once

#include <cstdint>
#include <string_view>

namespace reprise::grading {

struct LanguageCounts {
  int64_t latin_words = 0;  // runs of Latin letters
  int64_t han_words = 0;    // a Han character is a word: Chinese writes no spaces
  int64_t other_words = 0;  // runs of other letters (Cyrillic, Greek, kana, hangul ...)
};

// Tags (<think> and the like) and LaTeX commands (\frac) are no words; nor are digits, signs and one-letter Latin runs
// (variables such as x are the same in every language).
LanguageCounts count_words(std::string_view text);

// Share of words in `language`: "en" counts Latin, "zh" Han. 1 when there are no words at all or the language is
// empty or unknown: nothing speaks against it then.
double language_consistency(std::string_view text, std::string_view language);

}  // namespace reprise::grading
