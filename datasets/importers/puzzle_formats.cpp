// Puzzles, instructions, and JSON Lines of the user's own.
#include <map>

#include "base/strings.h"
#include "datasets/importers/row.h"
#include "grading/instructions/ifeval.h"

namespace reprise::datasets {
namespace {

// The tasks of Reasoning Gym whose answer one of our graders decides. The others have many right answers.
const std::map<std::string, std::string>& gym_graders() {
  static const std::map<std::string, std::string> graders = {
      {"basic_arithmetic", "number"}, {"chain_sum", "number"},       {"gcd", "number"},  {"lcm", "number"},
      {"leg_counting", "number"},     {"number_sequence", "number"}, {"maze", "number"}, {"simple_equations", "number"},
      {"countdown", "countdown"},     {"mini_sudoku", "exact"},      {"prime_factorization", "exact"},
      {"polynomial_equations", "math"}, {"knights_knaves", "knights_knaves"}};
  return graders;
}

}  // namespace

data::Problem knights_and_knaves(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "quiz");
  const json *names = find(row, "names"), *solution = find(row, "solution");
  if (!names || !solution || !names->is_array() || names->size() != solution->size()) throw BadRow{"lacks 'names' and 'solution' of one length"};
  for (size_t i = 0; i < names->size(); ++i) {
    if (!(*names)[i].is_string() || !(*solution)[i].is_boolean()) throw BadRow{"has names or a solution of the wrong type"};
    p.answer += (i ? ", " : "") + (*names)[i].get<std::string>() + ((*solution)[i].get<bool>() ? " is a knight" : " is a knave");
  }
  p.metadata = json{{"names", *names}, {"solution", *solution}}.dump();
  p.grader = "knights_knaves";
  p.language = "en";
  p.level = static_cast<int64_t>(names->size());
  return p;
}

data::Problem reasoning_gym(const json& row, const ImporterConfig&) {
  const std::string task = required_text(row, "task");
  const auto grader = gym_graders().find(task);
  if (grader == gym_graders().end()) throw BadRow{"is of task '" + task + "', whose answers no grader here can decide"};
  data::Problem p;
  p.prompt = required_text(row, "question");
  p.answer = required_text(row, "answer");
  p.grader = grader->second;
  p.language = "en";
  const json* metadata = find(row, "metadata");
  if (!metadata) throw BadRow{"lacks 'metadata'"};
  json kept = parts_of(*metadata, {"numbers", "target", "names", "solution"});
  for (const char* key : {"a_knight", "a_knave"}) {  // this task calls them sages, fools, heroes ...
    if (const json* term = find(*metadata, std::string("knight_knave_terms.") + key)) kept[key] = *term;
  }
  p.metadata = kept.dump();
  return p;
}

data::Problem ifeval(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "prompt");
  const json *ids = find(row, "instruction_id_list"), *arguments = find(row, "kwargs");
  if (!ids || !arguments || !ids->is_array() || !arguments->is_array() || ids->size() != arguments->size()) {
    throw BadRow{"lacks 'instruction_id_list' and 'kwargs' of one length"};
  }
  p.grader = "ifeval";
  p.language = "en";
  const json instructions = parts_of(row, {"key", "instruction_id_list", "kwargs"});
  if (const std::string fault = grading::instructions::fault_of(instructions); !fault.empty()) throw BadRow{fault};
  p.metadata = instructions.dump();
  return p;
}

data::Problem generic(const json& row, const ImporterConfig& config) {
  data::Problem p;
  p.prompt = required_text(row, config.prompt_field);
  if (!config.answer_field.empty()) p.answer = required_text(row, config.answer_field);
  p.solution = config.answer_field.empty() ? required_text(row, config.solution_field) : optional_text(row, config.solution_field);
  p.id = optional_text(row, config.id_field);
  p.language = optional_text(row, config.language_field);
  p.level = level_of(row, config.level_field);
  p.grader = config.grader;
  return p;
}

}  // namespace reprise::datasets
