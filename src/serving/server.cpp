#include "serving/server.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <deque>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"

namespace reprise::serving {

using Json = nlohmann::ordered_json;

namespace {

constexpr int64_t kDefaultMaxTokens = 16;       // of completions, as OpenAI has it
constexpr double kKeepAliveSeconds = 10;        // between two signs of life in a stream
constexpr const char* kJson = "application/json";

// Takes the same time wherever the first difference is.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned different = a.size() != b.size();
  for (size_t i = 0; i < a.size(); ++i) different |= static_cast<unsigned char>(a[i] ^ b[b.empty() ? 0 : i % b.size()]);
  return different == 0;
}

void answer_fault(io::HttpExchange& exchange, const RequestFault& fault) {
  std::map<std::string, std::string> headers;
  if (fault.status == 429 || fault.status == 503) headers["Retry-After"] = "1";
  exchange.answer(fault.status, kJson, fault_body(fault), headers);
}

}  // namespace

// A request as the engine gets it: one piece of work a prompt.
struct OpenAiServer::Prepared {
  ServedRequest request;
  std::vector<WorkRequest> work;
  std::vector<std::string> prompt_texts;  // for echo
  std::string id;
  int64_t created = 0;
  int64_t prompt_tokens() const {
    int64_t all = 0;
    for (const WorkRequest& one : work) all += static_cast<int64_t>(one.prompt.size());
    return all;
  }
};

// Where the engine's thread puts updates for the thread that answers. Work is numbered by its place in the request.
class OpenAiServer::Waiter {
 public:
  struct Arrival {
    size_t work = 0;
    WorkUpdate update;
  };
  void put(size_t work, WorkUpdate&& update) {
    const std::lock_guard lock(mutex_);
    arrivals_.push_back({work, std::move(update)});
    changed_.notify_one();
  }
  // All that came; empty when nothing did in time.
  std::deque<Arrival> take(double seconds) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return !arrivals_.empty(); });
    return std::exchange(arrivals_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Arrival> arrivals_;
};

OpenAiServer::OpenAiServer(ServerOptions options, text::ModelText text, std::function<std::unique_ptr<EngineClient>()> start_engine)
    : options_(std::move(options)), text_(std::move(text)), start_engine_(std::move(start_engine)) {
  http_ = std::make_unique<io::HttpServer>(options_.http, [this](io::HttpExchange& exchange) { handle(exchange); });
  engine_ = start_engine_();
}

OpenAiServer::~OpenAiServer() = default;

WorkerInfo OpenAiServer::info() {
  const std::lock_guard lock(engine_mutex_);
  return engine_->info();
}

// The engine, started again where it has died: by the first request that finds it dead; others are told to come back meanwhile.
std::shared_ptr<EngineClient> OpenAiServer::engine() {
  const std::unique_lock lock(engine_mutex_, std::try_to_lock);
  if (!lock) throw RequestFault{503, "the engine is being started", "", "engine_starting"};
  if (!engine_->is_alive()) {
    log_warning("the engine has died and is started again");
    try {
      engine_ = start_engine_();
    } catch (const Error& fault) {
      log_warning(fault.what());
      throw RequestFault{503, "the engine has died and cannot be started again", "", "engine_dead"};
    }
  }
  return engine_;
}

void OpenAiServer::handle(io::HttpExchange& exchange) {
  ++counts_.requests;
  const io::HttpServerRequest& request = exchange.request();
  try {
    if (request.path == "/health") {
      engine();
      return exchange.answer(200, kJson, R"({"status":"ok"})");
    }
    if (!options_.api_key.empty()) {
      const auto given = request.headers.find("authorization");
      if (given == request.headers.end() || !same_secret(given->second, "Bearer " + options_.api_key)) throw RequestFault{401, "a key is needed, and this is not it", "", "invalid_api_key"};
    }
    const bool is_chat = request.path == "/v1/chat/completions";
    if (request.path == "/v1/models" || request.path.starts_with("/v1/models/")) return models(exchange);
    if (!is_chat && request.path != "/v1/completions") throw RequestFault{404, "there is no '" + request.path.substr(0, 80) + "': /v1/models, /v1/completions, /v1/chat/completions and /health are served", "", "not_found"};
    if (request.method != "POST") throw RequestFault{405, "'" + request.path + "' wants POST", "", "method_not_allowed"};
    generate(exchange, is_chat);
  } catch (const RequestFault& fault) {
    ++counts_.refused;
    if (options_.log_refusals) log_info("refused with " + std::to_string(fault.status) + ": " + fault.message);
    answer_fault(exchange, fault);
  }
}

