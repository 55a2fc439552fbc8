// What training rows share with the problems of benchmarks: n-grams of words, whole texts, near-duplicates. The benchmarks are indexed, the rows stream by; memory
// grows with the benchmarks and not with the rows, and what comes out does not depend on the rows' order. docs/contamination.md has the rules with their reasons.
//   n-gram          n words in a row (overlap_words.h) within one text of the row (its question, its solution) and one of the problem. Does not count where it is the
//                   benchmark's template (max_problem_share).
//   whole           the problem's question stands in the row by itself, between ends of lines or sentences. One of fewer than n words is compared in no other way: it
//                   then counts as shared n-gram of that n.
//   near-duplicate  |A and B| / |A or B| of the sets of shingles of two texts is at least near_duplicate_threshold; found exactly. A text of fewer words than a shingle
//                   has one shingle: itself.
//   hit             a problem that stands whole in a row, is a near-duplicate of one, or shares with one n-grams of decision_ngram words that cover decision_covered of
//                   its question or solution; the last not where the benchmark is made from a template (min_own_words): there n-grams recur by themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/overlap_config.h"

namespace reprise::data {

// Example: {"gsm8k-17", "Natalia sold ...", "Natalia sold 48/2 = ... #### 72"}.
struct OverlapProblem {
  std::string id, prompt;
  std::string solution;  // "" if none; one of fewer words than the smallest n-gram is left out
};

struct OverlapBenchmark {
  std::string name;
  std::vector<OverlapProblem> problems;
};

// One row of a training store and one problem. Example: {row: "math-4711", problem: "test/algebra/2.json", n: 13, shared_words: 31, covered: 0.9, text: "What is the ..."}
struct OverlapHit {
  std::string row, problem;
  bool decides = false;       // this row alone makes the problem count as hit
  bool whole = false;
  double similarity = 0;      // of the most similar pair of texts; 0 below the threshold
  int64_t n = 0;              // the largest of ngram_sizes that is shared; 0: none
  int64_t shared_words = 0;   // of the longest run that is
  double covered = 0;         // share of the problem's words in shared n-grams of decision_ngram words; the larger of question's and solution's
  bool in_solution = false;   // the longest run stands in the problem's solution
  std::string text;           // the row's text there, cut to 200 characters

  // "whole", "near_duplicate" or "ngram": the strongest of what it is.
  const char* kind() const { return whole ? "whole" : similarity > 0 ? "near_duplicate" : "ngram"; }
};

// What is known of a benchmark before a row is read.
struct OverlapBenchmarkFacts {
  std::string name;
  int64_t num_problems = 0;
  double own_words = 0;                    // share of the problems with a word that no other has
  bool from_template = false;
  int64_t num_short = 0;                   // problems whose question has fewer than decision_ngram words
  std::vector<int64_t> num_ngrams, num_template_ngrams;  // for each of ngram_sizes: distinct ones, and those that do not count
};

// A training store against a benchmark. Lists that end in _by_n have an entry for each of ngram_sizes.
struct OverlapPair {
  std::string training, benchmark;
  int64_t num_rows = 0, num_problems = 0;
  std::vector<int64_t> rows_by_n, problems_by_n;
  int64_t rows_whole = 0, problems_whole = 0, rows_near = 0, problems_near = 0;
  int64_t rows_hit = 0, problems_hit = 0;  // after the rule for hits
  int64_t problems_half_covered = 0;       // with a row whose shared n-grams cover at least half of the problem: more than a phrase
  // At most hits_per_problem a problem; by problem, in the benchmark's order, most evidence first. Of a benchmark made from a template those that decide.
  std::vector<OverlapHit> hits;
};

class OverlapIndex {
 public:
  // Throws Error where there is no problem, or a benchmark has more than 2^24 of them.
  OverlapIndex(const std::vector<OverlapBenchmark>& benchmarks, OverlapConfig config);
  ~OverlapIndex();
  OverlapIndex(OverlapIndex&&) noexcept;

  const OverlapConfig& config() const;
  const std::vector<OverlapBenchmarkFacts>& benchmarks() const;
  int64_t num_bytes() const;  // of memory, about

 private:
  friend class OverlapIndexBuilder;
  friend class OverlapScan;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// One training store going by. The index must outlive it.
class OverlapScan {
 public:
  OverlapScan(const OverlapIndex& index, std::string training);
  ~OverlapScan();

  // The row's texts: question and solution, prompt and completion. Order of rows does not matter.
  void add_row(std::string_view id, const std::vector<std::string_view>& texts);
  int64_t num_rows() const;
  int64_t num_text_bytes() const;
  // One pair a benchmark, in the index's order.
  std::vector<OverlapPair> pairs() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reprise::data
