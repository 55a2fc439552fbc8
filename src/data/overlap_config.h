// The keys of a search for overlaps, shared by the stage `contamination` and by `reprise data overlap`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "config/checker.h"
#include "config/field.h"

namespace reprise::data {

struct OverlapConfig {
  std::vector<int64_t> ngram_sizes = {8, 10, 13};
  int64_t decision_ngram = 10;
  double decision_covered = 0;
  double near_duplicate_threshold = 0.8;
  int64_t shingle_size = 3;
  bool with_solutions = true;
  double max_problem_share = 0.01;
  double min_own_words = 0.1;
  int64_t hits_per_problem = 10;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("ngram_sizes", ngram_sizes, "Numbers of words in a row that two texts may share; hits are told for each.", between(2, 100));
    v.field("decision_ngram", decision_ngram, "The one of ngram_sizes that makes a problem count as hit: 10 is R1's, 13 GPT-3's.", between(2, 100));
    v.field("decision_covered", decision_covered,
            "The share of a problem's words that the n-grams it shares with one row must cover before it counts as hit; 0 is R1's rule: one n-gram is enough.", between(0, 1));
    v.field("near_duplicate_threshold", near_duplicate_threshold,
            "Jaccard similarity of two texts' sets of shingles from which on they are near-duplicates, and the problem counts as hit.", between(0.05, 1));
    v.field("shingle_size", shingle_size, "Words of a shingle.", between(1, 20));
    v.field("with_solutions", with_solutions, "Compare the problems' reference solutions too, as R1 did, and not their questions alone.");
    v.field("max_problem_share", max_problem_share,
            "An n-gram that stands in more than one problem of a benchmark, and in more than this share of them, is its template and does not count.", between(0, 1));
    v.field("min_own_words", min_own_words,
            "A benchmark of whose problems fewer than this share have a word that no other has is made from a template: in it only whole texts and near-duplicates count. 0: none is.", between(0, 1));
    v.field("hits_per_problem", hits_per_problem, "Rows that are written down of each problem and training store, those with most evidence; all are counted.", between(1, 1000));
  }

  // ngram_sizes, each once, ascending: the order of every count by n.
  std::vector<int64_t> sorted_sizes() const {
    std::vector<int64_t> sizes = ngram_sizes;
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
    return sizes;
  }

  void check(config::Checker& c) const {
    if (ngram_sizes.empty()) c.problem("ngram_sizes", "is empty", "for example [8, 10, 13]");
    else if (ngram_sizes.size() > 16) c.problem("ngram_sizes", "has more than 16 entries", "");
    else if (std::find(ngram_sizes.begin(), ngram_sizes.end(), decision_ngram) == ngram_sizes.end()) {
      c.problem("decision_ngram", "is none of ngram_sizes", "add it to them");
    }
  }
};

}  // namespace reprise::data
