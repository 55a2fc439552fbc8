// Workers take the next share of the tasks; neighbours in the list share a problem, and so what was prepared for it.
#include "grading/code/code_judge.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace reprise::grading::code {

namespace {
constexpr size_t kMostOfAShare = 32;
}

CodeVerdict CodeJudge::judge(const CodeProblem& problem, const Program& program) try {
  if (problem.python) {
    if (!python_) python_ = std::make_unique<PythonJudge>(required_);
    if (program.language == Language::cpp) {
      CodeVerdict verdict;
      verdict.kind = CodeVerdictKind::compile_error;
      verdict.message = "a C++ program where a Python function is wanted";
      return verdict;
    }
    return python_->judge(program.source, *problem.python);
  }
  if (!stdin_) stdin_ = std::make_unique<StdinJudge>(required_);
  return stdin_->judge(program, problem.tests, problem.limits);
} catch (const std::exception& fault) {
  CodeVerdict verdict;
  verdict.kind = CodeVerdictKind::judge_error;
  verdict.message = fault.what();
  return verdict;
}

std::vector<CodeVerdict> judge_all(const std::vector<JudgeTask>& tasks, int num_workers, const std::vector<std::string>& required, void (*progress)(size_t, size_t)) {
  std::vector<CodeVerdict> out(tasks.size());
  std::atomic<size_t> next{0}, done{0};
  const int count = std::max(1, std::min(num_workers, static_cast<int>(tasks.size())));
  // A share is what follows each other of one problem.
  std::vector<size_t> shares;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (i == 0 || tasks[i].problem != tasks[i - 1].problem || i - shares.back() >= kMostOfAShare) shares.push_back(i);
  }
  shares.push_back(tasks.size());
  std::vector<std::thread> threads;
  for (int worker = 0; worker < count; ++worker) {
    threads.emplace_back([&] {
      CodeJudge judge(required);
      for (size_t share = next++; share + 1 < shares.size(); share = next++) {
        for (size_t i = shares[share]; i < shares[share + 1]; ++i) {
          out[i] = judge.judge(*tasks[i].problem, tasks[i].program);
          if (progress != nullptr) progress(++done, tasks.size());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CodeJudge alone(required);
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (out[i].kind == CodeVerdictKind::time_limit && out[i].clock_decided) out[i] = alone.judge(*tasks[i].problem, tasks[i].program);
  }
  return out;
}

}  // namespace reprise::grading::code
