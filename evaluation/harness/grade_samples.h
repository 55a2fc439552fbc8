// Verdicts on stored samples and what they add up to. A verdict that the store has under the same rule is not given again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "evaluation/harness/benchmark_library.h"
#include "evaluation/harness/sample_store.h"
#include "evaluation/harness/scores.h"

namespace reprise::evaluation {

struct GradingOptions {
  std::string grader;       // "" for the benchmark's own; "recorded" believes the recorder, which is all that can be done where it kept no completion
  int num_threads = 0;      // 0: as many as processors
  std::function<void(int64_t done, int64_t all)> progress;
};

struct GradedSet {
  ScoredSet set;
  int64_t num_graded = 0;   // now; the others' verdicts were there
  std::string rule;         // "math 7"
  int64_t num_recorded = 0, num_otherwise = 0;  // samples with a recorder's verdict, and those on which ours is another
  std::vector<StoredVerdict> fresh;         // in the order of fresh_keys
  std::vector<std::string> fresh_keys;
};

// All samples of a protocol. Throws Error where the benchmark's problems are not to be had, or for a grader that is not known. What the store should keep is
// handed over by keep_verdicts.
GradedSet grade_protocol(const SampleStore& store, const std::string& protocol, BenchmarkLibrary& library, const GradingOptions& options);
void keep_verdicts(SampleStore& store, const GradedSet& graded);

// Verdicts and facts that only the text tells (loops, mixed languages) of one sample.
struct SampleText {
  const data::Problem& problem;
  std::string_view completion, reasoning;
  bool prompt_opened_think = false, finished = true;
};
ScoredSample graded_sample(const SampleText& text, const StoredVerdict* known, StoredVerdict* fresh);

// Equal answers of a problem get one name: the first of them that came.
void unite_answers(ScoredProblem& problem);

}  // namespace reprise::evaluation
