// Recorded results, from any harness, as lines of
//   {"model": "m", "benchmark": "aime24", "problem": "60", "sample": 0, "correct": true}
//   {"model": "m", "benchmark": "aime24", "problem": "60", "sample": 1, "completion": "... \\boxed{204}", "num_tokens": 8120, "finished": true}
// "correct" is believed; "completion" is graded here, against "gold" in the line or the benchmark's own reference. Beside "correct", "answer" is what was
// extracted (for votes). Samples are kept one by one: nothing is averaged before it is counted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/problem.h"
#include "evaluation/harness/scores.h"

namespace reprise::evaluation {

// The problem of a benchmark by its id; null where there is none. Throws Error where the benchmark itself is not known.
using FindProblem = std::function<const data::Problem*(const std::string& benchmark, const std::string& problem)>;

struct Recorded {
  std::vector<ScoredSet> sets;  // by model and benchmark
  int64_t num_lines = 0, num_graded = 0;
  std::string sha256;           // of the file
};

// Throws Error naming the line: neither "correct" nor "completion", a sample twice, a completion whose reference is not known, a set of which some
// lines were graded elsewhere and others here.
Recorded read_recorded(const std::filesystem::path& file, const FindProblem& find);

}  // namespace reprise::evaluation
