// evaluation/tasks.yaml: the names that tasks have in other harnesses, and the benchmark of ours that each is a run of.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace reprise::evaluation {

struct TaskName {
  std::string harness;    // "lm-eval", "lighteval"
  std::string task;       // as the harness has it; a '*' at the end stands for anything
  std::string benchmark;  // evaluation/benchmarks
  std::string metric;     // whose value of one sample is the harness's verdict on it; "" where the file's only one is
};

// Throws Error naming file and line.
std::vector<TaskName> read_task_names(const std::filesystem::path& file);

// The entry for a task, an exact one before one with '*', of those the longest; null where there is none.
const TaskName* find_task(const std::vector<TaskName>& names, const std::string& harness, const std::string& task);

}  // namespace reprise::evaluation
