// One judge for every kind of tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "grading/code/problem.h"

namespace reprise::grading::code {

class CodeJudge {
 public:
  explicit CodeJudge(std::vector<std::string> required = {}) : required_(std::move(required)) {}
  // One program at a time. A time limit on the clock alone is asked once more by the caller, when nothing else runs (`clock_decided`).
  CodeVerdict judge(const CodeProblem& problem, const Program& program);

 private:
  std::vector<std::string> required_;
  std::unique_ptr<StdinJudge> stdin_;
  std::unique_ptr<PythonJudge> python_;
};

// Several judges at once; the verdicts are in the order of the tasks, whoever was first. What only the clock stopped is judged again, alone.
struct JudgeTask {
  const CodeProblem* problem = nullptr;
  Program program;
};
std::vector<CodeVerdict> judge_all(const std::vector<JudgeTask>& tasks, int num_workers, const std::vector<std::string>& required, void (*progress)(size_t done, size_t all) = nullptr);

}  // namespace reprise::grading::code
