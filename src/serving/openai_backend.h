// Any server that speaks OpenAI's protocol (vLLM, SGLang, llama.cpp, DeepSeek's and others' APIs, `reprise serve`) as a source of samples: many requests at
// once, tried again where a fault may pass, streamed so that a stall or a cut is seen. A sample is kept only when it came whole.
#pragma once

#include <map>
#include <optional>

#include "config/field.h"
#include "serving/backend.h"

namespace reprise::serving {

// Per million tokens.
struct Price {
  double input = 0, output = 0;
  std::optional<double> cached_input;  // absent: as input
  std::string currency = "USD", source;
};

// Of one sample. Nothing where the server did not count its tokens.
std::optional<double> cost_of(const Price& price, int64_t prompt_tokens, int64_t cached_tokens, int64_t completion_tokens);

struct OpenAiOptions {
  std::string url;                     // "http://127.0.0.1:8000/v1"
  std::string api_model;
  std::string api = "chat";
  std::string api_key_env;
  int64_t concurrency = 8;
  int64_t num_retries = 8;
  double first_wait_seconds = 1;
  double stall_seconds = 120;
  double total_seconds = 0;
  bool stream = true;
  std::string assistant_prefix_by = "none";
  double max_cost = 0;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("url", url, "The server: http://127.0.0.1:8000/v1, https://api.deepseek.com/v1, ...");
    v.field("api_model", api_model, "What the server calls the model; empty takes the only one that it has.");
    v.field("api", api, "chat: messages, the server writes the prompt; completions: the prompt as text (with --model for the tokenizer and template).", one_of({"chat", "completions"}));
    v.field("api_key_env", api_key_env, "The environment variable with the key. The key stands in no file and no message.");
    v.field("concurrency", concurrency, "Requests at once.", between(1, 1024));
    v.field("num_retries", num_retries, "Tries after the first, where a fault may pass: broken connections, cut streams, stalls, 408, 409, 425, 429, 5xx.", between(0, 100));
    v.field("first_wait_seconds", first_wait_seconds, "Before the second try; doubled at each, up to a minute, half of it drawn; a server's Retry-After is kept.", more_than(0));
    v.field("stall_seconds", stall_seconds, "A request from which nothing comes for so long is given up and tried again.", more_than(0));
    v.field("total_seconds", total_seconds, "The same for a request that takes longer in all; 0 without a limit.", at_least(0));
    v.field("stream", stream, "Ask for streams: a cut or a stall is seen early.");
    v.field("assistant_prefix_by", assistant_prefix_by,
            "How a chat answer is made to start with what the preset says (<think>): none leaves it out and says so; continue_final_message (vLLM, SGLang, reprise serve), prefix (DeepSeek's beta).",
            one_of({"none", "continue_final_message", "prefix"}));
    v.field("max_cost", max_cost, "Stop when so much is spent by the price table; 0 without a limit.", at_least(0));
  }
};

class OpenAiBackend : public Backend {
 public:
  // Asks the server for its models. Throws Error where it cannot be reached or does not have the model.
  OpenAiBackend(const OpenAiOptions& options, uint64_t seed, std::optional<Price> price);

  nlohmann::json identity() const override;
  std::string prompt_bytes(const Task& task) const override;
  void draw(const std::vector<Task>& tasks, const generation::SamplingConfig& sampling, const std::function<void(Drawn&&)>& keep, const std::function<bool()>& stop) override;

  // Of everything drawn so far.
  struct Totals {
    int64_t requests = 0, retries = 0, failed = 0, prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0, uncounted = 0;
    double cost = 0;
  };
  const Totals& totals() const { return totals_; }
  const OpenAiOptions& options() const { return options_; }

 private:
  nlohmann::json asked(const Task& task) const;
  nlohmann::json request_of(const Task& task, const generation::SamplingConfig& sampling) const;
  uint64_t seed_of(const Task& task) const;

  OpenAiOptions options_;
  uint64_t seed_;
  std::optional<Price> price_;
  std::string key_;
  Totals totals_;
};

// The answer to one request, as its bytes come. Tests feed it pieces.
class OpenAiReader {
 public:
  explicit OpenAiReader(bool stream) : stream_(stream) {}
  void add(std::string_view piece);  // of a stream
  void add_whole(std::string_view body);
  // What is wrong with it; "" for an answer that is whole.
  std::string fault() const;
  Drawn take() { return std::move(drawn_); }

 private:
  void event(std::string_view data);
  void choice(const nlohmann::json& json);
  void usage(const nlohmann::json& json);

  bool stream_, done_ = false;
  std::string buffer_, fault_;
  Drawn drawn_;
};

}  // namespace reprise::serving
