// Published numbers and whether ours may be held against them. A number without its conditions is refused:
// every entry names a protocol, and a protocol says every condition, or `unstated` where its source does not.
// Numbers are compared only when every condition is stated and equal. Then equality is tested, not assumed
// from "no significant difference": two one-sided tests within a margin, the published number's rounding
// half-width included.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/harness/statistics.h"

namespace reprise::evaluation {

// The conditions of a score, by name, as text ("0.6", "5", "unstated"), so that all compare alike.
// condition_names() lists those that must stand; `temperature: 0` is greedy decoding.
using Protocol = std::map<std::string, std::string>;
const std::vector<std::string>& condition_names();

struct PublishedNumber {
  std::string id;
  std::string model, benchmark, metric;
  double value = 0;          // a share: 0.555 for 55.5 %
  double rounding = 0;       // half-width of the last printed digit, as a share
  int64_t num_problems = 0;
  Protocol protocol;
  std::string protocol_name;
  std::string source;        // "arXiv 2501.12948 v1, table 5"
  std::string evidence;      // primary, secondary, copy
  std::string note;
};

// Reads one evaluation/published/*.yaml. Throws Error for a number without a protocol, a protocol without one
// of the conditions, a value outside its unit's range, a repeated id.
std::vector<PublishedNumber> read_published(const std::filesystem::path& file);
// Every *.yaml of a folder, sorted by file name; an empty list when there is no folder.
std::vector<PublishedNumber> read_published_folder(const std::filesystem::path& folder);

// Our side.
struct OwnNumber {
  std::string model, benchmark, metric;
  Estimate estimate;
  Protocol protocol;
};

struct PublishedComparison {
  PublishedNumber published;
  bool comparable = false;
  std::vector<std::string> differences;  // "temperature: 1 here, 0.6 there", "grader: not stated there"
  std::string verdict;                   // equivalent, different, inconclusive, not comparable
  double difference = 0;                 // ours - published
  Interval interval;                     // 90 % (two one-sided tests at 5 %), rounding included
  double margin = 0;
};

// margin: how far apart two scores may truly be and still count as the same, as a share.
PublishedComparison compare(const OwnNumber& own, const PublishedNumber& published, double margin = 0.03);

}  // namespace reprise::evaluation
