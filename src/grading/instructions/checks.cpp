// The patterns by hand: Python's would take quadratic time on some texts.
#include "grading/instructions/checks.h"

#include <algorithm>
#include <vector>

#include "grading/instructions/language_detector.h"
#include "grading/instructions/python_json.h"
#include "grading/instructions/sentences.h"
#include "text/letter_case.h"

namespace reprise::grading::instructions {
namespace {

using text::is_space;
using text::strip;

constexpr size_t kNone = std::u32string_view::npos;

bool found_at(std::u32string_view text, size_t at, std::u32string_view word) {
  if (at + word.size() > text.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (!text::equal_letters(text[at + i], word[i])) return false;
  }
  return true;
}

bool at_boundary(std::u32string_view text, size_t at) {
  return (at > 0 && text::is_word(text[at - 1])) != (at < text.size() && text::is_word(text[at]));
}

bool is_at(std::u32string_view text, size_t at, char32_t c) { return at < text.size() && text[at] == c; }

// One further where space stands.
size_t past_space(std::u32string_view text, size_t at) { return at < text.size() && is_space(text[at]) ? at + 1 : at; }

std::vector<std::u32string_view> parts(std::u32string_view text, std::u32string_view separator) {
  std::vector<std::u32string_view> out;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    out.push_back(text.substr(begin, end == kNone ? kNone : end - begin));
    if (end == kNone) return out;
    begin = end + separator.size();
  }
}

}  // namespace

int64_t count_of(std::u32string_view text, std::u32string_view word, int64_t enough) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size() && count < enough;) {
    if (found_at(text, at, word)) {
      ++count;
      at += word.size();
    } else {
      ++at;
    }
  }
  return count;
}

bool has_word(std::u32string_view text, std::u32string_view word) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (found_at(text, at, word) && at_boundary(text, at) && at_boundary(text, at + word.size())) return true;
  }
  return false;
}

bool is_in_language(std::u32string_view text, const std::string& code) {
  const auto detected = detect_language(text);
  return !detected || *detected == code;
}

int64_t num_sentences(std::u32string_view text) { return static_cast<int64_t>(sentences(text).size()); }

int64_t num_words(std::u32string_view text) {
  int64_t count = 0;
  bool inside = false;
  for (char32_t c : text) {
    const bool word = text::is_word(c);
    count += word && !inside;
    inside = word;
  }
  return count;
}

int64_t num_starred_paragraphs(std::u32string_view text) {
  std::vector<std::u32string_view> paragraphs;
  size_t begin = 0;
  for (size_t stars = text.find(U"***"); stars != kNone; stars = text.find(U"***", begin)) {
    const size_t end = stars > begin && is_space(text[stars - 1]) ? stars - 1 : stars;
    paragraphs.push_back(text.substr(begin, end - begin));
    begin = past_space(text, stars + 3);
  }
  paragraphs.push_back(text.substr(begin));
  auto count = static_cast<int64_t>(paragraphs.size());
  for (size_t i = 0; i < paragraphs.size(); ++i) {
    if (!strip(paragraphs[i]).empty()) continue;
    if (i != 0 && i + 1 != paragraphs.size()) return -1;
    --count;
  }
  return count;
}

bool nth_paragraph_begins(std::u32string_view text, int64_t number, int64_t nth, std::u32string_view first_word) {
  const auto paragraphs = parts(text, U"\n\n");
  const auto count = std::ranges::count_if(paragraphs, [](std::u32string_view paragraph) { return !strip(paragraph).empty(); });
  if (nth > count) return false;
  const std::u32string_view paragraph = strip(paragraphs[static_cast<size_t>(nth - 1)]);  // the blank ones are counted here
  if (paragraph.empty()) return false;
  std::u32string_view word = paragraph.substr(0, static_cast<size_t>(std::ranges::find_if(paragraph, is_space) - paragraph.begin()));
  while (is_at(word, 0, '\'')) word.remove_prefix(1);
  while (is_at(word, 0, '"')) word.remove_prefix(1);
  std::u32string found;
  for (const char32_t c : word.substr(0, word.find_first_of(U".,?!'\""))) found += text::lower(std::u32string_view(&c, 1));
  return count == number && found == text::lower(first_word);
}

int64_t num_placeholders(std::u32string_view text) {
  int64_t count = 0;
  for (size_t open = text.find(U'['); open != kNone;) {
    const size_t end = text.find_first_of(U"]\n", open);
    if (end == kNone) break;
    count += text[end] == ']';
    open = text.find(U'[', end);
  }
  return count;
}

