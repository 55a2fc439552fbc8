// One pass over code points.
#include "grading/language.h"

#include "base/strings.h"

namespace reprise::grading {
namespace {

bool is_latin(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7);
}
bool is_han(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x323AF) || (c >= 0xF900 && c <= 0xFAFF);
}
bool is_other_letter(char32_t c) {
  return (c >= 0x370 && c <= 0x1FFF) || (c >= 0x3040 && c <= 0x30FF) || (c >= 0xAC00 && c <= 0xD7AF);
}

}  // namespace

LanguageCounts count_words(std::string_view text) {
  LanguageCounts counts;
  int64_t latin_run = 0;
  bool other_run = false;
  const auto end_runs = [&] {
    if (latin_run > 1) ++counts.latin_words;
    if (other_run) ++counts.other_words;
    latin_run = 0;
    other_run = false;
  };
  for (size_t i = 0; i < text.size();) {
    // A tag such as <think> or </answer>: short, without spaces.
    if (text[i] == '<') {
      const size_t close = text.substr(i, 24).find('>');
      if (close != std::string_view::npos && text.substr(i, close).find(' ') == std::string_view::npos) {
        end_runs();
        i += close + 1;
        continue;
      }
    }
    if (text[i] == '\\') {  // a LaTeX command
      end_runs();
      ++i;
      while (i < text.size() && ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z'))) ++i;
      continue;
    }
    const char32_t c = next_code_point(text, i);
    if (is_latin(c)) {
      if (other_run) end_runs();
      ++latin_run;
    } else if (is_han(c)) {
      end_runs();
      ++counts.han_words;
    } else if (is_other_letter(c)) {
      if (latin_run) end_runs();
      other_run = true;
    } else if (c != '\'') {
      end_runs();
    }
  }
  end_runs();
  return counts;
}

double language_consistency(std::string_view text, std::string_view language) {
  const LanguageCounts counts = count_words(text);
  const int64_t all = counts.latin_words + counts.han_words + counts.other_words;
  if (all == 0) return 1;
  if (language == "en") return static_cast<double>(counts.latin_words) / static_cast<double>(all);
  if (language == "zh") return static_cast<double>(counts.han_words) / static_cast<double>(all);
  return 1;
}

}  // namespace reprise::grading
