// `reprise grade code`: samples to verdicts, several judges at once, results in the order of the samples.
#include "cli/grade_code.h"

#include <algorithm>
#include <atomic>
#include <boost/program_options.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/strings.h"
#include "grading/code/stdin_judge.h"
#include "io/jsonl.h"

namespace reprise::cli {
namespace {

using namespace grading::code;
using Json = nlohmann::ordered_json;

struct Sample {
  nlohmann::json row;
  Program program;
  const std::vector<StdinTest>* tests = nullptr;
  CodeVerdict verdict;
};

std::string text_of(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// Tests as [{"input", "output"}] or {"inputs": [...], "outputs": [...]}, also as JSON in a text (APPS: "input_output").
std::vector<StdinTest> tests_of(nlohmann::json tests, const std::string& where) {
  if (tests.is_string()) tests = nlohmann::json::parse(tests.get<std::string>(), nullptr, false);
  std::vector<StdinTest> out;
  if (tests.is_array()) {
    for (const auto& test : tests) {
      if (!test.is_object() || !test.contains("input") || !test.contains("output")) throw Error("has a test without input or output", where);
      out.push_back({text_of(test["input"]), text_of(test["output"])});
    }
  } else if (tests.is_object() && tests.contains("inputs") && tests.contains("outputs") && tests["inputs"].size() == tests["outputs"].size()) {
    for (size_t i = 0; i < tests["inputs"].size(); ++i) out.push_back({text_of(tests["inputs"][i]), text_of(tests["outputs"][i])});
  } else {
    throw Error("has no tests that can be read", where, "[{\"input\", \"output\"}] or {\"inputs\": [...], \"outputs\": [...]}");
  }
  return out;
}

std::map<std::string, std::vector<StdinTest>> problems_of(const std::string& file) {
  std::map<std::string, std::vector<StdinTest>> out;
  int64_t index = 0;
  io::read_json_rows(file, [&](int64_t line, const nlohmann::json& row) {
    const std::string where = file + " line " + std::to_string(line);
    std::string id = std::to_string(index++);
    for (const char* key : {"task_id", "problem_id", "id"}) {
      if (row.contains(key)) {
        id = text_of(row[key]);
        break;
      }
    }
    const nlohmann::json* tests = nullptr;
    for (const char* key : {"tests", "input_output"}) {
      if (tests == nullptr && row.contains(key)) tests = &row[key];
    }
    if (tests == nullptr) throw Error("has no \"tests\"", where);
    if (!out.emplace(id, tests_of(*tests, where)).second) throw Error("problem '" + id + "' is there twice", where);
  });
  return out;
}

}  // namespace

int grade_code(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::string benchmark, problems_file, input, output, rule = "lines", required;
  int workers = 0;
  double memory_mb = 1024;
  JudgeLimits limits;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("benchmark", po::value(&benchmark)->value_name("NAME"), "stdin")("problems", po::value(&problems_file)->value_name("FILE"), "problems with tests, JSON Lines or one JSON array")(
      "input", po::value(&input)->value_name("FILE"), "samples: {\"task_id\", \"completion\"} or {\"task_id\", \"solution\"}")("output", po::value(&output)->value_name("FILE"), "the same lines with their verdicts")(
      "workers", po::value(&workers), "programs that run at once; as many as processors unless told")("time", po::value(&limits.cpu_seconds)->default_value(limits.cpu_seconds), "seconds of processor time for a test")(
      "memory", po::value(&memory_mb)->default_value(memory_mb), "MB")("compare", po::value(&rule)->default_value(rule), "lines (LiveCodeBench's rule), tokens, floats (1e-6)")(
      "require", po::value(&required)->value_name("ns,net,fs,seccomp,uid"), "layers of the sandbox without which nothing is run");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(shown).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise grade code --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise grade code --benchmark stdin --problems FILE --input SAMPLES --output FILE [options]\n\n"
                 "Programs in Python or C++ that read standard input; each test in a sandbox of its own (`reprise sandbox probe`).\n"
                 "Verdicts: accepted, wrong_answer, time_limit, memory_limit, output_limit, runtime_error, compile_error, judge_error.\n\n"
              << shown;
    return 0;
  }
  if (benchmark != "stdin") throw UsageError("--benchmark '" + benchmark + "' is not known", "", "stdin is");
  if (problems_file.empty() || input.empty() || output.empty()) throw UsageError("wants --problems, --input and --output", "", "see `reprise grade code --help`");
  if (rule == "tokens") limits.rule = OutputRule::tokens;
  else if (rule == "floats") limits.rule = OutputRule::floats;
  else if (rule != "lines") throw UsageError("--compare " + rule + " is not known", "", "lines, tokens, floats");
  if (limits.cpu_seconds <= 0 || memory_mb < 1) throw UsageError("limits must be positive");
  limits.memory_bytes = static_cast<int64_t>(memory_mb * 1048576);
  std::vector<std::string> layers;
  for (const std::string& name : split(required, ',')) {
    if (!name.empty()) layers.push_back(name);
  }
  const auto problems = problems_of(problems_file);
  std::vector<Sample> samples;
  io::read_json_rows(input, [&](int64_t line, const nlohmann::json& row) {
    const std::string where = input + " line " + std::to_string(line);
    if (!row.contains("task_id")) throw Error("has no \"task_id\"", where);
    const auto problem = problems.find(text_of(row["task_id"]));
    if (problem == problems.end()) throw Error("task_id '" + text_of(row["task_id"]).substr(0, 60) + "' is no problem of " + problems_file, where);
    Sample sample;
    sample.row = row;
    if (row.contains("solution") && row["solution"].is_string()) sample.program = program_from_source(row["solution"].get<std::string>());
    else if (row.contains("completion") && row["completion"].is_string()) sample.program = program_of(row["completion"].get<std::string>());
    else throw Error("has neither a \"completion\" nor a \"solution\"", where);
    sample.tests = &problem->second;
    samples.push_back(std::move(sample));
  });
  const int count = std::max(1, std::min<int>(workers > 0 ? workers : static_cast<int>(std::max(1u, std::thread::hardware_concurrency())), static_cast<int>(samples.size())));
  std::atomic<size_t> next{0}, done{0};
  std::vector<std::thread> threads;
  for (int worker = 0; worker < count; ++worker) {
    threads.emplace_back([&] {
      StdinJudge judge(layers);
      for (size_t i = next++; i < samples.size(); i = next++) {
        samples[i].verdict = judge.judge(samples[i].program, *samples[i].tests, limits);
        if (++done % 100 == 0) std::fprintf(stderr, "%zu of %zu judged\n", done.load(), samples.size());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // What only the clock stopped is asked again alone.
  StdinJudge alone(layers);
  for (Sample& sample : samples) {
    if (sample.verdict.kind == CodeVerdictKind::time_limit && sample.verdict.clock_decided) sample.verdict = alone.judge(sample.program, *sample.tests, limits);
  }
  const std::string partial = output + ".part";
  std::ofstream out(partial, std::ios::binary);
  std::map<std::string, int64_t> counts;
  for (const Sample& sample : samples) {
    Json row = Json(sample.row);
    const CodeVerdict& v = sample.verdict;
    row["verdict"] = to_string(v.kind);
    if (v.failing_test >= 0) row["failing_test"] = v.failing_test;
    row["message"] = v.message;
    row["cpu_seconds"] = v.cpu_seconds;
    row["peak_memory_bytes"] = v.peak_memory_bytes;
    row["isolation"] = v.layers;
    ++counts[to_string(v.kind)];
    out << row.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  }
  out.flush();
  if (!out) throw Error("cannot be written (is the disk full?)", partial);
  out.close();
  std::filesystem::rename(partial, output);
  std::string told;
  for (const auto& [name, n] : counts) told += (told.empty() ? "" : ", ") + format_count(n) + " " + name;
  std::fprintf(stderr, "%s samples: %s\n", format_count(static_cast<int64_t>(samples.size())).c_str(), told.c_str());
  return counts.count("judge_error") ? 1 : 0;
}

}  // namespace reprise::cli
