#include "evaluation/harness/recorded.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "evaluation/harness/grade_samples.h"
#include "io/jsonl.h"
#include "text/loops.h"

namespace reprise::evaluation {

namespace {

using nlohmann::json;

std::string text_field(const json& row, const char* key, const std::string& where) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) throw Error(std::string("lacks \"") + key + "\"", where, "lines are {\"model\",\"benchmark\",\"problem\",\"sample\"} with \"correct\" or \"completion\"");
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_integer()) return found->dump();
  throw Error(std::string("\"") + key + "\" should be text", where, "");
}

std::optional<bool> truth(const json& row, const char* key, const std::string& where) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return std::nullopt;
  if (found->is_boolean()) return found->get<bool>();
  if (found->is_number() && (*found == 0 || *found == 1)) return *found == 1;
  throw Error(std::string("\"") + key + "\" should be true or false", where, "a share is no verdict: record every sample");
}

int64_t whole(const json& row, const char* key, int64_t otherwise, const std::string& where) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return otherwise;
  if (!found->is_number_integer() || found->get<double>() < 0 || found->get<double>() > 1e15) throw Error(std::string("\"") + key + "\" should be a whole number", where, "");
  return found->get<int64_t>();
}

struct Building {
  std::map<std::string, std::map<int64_t, ScoredSample>> problems;
  std::map<std::string, std::pair<std::string, std::string>> references;  // prompt and answer of those that were graded here
  bool graded_here = false, graded_there = false, all_have_answers = true;
  int64_t first_line = 0;
};

}  // namespace

Recorded read_recorded(const std::filesystem::path& file, const FindProblem& find) {
  Recorded out;
  std::map<std::pair<std::string, std::string>, Building> sets;
  std::map<std::string, data::Problem> inline_problems;
  io::read_json_rows(file, [&](int64_t line, const json& row) {
    const std::string where = file.string() + ":" + std::to_string(line);
    ++out.num_lines;
    const std::string benchmark = text_field(row, "benchmark", where), problem_id = text_field(row, "problem", where);
    Building& set = sets[{text_field(row, "model", where), benchmark}];
    ScoredSample sample;
    sample.index = whole(row, "sample", -1, where);
    if (sample.index < 0) throw Error("lacks \"sample\"", where, "number the samples of a problem from 0");
    sample.num_tokens = whole(row, "num_tokens", -1, where);
    sample.finished = truth(row, "finished", where);
    const auto completion = row.find("completion");
    const bool has_text = completion != row.end() && completion->is_string();
    if (has_text) sample.looped = text::ends_in_a_loop(completion->get_ref<const std::string&>());
    const auto correct = truth(row, "correct", where);
    if (correct) {
      set.graded_there = true;
      sample.verdict = *correct ? grading::VerdictKind::correct : grading::VerdictKind::incorrect;
      if (row.contains("answer") && !row["answer"].is_null()) sample.answer = text_field(row, "answer", where);
      else set.all_have_answers = false;
      if (set.all_have_answers && !*correct && sample.answer.empty()) sample.verdict = grading::VerdictKind::no_answer;
    } else if (has_text) {
      set.graded_here = true;
      const data::Problem* problem = nullptr;
      if (row.contains("gold")) {
        data::Problem& own = inline_problems[benchmark + "\n" + problem_id];
        own.id = problem_id;
        own.answer = text_field(row, "gold", where);
        own.grader = "math";
        own.metadata = "{}";
        problem = &own;
      } else {
        try {
          problem = find(benchmark, problem_id);
        } catch (const Error& fault) {
          throw Error(fault.what(), where, "or record \"gold\" or \"correct\" with each line");
        }
        if (!problem) throw Error("the benchmark '" + benchmark + "' has no problem '" + problem_id + "'", where, "`reprise data show` lists its ids; or record \"gold\" with each line");
      }
      StoredVerdict verdict;
      ScoredSample graded = graded_sample({.problem = *problem, .completion = completion->get_ref<const std::string&>(), .reasoning = "", .finished = sample.finished.value_or(true)}, nullptr, &verdict);
      graded.index = sample.index;
      graded.num_tokens = sample.num_tokens;
      graded.finished = sample.finished;
      sample = std::move(graded);
      set.references[problem_id] = {problem->prompt, problem->answer};
      ++out.num_graded;
    } else {
      throw Error("has neither \"correct\" nor \"completion\"", where, "record one of them");
    }
    if (has_text) sample.completion = completion->get<std::string>();
    if (set.graded_here && set.graded_there) throw Error("some lines of '" + benchmark + "' bring a verdict and others a completion", where, "one grader decides a score: leave \"correct\" out of all, or of none");
    if (!set.problems[problem_id].emplace(sample.index, std::move(sample)).second) {
      throw Error("problem '" + problem_id + "' of '" + benchmark + "' has its sample " + std::to_string(whole(row, "sample", 0, where)) + " twice", where, "number the samples of a problem from 0");
    }
  });
  if (sets.empty()) throw Error("has no line", file.string(), "lines are {\"model\",\"benchmark\",\"problem\",\"sample\"} with \"correct\" or \"completion\"");
  for (auto& [name, building] : sets) {
    ScoredSet set{.model = name.first, .benchmark = name.second};
    set.has_answers = building.graded_here || building.all_have_answers;
    for (auto& [id, samples] : building.problems) {
      ScoredProblem problem{.id = id};
      if (const auto found = building.references.find(id); found != building.references.end()) std::tie(problem.prompt, problem.reference) = found->second;
      for (auto& [index, sample] : samples) problem.samples.push_back(std::move(sample));
      if (set.has_answers) unite_answers(problem);
      set.problems.push_back(std::move(problem));
    }
    out.sets.push_back(std::move(set));
  }
  out.sha256 = sha256_file_hex(file);
  return out;
}

}  // namespace reprise::evaluation
