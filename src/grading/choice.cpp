// Statements from the last to the first, then the last line. docs/grading.md has the rules as a table.
#include "grading/choice.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/json.h"
#include "base/strings.h"
#include "text/unicode.h"

namespace reprise::grading {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr size_t kMaxText = size_t{256} << 10;  // of a completion, from its end
constexpr size_t kMaxOption = 4096;             // of a line that is held against the options' texts
constexpr int kMaxStatements = 300;             // looked at, from the last

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_letter(c) || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80; }
// Whether a word goes on here. Chinese stands around a letter without spaces.
bool goes_on(std::string_view text, size_t at) {
  if (at >= text.size() || static_cast<unsigned char>(text[at]) < 0x80) return at < text.size() && is_alnum(text[at]);
  const char32_t c = next_code_point(text, at);
  const text::CharClass kind = text::char_class(c);
  return c < 0x2E80 && (kind == text::CharClass::letter || kind == text::CharClass::number || kind == text::CharClass::mark);
}
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_option_letter(char c) { return upper(c) >= 'A' && upper(c) <= 'J'; }
bool starts_with_in_any_case(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return upper(a) == upper(b); });
}

// What may stand before a letter that is meant: marks, TeX's and Markdown's wrappings, "option", Chinese punctuation.
size_t past_wrapping(std::string_view text, size_t at) {
  static constexpr std::string_view kWords[] = {"\\text{", "\\textbf{", "\\mathbf{", "\\mathrm{", "\\textrm{", "\\boxed{", "\\fbox{", "\\(", "\\[", "\\ ", "option ", "choice ", "letter ", "answer ", "simply ", "therefore ", "likely ", "clearly ", "indeed ", "：", "（", "「", "“", "【", "选项", "→"};
  for (bool moved = true; moved && at < text.size();) {
    moved = std::string_view(" \t\n*_$`\"'([{<:=>~#").find(text[at]) != kNone;
    if (moved) ++at;
    for (const std::string_view word : kWords) {
      if (!starts_with_in_any_case(text.substr(at), word)) continue;
      at += word.size();
      moved = true;
    }
  }
  return at;
}

size_t past_closing(std::string_view text, size_t at) {
  for (;;) {
    if (at < text.size() && std::string_view(")]}*_$`\"'>.").find(text[at]) != kNone) ++at;
    else if (text.substr(at, 2) == "\\)" || text.substr(at, 2) == "\\]") at += 2;
    else return at;
  }
}

bool is_small_word_behind(std::string_view text, size_t at) { return at + 1 < text.size() && text[at] == ' ' && text[at + 1] >= 'a' && text[at + 1] <= 'z'; }

// The word that begins here, in small letters.
std::string word_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && end - at < 20 && is_letter(text[end])) ++end;
  return to_lower_ascii(text.substr(at, end - at));
}

// A letter of an option that stands alone at this place. "A" and "I" are words of English too, and small letters are seldom meant.
std::optional<char> letter_at(std::string_view text, size_t at) {
  if (at >= text.size() || !is_option_letter(text[at]) || goes_on(text, at + 1)) return std::nullopt;
  if (at + 2 < text.size() && (text[at + 1] == '\'' || text[at + 1] == '-') && is_letter(text[at + 2])) return std::nullopt;  // "A-level", "I'd"
  const char letter = upper(text[at]);
  if (is_small_word_behind(text, at + 1)) {
    if (text[at] != letter) return std::nullopt;
    if (letter == 'A' || letter == 'I') {
      static constexpr std::string_view kMeant[] = {"because", "since", "as", "and", "or", "is", "which", "with", "due", "for", "based", "given"};
      if (std::find(std::begin(kMeant), std::end(kMeant), word_at(text, at + 2)) == std::end(kMeant)) return std::nullopt;
    }
  }
  return letter;
}

