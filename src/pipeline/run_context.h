// The StageContext of a real run: metrics, ledger, TensorBoard events and the progress line of one stage.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "io/row_log.h"
#include "pipeline/progress.h"
#include "pipeline/stage.h"

namespace reprise::pipeline {

// Writes one row of scalars to an open TensorBoard file; a file is opened once per session of a stage.
using EventSink = std::function<void(int64_t step, const Metrics& metrics)>;
using OpenEvents = std::function<EventSink(const std::filesystem::path& folder)>;

struct RunContextParts {
  std::string name;
  std::filesystem::path folder, ledger_file;
  uint64_t seed = 0;
  HardwareConfig hardware;
  nlohmann::json keys;
  std::function<std::filesystem::path(const std::string&)> resolve;
  OpenEvents open_events;               // may be empty
  std::function<bool()> stop_requested;
  Progress* progress = nullptr;
};

class RunContext : public StageContext {
 public:
  explicit RunContext(RunContextParts parts);

  const std::string& name() const override { return parts_.name; }
  const std::filesystem::path& folder() const override { return parts_.folder; }
  uint64_t seed() const override { return parts_.seed; }
  const HardwareConfig& hardware() const override { return parts_.hardware; }
  std::filesystem::path resolve(const std::string& reference) const override { return parts_.resolve(reference); }
  const nlohmann::json& keys() const override { return parts_.keys; }
  void begin_at(int64_t step) override;
  void record(int64_t step, const Metrics& metrics) override;
  void ledger(int64_t step, const std::string& state_hash, const Metrics& counts) override;
  void progress(int64_t step, int64_t num_steps, const Metrics& shown) override;
  void note(const std::string& line) override;
  bool stop_requested() const override { return parts_.stop_requested && parts_.stop_requested(); }

  int64_t num_rows() const { return num_rows_; }  // of metrics.jsonl

 private:
  void require_begun() const;

  RunContextParts parts_;
  io::RowLog metrics_, ledger_;
  EventSink events_;
  bool begun_ = false;
  int64_t num_rows_ = 0;
};

}  // namespace reprise::pipeline