bool has_postscript(std::u32string_view text, std::u32string_view marker) {
  const std::u32string s = text::lower(text);
  if (marker != U"P.S." && marker != U"P.P.S") return s.find(text::lower(marker)) != kNone;
  for (size_t at = s.find(U"p."); at != kNone; at = s.find(U"p.", at + 1)) {
    size_t next = past_space(s, at + 2);
    if (marker == U"P.S.") {
      if (s.compare(next, 2, U"s.") == 0) return true;
    } else if (s.compare(next, 2, U"p.") == 0 && is_at(s, past_space(s, next + 2), 's')) {
      return true;
    }
  }
  return false;
}

int64_t num_bullets(std::u32string_view text) {
  int64_t count = 0;
  for (const char32_t mark : {U'*', U'-'}) {
    // `begin` is the beginning of a line. The space before a mark may hold line ends; a star and the end of its line take the next line with them.
    for (size_t begin = 0; begin < text.size();) {
      size_t at = begin;
      while (at < text.size() && is_space(text[at])) ++at;
      if (is_at(text, at, mark) && (mark == '-' || (at + 1 < text.size() && text[at + 1] != '*'))) {
        ++count;
        at += mark == '-' ? 1 : 2;
      }
      const size_t end = text.find(U'\n', at);
      if (end == kNone) break;
      begin = end + 1;
    }
  }
  return count;
}

bool has_one_of_the_answers(std::u32string_view text) {
  return std::ranges::any_of(std::initializer_list<std::u32string_view>{U"My answer is yes.", U"My answer is no.", U"My answer is maybe."},
                             [&](std::u32string_view answer) { return text.find(answer) != kNone; });
}

int64_t num_highlights(std::u32string_view text) {
  int64_t count = 0;
  for (size_t at = text.find(U'*'); at != kNone;) {
    const size_t end = text.find_first_of(U"*\n", at + 1);
    if (end == kNone) break;
    if (text[end] == '\n') {
      at = text.find(U'*', end);
      continue;
    }
    count += !strip(text.substr(at + 1, end - at - 1)).empty();
    at = text.find(U'*', end + 1);
  }
  for (size_t at = text.find(U"**"); at != kNone;) {
    const size_t end = text.find_first_of(U"*\n", at + 2);
    if (end == kNone) break;
    if (text[end] == '*' && is_at(text, end + 1, '*')) {
      count += !strip(text.substr(at + 2, end - at - 2)).empty();
      at = text.find(U"**", end + 2);
    } else {
      at = text.find(U"**", at + 1);
    }
  }
  return count;
}

int64_t num_sections(std::u32string_view text, std::u32string_view splitter) {
  int64_t count = 0;
  for (size_t at = text.find(splitter); at != kNone;) {
    size_t end = past_space(text, at + splitter.size());
    const size_t digits = end;
    while (end < text.size() && text::is_decimal(text[end])) ++end;
    count += end > digits;
    at = text.find(splitter, end > digits ? end : at + 1);
  }
  return count;
}

bool is_json(std::u32string_view text) {
  std::u32string_view s = strip(text);
  for (const std::u32string_view fence : {U"```json", U"```Json", U"```JSON", U"```"}) {
    if (s.starts_with(fence)) s.remove_prefix(fence.size());
  }
  if (s.ends_with(U"```")) s.remove_suffix(3);
  return python_loads_json(strip(s));
}

bool has_title(std::u32string_view text) {
  for (const std::u32string_view line : parts(text, U"\n")) {
    const size_t open = line.find(U"<<"), shut = line.rfind(U">>");
    if (open == kNone || shut == kNone || shut < open + 3) continue;
    std::u32string_view title = line.substr(open, shut + 2 - open);
    while (is_at(title, 0, '<')) title.remove_prefix(1);
    while (!title.empty() && title.back() == '>') title.remove_suffix(1);
    if (!strip(title).empty()) return true;
  }
  return false;
}

bool has_two_responses(std::u32string_view text) {
  std::vector<std::u32string_view> responses;
  const auto all = parts(text, U"******");
  for (size_t i = 0; i < all.size(); ++i) {
    const std::u32string_view response = strip(all[i]);
    if (!response.empty()) {
      responses.push_back(response);
    } else if (i != 0 && i + 1 != all.size()) {
      return false;
    }
  }
  return responses.size() == 2 && responses[0] != responses[1];
}

int64_t num_capital_words(std::u32string_view text) {
  return std::ranges::count_if(treebank_words(text), [](const std::u32string& word) { return text::is_upper(std::u32string_view(word)); });
}

}  // namespace reprise::grading::instructions