void OpenAiServer::models(io::HttpExchange& exchange) {
  const Json model = {{"id", options_.served_model_name}, {"object", "model"}, {"created", 0}, {"owned_by", "reprise"}, {"max_model_len", engine()->info().max_position_embeddings}};
  if (exchange.request().path == "/v1/models") return exchange.answer(200, kJson, json_text({{"object", "list"}, {"data", Json::array({model})}}));
  if (exchange.request().path.substr(11) != options_.served_model_name) throw RequestFault{404, "that model is not served here", "model", "model_not_found"};
  exchange.answer(200, kJson, json_text(model));
}

OpenAiServer::Prepared OpenAiServer::prepare(ServedRequest request, EngineClient& engine) {
  Prepared out;
  if (!request.model.empty() && request.model != options_.served_model_name) {
    throw RequestFault{404, "the model '" + request.model.substr(0, 200) + "' is not served here: '" + options_.served_model_name + "' is", "model", "model_not_found"};
  }
  const int64_t context = engine.info().max_position_embeddings;
  const uint64_t seed = request.seed ? *request.seed : RandomStream({name_number("serve"), options_.seed, static_cast<uint64_t>(num_answered_)}).next_u64();
  out.id = (request.is_chat ? "chatcmpl-" : "cmpl-") + std::to_string(num_answered_++);
  out.created = static_cast<int64_t>(std::time(nullptr));
  std::vector<std::vector<int32_t>> prompts;
  try {
    if (request.is_chat) {
      std::vector<text::ChatMessage> messages = request.messages;
      std::string prefix;
      if (request.continue_final_message) {
        prefix = messages.back().content;
        messages.pop_back();
      }
      const bool open = request.add_generation_prompt || request.continue_final_message;
      prompts.push_back(text_.tokenizer->encode(render_conversation(text_, messages, prefix, open), false));
    }
    for (const auto& prompt : request.prompts) {
      if (const auto* text = std::get_if<std::string>(&prompt)) prompts.push_back(text_.tokenizer->encode(*text, true));
      else prompts.push_back(std::get<std::vector<int32_t>>(prompt));
      if (request.echo) out.prompt_texts.push_back(std::holds_alternative<std::string>(prompt) ? std::get<std::string>(prompt) : text_.tokenizer->decode(prompts.back(), {}));
    }
  } catch (const Error& fault) {
    throw RequestFault{400, fault.what(), request.is_chat ? "messages" : "prompt", "invalid_value"};
  }
  for (std::vector<int32_t>& ids : prompts) {
    const int64_t length = static_cast<int64_t>(ids.size());
    if (ids.empty()) throw RequestFault{400, "a prompt has no tokens", request.is_chat ? "messages" : "prompt", "invalid_value"};
    for (const int32_t id : ids) {
      if (id >= engine.info().vocab_size) throw RequestFault{400, "the token id " + std::to_string(id) + " is not in the vocabulary of " + std::to_string(engine.info().vocab_size), "prompt", "invalid_value"};
    }
    const int64_t most = request.max_tokens.value_or(request.is_chat ? context - length : kDefaultMaxTokens);
    if (length + most > context || length >= context) {
      throw RequestFault{400, "the model's context is " + std::to_string(context) + " tokens; the prompt has " + std::to_string(length) + " and " + std::to_string(most) + " more are asked for: nothing is cut here", "max_tokens",
                         "context_length_exceeded"};
    }
    WorkRequest work;
    work.random_path = {name_number("serve"), seed};
    work.prompt_number = name_number(std::string_view(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(int32_t)));
    work.prompt = std::move(ids);
    work.num_generations = most > 0 ? request.num_generations : 0;
    work.more_stop_ids = request.stop_token_ids;
    work.ignore_end = request.ignore_end;
    work.sampling = request.sampling;
    work.sampling.max_prompt_length = context;
    work.sampling.max_completion_length = std::max<int64_t>(1, most);
    work.score_prompt = request.echo && request.num_alternatives;
    work.num_alternatives = request.num_alternatives.value_or(0);
    work.stream = request.stream;
    out.work.push_back(std::move(work));
  }
  out.request = std::move(request);
  return out;
}