// A letter that is given as the answer beside the one before: "B or C", "B, C", "(B) and (C)", "B/C". kNone where none is.
size_t second_letter(std::string_view text, size_t at) {
  at = past_closing(text, at);
  size_t next = at;
  while (next < text.size() && (text[next] == ' ' || text[next] == ',')) ++next;
  const bool comma = text.substr(at, next - at).find(',') != kNone;
  const std::string word = word_at(text, next);
  bool joined = comma;
  if (next < text.size() && (text[next] == '/' || text[next] == '&' || text[next] == '+')) {
    joined = true;
    ++next;
  } else if (word == "or" || word == "and") {
    joined = true;
    next += word.size();
  }
  if (!joined) return kNone;
  next = past_wrapping(text, next);
  const auto letter = letter_at(text, next);
  // A small letter is no second option, nor is one that begins a clause of its own: "B, C is wrong".
  const bool own_clause = comma && word != "or" && word != "and" && is_small_word_behind(text, next + 1) && word_at(text, next + 2) == "is";
  return letter && text[next] == *letter && !own_clause ? next : kNone;
}

std::string_view line_from(std::string_view text, size_t at) { return at < text.size() ? text.substr(at, std::min(text.find('\n', at), text.size()) - at) : std::string_view(); }

// Without TeX's and Markdown's marks and wrappings, with single spaces.
std::string unwrapped(std::string_view text) {
  std::string out;
  for (std::string_view part = text.substr(0, kMaxOption); !part.empty();) {
    bool skipped = false;
    for (const std::string_view word : {"\\text{", "\\textbf{", "\\mathrm{", "\\mathbf{", "\\(", "\\)", "\\[", "\\]", "\\,", "\\ ", "\\!"}) {
      if (!part.starts_with(word)) continue;
      part.remove_prefix(word.size());
      skipped = true;
    }
    if (skipped || part.empty()) continue;
    const char c = part[0];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (std::string_view("*_$`{}").find(c) == kNone) {
      out += c;
    }
    part.remove_prefix(1);
  }
  return out;
}

// Texts of options are compared in small letters, without a last period.
std::string plain(std::string_view text) {
  std::string out = to_lower_ascii(unwrapped(text));
  while (!out.empty() && (out.back() == ' ' || out.back() == '.')) out.pop_back();
  return out;
}

class Question {
 public:
  explicit Question(const std::vector<std::string>& options) {
    for (const std::string& option : options) texts_.push_back(option.size() < kMaxOption ? plain(option) : std::string());
  }
  size_t num_options() const { return texts_.empty() ? 10 : std::min<size_t>(texts_.size(), 10); }
  // The one option whose text this is.
  std::optional<char> option_of(std::string_view text) const {
    if (texts_.empty() || text.size() > kMaxOption) return std::nullopt;
    const std::string given = plain(text);
    std::optional<char> found;
    for (size_t i = 0; i < num_options(); ++i) {
      if (given.empty() || texts_[i] != given) continue;
      if (found) return std::nullopt;
      found = static_cast<char>('A' + i);
    }
    return found;
  }
  bool has(char letter) const { return static_cast<size_t>(letter - 'A') < num_options(); }

 private:
  std::vector<std::string> texts_;
};

// What stands behind "B)" or "B." on the line.
std::string_view text_behind(std::string_view text, size_t at) {
  at = past_closing(text, at);
  while (at < text.size() && std::string_view(" :-.,*)").find(text[at]) != kNone) ++at;
  return line_from(text, at);
}

Choice read_letter(const Question& question, std::string_view text, size_t at, char letter, const std::string& where) {
  if (const size_t second = second_letter(text, at + 1); second != kNone && upper(text[second]) != letter) {
    return {"", "names " + std::string(1, letter) + " and " + std::string(1, upper(text[second])) + " (" + where + ")", true};
  }
  if (const auto other = question.option_of(text_behind(text, at + 1)); other && *other != letter) {
    return {"", "gives the letter " + std::string(1, letter) + " with the text of " + std::string(1, *other) + " (" + where + ")", true};
  }
  return {std::string(1, letter), where};
}

// A statement's content that begins here: a letter, or an option's text up to the line's end.
std::optional<Choice> read_statement(const Question& question, std::string_view text, size_t at, const std::string& where) {
  const size_t begin = past_wrapping(text, at);
  if (const auto letter = letter_at(text, begin)) {
    // "Answer: B?" asks.
    if (past_closing(text, begin + 1) < text.size() && text[past_closing(text, begin + 1)] == '?') return std::nullopt;
    return read_letter(question, text, begin, *letter, where);
  }
  std::string_view rest = line_from(text, at);
  while (!rest.empty() && std::string_view(" :*_").find(rest.front()) != kNone) rest.remove_prefix(1);
  if (const auto option = question.option_of(rest)) return Choice{std::string(1, *option), where + ", by the option's text"};
  return std::nullopt;
}

