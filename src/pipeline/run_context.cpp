// Cutting, appending and showing.
#include "pipeline/run_context.h"

#include <stdexcept>

#include "base/error.h"
#include "base/files.h"

namespace reprise::pipeline {

RunContext::RunContext(RunContextParts parts)
    : parts_(std::move(parts)), metrics_(parts_.folder / "metrics.jsonl"), ledger_(parts_.ledger_file) {}

void RunContext::begin_at(int64_t step) {
  const auto kept = metrics_.cut_at(step);
  num_rows_ = static_cast<int64_t>(kept.size());
  ledger_.cut_at(step);
  begun_ = true;
  // The event file is written anew from the rows that stay: TensorBoard has no way to take rows back.
  if (is_folder(parts_.folder)) {
    for (const auto& entry : fs::directory_iterator(parts_.folder)) {
      if (entry.path().filename().string().starts_with("events.out.tfevents.")) fs::remove(entry.path());
    }
  }
  if (!parts_.open_events) return;
  events_ = parts_.open_events(parts_.folder);
  for (const std::string& line : kept) {
    const auto row = nlohmann::ordered_json::parse(line);
    Metrics metrics;
    for (const auto& [name, value] : row.items()) {
      if (name != "step" && value.is_number()) metrics.emplace_back(name, value.get<double>());
    }
    events_(row.at("step").get<int64_t>(), metrics);
  }
}

void RunContext::require_begun() const {
  if (!begun_) throw std::logic_error("stage '" + parts_.name + "' records before begin_at()");
}

void RunContext::record(int64_t step, const Metrics& metrics) {
  require_begun();
  metrics_.append(io::row_of(step, "", metrics));
  ++num_rows_;
  if (events_) events_(step, metrics);
}

void RunContext::ledger(int64_t step, const std::string& state_hash, const Metrics& counts) {
  require_begun();
  ledger_.append(io::row_of(step, state_hash, counts));
}

void RunContext::progress(int64_t step, int64_t num_steps, const Metrics& shown) {
  if (parts_.progress) parts_.progress->update(step, num_steps, shown);
}

void RunContext::note(const std::string& line) {
  if (parts_.progress) parts_.progress->note(line);
}

}  // namespace reprise::pipeline