void OpenAiServer::generate(io::HttpExchange& exchange, bool is_chat) {
  const auto engine = this->engine();
  const Prepared prepared = prepare(parse_request(exchange.request().body, is_chat), *engine);
  const int64_t samples = static_cast<int64_t>(prepared.work.size()) * prepared.request.num_generations;
  struct Running {
    std::atomic<int64_t>& count;
    int64_t samples;
    ~Running() { count -= samples; }
  };
  if ((counts_.running += samples) > options_.max_waiting && counts_.running > samples) {
    counts_.running -= samples;
    throw RequestFault{429, "too much is waiting already: come back a little later", "", "overloaded"};
  }
  const Running running{counts_.running, samples};
  const auto waiter = std::make_shared<Waiter>();
  if (prepared.request.stream) answer_streamed(exchange, prepared, *engine, waiter);
  else answer_whole(exchange, prepared, *engine, waiter);
}

namespace {

// Everything of a request that is on its way, called off when the answer ends early.
class Submitted {
 public:
  explicit Submitted(EngineClient& engine) : engine_(engine) {}
  ~Submitted() {
    for (const int64_t number : numbers_) engine_.cancel(number);
  }
  void add(int64_t number) { numbers_.push_back(number); }

 private:
  EngineClient& engine_;
  std::vector<int64_t> numbers_;
};

std::vector<ToldToken> told(const std::vector<int32_t>& ids, const std::vector<float>& logprobs, const std::vector<std::vector<generation::TokenLogprob>>& alternatives) {
  std::vector<ToldToken> out;
  for (size_t i = 0; i < ids.size() && i < logprobs.size(); ++i) out.push_back({ids[i], logprobs[i], i < alternatives.size() ? alternatives[i] : std::vector<generation::TokenLogprob>{}});
  return out;
}

// The tokens whose text is the answer: without the one that ended it. (Log-probs tell that one too, as vLLM's do: lm-evaluation-harness counts on a token
// behind an echoed prompt.)
std::vector<int32_t> text_ids(const WorkUpdate& end) {
  std::vector<int32_t> ids = end.ids;
  if (end.stop_reason == generation::StopReason::eos && !ids.empty()) ids.pop_back();
  return ids;
}

}  // namespace

void OpenAiServer::answer_whole(io::HttpExchange& exchange, const Prepared& prepared, EngineClient& engine, const std::shared_ptr<Waiter>& waiter) {
  const ServedRequest& request = prepared.request;
  Submitted submitted(engine);
  size_t num_left = 0;
  for (size_t w = 0; w < prepared.work.size(); ++w) {
    num_left += static_cast<size_t>(prepared.work[w].num_generations) + prepared.work[w].score_prompt;
    if (prepared.work[w].num_generations + prepared.work[w].score_prompt == 0) continue;
    submitted.add(engine.submit(prepared.work[w], [waiter, w](WorkUpdate&& update) { waiter->put(w, std::move(update)); }));
  }
  std::vector<WorkUpdate> scores(prepared.work.size());
  std::vector<std::vector<WorkUpdate>> ends(prepared.work.size(), std::vector<WorkUpdate>(static_cast<size_t>(request.num_generations)));
  while (num_left > 0) {
    auto arrivals = waiter->take(0.2);
    if (arrivals.empty() && exchange.peer_is_gone()) return;
    for (auto& [w, update] : arrivals) {
      if (update.kind == UpdateKind::fault) throw RequestFault{engine.is_alive() ? 400 : 500, update.text, "", "engine_fault"};
      --num_left;
      if (update.kind == UpdateKind::prompt) scores[w] = std::move(update);
      else ends[w][static_cast<size_t>(update.sample_index)] = std::move(update);
    }
  }
  Usage usage{.prompt_tokens = prepared.prompt_tokens()};
  Json choices = Json::array();
  for (size_t w = 0; w < ends.size(); ++w) {
    for (const WorkUpdate& end : ends[w]) {
      usage.completion_tokens += static_cast<int64_t>(end.ids.size());
      StopCutter cutter(request.sampling.stop_strings);
      std::string text = cutter.add(text_.tokenizer->decode(text_ids(end), {.skip_special_tokens = true}));
      text += cutter.finish();
      Json choice = {{"index", choices.size()}};
      std::vector<ToldToken> tokens = request.num_alternatives ? told(end.ids, end.logprobs, end.alternatives) : std::vector<ToldToken>{};
      if (request.is_chat) {
        choice["message"] = {{"role", "assistant"}, {"content", std::move(text)}};
        choice["logprobs"] = request.num_alternatives ? chat_logprobs(*text_.tokenizer, tokens) : Json(nullptr);
      } else {
        if (request.echo && request.num_alternatives) {
          const auto& prompt = prepared.work[w].prompt;
          std::vector<ToldToken> all = {{prompt[0], std::nullopt, {}}};
          for (size_t t = 1; t < prompt.size(); ++t) all.push_back({prompt[t], scores[w].logprobs.at(t - 1), t - 1 < scores[w].alternatives.size() ? scores[w].alternatives[t - 1] : std::vector<generation::TokenLogprob>{}});
          all.insert(all.end(), tokens.begin(), tokens.end());
          tokens = std::move(all);
        }
        choice["text"] = request.echo ? prepared.prompt_texts[w] + text : std::move(text);
        choice["logprobs"] = request.num_alternatives ? completion_logprobs(*text_.tokenizer, tokens, 0) : Json(nullptr);
      }
      choice["finish_reason"] = finish_reason(end.stop_reason);
      choices.push_back(std::move(choice));
    }
  }
  counts_.prompt_tokens += usage.prompt_tokens;
  counts_.completion_tokens += usage.completion_tokens;
  exchange.answer(200, kJson, json_text({{"id", prepared.id}, {"object", request.is_chat ? "chat.completion" : "text_completion"}, {"created", prepared.created}, {"model", options_.served_model_name},
                                         {"choices", std::move(choices)}, {"usage", usage_json(usage)}}));
}

