// Extraction, parsing, comparing, and the words that tell of it.
#include "grading/math/math_grader.h"

#include "base/strings.h"
#include "grading/math/parser.h"

namespace reprise::grading::math {
namespace {

VerdictKind verdict_of(Status status) {
  switch (status) {
    case Status::proved_equal: case Status::numerically_equal: return VerdictKind::correct;
    case Status::proved_different: return VerdictKind::incorrect;
    case Status::no_answer: return VerdictKind::no_answer;
    case Status::unverifiable: case Status::unparsable: case Status::over_budget: return VerdictKind::unverifiable;
  }
  return VerdictKind::unverifiable;
}

// Without the spaces that part nothing: "1 2/3" keeps its own, which makes it another number than 12/3.
std::string without_spaces(std::string_view text) {
  const auto joins = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == ',' || static_cast<unsigned char>(c) >= 0x80; };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ' ' || (!out.empty() && i + 1 < text.size() && joins(out.back()) && joins(text[i + 1]))) out += text[i];
  }
  return out;
}

// "C", "(C)", "\text{(C)}": the letter of a multiple choice, or 0. With words behind it ("C. 42") unless it must stand alone.
char choice_of(std::string_view text, bool alone) {
  std::string plain = plain_source(text);
  for (const char* command : {"\\textbf", "\\textrm", "\\text", "\\mathrm", "\\mathbf"}) plain = replace_all(plain, command, "");
  size_t at = 0;
  while (at < plain.size() && (plain[at] == ' ' || plain[at] == '{' || plain[at] == '(' || plain[at] == '[')) ++at;
  if (at >= plain.size() || plain[at] < 'A' || plain[at] > 'J') return 0;
  const char letter = plain[at++];
  const bool marked = at < plain.size() && (plain[at] == ')' || plain[at] == '.' || plain[at] == ':' || plain[at] == ']' || plain[at] == '}');
  while (at < plain.size() && (plain[at] == ')' || plain[at] == '}' || plain[at] == '.' || plain[at] == ':' || plain[at] == ']' || plain[at] == ' ')) ++at;
  if (at == plain.size()) return letter;
  return !alone && marked ? letter : 0;
}

std::string cut(std::string_view text, size_t size = 200) { return text.size() <= size ? std::string(text) : std::string(text.substr(0, size)) + "..."; }

}  // namespace

MathVerdict grade_math(std::string_view reference, std::string_view answer, Workspace& workspace, const MathOptions& options, std::vector<std::string>* explanation) {
  const auto say = [&](const std::string& line) {
    if (explanation != nullptr) explanation->push_back(line);
  };
  MathVerdict out;
  const auto done = [&](Status status, std::string reason) {
    out.status = status;
    out.verdict = verdict_of(status);
    out.reason = std::move(reason);
    say("verdict: " + std::string(to_string(out.verdict)) + " (" + to_string(out.status) + "): " + out.reason);
    return out;
  };

  std::string found;
  if (options.bare) {
    found = std::string(trim(answer));
    if (found.find("\\boxed") != std::string::npos) found = extract_answer(found).answer;
    if (found.empty()) return done(Status::no_answer, "the answer is empty");
  } else {
    const Extraction extraction = extract_answer(answer, options.extraction);
    if (!extraction.found()) {
      say("answer: none, " + extraction.rule);
      return done(Status::no_answer, extraction.rule);
    }
    found = extraction.answer;
    say("answer: '" + cut(found) + "', by the rule '" + extraction.rule + "'");
  }
  out.extracted = found.size() > 4000 ? found.substr(0, 4000) : found;

  std::string expected(trim(reference));
  if (expected.find("\\boxed") != std::string::npos || expected.find("####") != std::string::npos) {
    const Extraction extraction = extract_answer(expected);
    if (extraction.found()) expected = extraction.answer;
  }
  const std::string source = without_spaces(plain_source(expected)), other = without_spaces(plain_source(std::string_view(found).substr(0, 100000)));
  const Parsed gold = parse_answer(expected), given = parse_answer(found);
  say("reference read as: " + (gold.expression ? to_text(*gold.expression) : "nothing: " + gold.fault));
  say("answer read as:    " + (given.expression ? to_text(*given.expression) : "nothing: " + given.fault));
  if (!source.empty() && source == other) return done(Status::proved_equal, "the same text: " + cut(expected, 80));
  if (choice_of(expected, true) != 0 || choice_of(found, true) != 0) {
    const char letter = choice_of(expected, false), chosen = choice_of(found, false);
    if (letter != 0 && chosen != 0) {
      return done(letter == chosen ? Status::proved_equal : Status::proved_different, std::string("choice ") + chosen + (letter == chosen ? " is the reference's" : std::string(", the reference's is ") + letter));
    }
  }
  if (!gold.expression) return done(Status::unparsable, "the reference cannot be read: " + gold.fault);
  out.unreadable = !given.expression.has_value();
  if (!given.expression) return done(Status::unparsable, "the answer cannot be read: " + given.fault);
  std::vector<std::string> steps;
  Comparison comparison = compare(*gold.expression, *given.expression, workspace, options.limits, explanation != nullptr ? &steps : nullptr);
  for (const std::string& line : steps) say("step: " + line);
  // "[0,1,000]": where commas stand in brackets, those before three digits may belong to a number.
  if (comparison.status != Status::proved_equal && comparison.status != Status::numerically_equal) {
    ParseLimits grouped;
    grouped.group_in_brackets = true;
    const Parsed gold_grouped = parse_answer(expected, grouped), given_grouped = parse_answer(found, grouped);
    for (const auto& [x, y] : {std::pair(&gold, &given_grouped), std::pair(&gold_grouped, &given), std::pair(&gold_grouped, &given_grouped)}) {
      if (!x->expression || !y->expression || (*x->expression == *gold.expression && *y->expression == *given.expression)) continue;
      const bool collections = !x->expression->args.empty() && !y->expression->args.empty();
      if (!collections) continue;
      Comparison second = compare(*x->expression, *y->expression, workspace, options.limits);
      if (second.status != Status::proved_equal && second.status != Status::numerically_equal) continue;
      second.reason += ", with commas before three digits read as separators";
      comparison = std::move(second);
      break;
    }
  }
  out.bits = comparison.bits;
  return done(comparison.status, std::move(comparison.reason));
}

}  // namespace reprise::grading::math