bool has_word(std::string_view text, std::initializer_list<std::string_view> words) {
  for (size_t at = 0; at < text.size();) {
    if (!is_letter(text[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < text.size() && (is_letter(text[end]) || text[end] == '\'')) ++end;
    const std::string word = to_lower_ascii(text.substr(at, end - at));
    if (word.ends_with("n't") || std::find(words.begin(), words.end(), word) != words.end()) return true;
    at = end;
  }
  return false;
}

// "answer", "option" and "choice" with "is" or a colon behind, whatever stands between on the line, unless it is denied.
std::optional<Choice> read_keyword(const Question& question, std::string_view text, size_t at, size_t length) {
  if (at > 0 && is_letter(text[at - 1])) return std::nullopt;
  const size_t line = text.rfind('\n', at) == kNone ? 0 : text.rfind('\n', at) + 1;
  const size_t before = std::max(line, at > 30 ? at - 30 : 0);
  const std::string_view lead = text.substr(before, at - before);
  if (has_word(lead.substr(lead.find_last_of(".;,:") == kNone ? 0 : lead.find_last_of(".;,:")), {"incorrect", "wrong", "not", "other", "no", "false"})) return std::nullopt;
  const size_t end = std::min(text.size(), at + length + 80);
  for (size_t i = at + length; i < end; ++i) {
    const char c = text[i];
    if (c == ':' || c == '=' || text.substr(i, 3) == "：") return read_statement(question, text, i + (c == ':' || c == '=' ? 1 : 3), "what stands behind 'answer'");
    if (c == '\n' || c == ';' || c == '?' || (c == '.' && i + 1 < text.size() && text[i + 1] == ' ')) return std::nullopt;
    const bool word_begins = is_letter(c) && !is_letter(text[i - 1]) && text[i - 1] != '\'';
    if (!word_begins) continue;
    const std::string word = word_at(text, i);
    if (word == "not" || word == "never" || word == "cannot" || text.substr(i + word.size(), 1) == "'") return std::nullopt;
    if (word == "is" || word == "be" || word == "was") return read_statement(question, text, i + word.size(), "what stands behind 'answer is'");
  }
  return std::nullopt;
}

// "B is correct", "(B) is the right answer": the letter's place from the "is".
std::optional<Choice> read_praise(std::string_view text, size_t is_at) {
  static constexpr std::string_view kPraise[] = {"correct", "right", "the correct", "the right", "the best", "the answer", "most likely", "the most"};
  const std::string_view rest = text.substr(is_at + 4);
  if (std::none_of(std::begin(kPraise), std::end(kPraise), [&](std::string_view praise) { return starts_with_in_any_case(rest, praise); })) return std::nullopt;
  size_t at = is_at;
  while (at > 0 && std::string_view(")]}*_$`.").find(text[at - 1]) != kNone) --at;
  if (at == 0 || text[at - 1] < 'A' || text[at - 1] > 'J' || (at >= 2 && is_alnum(text[at - 2]))) return std::nullopt;
  const size_t place = at - 1;
  // Two of them: "A or B is correct".
  size_t joint = place;
  while (joint > 0 && std::string_view(" (*[").find(text[joint - 1]) != kNone) --joint;
  const std::string_view before = text.substr(joint > 4 ? joint - 4 : 0, joint > 4 ? 4 : joint);
  if (before.ends_with(" or") || before.ends_with(" and") || before.ends_with("/")) return Choice{"", "names more than " + std::string(1, text[place]), true};
  return Choice{std::string(1, text[place]), "called right"};
}

// From the box at `at` to the choice in it.
std::optional<Choice> read_box(const Question& question, std::string_view text, size_t at) {
  const size_t open = text.find('{', at);
  if (open == kNone || open > at + 8) return std::nullopt;
  size_t depth = 1, end = open + 1;
  for (; end < text.size() && end - open < kMaxOption; ++end) {
    if (text[end] == '\\') ++end;
    else if (text[end] == '{') ++depth;
    else if (text[end] == '}' && --depth == 0) break;
  }
  if (depth > 0) return std::nullopt;
  const std::string inside = unwrapped(text.substr(open + 1, end - open - 1));
  std::optional<Choice> found;
  const size_t begin = past_wrapping(inside, 0);
  const auto letter = letter_at(inside, begin);
  if (letter) found = read_letter(question, inside, begin, *letter, "in the box");
  if (!letter) {
    if (const auto option = question.option_of(inside)) found = Choice{std::string(1, *option), "in the box, by the option's text"};
  }
  // "\boxed{A} or \boxed{B}": the box before, with nothing but a conjunction between.
  const size_t before = text.substr(0, at).rfind("\\boxed{");
  if (found && before != kNone && at - before < 60) {
    const size_t shut = text.find('}', before);
    const std::string between = plain(replace_all(std::string(text.substr(shut + 1, at > shut + 1 ? at - shut - 1 : 0)), "$", " "));
    const auto other = letter_at(text, past_wrapping(text, before + 7));
    if (shut < at && other && std::string(1, *other) != found->letter && (between.empty() || between == "or" || between == "and" || between == "," || between == ", or" || between == ", and")) {
      return Choice{"", "boxes " + std::string(1, *other) + " and " + found->letter, true};
    }
  }
  return found;
}

// The last statement that chooses.
std::optional<Choice> last_statement(const Question& question, std::string_view text) {
  int looked_at = 0;
  for (size_t at = text.size(); at-- > 0 && looked_at < kMaxStatements;) {
    const std::string_view rest = text.substr(at);
    std::optional<Choice> found;
    const char c = text[at];
    if (c == '\\' && (rest.starts_with("\\boxed") || rest.starts_with("\\fbox"))) {
      ++looked_at;
      found = read_box(question, text, at);
    } else if (c == ' ' && rest.starts_with(" is ")) {
      found = read_praise(text, at);
    } else if (upper(c) == 'A' && starts_with_in_any_case(rest, "answer")) {
      ++looked_at;
      found = read_keyword(question, text, at, 6);
    } else if ((upper(c) == 'O' && starts_with_in_any_case(rest, "option")) || (upper(c) == 'C' && starts_with_in_any_case(rest, "choice"))) {
      ++looked_at;
      // "option C is wrong" speaks of one; only "the right option is C" chooses.
      if (!letter_at(text, past_wrapping(text, at + 6))) found = read_keyword(question, text, at, 6);
    } else if (rest.starts_with("答案")) {
      ++looked_at;
      size_t next = at + 6;
      for (bool moved = true; moved;) {
        moved = false;
        for (const std::string_view word : {"应该", "应", "是", "为", "选择", "选", ":", "：", " "}) {
          if (!text.substr(next).starts_with(word)) continue;
          next += word.size();
          moved = true;
        }
      }
      found = read_statement(question, text, next, "what stands behind 答案");
    } else if (rest.starts_with("故选") || rest.starts_with("所以选")) {
      ++looked_at;
      found = read_statement(question, text, at + (rest.starts_with("故选") ? 6 : 9), "what stands behind 选");
    }
    if (found) return found;
  }
  return std::nullopt;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t begin = 0; begin <= text.size();) {
    const std::string_view line = line_from(text, begin);
    if (!trim(line).empty()) out.push_back(trim(line));
    begin += line.size() + 1;
  }
  return out;
}

// A line that is a letter alone, or a letter with its option's text: its place.
std::optional<char> listed_letter(const Question& question, std::string_view line) {
  const size_t at = past_wrapping(line, 0);
  const auto letter = letter_at(line, at);
  if (!letter) return std::nullopt;
  const std::string_view behind = text_behind(line, at + 1);
  if (trim(behind).empty()) return letter;
  const auto option = question.option_of(behind);
  return option == letter ? letter : std::nullopt;
}

// Whether the clause before a place denies what comes: "the answer is not (B)".
bool clause_denies(std::string_view line, size_t at) {
  const std::string_view before = line.substr(0, at);
  const size_t clause = before.find_last_of(".;,:");
  return has_word(clause == kNone ? before : before.substr(clause), {"incorrect", "wrong", "not", "never", "neither", "nor", "cannot", "false"});
}

// Letters of a kind in the line, each once.
std::string letters_in_brackets(std::string_view line) {
  std::string found;
  for (size_t i = 1; i + 1 < line.size(); ++i) {
    if (line[i] < 'A' || line[i] > 'J') continue;
    const bool brackets = line[i - 1] == '(' && line[i + 1] == ')';
    const bool bold = i >= 2 && line[i - 1] == '*' && line[i - 2] == '*' && (line[i + 1] == '*' || line[i + 1] == ')' || line[i + 1] == '.');
    if ((brackets || bold) && found.find(line[i]) == kNone && !clause_denies(line, i)) found += line[i];
  }
  return found;
}

std::string letters_behind_words(std::string_view line) {
  static constexpr std::string_view kWords[] = {"so", "thus", "therefore", "hence", "pick", "choose", "chose", "select", "with", "say", "guess", "it's"};
  std::string found;
  for (size_t at = 0; at < line.size(); ++at) {
    if (line[at] < 'A' || line[at] > 'J' || (at > 0 && line[at - 1] != ' ')) continue;
    const auto letter = letter_at(line, at);
    size_t end = at;
    while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == ',')) --end;
    size_t begin = end;
    while (begin > 0 && (is_letter(line[begin - 1]) || line[begin - 1] == '\'')) --begin;
    const std::string word = to_lower_ascii(line.substr(begin, end - begin));
    if (letter && std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords) && found.find(*letter) == kNone && !clause_denies(line, at)) found += *letter;
  }
  return found;
}

}  // namespace

