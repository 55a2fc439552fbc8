// `bench judge`: reference solutions judged a second, what a sandbox costs a program, and whether many programs in a row leave anything behind.
#include "cli/bench_judge.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "grading/code/code_judge.h"
#include "io/jsonl.h"
#include "sandbox/client.h"

extern char** environ;

namespace reprise::cli {
namespace {

using namespace grading::code;
namespace fs = std::filesystem;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run_bare(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t child = -1;
  if (::posix_spawn(&child, words[0], nullptr, nullptr, words.data(), environ) != 0) throw Error("cannot be started", command[0]);
  ::waitpid(child, nullptr, 0);
}

// What a run could leave behind, counted over this process and all below it.
struct Belongings {
  int64_t processes = 0, descriptors = 0, memory_bytes = 0, files = 0;
};

Belongings belongings() {
  Belongings out;
  std::vector<std::pair<int, int>> parents;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const auto pid = parse_int(entry.path().filename().string());
    if (!pid) continue;
    std::ifstream stat(entry.path() / "stat");
    std::string line;
    std::getline(stat, line);
    const size_t end = line.rfind(')');
    if (end != std::string::npos && end + 4 < line.size()) parents.emplace_back(*pid, std::atoi(line.c_str() + end + 4));
  }
  std::vector<int> family = {static_cast<int>(::getpid())};
  for (size_t i = 0; i < family.size(); ++i) {
    for (const auto& [pid, parent] : parents) {
      if (parent == family[i]) family.push_back(pid);
    }
  }
  for (const int pid : family) {
    ++out.processes;
    const fs::path folder = "/proc/" + std::to_string(pid);
    for (auto entry = fs::directory_iterator(folder / "fd", ignored); !ignored && entry != fs::directory_iterator(); entry.increment(ignored)) ++out.descriptors;
    int64_t total = 0, resident = 0;
    if (std::ifstream(folder / "statm") >> total >> resident) out.memory_bytes += resident * ::sysconf(_SC_PAGESIZE);
  }
  const char* base = std::getenv("TMPDIR");
  for (auto entry = fs::directory_iterator(base != nullptr ? base : "/tmp", ignored); !ignored && entry != fs::directory_iterator(); entry.increment(ignored)) {
    out.files += entry->path().filename().string().starts_with("reprise-sandbox-");
  }
  return out;
}

nlohmann::ordered_json json_of(const Belongings& b) { return {{"processes", b.processes}, {"descriptors", b.descriptors}, {"memory_bytes", b.memory_bytes}, {"folders", b.files}}; }

nlohmann::ordered_json cost_of_a_sandbox(int repeats) {
  sandbox::Client client;
  sandbox::Request cold;
  cold.files = {{"p.py", "pass\n"}};
  cold.command = {"/usr/bin/python3", "p.py"};
  sandbox::Request warm = cold, nothing = cold;
  warm.warm = true;
  nothing.command = {"/usr/bin/true"};
  std::vector<double> bare, in_sandbox, forked, bare_true, sandbox_true;
  client.run(cold);
  if (client.run(warm).ending != sandbox::Ending::exited) throw Error("the sandbox does not run a program", "bench judge", "see `reprise sandbox probe`");
  for (int r = 0; r < repeats; ++r) {
    const auto timed = [](std::vector<double>& into, const auto& work) {
      const double start = now();
      work();
      into.push_back(1e3 * (now() - start));
    };
    timed(bare, [] { run_bare({"/usr/bin/python3", "-c", "pass"}); });
    timed(in_sandbox, [&] { client.run(cold); });
    timed(forked, [&] { client.run(warm); });
    timed(bare_true, [] { run_bare({"/usr/bin/true"}); });
    timed(sandbox_true, [&] { client.run(nothing); });
  }
  return {{"python_bare_ms", median(bare)}, {"python_sandbox_ms", median(in_sandbox)}, {"python_warm_ms", median(forked)}, {"true_bare_ms", median(bare_true)}, {"true_sandbox_ms", median(sandbox_true)},
          {"cost_python_ms", median(in_sandbox) - median(bare)}, {"cost_true_ms", median(sandbox_true) - median(bare_true)}};
}

nlohmann::ordered_json many_programs(int64_t count, int workers) {
  CodeProblem problem;
  problem.id = "sum";
  problem.tests = {{"1 2\n", "3\n"}};
  // Every kind of end that a judge meets.
  const std::vector<std::string> sources = {"print(sum(map(int, input().split())))", "print(4)", "1/0", "open('left', 'w').write('x' * 1000)\nprint(3)", "import os\nos.kill(os.getpid(), 9)", "import sys\nsys.stdout.write('3\\n')\nsys.stdout.flush()\nos = __import__('os')\nos._exit(0)"};
  std::vector<JudgeTask> tasks(static_cast<size_t>(count));
  for (size_t i = 0; i < tasks.size(); ++i) tasks[i] = {&problem, program_of_solution(problem, sources[i % sources.size()])};
  // The same judges all along: what they gather shows.
  std::vector<std::unique_ptr<CodeJudge>> judges;
  for (int w = 0; w < workers; ++w) judges.push_back(std::make_unique<CodeJudge>());
  const auto run = [&](size_t from, size_t to) {
    std::vector<std::thread> threads;
    for (int w = 0; w < workers; ++w) {
      threads.emplace_back([&, w] {
        for (size_t i = from + static_cast<size_t>(w); i < to; i += static_cast<size_t>(workers)) judges[static_cast<size_t>(w)]->judge(*tasks[i].problem, tasks[i].program);
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  const size_t warm_up = std::min<size_t>(tasks.size(), 100);
  run(0, warm_up);
  const Belongings before = belongings();
  const double start = now();
  run(warm_up, tasks.size());
  const double seconds = now() - start;
  const Belongings after = belongings();
  return {{"programs", count}, {"programs_per_second", static_cast<double>(tasks.size() - warm_up) / seconds}, {"after_100", json_of(before)}, {"at_the_end", json_of(after)}};
}

}  // namespace

int bench_judge(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::string benchmark = "humaneval", problems_file;
  int64_t programs = 0;
  int workers = 2, rounds = 3;
  bool json = false, base_only = false;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("problems", po::value(&problems_file)->value_name("FILE"), "HumanEval, HumanEval+ or MBPP+ as published: their reference solutions are judged")(
      "benchmark", po::value(&benchmark)->default_value(benchmark), "humaneval, humaneval_plus, mbpp_plus")("base-only", po::bool_switch(&base_only), "without the plus inputs")("workers", po::value(&workers)->default_value(workers), "judges at once")(
      "rounds", po::value(&rounds)->default_value(rounds), "the median of so many")("programs", po::value(&programs)->default_value(programs), "also so many programs in a row, and what they leave behind")("json", po::bool_switch(&json), "one JSON object");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(shown).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise bench judge --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise bench judge [--problems FILE] [options]\n\nbench/compare_evalplus.py runs EvalPlus's own evaluator beside it, in turn.\n\n" << shown;
    return 0;
  }
  if (workers < 1 || rounds < 1 || programs < 0) throw UsageError("counts must be positive");
  nlohmann::ordered_json out = {{"work", "judge"}, {"workers", workers}};
  if (!problems_file.empty()) {
    std::vector<CodeProblem> problems;
    std::vector<std::string> solutions;
    io::read_json_texts(
        problems_file,
        [&](int64_t line, const nlohmann::json& row, std::string_view text) {
          problems.push_back(code_problem(benchmark, row, std::string(text)));
          if (!problems.back().python || !row.contains("canonical_solution")) throw Error("has no reference solution", problems_file + ":" + std::to_string(line));
          if (base_only && problems.back().python->kind == "plus") problems.back().python->kind = "plus_base";
          solutions.push_back(problems.back().prompt + row["canonical_solution"].get<std::string>());
        },
        [&](int64_t line, const std::string& fault) { throw Error(fault, problems_file + ":" + std::to_string(line)); });
    std::vector<JudgeTask> tasks;
    for (size_t i = 0; i < problems.size(); ++i) tasks.push_back({&problems[i], program_of_solution(problems[i], solutions[i])});
    if (tasks.empty()) throw Error("gave no problem", problems_file);
    std::vector<double> seconds;
    int64_t accepted = 0;
    for (int r = 0; r < rounds; ++r) {
      const double start = now();
      const auto verdicts = judge_all(tasks, workers, {});
      seconds.push_back(now() - start);
      accepted = std::count_if(verdicts.begin(), verdicts.end(), [](const CodeVerdict& v) { return v.kind == CodeVerdictKind::accepted; });
    }
    out["solutions"] = tasks.size();
    out["accepted"] = accepted;
    out["seconds"] = median(seconds);
    out["solutions_per_second"] = static_cast<double>(tasks.size()) / median(seconds);
  }
  out["sandbox"] = cost_of_a_sandbox(30);
  if (programs > 0) out["in_a_row"] = many_programs(programs, workers);
  if (json) {
    std::printf("%s\n", out.dump().c_str());
    return 0;
  }
  if (out.contains("solutions")) {
    std::printf("%s of %s reference solutions accepted in %.2f s by %d judges, their references' values computed with them: %.1f a second\n", format_count(out["accepted"].get<int64_t>()).c_str(), format_count(out["solutions"].get<int64_t>()).c_str(),
                out["seconds"].get<double>(), workers, out["solutions_per_second"].get<double>());
  }
  const auto& s = out["sandbox"];
  std::printf("a Python program that does nothing: %.1f ms bare, %.1f ms in the sandbox (+%.1f), %.1f ms as a fork in the sandbox; `true`: %.1f and %.1f ms (+%.1f)\n", s["python_bare_ms"].get<double>(), s["python_sandbox_ms"].get<double>(),
              s["cost_python_ms"].get<double>(), s["python_warm_ms"].get<double>(), s["true_bare_ms"].get<double>(), s["true_sandbox_ms"].get<double>(), s["cost_true_ms"].get<double>());
  if (out.contains("in_a_row")) {
    const auto& r = out["in_a_row"];
    std::printf("%s programs in a row, %.0f a second; after 100 and at the end: %lld and %lld processes, %lld and %lld descriptors, %s and %s, %lld and %lld folders\n", format_count(programs).c_str(), r["programs_per_second"].get<double>(),
                r["after_100"]["processes"].get<long long>(), r["at_the_end"]["processes"].get<long long>(), r["after_100"]["descriptors"].get<long long>(), r["at_the_end"]["descriptors"].get<long long>(),
                format_bytes(r["after_100"]["memory_bytes"].get<double>()).c_str(), format_bytes(r["at_the_end"]["memory_bytes"].get<double>()).c_str(), r["after_100"]["folders"].get<long long>(), r["at_the_end"]["folders"].get<long long>());
  }
  return 0;
}

}  // namespace reprise::cli
