// Every sample that was ever drawn for an evaluation, kept: a folder that only grows. A sample's key is a hash of what it was drawn under (model, engine,
// how the question was put, sampling), of the prompt's bytes, the problem and the sample's number: what is there is never drawn again, and k more
// samples later are just those that are missing. Verdicts lie beside the samples under the rule that gave them, so grading again draws nothing.
//
//   STORE/format.json            {"format": "reprise samples 1"}
//   STORE/segment-000001.h5      immutable; written whole (HDF5 that a kill leaves open cannot be read)
//   STORE/journal.jsonl          what came since, a line each; a line that a kill cut is dropped when the store is opened
//   STORE/lock                   held by the one process that writes
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "grading/verdict.h"

namespace reprise::evaluation {

struct StoredSample {
  std::string key;                 // sample_key(...)
  std::string protocol;            // its id
  std::string problem;
  int64_t index = 0;               // 0 .. k-1
  std::string prompt;              // sha256 of the prompt's bytes; the store has the text
  std::string completion;          // what the model wrote, stop strings cut off
  std::string reasoning;           // where an API tells it apart; "" otherwise
  std::string stop_reason;         // "stop", "length"; "" not recorded
  int64_t num_prompt_tokens = -1, num_cached_tokens = -1, num_tokens = -1;  // -1: not recorded
  std::string details = "{}";      // JSON: seed, seconds, what the server said of itself, the recorder's own verdict
};

// A verdict on a sample under a rule ("math 3").
struct StoredVerdict {
  grading::VerdictKind kind = grading::VerdictKind::no_answer;
  std::string answer, reason;
};

// What samples have in common, as JSON with sorted keys: {"benchmark": {...}, "engine": {...}, "model": {...}, "prompt": {...}, "sampling": {...}}.
struct StoredProtocol {
  std::string id;  // protocol_id(facts)
  nlohmann::json facts;
};
std::string protocol_id(const nlohmann::json& facts);
// "sampling.temperature: 0.6 and 1" for each fact that differs.
std::vector<std::string> protocol_differences(const nlohmann::json& a, const nlohmann::json& b);

std::string sample_key(const std::string& protocol, const std::string& prompt_sha256, const std::string& problem, int64_t index);

class SampleStore {
 public:
  enum class Mode { read, write };
  // Mode::write makes the folder where there is none, and throws Error where another process writes. Mode::read sees what is whole at this moment.
  SampleStore(std::filesystem::path folder, Mode mode);
  ~SampleStore();
  SampleStore(const SampleStore&) = delete;
  SampleStore& operator=(const SampleStore&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  const std::map<std::string, StoredProtocol>& protocols() const { return protocols_; }
  bool has(const std::string& key) const { return keys_.contains(key); }
  int64_t num_samples() const { return static_cast<int64_t>(keys_.size()); }
  int64_t num_samples(const std::string& protocol) const;
  // Of one protocol, by problem and index.
  std::vector<StoredSample> samples(const std::string& protocol) const;
  // Text of a prompt by its hash; "" where it is not known.
  std::string prompt_text(const std::string& sha256) const;
  // By sample key.
  std::map<std::string, StoredVerdict> verdicts(const std::string& rule) const;

  // Appends; a sample whose key is there is passed over. On the disk (but for a power cut) when this returns.
  std::string add_protocol(const nlohmann::json& facts);
  bool add(StoredSample sample, const std::string& prompt_text);
  void add_verdict(const std::string& key, const std::string& rule, const StoredVerdict& verdict);
  // The journal becomes a segment, small segments become one. Nothing is lost wherever this is cut.
  void seal();

 private:
  struct Tables;
  struct Journal;
  void load_keys();

  std::filesystem::path folder_;
  std::unique_ptr<FileLock> lock_;
  std::map<std::string, StoredProtocol> protocols_;
  std::set<std::string> keys_;
  std::map<std::string, int64_t> num_by_protocol_;
  std::set<std::string> prompts_;
  std::unique_ptr<Journal> journal_;
};

}  // namespace reprise::evaluation
