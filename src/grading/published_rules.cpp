// Rebuilt from the publishers' descriptions; steps in their order, because the order decides.
#include "grading/published_rules.h"

#include <array>

#include "base/strings.h"
#include "grading/extract.h"
#include "grading/math/math_grader.h"

namespace reprise::grading {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Verdict decided(bool correct, std::string found, const std::string& left, const std::string& right) {
  return {correct ? VerdictKind::correct : VerdictKind::incorrect, std::move(found), "'" + left + "' against '" + right + "', as text"};
}

// -?[0-9.,]+ without its commas.
std::string number_at(std::string_view text) {
  std::string out;
  size_t i = 0;
  if (i < text.size() && text[i] == '-') out += text[i++];
  for (; i < text.size() && (is_digit(text[i]) || text[i] == '.' || text[i] == ','); ++i) {
    if (text[i] != ',') out += text[i];
  }
  return out == "-" ? std::string() : out;
}

std::string gsm8k_number(std::string_view text) {
  if (const size_t at = text.rfind("#### "); at != std::string_view::npos) return number_at(text.substr(at + 5));
  const size_t line = text.rfind("\nA: ");
  if (line != std::string_view::npos) return number_at(text.substr(line + 4));
  return text.starts_with("A: ") ? number_at(text.substr(3)) : std::string();
}

// "\frac12" and "\frac1{2}" as "\frac{1}{2}".
std::string with_braced_fractions(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text.compare(i, 5, "\\frac") != 0) {
      out += text[i++];
      continue;
    }
    out += "\\frac";
    i += 5;
    if (i >= text.size() || text[i] == '{') continue;
    if (i + 1 >= text.size()) return text;
    out += std::string("{") + text[i] + "}";
    if (text[i + 1] == '{') {
      i += 1;
    } else {
      out += std::string("{") + text[i + 1] + "}";
      i += 2;
    }
  }
  return out;
}

std::string with_braced_roots(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text.compare(i, 5, "\\sqrt") != 0) {
      out += text[i++];
      continue;
    }
    out += "\\sqrt";
    i += 5;
    if (i < text.size() && text[i] != '{' && text[i] != '[') out += std::string("{") + text[i++] + "}";
  }
  return out;
}

}  // namespace

Verdict grade_gsm8k(std::string_view reference, std::string_view completion) {
  std::string expected = gsm8k_number(reference);
  if (expected.empty()) expected = number_at(trim(reference));
  const std::string found = gsm8k_number(completion);
  if (found.empty()) return {VerdictKind::no_answer, "", "no number behind '####'"};
  return decided(found == expected, found, found, expected);
}

std::string hendrycks_spelling(std::string_view latex) {
  std::string s = replace_all(std::string(latex), "\n", "");
  s = replace_all(s, "\\!", "");
  s = replace_all(s, "\\\\", "\\");
  s = replace_all(replace_all(s, "tfrac", "frac"), "dfrac", "frac");
  s = replace_all(replace_all(s, "\\left", ""), "\\right", "");
  s = replace_all(replace_all(s, "^{\\circ}", ""), "^\\circ", "");
  s = replace_all(s, "\\$", "");
  if (const size_t unit = s.find("\\text{ "); unit != std::string::npos) s = s.substr(0, unit);
  s = replace_all(s, "\\%", "");
  s = replace_all(replace_all(s, " .", " 0."), "{.", "{0.");
  if (s.empty()) return s;
  if (s[0] == '.') s = "0" + s;
  const size_t equals = s.find('=');
  if (equals != std::string::npos && s.find('=', equals + 1) == std::string::npos && equals <= 2) s = s.substr(equals + 1);
  s = with_braced_roots(s);
  s = replace_all(s, " ", "");
  s = with_braced_fractions(s);
  if (s == "0.5") s = "\\frac{1}{2}";
  const size_t slash = s.find('/');
  if (slash != std::string::npos && s.find('/', slash + 1) == std::string::npos) {
    const auto a = parse_int(s.substr(0, slash)), b = parse_int(s.substr(slash + 1));
    if (a && b && s == std::to_string(*a) + "/" + std::to_string(*b)) s = "\\frac{" + std::to_string(*a) + "}{" + std::to_string(*b) + "}";
  }
  return s;
}

Verdict grade_hendrycks_math(std::string_view reference, std::string_view completion) {
  std::string found = last_boxed(completion);
  if (found.empty()) {
    const size_t box = completion.rfind("\\fbox{");
    if (box != std::string_view::npos) found = last_boxed(replace_all(std::string(completion.substr(box)), "\\fbox", "\\boxed"));
  }
  if (found.empty()) return {VerdictKind::no_answer, "", "no \\boxed{}"};
  const std::string left = hendrycks_spelling(found), right = hendrycks_spelling(reference);
  return decided(left == right, found, left, right);
}

