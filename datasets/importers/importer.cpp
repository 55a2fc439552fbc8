// One function per format turns a row into a Problem; the reading, checking and splitting is common.
#include "datasets/importers/importer.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/strings.h"
#include "grading/extract.h"
#include "io/jsonl.h"

namespace reprise::datasets {
namespace {

using nlohmann::json;

// A fault of one row, told with its line by the caller.
struct BadRow {
  std::string fault;
};

const json* find(const json& row, const std::string& path) {
  const json* at = &row;
  for (const std::string& key : split(path, '.')) {
    if (at->is_array()) {
      const auto index = parse_int(key);
      if (!index || *index < 0 || *index >= static_cast<int64_t>(at->size())) return nullptr;
      at = &(*at)[static_cast<size_t>(*index)];
    } else {
      const auto found = at->is_object() ? at->find(key) : at->end();
      if (!at->is_object() || found == at->end()) return nullptr;
      at = &*found;
    }
  }
  return at->is_null() ? nullptr : at;
}

// Strings as they are, numbers as they would be written (27.0 -> "27").
std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  if (value.is_number()) {
    const double number = value.get<double>();
    return format_double(number);
  }
  throw BadRow{"holds neither text nor a number where text is wanted"};
}

std::string required_text(const json& row, const std::string& path) {
  const json* value = find(row, path);
  if (!value) throw BadRow{"lacks '" + path + "'"};
  std::string text = text_of(*value);
  if (trim(text).empty()) throw BadRow{"has an empty '" + path + "'"};
  return text;
}

std::string optional_text(const json& row, const std::string& path) {
  const json* value = path.empty() ? nullptr : find(row, path);
  return value ? text_of(*value) : std::string();
}

// "Level 3", "Level ?", 3.
int64_t level_of(const json& row, const std::string& path) {
  const json* value = path.empty() ? nullptr : find(row, path);
  if (!value) return 0;
  std::string text = text_of(*value);
  if (text.starts_with("Level ")) text = text.substr(6);
  return parse_int(text).value_or(0);
}

std::string boxed_answer(const std::string& solution) {
  const std::string answer = grading::last_boxed(solution);
  if (answer.empty()) throw BadRow{"has a solution without \\boxed answer"};
  return answer;
}

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
  p.prompt = find(row, "problem") ? required_text(row, "problem") : required_text(row, "prompt");
  p.answer = required_text(row, "answer");
  p.solution = find(row, "solution") && find(row, "solution")->is_string() ? optional_text(row, "solution") : "";
  return p;
}

data::Problem minerva(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "problem");
  p.solution = required_text(row, "solution");
  p.answer = boxed_answer(p.solution);
  p.metadata = json{{"type", optional_text(row, "type")}}.dump();
  return p;
}

data::Problem olympiadbench(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "question");
  const json* answers = find(row, "final_answer");
  if (!answers || !answers->is_array() || answers->empty()) throw BadRow{"lacks 'final_answer'"};
  for (const json& answer : *answers) p.answer += (p.answer.empty() ? "" : ", ") + text_of(answer);
  json metadata = json::object();
  for (const char* key : {"answer_type", "is_multiple_answer", "unit", "error"}) {
    if (const json* value = find(row, key)) metadata[key] = *value;
  }
  p.metadata = metadata.dump();
  return p;
}

data::Problem deepscaler(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = find(row, "prompt") ? required_text(row, "prompt") : required_text(row, "problem");
  p.answer = required_text(row, "answer");
  p.metadata = json{{"source", optional_text(row, "source")}}.dump();
  return p;
}

data::Problem verl(const json& row, const ImporterConfig&) {
  data::Problem p;
  p.prompt = required_text(row, "prompt.0.content");
  p.answer = required_text(row, "reward_model.ground_truth");
  return p;
}

data::Problem knights(const json& row, const ImporterConfig&) {
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

using Function = data::Problem (*)(const json&, const ImporterConfig&);
struct Row {
  const char* name;
  Function function;
};
constexpr Row kImporters[] = {{"gsm8k", gsm8k},     {"math", hendrycks_math}, {"math500", math500},   {"aime", contest},
                              {"amc23", contest},   {"minerva", minerva},     {"olympiadbench", olympiadbench},
                              {"deepscaler", deepscaler}, {"verl", verl},     {"knights_and_knaves", knights}, {"jsonl", generic}};

bool in_split(const std::string& id, const std::string& split) {
  if (split == "all") return true;
  const uint64_t bucket = RandomStream({name_number(id)}).below(16);
  return split == (bucket == 0 ? "test" : bucket == 1 ? "validation" : "train");
}

}  // namespace

std::vector<std::string> importer_names() {
  std::vector<std::string> names;
  for (const Row& row : kImporters) names.emplace_back(row.name);
  return names;
}

Imported import_problems(const ImporterConfig& config) {
  const Row* importer = nullptr;
  for (const Row& row : kImporters) {
    if (config.importer == row.name) importer = &row;
  }
  if (!importer) throw Error("importer '" + config.importer + "' is not known", "", "importers: " + join(importer_names(), ", "));
  Imported out;
  std::set<std::string> ids;
  const auto bad = [&](int64_t line, const std::string& fault) {
    const std::string where = config.path + ":" + std::to_string(line);
    if (!config.skip_bad_rows) throw Error(fault, where, "mend the row, or leave such rows out with skip_bad_rows");
    ++out.num_bad_rows;
    if (out.bad_rows.size() < 20) out.bad_rows.push_back(where + ": " + fault);
  };
  io::read_json_rows(config.path, [&](int64_t line, const json& row) {
    if (config.size > 0 && static_cast<int64_t>(out.problems.size()) >= config.size) return;
    try {
      data::Problem problem = importer->function(row, config);
      if (problem.id.empty()) problem.id = config.importer + "-" + std::to_string(line);
      if (problem.grader.empty()) problem.grader = "math";
      if (problem.metadata.empty()) problem.metadata = "{}";
      if (!in_split(problem.id, config.split)) return;
      if (!ids.insert(problem.id).second) throw BadRow{"has the id '" + problem.id + "' a second time"};
      out.problems.push_back(std::move(problem));
    } catch (const BadRow& row_fault) {
      bad(line, row_fault.fault);
    } catch (const json::exception& fault) {
      bad(line, std::string("has a part of the wrong type (") + fault.what() + ")");
    }
  }, bad);
  if (out.problems.empty()) throw Error("gave no problem", config.path, "is it a " + config.importer + " file?");
  out.source_sha256 = sha256_file_hex(config.path);
  return out;
}

}  // namespace reprise::datasets
