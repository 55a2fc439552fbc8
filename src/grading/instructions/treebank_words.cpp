// nltk's word_tokenize: one pass over the text for each of its substitutions, in its order, because the order decides.
#include "grading/instructions/sentences.h"
#include "text/letter_case.h"

namespace reprise::grading::instructions {
namespace {

using text::is_space;
using text::is_word;

constexpr size_t kNone = std::u32string_view::npos;

bool one_of(char32_t c, std::u32string_view which) { return which.find(c) != kNone; }

// Left to right without overlaps: `match(text, at)` gives the length of what begins at `at`, 0 for nothing; `write` puts its replacement.
template <class Match, class Write>
std::u32string substituted(const std::u32string& text, Match&& match, Write&& write) {
  std::u32string out;
  out.reserve(text.size() + text.size() / 8);
  for (size_t at = 0; at < text.size();) {
    const size_t length = match(text, at);
    if (length == 0) {
      out += text[at++];
      continue;
    }
    write(out, std::u32string_view(text).substr(at, length));
    at += length;
  }
  return out;
}

void write_padded(std::u32string& out, std::u32string_view what) {
  out += U' ';
  out += what;
  out += U' ';
}

std::u32string padded(const std::u32string& text, std::u32string_view which) {
  return substituted(text, [&](const std::u32string& s, size_t at) -> size_t { return one_of(s[at], which) ? 1 : 0; }, write_padded);
}

std::u32string replaced(const std::u32string& text, std::u32string_view what, std::u32string_view by) {
  return substituted(text, [&](const std::u32string& s, size_t at) { return s.compare(at, what.size(), what) == 0 ? what.size() : 0; },
                     [&](std::u32string& out, std::u32string_view) { out += by; });
}

// A period at the very end, not behind another, with closing marks of `closing` behind it: apart from its word. `join` keeps the marks at it.
std::u32string with_final_period_apart(const std::u32string& text, std::u32string_view closing, bool join) {
  const size_t period = text.rfind(U'.');
  if (period == kNone || period == 0 || text[period - 1] == '.') return text;
  size_t end = period + 1;
  while (end < text.size() && one_of(text[end], closing)) ++end;
  for (size_t i = end; i < text.size(); ++i) {
    if (!is_space(text[i])) return text;
  }
  return text.substr(0, period) + U" ." + (join ? U"" : U" ") + text.substr(period + 1, end - period - 1) + U" ";
}

// "cannot" as "can not": parts that nltk takes apart, in any case. behind_space: a space before it is taken with it. before_space: one must follow.
struct Contraction {
  std::u32string_view first, second;
  bool behind_space = false, before_space = false;
};
constexpr Contraction kContractions[] = {{U"can", U"not"}, {U"d", U"'ye"}, {U"gim", U"me"}, {U"gon", U"na"}, {U"got", U"ta"}, {U"lem", U"me"},
                                         {U"more", U"'n"}, {U"wan", U"na", false, true}, {U"'t", U"is", true}, {U"'t", U"was", true}};

std::u32string without_contraction(const std::u32string& text, const Contraction& which) {
  const size_t space = which.behind_space ? 1 : 0, length = space + which.first.size() + which.second.size();
  const auto letter = [&](size_t i) { return i < which.first.size() ? which.first[i] : which.second[i - which.first.size()]; };
  return substituted(
      text,
      [&](const std::u32string& s, size_t at) -> size_t {
        if (at + length > s.size() || (space ? s[at] != ' ' : at > 0 && is_word(s[at - 1]))) return 0;
        for (size_t i = space; i < length; ++i) {
          if (!text::equal_letters(s[at + i], letter(i - space))) return 0;
        }
        const size_t end = at + length;
        if (which.before_space ? end >= s.size() || !is_space(s[end]) : end < s.size() && is_word(s[end])) return 0;
        return length;
      },
      [&](std::u32string& out, std::u32string_view found) {
        write_padded(out, found.substr(space, which.first.size()));
        out += found.substr(space + which.first.size());
        out += U' ';
      });
}

// c + "'s " as c + " 's ".
std::u32string with_endings_apart(const std::u32string& text, std::initializer_list<std::u32string_view> endings) {
  return substituted(
      text,
      [&](const std::u32string& s, size_t at) -> size_t {
        if (one_of(s[at], U"' ")) return 0;
        for (const std::u32string_view ending : endings) {
          if (s.compare(at + 1, ending.size(), ending) == 0) return 1 + ending.size();
        }
        return 0;
      },
      [](std::u32string& out, std::u32string_view found) {
        out += found[0];
        out += U' ';
        out += found.substr(1);
      });
}

void add_words(std::u32string s, std::vector<std::u32string>& out) {
  const auto at_is = [](const std::u32string& t, size_t at, char32_t c) { return at < t.size() && t[at] == c; };
  // Opening quotes.
  s = substituted(s, [](const std::u32string& t, size_t at) -> size_t {
    if (one_of(t[at], U"«“‘„")) return 1;
    const size_t end = std::min(t.find_first_not_of(U'`', at), t.size());
    return end - at;
  }, write_padded);
  if (s.starts_with(U'"')) s = U"``" + s.substr(1);
  s = replaced(s, U"``", U" `` ");
  s = substituted(s, [&](const std::u32string& t, size_t at) -> size_t {
    if (!one_of(t[at], U" ([{<")) return 0;
    return at_is(t, at + 1, '"') ? 2 : at_is(t, at + 1, '\'') && at_is(t, at + 2, '\'') ? 3 : 0;
  }, [](std::u32string& to, std::u32string_view found) {
    to += found[0];
    to += U" `` ";
  });
  s = substituted(s, [&](const std::u32string& t, size_t at) -> size_t {
    if (t[at] != '\'' || at + 1 >= t.size() || !is_word(t[at + 1]) || (at + 2 < t.size() && is_word(t[at + 2]))) return 0;
    for (const char32_t ending : std::u32string_view(U"mtsdn")) {
      if (text::equal_letters(t[at + 1], ending)) return 0;
    }
    return 2;
  }, [](std::u32string& to, std::u32string_view found) {
    to += U"' ";
    to += found[1];
  });
  // Punctuation.
  s = with_final_period_apart(s, U"])}>\"'»”’ ", false);
  s = substituted(s, [](const std::u32string& t, size_t at) -> size_t { return one_of(t[at], U":,") && at + 1 < t.size() && !text::is_decimal(t[at + 1]) ? 2 : 0; },
                  [](std::u32string& to, std::u32string_view found) {
    to += U' ';
    to += found[0];
    to += U' ';
    to += found[1];
  });
  const size_t last = s.ends_with(U'\n') ? s.size() - 1 : s.size();
  if (last > 0 && one_of(s[last - 1], U":,")) s = s.substr(0, last - 1) + U" " + s[last - 1] + U" " + s.substr(last);
  s = substituted(s, [](const std::u32string& t, size_t at) -> size_t {
    const size_t end = std::min(t.find_first_not_of(U'.', at), t.size());
    return end - at >= 2 ? end - at : 0;
  }, write_padded);
  s = padded(s, U";@#$%&");
  s = with_final_period_apart(s, U"])}>\"'", true);
  s = padded(s, U"?!");
  s = substituted(s, [&](const std::u32string& t, size_t at) -> size_t { return t[at] != '\'' && at_is(t, at + 1, '\'') && at_is(t, at + 2, ' ') ? 3 : 0; },
                  [](std::u32string& to, std::u32string_view found) {
    to += found[0];
    to += U" ' ";
  });
  s = padded(s, U"*");
  s = padded(s, U"[](){}<>");
  s = replaced(s, U"--", U" -- ");
  // Closing quotes.
  s = padded(U" " + s + U" ", U"»”’");
  s = replaced(replaced(s, U"''", U" '' "), U"\"", U" '' ");
  s = substituted(s, [](const std::u32string& t, size_t at) {
    size_t end = at;
    while (end < t.size() && is_space(t[end])) ++end;
    return end - at;
  }, [](std::u32string& to, std::u32string_view) { to += U' '; });
  s = with_endings_apart(s, {U"'s ", U"'S ", U"'m ", U"'M ", U"'d ", U"'D ", U"' "});
  s = with_endings_apart(s, {U"'ll ", U"'LL ", U"'re ", U"'RE ", U"'ve ", U"'VE ", U"n't ", U"N'T "});
  for (const Contraction& which : kContractions) s = without_contraction(s, which);

  for (size_t at = 0; at < s.size();) {
    while (at < s.size() && is_space(s[at])) ++at;
    size_t end = at;
    while (end < s.size() && !is_space(s[end])) ++end;
    if (end > at) out.push_back(s.substr(at, end - at));
    at = end;
  }
}

}  // namespace

std::vector<std::u32string> treebank_words(std::u32string_view text) {
  std::vector<std::u32string> out;
  for (const std::u32string_view sentence : sentences(text)) add_words(std::u32string(sentence), out);
  return out;
}

}  // namespace reprise::grading::instructions
