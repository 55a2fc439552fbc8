// `reprise-engine worker` as a partner: prompts in, tokens out, many at once. The worker holds the model; this side stays torch-free, and outlives it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/line_process.h"
#include "serving/worker_protocol.h"

namespace reprise::serving {

struct EngineOptions {
  std::string model;                  // a Hugging Face folder or a .gguf file
  std::string device = "cpu", torch_dtype = "float32";
  int64_t num_threads = 2;
  int64_t generation_rows = 64;
  double kv_cache_gigabytes = 2;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("device", device, "Where the model lives.", one_of({"cpu", "cuda"}));
    v.field("torch_dtype", torch_dtype, "Type of activations (bfloat16: cuda).", one_of({"float32", "bfloat16"}));
    v.field("num_threads", num_threads, "CPU threads.", between(1, 1024));
    v.field("generation_rows", generation_rows, "Token rows that go through the model together: memory against speed. No completion depends on it on the CPU.", at_least(1));
    v.field("kv_cache_gigabytes", kv_cache_gigabytes, "Keys and values of all that is being sampled take at most so much memory; samples that find no room wait.", more_than(0));
  }
};

class EngineClient {
 public:
  // Waits until the model is loaded. Throws Error with the worker's own words where it cannot be.
  explicit EngineClient(const EngineOptions& options);
  // For tests: another program that speaks the protocol.
  EngineClient(const std::vector<std::string>& command, double load_seconds);
  ~EngineClient();
  EngineClient(const EngineClient&) = delete;
  EngineClient& operator=(const EngineClient&) = delete;

  const WorkerInfo& info() const { return info_; }
  // `on_update` is called from one thread of the client's, in order; a fault is the last update of a request. Returns the request's number.
  int64_t submit(WorkRequest request, std::function<void(WorkUpdate&&)> on_update);
  // Nothing more of it is told, from the return of this call on.
  void cancel(int64_t number);
  // False once the worker is gone; what was open has been told a fault.
  bool is_alive() const { return alive_; }

 private:
  struct Open {
    std::function<void(WorkUpdate&&)> on_update;
    int64_t num_left = 0;  // samples whose end is to come
  };
  void read_updates();
  void end_all(const std::string& fault);

  LineProcess worker_;
  WorkerInfo info_;
  std::atomic<bool> alive_{true}, stopping_{false};
  std::mutex write_mutex_, open_mutex_;
  std::map<int64_t, Open> open_;
  int64_t next_number_ = 0;
  std::thread reader_;
};

}  // namespace reprise::serving
