// `reprise serve`: OpenAI's protocol (completions and chat, streamed or whole, with log-probs) over the engine, so that lm-evaluation-harness, vLLM's
// clients and anything else that speaks it can drive our sampler. What comes back for a prompt, its keys and a seed is the same whatever else is
// being served.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "io/http_server.h"
#include "serving/engine_client.h"
#include "serving/openai_answer.h"
#include "serving/openai_request.h"
#include "text/model_text.h"

namespace reprise::serving {

struct ServerOptions {
  io::HttpServerOptions http;
  std::string served_model_name;   // what clients call the model
  std::string api_key;             // "": nobody has to have one
  int64_t max_waiting = 1024;      // samples on their way; beyond: 429
  uint64_t seed = 0;               // of requests that bring none
  bool log_refusals = false;       // a line to standard error for each
};

struct ServedCounts {
  std::atomic<int64_t> requests{0}, refused{0}, prompt_tokens{0}, completion_tokens{0}, running{0};
};

class OpenAiServer {
 public:
  // start_engine: called now, and again when the engine has died.
  OpenAiServer(ServerOptions options, text::ModelText text, std::function<std::unique_ptr<EngineClient>()> start_engine);
  ~OpenAiServer();
  int port() const { return http_->port(); }
  WorkerInfo info();
  const ServedCounts& counts() const { return counts_; }
  void run(const std::function<bool()>& stop) { http_->run(stop); }

 private:
  struct Prepared;
  class Waiter;
  class StreamedChoice;

  void handle(io::HttpExchange& exchange);
  void models(io::HttpExchange& exchange);
  void generate(io::HttpExchange& exchange, bool is_chat);
  Prepared prepare(ServedRequest request, EngineClient& engine);
  void answer_whole(io::HttpExchange& exchange, const Prepared& prepared, EngineClient& engine, const std::shared_ptr<Waiter>& waiter);
  void answer_streamed(io::HttpExchange& exchange, const Prepared& prepared, EngineClient& engine, const std::shared_ptr<Waiter>& waiter);
  std::shared_ptr<EngineClient> engine();

  ServerOptions options_;
  text::ModelText text_;
  std::function<std::unique_ptr<EngineClient>()> start_engine_;
  std::mutex engine_mutex_;
  std::shared_ptr<EngineClient> engine_;
  std::atomic<int64_t> num_answered_{0};
  ServedCounts counts_;
  std::unique_ptr<io::HttpServer> http_;  // last: its threads use all of the above
};

}  // namespace reprise::serving