// One sample of a stream: text that is certain, with the tokens it came from.
class OpenAiServer::StreamedChoice {
 public:
  StreamedChoice(const text::ModelText& text, const ServedRequest& request) : request_(request), decoder_(text.tokenizer, {.skip_special_tokens = true}), cutter_(request.sampling.stop_strings) {}

  // Tokens but the last of all, which may be the end's own: held back by one.
  void take(const WorkUpdate& update) {
    for (ToldToken& token : told(update.ids, update.logprobs, update.alternatives)) {
      release();
      held_ = std::move(token);
    }
    ++num_tokens_;
  }
  void end(const WorkUpdate& update) {
    if (update.stop_reason == generation::StopReason::eos && held_) tokens_.push_back(*std::exchange(held_, std::nullopt));
    release();
    text_ += cutter_.add(decoder_.finish());
    text_ += cutter_.finish();
    num_tokens_ = static_cast<int64_t>(update.ids.size());
  }
  bool has_something() const { return !text_.empty() || (request_.num_alternatives && !tokens_.empty()); }
  std::string take_text() { return std::exchange(text_, {}); }
  std::vector<ToldToken> take_tokens() { return std::exchange(tokens_, {}); }
  int64_t num_tokens() const { return num_tokens_; }
  size_t offset = 0;  // of what comes next in the choice's text

 private:
  void release() {
    if (!held_) return;
    text_ += cutter_.add(decoder_.add(held_->id));
    tokens_.push_back(std::move(*held_));
    held_.reset();
  }

  const ServedRequest& request_;
  text::StreamingDecoder decoder_;
  StopCutter cutter_;
  std::optional<ToldToken> held_;
  std::string text_;
  std::vector<ToldToken> tokens_;
  int64_t num_tokens_ = 0;
};