std::string minerva_spelling(std::string_view latex) {
  std::string s(latex);
  if (const size_t equals = s.rfind('='); equals != std::string::npos) s = s.substr(equals + 1);
  static constexpr std::array<std::pair<const char*, const char*>, 10> kReplaced = {{{"an ", ""}, {"a ", ""}, {".$", "$"}, {"\\$", ""}, {"\\ ", ""}, {" ", ""}, {"mbox", "text"}, {",\\text{and}", ","}, {"\\text{and}", ","}, {"\\text{m}", "\\text{}"}}};
  for (const auto& [from, to] : kReplaced) s = replace_all(s, from, to);
  static constexpr const char* kRemoved[] = {"square", "ways", "integers", "dollars", "mph", "inches", "ft", "hours", "km", "units", "\\ldots", "sue", "points", "feet", "minutes", "digits", "cents", "degrees", "cm", "gm", "pounds", "meters", "meals", "edges",
                                             "students", "childrentickets", "multiples", "\\text{s}", "\\text{.}", "\\text{\ns}", "\\text{}^2", "\\text{}^3", "\\text{\n}", "\\text{}", "\\mathrm{th}", "^\\circ", "^{\\circ}", "\\;", ",\\!", "{,}", "\"", "\\dots"};
  for (const char* what : kRemoved) s = replace_all(s, what, "");
  // What stands between the first two dollar signs; what \text{}, \textbf{}, \overline{} and \boxed{} hold.
  if (const size_t open = s.find('$'); open != std::string::npos) {
    const size_t shut = s.find('$', open + 1);
    if (shut != std::string::npos) s = s.substr(open + 1, shut - open - 1);
  }
  for (const std::string command : {"\\text{", "\\textbf{", "\\overline{", "\\boxed{"}) {
    for (size_t at = s.find(command); at != std::string::npos; at = s.find(command)) {
      const size_t shut = s.rfind('}');
      const size_t end = command == "\\boxed{" ? shut : s.find('}', at);
      if (end == std::string::npos || end < at) break;
      s = s.substr(0, at) + s.substr(at + command.size(), end - at - command.size()) + s.substr(end + 1);
    }
  }
  s = with_braced_roots(with_braced_fractions(s));
  s = replace_all(s, "$", "");
  const std::string without_commas = replace_all(s, ",", "");
  if (!without_commas.empty() && without_commas.find_first_not_of("0123456789") == std::string::npos) s = without_commas;
  return s;
}

Verdict grade_minerva(std::string_view reference, std::string_view completion) {
  std::string found;
  constexpr std::string_view kOpens = "The final answer is", kCloses = ". I hope it is correct";
  if (const size_t open = completion.rfind(kOpens); open != std::string_view::npos) {
    const size_t shut = completion.find(kCloses, open);
    if (shut != std::string_view::npos) found = std::string(trim(completion.substr(open + kOpens.size(), shut - open - kOpens.size())));
  }
  if (found.empty()) found = last_boxed(completion);
  if (found.empty()) return {VerdictKind::no_answer, "", "no 'The final answer is ... I hope it is correct.' and no \\boxed{}"};
  const std::string left = minerva_spelling(found), right = minerva_spelling(reference);
  if (left == right) return decided(true, found, left, right);
  thread_local math::Workspace workspace;
  math::MathOptions bare;
  bare.bare = true;
  const math::MathVerdict equal = math::grade_math(right, left, workspace, bare);
  return {equal.verdict == VerdictKind::correct ? VerdictKind::correct : VerdictKind::incorrect, found, equal.reason};
}

Verdict grade_aime(std::string_view reference, std::string_view completion) {
  const auto whole = [](std::string_view text) -> int {
    std::string digits = replace_all(replace_all(replace_all(std::string(trim(text)), "^\\circ", ""), "^{\\circ}", ""), "$", "");
    if (digits.ends_with(".")) digits.pop_back();
    if (digits.empty() || digits.size() > 3 || digits.find_first_not_of("0123456789") != std::string::npos) return -1;
    return std::stoi(digits);
  };
  const math::Extraction found = math::extract_answer(completion);
  if (!found.found()) return {VerdictKind::no_answer, "", found.rule};
  const int expected = whole(reference), value = whole(found.answer);
  if (expected < 0) return {VerdictKind::unverifiable, found.answer, "the reference '" + std::string(reference) + "' is no whole number from 0 to 999"};
  if (value < 0) return {VerdictKind::incorrect, found.answer, "'" + found.answer.substr(0, 80) + "' is no whole number from 0 to 999"};
  return {value == expected ? VerdictKind::correct : VerdictKind::incorrect, found.answer, std::to_string(value) + " against " + std::to_string(expected)};
}

}  // namespace reprise::grading
