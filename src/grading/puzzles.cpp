// A small exact calculator and a reader of statements.
#include "grading/puzzles.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "grading/rational.h"

namespace reprise::grading {
namespace {

constexpr size_t kMaxExpression = 500;
constexpr int kMaxDepth = 50;

// expression := term (('+'|'-') term)*    term := factor (('*'|'/') factor)*    factor := number | '(' expression ')'
class Calculator {
 public:
  explicit Calculator(std::string_view text) : text_(text) {}
  std::optional<Rational> value() {
    const auto result = expression(0);
    return at_ == text_.size() ? result : std::nullopt;
  }
  const std::vector<int64_t>& numbers() const { return numbers_; }

 private:
  std::optional<Rational> expression(int depth) {
    auto left = term(depth);
    while (left && at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) {
      const char sign = text_[at_++];
      const auto right = term(depth);
      if (!right) return std::nullopt;
      left = sign == '+' ? add(*left, *right) : subtract(*left, *right);
    }
    return left;
  }
  std::optional<Rational> term(int depth) {
    auto left = factor(depth);
    while (left && at_ < text_.size() && (text_[at_] == '*' || text_[at_] == '/')) {
      const char sign = text_[at_++];
      const auto right = factor(depth);
      if (!right) return std::nullopt;
      left = sign == '*' ? multiply(*left, *right) : divide(*left, *right);
    }
    return left;
  }
  std::optional<Rational> factor(int depth) {
    if (depth > kMaxDepth || at_ >= text_.size()) return std::nullopt;
    if (text_[at_] == '(') {
      ++at_;
      const auto inner = expression(depth + 1);
      if (!inner || at_ >= text_.size() || text_[at_] != ')') return std::nullopt;
      ++at_;
      return inner;
    }
    const size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && at_ - start < 15) ++at_;
    const auto number = parse_int(text_.substr(start, at_ - start));
    if (!number) return std::nullopt;
    numbers_.push_back(*number);
    return Rational{*number, 1};
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<int64_t> numbers_;
};

// Whether the phrase stands in the text, not behind another letter: "Ella is a knight" is not in "Isabella is a knight".
bool says(std::string_view text, std::string_view phrase) {
  for (size_t at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase, at + 1)) {
    if (at == 0 || text[at - 1] < 'a' || text[at - 1] > 'z') return true;
  }
  return false;
}

}  // namespace

Verdict grade_countdown(const data::Problem& problem, const std::string& answer) {
  const auto metadata = nlohmann::json::parse(problem.metadata, nullptr, false);
  if (!metadata.is_object() || !metadata.contains("numbers") || !metadata.contains("target") || !metadata["target"].is_number_integer()) {
    return {VerdictKind::unverifiable, "", "the problem has no numbers and target"};
  }
  std::string text = answer.substr(0, answer.find('='));
  text = replace_all(replace_all(replace_all(text, "×", "*"), "÷", "/"), "−", "-");
  std::string compact;
  for (char c : text) {
    if (c != ' ' && c != '\n' && c != '\t') compact += c;
  }
  if (compact.empty()) return {VerdictKind::no_answer, "", "no expression"};
  if (compact.size() > kMaxExpression) return {VerdictKind::incorrect, compact.substr(0, 60), "longer than any solution"};
  Calculator calculator(compact);
  const auto value = calculator.value();
  if (!value) return {VerdictKind::incorrect, compact, "not an expression of + - * / and brackets"};
  std::vector<int64_t> used = calculator.numbers(), given;
  for (const auto& number : metadata["numbers"]) {
    if (number.is_number_integer()) given.push_back(number.get<int64_t>());
  }
  std::sort(used.begin(), used.end());
  std::sort(given.begin(), given.end());
  if (used != given) return {VerdictKind::incorrect, compact, "does not use each given number exactly once"};
  const bool right = *value == Rational{metadata["target"].get<int64_t>(), 1};
  return {right ? VerdictKind::correct : VerdictKind::incorrect, compact, right ? "equals the target" : "does not equal the target"};
}

Verdict grade_knights_knaves(const data::Problem& problem, const std::string& answer) {
  const auto metadata = nlohmann::json::parse(problem.metadata, nullptr, false);
  const auto list_of = [&](const char* key, bool (*fits)(const nlohmann::json&)) {
    return metadata.is_object() && metadata.contains(key) && metadata[key].is_array() && std::all_of(metadata[key].begin(), metadata[key].end(), fits);
  };
  if (!list_of("names", [](const nlohmann::json& name) { return name.is_string(); }) ||
      !list_of("solution", [](const nlohmann::json& knight) { return knight.is_boolean(); }) || metadata["names"].size() != metadata["solution"].size()) {
    return {VerdictKind::unverifiable, "", "the problem has no names and solution"};
  }
  const auto term = [&](const char* key, const char* usual) {
    return " is " + (metadata.contains(key) && metadata[key].is_string() ? to_lower_ascii(metadata[key].get<std::string>()) : std::string(usual));
  };
  const std::string is_knight = term("a_knight", "a knight"), is_knave = term("a_knave", "a knave"), text = to_lower_ascii(answer);
  std::string extracted;
  bool all_right = true, any = false;
  for (size_t i = 0; i < metadata["names"].size(); ++i) {
    const std::string name = to_lower_ascii(metadata["names"][i].get<std::string>());
    const bool says_knight = says(text, name + is_knight), says_knave = says(text, name + is_knave);
    if (says_knight != says_knave) any = true;
    if (says_knight == says_knave || says_knight != metadata["solution"][i].get<bool>()) all_right = false;
    if (!extracted.empty()) extracted += ", ";
    extracted += name + (says_knight == says_knave ? " ?" : says_knight ? " knight" : " knave");
  }
  if (!any) return {VerdictKind::no_answer, "", "no 'NAME" + is_knight + "' or 'NAME" + is_knave + "'"};
  return {all_right ? VerdictKind::correct : VerdictKind::incorrect, extracted, all_right ? "everyone as in the solution" : "not everyone as in the solution"};
}

}  // namespace reprise::grading