void OpenAiServer::answer_streamed(io::HttpExchange& exchange, const Prepared& prepared, EngineClient& engine, const std::shared_ptr<Waiter>& waiter) {
  const ServedRequest& request = prepared.request;
  if (request.echo && request.num_alternatives) throw RequestFault{400, "log-probs of an echoed prompt are told whole: set stream to false", "stream", "invalid_value"};
  Submitted submitted(engine);
  std::vector<StreamedChoice> choices;
  for (size_t w = 0; w < prepared.work.size(); ++w) {
    for (int64_t s = 0; s < request.num_generations; ++s) choices.emplace_back(text_, request);
    if (prepared.work[w].num_generations > 0) submitted.add(engine.submit(prepared.work[w], [waiter, w](WorkUpdate&& update) { waiter->put(w, std::move(update)); }));
  }
  size_t num_left = prepared.work[0].num_generations > 0 ? choices.size() : 0;
  const auto piece_of = [&](Json chosen) {
    Json out = {{"id", prepared.id}, {"object", request.is_chat ? "chat.completion.chunk" : "text_completion"}, {"created", prepared.created}, {"model", options_.served_model_name}};
    out["choices"] = std::move(chosen);
    if (request.include_usage) out["usage"] = nullptr;
    return event_of(out);
  };
  const auto piece = [&](size_t index, std::string text, const std::vector<ToldToken>& tokens, Json finish, bool opens) {
    Json choice = {{"index", index}};
    if (request.is_chat) {
      Json delta = Json::object();
      if (opens) delta["role"] = "assistant";
      if (opens || !text.empty()) delta["content"] = text;
      choice["delta"] = std::move(delta);
      choice["logprobs"] = request.num_alternatives && !tokens.empty() ? chat_logprobs(*text_.tokenizer, tokens) : Json(nullptr);
    } else {
      choice["logprobs"] = request.num_alternatives && !tokens.empty() ? completion_logprobs(*text_.tokenizer, tokens, choices[index].offset) : Json(nullptr);
      choices[index].offset += text.size();
      choice["text"] = std::move(text);
    }
    choice["finish_reason"] = std::move(finish);
    return piece_of(Json::array({std::move(choice)}));
  };
  // A fault before the first byte still has a status of its own.
  auto arrivals = num_left > 0 ? waiter->take(kKeepAliveSeconds) : std::deque<Waiter::Arrival>{};
  if (!arrivals.empty() && arrivals.front().update.kind == UpdateKind::fault) throw RequestFault{engine.is_alive() ? 400 : 500, arrivals.front().update.text, "", "engine_fault"};
  exchange.begin_stream("text/event-stream");
  for (size_t c = 0; c < choices.size(); ++c) {
    if (request.is_chat && !exchange.write(piece(c, "", {}, nullptr, true))) return;
    if (request.echo && !exchange.write(piece(c, prepared.prompt_texts[c / static_cast<size_t>(request.num_generations)], {}, nullptr, false))) return;
    if (prepared.work[0].num_generations == 0) exchange.write(piece(c, "", {}, "length", false));
  }
  for (;;) {
    std::string out;
    for (auto& [w, update] : arrivals) {
      if (update.kind == UpdateKind::fault) {
        // The stream ends without its [DONE]: whoever reads it knows that it is cut.
        exchange.write("data: " + fault_body({500, update.text, "", "engine_fault"}) + "\n\n");
        return exchange.end_stream();
      }
      const size_t c = w * static_cast<size_t>(request.num_generations) + static_cast<size_t>(update.sample_index);
      if (update.kind == UpdateKind::tokens) choices[c].take(update);
      if (update.kind == UpdateKind::end) choices[c].end(update);
      if (choices[c].has_something()) {
        std::string text = choices[c].take_text();
        out += piece(c, std::move(text), choices[c].take_tokens(), nullptr, false);
      }
      if (update.kind != UpdateKind::end) continue;
      out += piece(c, "", {}, finish_reason(update.stop_reason), false);
      --num_left;
    }
    if (!out.empty() && !exchange.write(out)) return;
    if (num_left == 0) break;
    arrivals = waiter->take(kKeepAliveSeconds);
    if (arrivals.empty() && (exchange.peer_is_gone() || !exchange.write(": still at it\n\n"))) return;
  }
  Usage usage{.prompt_tokens = prepared.prompt_tokens()};
  for (const StreamedChoice& choice : choices) usage.completion_tokens += choice.num_tokens();
  counts_.prompt_tokens += usage.prompt_tokens;
  counts_.completion_tokens += usage.completion_tokens;
  if (request.include_usage) {
    exchange.write(event_of({{"id", prepared.id}, {"object", request.is_chat ? "chat.completion.chunk" : "text_completion"}, {"created", prepared.created}, {"model", options_.served_model_name},
                             {"choices", Json::array()}, {"usage", usage_json(usage)}}));
  }
  exchange.write("data: [DONE]\n\n");
  exchange.end_stream();
}

}  // namespace reprise::serving
