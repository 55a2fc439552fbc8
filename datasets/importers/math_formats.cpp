// Mathematics: a problem, an answer, sometimes a solution and a level.
#include "base/strings.h"
#include "datasets/importers/row.h"
#include "grading/extract.h"

namespace reprise::datasets {
namespace {

std::string boxed_answer(const std::string& solution) {
  const std::string answer = grading::last_boxed(solution);
  if (answer.empty()) throw BadRow{"has a solution without \\boxed answer"};
  return answer;
}

// The publisher's own number for a problem, where ours is made of its place: recordings of others name it.
void put_published_id(data::Problem& p, const json& row, const char* key) {
  const json* id = find(row, key);
  if (!id || !(id->is_string() || id->is_number_integer())) return;
  json metadata = p.metadata.empty() ? json::object() : json::parse(p.metadata);
  metadata["published_id"] = text_of(*id);
  p.metadata = metadata.dump();
}

}  // namespace

data::Problem gsm8k(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "question");
  p.solution = required_text(row, "answer");
  const size_t mark = p.solution.rfind("####");
  if (mark == std::string::npos) throw BadRow{"has an answer without ####"};
  p.answer = replace_all(std::string(trim(std::string_view(p.solution).substr(mark + 4))), ",", "");
  p.grader = "number";
  p.language = "en";
  return p;
}

data::Problem hendrycks_math(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "problem");
  p.solution = required_text(row, "solution");
  p.answer = boxed_answer(p.solution);
  p.level = level_of(row, "level");
  p.id = optional_text(row, "unique_id");
  p.metadata = json{{"type", optional_text(row, "type")}}.dump();
  return p;
}

data::Problem math500(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "problem");
  p.solution = required_text(row, "solution");
  p.answer = required_text(row, "answer");
  p.level = level_of(row, "level");
  p.id = optional_text(row, "unique_id");
  p.metadata = json{{"subject", optional_text(row, "subject")}}.dump();
  return p;
}

data::Problem contest(const json& row, const ImporterConfig&) {
  data::Problem p;
  for (const char* key : {"problem", "prompt", "question"}) {
    if (p.prompt.empty()) p.prompt = optional_text(row, key);
  }
  if (p.prompt.empty()) throw BadRow{"lacks 'problem'"};
  p.answer = required_text(row, "answer");
  p.solution = find(row, "solution") && find(row, "solution")->is_string() ? optional_text(row, "solution") : "";
  put_published_id(p, row, "id");
  return p;
}

data::Problem minerva(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "problem");
  p.solution = required_text(row, "solution");
  p.answer = boxed_answer(p.solution);
  p.metadata = json{{"type", optional_text(row, "type")}}.dump();
  put_published_id(p, row, "idx");
  return p;
}

data::Problem olympiadbench(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "question");
  const json* answers = find(row, "final_answer");
  if (!answers || !answers->is_array() || answers->empty()) throw BadRow{"lacks 'final_answer'"};
  for (const json& answer : *answers) p.answer += (p.answer.empty() ? "" : ", ") + text_of(answer);
  p.metadata = parts_of(row, {"answer_type", "is_multiple_answer", "unit", "error"}).dump();
  put_published_id(p, row, "id");
  return p;
}

data::Problem deepscaler(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, find(row, "prompt") ? "prompt" : "problem");
  p.answer = required_text(row, "answer");
  p.metadata = parts_of(row, {"source"}).dump();
  return p;
}

data::Problem verl(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "prompt.0.content");
  p.answer = required_text(row, "reward_model.ground_truth");
  return p;
}

}  // namespace reprise::datasets
