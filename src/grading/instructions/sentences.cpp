// Punkt: a period, question or exclamation mark ends a sentence unless the words around it say otherwise. Every place is judged by the word
// before it and the token behind it, so the work grows with the text and no faster.
#include "grading/instructions/sentences.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "base/strings.h"
#include "grading/instructions/sentence_model.h"
#include "text/letter_case.h"

namespace reprise::grading::instructions {
namespace {

using text::is_space;

constexpr size_t kNone = std::u32string_view::npos;
constexpr std::string_view kNumber = "##number##";

bool one_of(char32_t c, std::u32string_view which) { return which.find(c) != kNone; }
bool is_sentence_end(char32_t c) { return one_of(c, U".?!"); }
// What stands in no word, and what begins none.
bool parts_words(char32_t c) { return one_of(c, U")\";}]*:@'({[!?"); }
bool begins_words(char32_t c) { return !one_of(c, U"(\"`{[:;&#*@)}]-,"); }

struct WordSet {
  explicit WordSet(const char* list) {
    for (std::string& word : split(list, ' ')) words.insert(std::move(word));
    words.erase("");
  }
  bool has(const std::string& word) const { return words.count(word) > 0; }
  std::unordered_set<std::string> words;
};

struct Model {
  WordSet abbreviations{kAbbreviations}, starters{kSentenceStarters}, small{kSmallWords}, sometimes_capital{kSometimesCapital};
};
const Model& model() {
  static const Model known;
  return known;
}

// Dashes, dots, or dots with one space between ("--", "...", ". . ."): the end of such a run, or kNone.
size_t end_of_run(std::u32string_view line, size_t at) {
  for (const char32_t mark : {U'-', U'.'}) {
    size_t end = at;
    while (end < line.size() && line[end] == mark) ++end;
    if (end - at >= 2) return end;
  }
  size_t pairs = 0, end = at;
  while (end + 1 < line.size() && line[end] == '.' && is_space(line[end + 1])) {
    end += 2;
    ++pairs;
  }
  if (end < line.size() && line[end] == '.') return pairs >= 2 ? end + 1 : kNone;
  return pairs >= 3 ? end - 1 : kNone;  // without the last space
}

bool begins_run(std::u32string_view line, size_t at) {
  const auto is = [&](size_t i, char32_t c) { return i < line.size() && line[i] == c; };
  if (is(at, '-')) return is(at + 1, '-');
  if (!is(at, '.')) return false;
  return is(at + 1, '.') || (at + 4 < line.size() && is_space(line[at + 1]) && is(at + 2, '.') && is_space(line[at + 3]) && is(at + 4, '.'));
}

bool ends_word(std::u32string_view line, size_t at) {
  const auto plain_end = [&](size_t i) { return i >= line.size() || is_space(line[i]) || parts_words(line[i]) || begins_run(line, i); };
  return plain_end(at) || (line[at] == ',' && plain_end(at + 1));
}

std::vector<std::u32string_view> tokens_of_line(std::u32string_view line) {
  std::vector<std::u32string_view> out;
  for (size_t at = 0; at < line.size();) {
    size_t end = begins_run(line, at) ? end_of_run(line, at) : kNone;
    if (end == kNone) {
      if (is_space(line[at])) {
        ++at;
        continue;
      }
      end = at + 1;
      if (begins_words(line[at])) {
        while (!ends_word(line, end)) ++end;
      }
    }
    out.push_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

// -?[.,]?\d[\d,.-]*.? as a whole.
bool is_number(std::u32string_view token) {
  size_t at = 0;
  if (at < token.size() && token[at] == '-') ++at;
  if (at < token.size() && (token[at] == '.' || token[at] == ',')) ++at;
  if (at >= token.size() || !text::is_decimal(token[at])) return false;
  return std::all_of(token.begin() + static_cast<std::ptrdiff_t>(at), token.end(), [](char32_t c) { return text::is_decimal(c) || one_of(c, U",.-"); });
}

struct Token {
  explicit Token(std::u32string_view as_written) : written(as_written) {
    type = is_number(written) ? std::string(kNumber) : text::utf8(text::lower(written));
    ends_in_period = written.ends_with(U'.');
    is_initial = written.size() == 2 && ends_in_period && text::is_word(written[0]) && !text::is_decimal(written[0]);
    const bool dots = written.size() >= 2 && written.find_first_not_of(U'.') == kNone;
    if (written.size() == 1 && is_sentence_end(written[0])) {
      ends_sentence = true;
    } else if (dots) {
      is_ellipsis = true;
    } else if (ends_in_period && !written.ends_with(U"..")) {
      const std::string stem = text::utf8(text::lower(written.substr(0, written.size() - 1)));
      const size_t dash = stem.rfind('-');
      is_abbreviation = stem == ". ." || model().abbreviations.has(stem) || (dash != std::string::npos && model().abbreviations.has(stem.substr(dash + 1)));
      ends_sentence = !is_abbreviation;
    }
  }
  std::string without_period() const { return type.size() > 1 && type.ends_with('.') ? type.substr(0, type.size() - 1) : type; }
  std::string as_next() const { return ends_sentence ? without_period() : type; }

  std::u32string_view written;
  std::string type;
  bool ends_in_period = false, is_initial = false, ends_sentence = false, is_abbreviation = false, is_ellipsis = false;
};

// Whether a token's letters say that it begins a sentence; nothing where they do not tell.
std::optional<bool> begins_sentence(const Token& token) {
  if (token.written.size() == 1 && one_of(token.written[0], U";:,.!?")) return false;
  if (text::is_upper(token.written[0]) && model().small.has(token.as_next())) return true;
  // Words of four of the model's 20,000 would need more here.
  if (text::is_lower(token.written[0])) return false;
  return std::nullopt;
}

// The second look at a token, with the one behind it in view.
void settle(Token& token, const Token& next) {
  if (!token.ends_in_period) return;
  const std::optional<bool> begins = begins_sentence(next);
  const bool capital = text::is_upper(next.written[0]);
  if ((token.is_abbreviation || token.is_ellipsis) && !token.is_initial && (begins == true || (capital && model().starters.has(next.as_next())))) {
    token.ends_sentence = true;
    return;
  }
  if (!token.is_initial && token.without_period() != kNumber) return;
  const auto known_small = [&] { return model().small.has(next.as_next()) || model().sometimes_capital.has(next.as_next()); };
  if (begins == false || (!begins && token.is_initial && capital && !known_small())) token.ends_sentence = false;
}

// Whether a sentence ends inside: the last token decides nothing.
bool holds_an_end(std::u32string_view context) {
  std::optional<Token> last;
  for (size_t begin = 0; begin <= context.size();) {
    const size_t end = std::min(context.find(U'\n', begin), context.size());
    for (const std::u32string_view word : tokens_of_line(context.substr(begin, end - begin))) {
      Token token(word);
      if (last) {
        settle(*last, token);
        if (last->ends_sentence) return true;
      }
      last = std::move(token);
    }
    begin = end + 1;
  }
  return false;
}

struct Place {
  size_t at = 0;              // of the mark
  size_t context_begin = 0;   // of the word before it
  size_t context_end = 0;     // behind the token after it
  size_t next = kNone;        // where that token begins, if space parts it from the mark
};

// The marks that a sentence may end with, but those that another follows in the same word.
std::vector<Place> places(std::u32string_view text) {
  std::vector<Place> out;
  std::optional<Place> previous;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!is_sentence_end(text[at]) || at + 1 >= text.size()) continue;
    Place place{.at = at};
    if (parts_words(text[at + 1])) {
      place.context_end = at + 2;
    } else if (is_space(text[at + 1])) {
      size_t next = at + 1;
      while (next < text.size() && is_space(text[next])) ++next;
      if (next == text.size()) break;  // nothing but space behind it
      place.next = next;
      while (next < text.size() && !is_space(text[next])) ++next;
      place.context_end = next;
    } else {
      continue;
    }
    const size_t searched = previous ? previous->at : 0;
    size_t space = at;
    while (space > searched && !one_of(text[space - 1], U" \t\n\r\v\f")) --space;
    // nltk takes a space right at the start of what it searches for none.
    place.context_begin = space > searched + 1 ? space : previous ? previous->context_begin : 0;
    if (previous && searched <= place.context_begin) out.push_back(*previous);
    previous = place;
  }
  if (previous) out.push_back(*previous);
  return out;
}

struct Span {
  size_t begin = 0, end = 0;
};

// Closing quotes and brackets behind a sentence's end belong to it: their number and the space behind them, 0 where there are none.
struct Closing {
  size_t marks = 0, all = 0;
};
Closing closing_at(std::u32string_view text) {
  for (size_t k = 0; k < text.size() && one_of(text[k], U"\"')]}"); ++k) {
    size_t end = k + 1;
    while (end < text.size() && is_space(text[end])) ++end;
    if (end > k + 1) return {k + 1, end};
    if (end == text.size() || text.substr(end, 2) == U"--") return {k + 1, k + 1};
  }
  return {};
}

}  // namespace

std::vector<std::u32string_view> sentences(std::u32string_view text) {
  std::vector<Span> spans;
  size_t begin = 0;
  for (const Place& place : places(text)) {
    if (!holds_an_end(text.substr(place.context_begin, place.context_end - place.context_begin))) continue;
    spans.push_back({begin, place.at + 1});
    begin = place.next != kNone ? place.next : place.at + 1;
  }
  size_t end = text.size();
  while (end > 0 && is_space(text[end - 1])) --end;
  spans.push_back({begin, end});

  std::vector<std::u32string_view> out;
  const auto part = [&](const Span& span) { return span.begin < span.end ? text.substr(span.begin, span.end - span.begin) : std::u32string_view(); };
  size_t taken = 0;  // by the sentence before
  for (size_t i = 0; i < spans.size(); ++i) {
    const Span span{spans[i].begin + taken, spans[i].end};
    taken = 0;
    if (i + 1 < spans.size()) {
      const Closing closing = closing_at(part(spans[i + 1]));
      if (closing.all > 0) {
        taken = closing.all;
        out.push_back(part({span.begin, spans[i + 1].begin + closing.marks}));
        continue;
      }
    }
    if (span.begin < span.end) out.push_back(part(span));
  }
  return out;
}

}  // namespace reprise::grading::instructions
