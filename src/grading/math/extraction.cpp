// Scans for the answer, from the end, because the last one is meant.
#include "grading/math/extraction.h"

#include <algorithm>

#include "base/strings.h"
#include "grading/extract.h"
#include "text/think_tags.h"

namespace reprise::grading::math {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

constexpr size_t kWindow = 262144;  // bytes at the end of a completion, behind its thinking, where an answer is looked for

struct Span {
  size_t begin = 0, end = 0;  // of the whole, command or delimiters included
  std::string inside;
};

// What "\boxed{...}" at `start` holds; braces that are missing are closed by the line's end.
Span boxed_at(std::string_view text, size_t start, size_t command_size) {
  size_t open = start + command_size;
  while (open < text.size() && is_space(text[open])) ++open;
  if (open >= text.size()) return {start, text.size(), ""};
  if (text[open] != '{') {  // "\boxed 9": up to the formula's end
    const size_t end = std::min(text.find_first_of("$\n", open), text.size());
    return {start, end, std::string(trim(text.substr(open, end - open)))};
  }
  int64_t depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return {start, i + 1, std::string(trim(text.substr(open + 1, i - open - 1)))};
    }
  }
  const size_t end = std::min(text.find_first_of("$\n", open), text.size());
  return {start, end, std::string(trim(text.substr(open + 1, end - open - 1)))};
}

std::vector<Span> boxes_of(std::string_view text) {
  std::vector<Span> out;
  for (size_t at = 0; at < text.size();) {
    const size_t next = std::min(text.find("\\boxed", at), text.find("\\fbox", at));
    if (next == std::string_view::npos) break;
    const size_t size = text.compare(next, 6, "\\boxed") == 0 ? 6 : 5;
    Span span = boxed_at(text, next, size);
    at = std::max(span.end, next + size);
    out.push_back(std::move(span));
  }
  return out;
}

// May what stands between two answers join them to one? "and", "or", commas and the formula's own signs, nothing else.
bool joins(std::string_view between) {
  if (between.size() > 60) return false;
  std::string word;
  bool joined = false;
  for (size_t i = 0; i <= between.size(); ++i) {
    const char c = i < between.size() ? between[i] : ' ';
    if (is_letter(c)) {
      word += c;
      continue;
    }
    if (!word.empty() && word != "and" && word != "or" && word != "text" && word != "quad" && word != "qquad") return false;
    joined = joined || word == "and" || word == "or";
    word.clear();
    if (c == ',' || c == ';') joined = true;
    if (!is_space(c) && std::string_view("$,;\\(){}&").find(c) == std::string_view::npos) return false;
  }
  return joined;
}

std::string joined(const std::vector<Span>& spans, std::string_view text) {
  if (spans.empty()) return {};
  size_t first = spans.size() - 1;
  while (first > 0 && joins(text.substr(spans[first - 1].end, spans[first].begin - spans[first - 1].end))) --first;
  std::string out;
  for (size_t i = first; i < spans.size(); ++i) {
    if (i > first && spans[i].inside == spans[i - 1].inside) continue;  // said twice
    out += (out.empty() ? "" : ", ") + spans[i].inside;
  }
  return out;
}

// Formulas: $...$, $$...$$, \(...\), \[...\].
std::vector<Span> formulas_of(std::string_view text) {
  std::vector<Span> out;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      const char c = text[i + 1];
      if (c == '(' || c == '[') {
        const std::string_view shut = c == '(' ? "\\)" : "\\]";
        const size_t end = text.find(shut, i + 2);
        if (end == std::string_view::npos) {
          i += 2;
          continue;
        }
        out.push_back({i, end + 2, std::string(trim(text.substr(i + 2, end - i - 2)))});
        i = end + 2;
      } else {
        i += 2;
      }
    } else if (text[i] == '$') {
      const size_t size = text.compare(i, 2, "$$") == 0 ? 2 : 1;
      size_t end = i + size;
      while (end < text.size() && !(text[end] == '$' && text[end - 1] != '\\') && (size == 2 || text[end] != '\n')) ++end;
      if (end >= text.size() || text[end] != '$' || end == i + size) {
        i += size;
        continue;
      }
      const std::string_view inside = text.substr(i + size, end - i - size);
      // "$5 and $10": money, not a formula
      const bool money = size == 1 && is_digit(inside[0]) && inside.find_first_of("\\^_={+*") == std::string_view::npos && std::any_of(inside.begin(), inside.end(), is_letter);
      if (money) {
        i += size;
        continue;
      }
      out.push_back({i, std::min(text.size(), end + size), std::string(trim(inside))});
      i = end + size;
    } else {
      ++i;
    }
  }
  return out;
}

