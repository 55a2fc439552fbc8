#include "serving/engine_client.h"

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"

namespace reprise::serving {
namespace {

constexpr double kLoadSeconds = 3600;  // a large model from a slow disk

std::vector<std::string> command_of(const EngineOptions& o) {
  // Where the processors are shared, threads that spin while they wait take time from those that work (see cli/exec_engine.cpp).
  ::setenv("GOMP_SPINCOUNT", "10000", /*overwrite=*/0);
  return {executable_folder() / "reprise-engine", "worker", o.model, "--device", o.device, "--dtype", o.torch_dtype, "--num-threads", std::to_string(o.num_threads),
          "--generation-rows", std::to_string(o.generation_rows), "--kv-cache-gigabytes", format_double(o.kv_cache_gigabytes)};
}

}  // namespace

EngineClient::EngineClient(const EngineOptions& options) : EngineClient(command_of(options), kLoadSeconds) {}

EngineClient::EngineClient(const std::vector<std::string>& command, double load_seconds) : worker_(command) {
  const auto line = worker_.read_line(load_seconds);
  if (!line) throw Error(worker_.timed_out() ? "did not load the model in " + format_seconds(load_seconds) : "ended before the model was loaded", "the engine", "its own words stand above, if it had any");
  info_ = parse_ready(*line);
  reader_ = std::thread([this] { read_updates(); });
}

EngineClient::~EngineClient() {
  stopping_ = true;
  if (reader_.joinable()) reader_.join();
}

int64_t EngineClient::submit(WorkRequest request, std::function<void(WorkUpdate&&)> on_update) {
  int64_t number = 0;
  {
    const std::lock_guard lock(open_mutex_);
    number = next_number_++;
    open_[number] = {std::move(on_update), request.num_generations};
  }
  request.number = number;
  const std::string line = to_line(request);
  bool written = false;
  if (alive_) {
    const std::lock_guard lock(write_mutex_);
    written = worker_.write_line(line);
  }
  if (!written) end_all("the engine has ended");
  return number;
}

void EngineClient::cancel(int64_t number) {
  {
    const std::lock_guard lock(open_mutex_);
    if (open_.erase(number) == 0) return;
  }
  const std::lock_guard lock(write_mutex_);
  if (alive_) worker_.write_line(cancel_line(number));
}

void EngineClient::read_updates() {
  std::string fault = "the engine has ended";
  while (!stopping_) {
    const auto line = worker_.read_line(0.2);
    if (!line && worker_.timed_out()) continue;
    if (!line) break;
    WorkUpdate update;
    try {
      update = parse_update(*line);
    } catch (const Error& error) {
      fault = error.what();
      break;
    }
    // Called under the lock, so that cancel() can promise silence; what is called must not call back.
    const std::lock_guard lock(open_mutex_);
    const auto found = open_.find(update.number);
    if (found == open_.end()) continue;
    if (update.kind == UpdateKind::end) --found->second.num_left;
    // One without samples ends with its prompt's scores.
    const bool is_last = update.kind == UpdateKind::fault || (update.kind != UpdateKind::tokens && found->second.num_left == 0);
    found->second.on_update(std::move(update));
    if (is_last) open_.erase(found);
  }
  alive_ = false;
  if (!stopping_) end_all(fault);
}

void EngineClient::end_all(const std::string& fault) {
  alive_ = false;
  std::map<int64_t, Open> open;
  {
    const std::lock_guard lock(open_mutex_);
    open.swap(open_);
  }
  for (auto& [number, one] : open) one.on_update({.number = number, .kind = UpdateKind::fault, .text = fault});
}

}  // namespace reprise::serving
