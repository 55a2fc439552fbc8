// overlap.jsonl, one row of a training store and one problem a line, and the counts beside it. Example of a line:
//   {"training":"math-8k","row":"deepscaler-17","benchmark":"math-500","problem":"test/algebra/2.json","kind":"ngram","n":13,"shared_words":31,"covered":0.9,
//    "similarity":0.0,"decides":true,"in_solution":false,"text":"What is the smallest ..."}
// A problem that counts as hit has at least one line with "decides": true.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/overlap.h"

namespace reprise::data {

struct OverlapLine {
  std::string training, benchmark;
  OverlapHit hit;
};

// Atomically; text that is not UTF-8 gets U+FFFD in place of the broken bytes.
void write_overlap_file(const std::filesystem::path& path, const std::vector<OverlapPair>& pairs);
// Throws Error naming the line that does not fit.
std::vector<OverlapLine> read_overlap_file(const std::filesystem::path& path);
// By benchmark, the problems that count as hit by any of the file's training stores: what a score "without hits" leaves out. A benchmark without hits is not there.
std::map<std::string, std::set<std::string>> hit_problems(const std::filesystem::path& overlap_file);

// {"config": keys, "benchmarks": [facts and problems_hit by any store], "pairs": [counts], "hits": lines}. Keys as in overlap.h; the *_by_n are maps of n to count.
nlohmann::ordered_json overlap_summary(const OverlapIndex& index, const std::vector<OverlapPair>& pairs);

}  // namespace reprise::data