// The last number as it stands, with its percent sign.
std::string last_number_of(std::string_view text) {
  std::string number = last_plain_number(text);
  const size_t end = text.find_last_of("0123456789");
  if (!number.empty() && end + 1 < text.size() && text[end + 1] == '%') number += "%";
  return number;
}

std::string stripped(std::string_view text) {
  text = trim(text);
  for (bool again = true; again && !text.empty();) {
    again = false;
    for (std::string_view mark : {"**", "*", ":", "`", "\"", "__"}) {
      if (text.starts_with(mark)) text = trim(text.substr(mark.size())), again = true;
      if (!text.empty() && text.ends_with(mark)) text = trim(text.substr(0, text.size() - mark.size())), again = true;
    }
    if (!text.empty() && (text.back() == '.' || text.back() == ',' || text.back() == ';')) text = trim(text.substr(0, text.size() - 1)), again = true;
    if (text.size() > 3 && (text.starts_with("is ") || text.starts_with("is:"))) text = trim(text.substr(3)), again = true;
  }
  return std::string(text);
}

// What follows an anchor: the formulas of its line, where they come first, else the words up to the sentence's end.
std::string after_anchor(std::string_view rest) {
  size_t start = 0;
  while (start < rest.size() && (is_space(rest[start]) || rest[start] == ':' || rest[start] == '*')) ++start;
  rest = rest.substr(start);
  const std::vector<Span> formulas = formulas_of(rest.substr(0, std::min<size_t>(rest.size(), 4000)));
  const size_t line_end = std::min(rest.find('\n'), rest.size());
  if (!formulas.empty() && formulas[0].begin < std::min<size_t>(line_end, 80)) {
    const std::string_view lead = rest.substr(0, formulas[0].begin);
    // "12 $\text{cm}$" begins with a number; "x, where $x = 1$" with words that end in it
    if (std::none_of(lead.begin(), lead.end(), is_digit)) {
      std::vector<Span> chain = {formulas[0]};
      for (size_t i = 1; i < formulas.size() && joins(rest.substr(formulas[i - 1].end, formulas[i].begin - formulas[i - 1].end)); ++i) chain.push_back(formulas[i]);
      std::string out;
      for (const Span& span : chain) out += (out.empty() ? "" : ", ") + span.inside;
      const size_t end = chain.back().end;
      if (end < rest.size() && (rest[end] == '%' || rest.compare(end, 2, "\\%") == 0)) out += "\\%";
      return out;
    }
  }
  std::string_view line = rest.substr(0, line_end);
  // A sentence ends at ". " and a capital letter, or at a word that begins a reason.
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    if ((line[i] == '.' || line[i] == '!' || line[i] == '?') && is_space(line[i + 1])) {
      line = line.substr(0, i);
      break;
    }
  }
  for (std::string_view word : {" because", " since ", " as ", " which ", " where ", " when ", " so ", " for ", " if ", " (since", " after "}) {
    const size_t at = line.find(word);
    if (at != std::string_view::npos && at > 0) line = line.substr(0, at);
  }
  return stripped(line);
}

std::string after_last(std::string_view text, const std::string& lower, std::initializer_list<std::string_view> anchors) {
  size_t best = std::string::npos, size = 0;
  for (std::string_view anchor : anchors) {
    const size_t at = lower.rfind(anchor);
    if (at != std::string::npos && (best == std::string::npos || at + anchor.size() > best + size)) {
      best = at;
      size = anchor.size();
    }
  }
  return best == std::string::npos ? std::string() : after_anchor(text.substr(best + size));
}

struct Text {
  std::string_view text;
  std::string lower;
  const ExtractionOptions& options;
};

