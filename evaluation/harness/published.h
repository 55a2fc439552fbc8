// The registry of published numbers: evaluation/published/*.yaml. A number without its conditions is refused: every entry names a protocol,
// a protocol says every condition, or `unstated` where its source does not, and every stated condition has its evidence.
// Where two printings disagree about the same score, both rows name the conflict. Ids never change; a number that its source has replaced
// names its successor. How ours are held against them: verdict.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reprise::evaluation {

// The conditions of a score, by name, as text ("0.6", "5", "unstated"), so that all compare alike.
// condition_names() lists those that must stand; `temperature: 0` is greedy decoding.
using Protocol = std::map<std::string, std::string>;
const std::vector<std::string>& condition_names();
inline const std::string kUnstated = "unstated";

struct PublishedNumber {
  std::string id;
  std::string model, benchmark, metric;
  double value = 0;          // a share: 0.555 for 55.5 %; a rating stays what it is
  double rounding = 0;       // half-width of the last printed digit, in the value's unit
  int64_t decimals = 1;      // as printed, in percent or points
  int64_t num_problems = 0;  // 0: the source does not say
  std::optional<double> standard_error;  // the source's own, of its mean over runs: standard deviation / sqrt(runs)
  Protocol protocol, evidence_of;        // conditions, and what says so
  std::string protocol_name;
  std::string source;        // "arXiv 2501.12948 v1, table 5"
  std::string evidence;      // primary, secondary, copy
  std::string note;
  std::string superseded_by;  // id
  std::string incomparable;   // why nobody else's number can be held against it; "" where one can
  std::vector<std::string> conflicts;  // ids
};

struct SourceConflict {
  std::string id, text;
};

struct Registry {
  std::vector<PublishedNumber> numbers;
  std::vector<SourceConflict> conflicts;
  std::string hash;  // SHA-256 over the files' names and bytes: reports pin it

  const PublishedNumber* find(const std::string& id) const;  // null where there is none
  const SourceConflict* conflict(const std::string& id) const;
  // Rows that print another value for the same score: same model, benchmark, metric, and a conflict in common.
  std::vector<const PublishedNumber*> other_printings(const PublishedNumber& number) const;
};

// "points" for a rating, "percent" for all else.
const char* unit_of(const std::string& metric);
// As printed: "55.5", "2029".
std::string printed_value(const PublishedNumber& number);

// Reads one evaluation/published/*.yaml. Throws Error for a number without a protocol, a protocol without one
// of the conditions or without the evidence of one, a value outside its unit's range, a repeated id.
Registry read_published(const std::filesystem::path& file);
// Every *.yaml of a folder, sorted by file name; empty when there is no folder. Throws Error also for a conflict or a successor that no
// file has.
Registry read_published_folder(const std::filesystem::path& folder);

// Facts that can be recomputed: a pass@1 of n problems and k samples is a multiple of 1/(n k), as printed. True where the value is
// within its rounding of such a multiple; nullopt where n or k is not known, or the metric is no share of samples.
std::optional<bool> is_representable(const PublishedNumber& number);
// The fewest samples a problem with which the printed value can come out, up to `most`; 0 where none.
int64_t fewest_samples(const PublishedNumber& number, int64_t most = 1024);

}  // namespace reprise::evaluation