Choice chosen_option(std::string_view completion, const std::vector<std::string>& options) {
  const std::string_view text = completion.size() > kMaxText ? completion.substr(completion.size() - kMaxText) : completion;
  const Question question(options);
  if (auto found = last_statement(question, text)) return *found;
  const auto lines = lines_of(text);
  if (lines.empty()) return {"", "no text"};
  const std::string_view last = lines.back();
  if (last.ends_with("?")) return {"", "the last line asks"};
  if (const auto letter = listed_letter(question, last)) {
    for (const std::string_view line : lines) {
      const auto other = listed_letter(question, line);
      if (other && *other != *letter) return {"", "lists " + std::string(1, *other) + " and " + std::string(1, *letter), true};
    }
    return {std::string(1, *letter), "the last line"};
  }
  if (const auto option = question.option_of(last)) return {std::string(1, *option), "the last line, by the option's text"};
  // "B) whatever": the whole text is one line that begins with a letter and a mark.
  if (const size_t at = past_wrapping(last, 0); lines.size() == 1 && letter_at(last, at) && at + 1 < last.size() && std::string_view(").:").find(last[at + 1]) != kNone) {
    return read_letter(question, last, at, *letter_at(last, at), "the letter that it begins with");
  }
  if (last.size() > kMaxOption) return {"", "no option is named as the answer, and the last line is too long to look through"};
  for (const auto& [letters, where] : {std::pair(letters_in_brackets(last), "in brackets in the last line"), std::pair(letters_behind_words(last), "in the last line")}) {
    if (letters.size() > 1) return {"", "names " + std::string(1, letters[0]) + " and " + std::string(1, letters[1]) + " (" + where + ")", true};
    if (letters.size() == 1 && question.has(letters[0])) return {letters, where};
  }
  return {"", "no option is named as the answer"};
}

std::vector<std::string> options_of(const data::Problem& problem) {
  const auto metadata = nlohmann::json::parse(problem.metadata, nullptr, false);
  std::vector<std::string> out;
  if (!metadata.is_object() || !metadata.contains("options") || !metadata["options"].is_array()) return out;
  for (const auto& option : metadata["options"]) out.push_back(option.is_string() ? option.get<std::string>() : std::string());
  return out;
}

Verdict grade_choice(const data::Problem& problem, const std::string& completion) {
  const Choice choice = chosen_option(completion, options_of(problem));
  if (choice.ambiguous) return {VerdictKind::incorrect, "", "ambiguous: " + choice.reason};
  if (choice.letter.empty()) return {VerdictKind::no_answer, "", choice.reason};
  const std::string expected(trim(problem.answer));
  return {choice.letter == expected ? VerdictKind::correct : VerdictKind::incorrect, choice.letter, choice.letter + " (" + choice.reason + ") against " + expected};
}

}  // namespace reprise::grading