std::string by_boxes(const Text& t) { return joined(boxes_of(t.text), t.text); }
std::string by_final_answer(const Text& t) { return after_last(t.text, t.lower, {"final answer is", "final answer:", "final answer**:", "final answer:**", "final answer ="}); }
std::string by_hashes(const Text& t) {
  size_t at = t.text.rfind("####");
  if (at == std::string_view::npos) at = t.text.rfind("\nA: ");
  if (at == std::string_view::npos) return {};
  std::string_view line = t.text.substr(at + 4);
  return stripped(line.substr(0, line.find('\n')));
}
std::string by_answer(const Text& t) { return after_last(t.text, t.lower, {"answer is", "answer:", "answer**:", "answer:**", "answer =", "answer to the problem is", "solution is", "result is"}); }
std::string by_formula(const Text& t) {
  if (!t.options.last_formula) return {};
  const std::string_view tail = t.text.size() > 20000 ? t.text.substr(t.text.size() - 20000) : t.text;
  return joined(formulas_of(tail), tail);
}
std::string by_number(const Text& t) { return t.options.last_number ? last_number_of(t.text) : std::string(); }
// At most one word that is no mathematics.
std::string by_shortness(const Text& t) {
  if (t.text.size() > 200 || t.text.find('\n') != std::string_view::npos || t.text.find('$') != std::string_view::npos) return {};
  int words = 0;
  size_t run = 0;
  for (size_t i = 0; i <= t.text.size(); ++i) {
    if (i < t.text.size() && is_letter(t.text[i])) {
      ++run;
    } else {
      const bool command = run > 0 && i > run && t.text[i - run - 1] == '\\';
      if (run >= 3 && !command) ++words;
      run = 0;
    }
  }
  return words <= 1 ? stripped(t.text) : std::string();
}

struct Row {
  ExtractionRule rule;
  std::string (*find)(const Text&);
};
// Earlier rules are those that a writer meets on purpose.
constexpr Row kRules[] = {
    {{"boxed", "the last \\boxed{} or \\fbox{}, with those before it that only 'and', 'or' or commas part from it"}, by_boxes},
    {{"final answer", "what follows the last 'final answer is'"}, by_final_answer},
    {{"hashes", "what follows the last '####', or a last line 'A: ' (GSM8K's own forms)"}, by_hashes},
    {{"answer", "what follows the last 'answer is', 'answer:', 'solution is' or 'result is'"}, by_answer},
    {{"whole text", "a text of one short line with at most one word of prose"}, by_shortness},
    {{"last formula", "the last formula between $, $$, \\( \\) or \\[ \\], with those joined to it"}, by_formula},
    {{"last number", "the last number"}, by_number},
};

}  // namespace

std::vector<ExtractionRule> extraction_rules() {
  std::vector<ExtractionRule> out;
  for (const Row& row : kRules) out.push_back(row.rule);
  return out;
}

Extraction extract_answer(std::string_view completion, const ExtractionOptions& options) {
  std::string_view text = completion;
  const size_t closes = text.rfind("</think>");
  const bool thinks = options.prompt_opened_think || text.find("<think>") != std::string_view::npos;
  if (closes != std::string_view::npos) text = text.substr(closes + 8);
  if (closes == std::string_view::npos ? thinks : text.find("<think>") != std::string_view::npos) return {"", "the thinking never ended"};
  if (text.size() > kWindow) text = text.substr(text.size() - kWindow);
  // <answer> ... </answer>: the last one, closed by the text's end where need be.
  std::string inside;
  if (const size_t open = text.rfind("<answer>"); open != std::string_view::npos) {
    const size_t shut = text.find("</answer>", open);
    text = trim(text.substr(open + 8, shut == std::string_view::npos ? std::string_view::npos : shut - open - 8));
    if (text.size() <= 200 && text.find("\\boxed") == std::string_view::npos && text.find('$') == std::string_view::npos && text.find("nswer") == std::string_view::npos && !text.empty()) {
      return {stripped(text), "answer tag"};
    }
  }
  const Text prepared{text, to_lower_ascii(text), options};
  for (const Row& row : kRules) {
    std::string found = row.find(prepared);
    if (!found.empty()) return {std::move(found), row.rule.name};
  }
  return {"", trim(text).empty() ? "nothing is said" : "no final answer"};
}

}  // namespace reprise::grading::math
