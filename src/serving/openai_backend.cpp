#include "serving/openai_backend.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "base/strings.h"
#include "io/http_client.h"

namespace reprise::serving {

using nlohmann::json;

namespace {

constexpr double kLongestWait = 60;
constexpr size_t kMostMessage = 300;

bool may_pass(long status) { return status == 0 || status == 408 || status == 409 || status == 425 || status == 429 || status >= 500; }

// What a server says of a fault: its own message, in one line, without the key.
std::string said(const std::string& body, const std::string& key) {
  const json parsed = json::parse(body, nullptr, false);
  std::string text = body;
  if (parsed.is_object()) {
    const json error = parsed.value("error", json());
    if (error.is_object() && error.contains("message") && error["message"].is_string()) text = error["message"].get<std::string>();
    else if (error.is_string()) text = error.get<std::string>();
    else if (parsed.contains("message") && parsed["message"].is_string()) text = parsed["message"].get<std::string>();
  }
  if (!key.empty()) text = replace_all(text, key, "(the key)");
  text = replace_all(replace_all(text, "\r", " "), "\n", " ");
  return text.size() > kMostMessage ? text.substr(0, kMostMessage) + "..." : text;
}

std::string text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t count_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() && found->get<double>() >= 0 && found->get<double>() < 1e15 ? found->get<int64_t>() : -1;
}

}  // namespace

std::optional<double> cost_of(const Price& price, int64_t prompt_tokens, int64_t cached_tokens, int64_t completion_tokens) {
  if (prompt_tokens < 0 || completion_tokens < 0) return std::nullopt;
  const int64_t cached = std::clamp<int64_t>(cached_tokens, 0, prompt_tokens);
  return (price.cached_input.value_or(price.input) * static_cast<double>(cached) + price.input * static_cast<double>(prompt_tokens - cached) + price.output * static_cast<double>(completion_tokens)) * 1e-6;
}

void OpenAiReader::add(std::string_view piece) {
  buffer_ += piece;
  size_t begin = 0;
  for (size_t end; (end = buffer_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    std::string_view line(buffer_.data() + begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.starts_with("data:")) event(trim(line.substr(5)));
  }
  buffer_.erase(0, begin);
}

void OpenAiReader::event(std::string_view data) {
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  const json parsed = json::parse(data, nullptr, false);
  if (!parsed.is_object()) {
    fault_ = "the stream has an event that is no JSON";
    return;
  }
  if (parsed.contains("error") && !parsed["error"].is_null()) {
    fault_ = "the server broke off: " + said(std::string(data), "");
    return;
  }
  choice(parsed);
}

void OpenAiReader::add_whole(std::string_view body) {
  const json parsed = json::parse(body, nullptr, false);
  if (!parsed.is_object()) fault_ = "the answer is no JSON";
  else choice(parsed);
  done_ = true;
}

void OpenAiReader::choice(const json& answer) {
  if (const auto model = text_at(answer, "model"); !model.empty()) drawn_.details["served_model"] = model;
  if (const auto print = text_at(answer, "system_fingerprint"); !print.empty()) drawn_.details["system_fingerprint"] = print;
  if (const auto found = answer.find("usage"); found != answer.end() && found->is_object()) usage(*found);
  const auto choices = answer.find("choices");
  if (choices == answer.end() || !choices->is_array() || choices->empty()) return;
  const json& one = (*choices)[0];
  if (!one.is_object()) return;
  for (const char* name : {"delta", "message"}) {
    const auto message = one.find(name);
    if (message == one.end() || !message->is_object()) continue;
    drawn_.completion += text_at(*message, "content");
    const std::string reasoning = text_at(*message, "reasoning_content");
    drawn_.reasoning += reasoning.empty() ? text_at(*message, "reasoning") : reasoning;
  }
  drawn_.completion += text_at(one, "text");
  if (const std::string reason = text_at(one, "finish_reason"); !reason.empty()) drawn_.stop_reason = reason;
}

void OpenAiReader::usage(const json& in) {
  drawn_.num_prompt_tokens = count_at(in, "prompt_tokens");
  drawn_.num_tokens = count_at(in, "completion_tokens");
  drawn_.num_cached_tokens = count_at(in, "prompt_cache_hit_tokens");  // DeepSeek
  if (const auto details = in.find("prompt_tokens_details"); details != in.end() && details->is_object() && drawn_.num_cached_tokens < 0) drawn_.num_cached_tokens = count_at(*details, "cached_tokens");
}

std::string OpenAiReader::fault() const {
  if (!fault_.empty()) return fault_;
  if (drawn_.stop_reason.empty()) return stream_ ? "the stream was cut" : "the answer does not say why it ended";
  // Some servers leave out the [DONE], none the reason.
  return "";
}

OpenAiBackend::OpenAiBackend(const OpenAiOptions& options, uint64_t seed, std::optional<Price> price)
    : options_(options), seed_(seed), price_(std::move(price)) {
  while (options_.url.ends_with("/")) options_.url.pop_back();
  if (!options_.url.starts_with("http://") && !options_.url.starts_with("https://")) throw Error("is no address of a server", options_.url.empty() ? "--url" : options_.url, "for example http://127.0.0.1:8000/v1");
  if (options_.max_cost > 0 && !price_) throw Error("a limit on cost needs prices", "--max-cost", "give --prices FILE with the model's");
  if (!options_.api_key_env.empty()) {
    const char* key = std::getenv(options_.api_key_env.c_str());
    if (!key || !*key) throw Error("is not set or empty", options_.api_key_env, "export it with the key, or leave out --api-key-env");
    key_ = key;
  }
  if (!options_.api_model.empty()) return;
  io::HttpClient client;
  const io::HttpAnswer answer = client.exchange({.url = options_.url + "/models", .bearer_token = key_, .stall_seconds = options_.stall_seconds});
  if (answer.status == 0) throw Error("cannot be reached: " + answer.fault, options_.url, "is the server up?");
  if (answer.status != 200) throw Error("answers HTTP " + std::to_string(answer.status) + ": " + said(answer.body, key_), options_.url + "/models", answer.status == 401 ? "give --api-key-env" : "name the model with --api-model");
  std::vector<std::string> names;
  const json parsed = json::parse(answer.body, nullptr, false);
  for (const json& one : parsed.is_object() ? parsed.value("data", json::array()) : json::array()) {
    if (one.is_object() && !text_at(one, "id").empty()) names.push_back(text_at(one, "id"));
  }
  if (names.size() != 1) throw Error(names.empty() ? "tells of no model" : "has several models: " + join(names, ", "), options_.url, "name one with --api-model");
  options_.api_model = names[0];
}

json OpenAiBackend::identity() const {
  return {{"model", {{"name", options_.api_model}}}, {"engine", {{"name", "openai"}, {"url", options_.url}, {"api", options_.api}, {"assistant_prefix_by", options_.assistant_prefix_by}}}};
}

uint64_t OpenAiBackend::seed_of(const Task& task) const {
  // 31 bits: what every server takes.
  return RandomStream({seed_, name_number("evaluate"), task.problem_number, static_cast<uint64_t>(task.sample_index)}).next_u64() >> 33;
}

// The part of a request that asks the question.
json OpenAiBackend::asked(const Task& task) const {
  if (options_.api == "completions") return {{"prompt", task.text + task.assistant_prefix}};
  json out = {{"messages", json::array()}};
  for (const auto& message : task.messages) out["messages"].push_back({{"role", message.role}, {"content", message.content}});
  if (!task.assistant_prefix.empty() && options_.assistant_prefix_by != "none") {
    out["messages"].push_back({{"role", "assistant"}, {"content", task.assistant_prefix}});
    if (options_.assistant_prefix_by == "prefix") {
      out["messages"].back()["prefix"] = true;
    } else {
      out["continue_final_message"] = true;
      out["add_generation_prompt"] = false;
    }
  }
  return out;
}

json OpenAiBackend::request_of(const Task& task, const generation::SamplingConfig& sampling) const {
  json out = asked(task);
  out["model"] = options_.api_model;
  out["max_tokens"] = sampling.max_completion_length;
  out["temperature"] = sampling.temperature;
  out["top_p"] = sampling.top_p;
  out["seed"] = seed_of(task);
  out["stream"] = options_.stream;
  if (options_.stream) out["stream_options"] = {{"include_usage", true}};
  // Beyond OpenAI's own: sent only where they say something.
  if (sampling.top_k > 0) out["top_k"] = sampling.top_k;
  if (sampling.min_p > 0) out["min_p"] = sampling.min_p;
  if (sampling.min_completion_length > 0) out["min_tokens"] = sampling.min_completion_length;
  std::vector<std::string> stops = sampling.stop_strings;
  stops.insert(stops.end(), task.stop_strings.begin(), task.stop_strings.end());
  if (!stops.empty()) out["stop"] = stops;
  return out;
}

std::string OpenAiBackend::prompt_bytes(const Task& task) const {
  const json question = asked(task);
  return options_.api == "completions" ? question["prompt"].get<std::string>() : question.dump(-1, ' ', false, json::error_handler_t::replace);
}

namespace {

// Tasks out, results in, between the threads that ask and the one that keeps.
struct Exchange {
  std::mutex mutex;
  std::condition_variable changed;
  size_t next = 0;
  std::deque<Drawn> drawn;
  std::deque<std::string> failed;  // given up after all tries: why
  std::optional<Error> fatal;
  std::atomic<bool> over{false};
  std::atomic<int64_t> requests{0}, retries{0};
};

}  // namespace

void OpenAiBackend::draw(const std::vector<Task>& tasks, const generation::SamplingConfig& sampling, const std::function<void(Drawn&&)>& keep, const std::function<bool()>& stop) {
  if (tasks.empty()) return;
  if (sampling.forces()) throw Error("budget forcing needs the engine of Reprise: a server's samples cannot be held back and sent on", "--url", "leave out max_thinking_length and num_waits, or give --model");
  for (const Task& task : tasks) {
    if (!task.continuations.empty()) throw Error("is answered by comparing how likely its options are, which is done by the engine of Reprise alone", "problem " + task.problem, "give --model, or a preset that asks for an answer");
    if (options_.api == "chat" && !task.is_chat) throw Error("is asked by a prompt of plain text, not by messages", "problem " + task.problem, "give --api completions, or a preset that chats");
    if (options_.api == "completions" && task.is_chat) throw Error("is asked by messages, and nothing here turns them into a prompt", "problem " + task.problem, "give --model FOLDER for its tokenizer and template, or --api chat");
  }
  Exchange exchange;
  const std::string url = options_.url + (options_.api == "chat" ? "/chat/completions" : "/completions");
  const auto ask_for_tasks = [&](uint64_t number) {
    io::HttpClient client;
    RandomStream jitter({seed_, name_number("retries"), number});
    for (;;) {
      size_t at = 0;
      {
        const std::lock_guard lock(exchange.mutex);
        if (exchange.over || exchange.next == tasks.size()) return;
        at = exchange.next++;
      }
      const auto begun = std::chrono::steady_clock::now();
      const std::string body = request_of(tasks[at], sampling).dump(-1, ' ', false, json::error_handler_t::replace);
      double wait = options_.first_wait_seconds;
      for (int64_t tries = 0;; ++tries) {
        OpenAiReader reader(options_.stream);
        io::HttpRequest request{.url = url, .body = body, .bearer_token = key_, .stall_seconds = options_.stall_seconds, .total_seconds = options_.total_seconds};
        if (options_.stream) {
          request.on_data = [&](std::string_view piece) {
            reader.add(piece);
            return !exchange.over.load();
          };
        }
        request.stop = [&] { return exchange.over.load(); };
        ++exchange.requests;
        const io::HttpAnswer answer = client.exchange(request);
        if (exchange.over) return;
        std::string fault = answer.fault;
        if (fault.empty() && answer.status == 200) {
          if (!options_.stream) reader.add_whole(answer.body);
          fault = reader.fault();
          if (fault.empty()) {
            Drawn drawn = reader.take();
            drawn.task = at;
            drawn.details["seed"] = seed_of(tasks[at]);
            drawn.details["seconds"] = std::round(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count() * 1000) / 1000;
            if (tries > 0) drawn.details["retries"] = tries;
            const std::lock_guard lock(exchange.mutex);
            exchange.drawn.push_back(std::move(drawn));
            exchange.changed.notify_one();
            break;
          }
        } else if (fault.empty()) {
          fault = "HTTP " + std::to_string(answer.status) + ": " + said(answer.body, key_);
        }
        const bool passes = may_pass(answer.status) || answer.status == 200;
        if (!passes) {
          const std::lock_guard lock(exchange.mutex);
          const char* hint = answer.status == 401 || answer.status == 403 ? "give the key's variable with --api-key-env" : answer.status == 404 ? "check --url and --api-model" : "the request is refused as it stands: what was drawn is kept";
          if (!exchange.fatal) exchange.fatal = Error("refuses problem '" + tasks[at].problem + "': " + fault, url, hint);
          exchange.over = true;
          exchange.changed.notify_one();
          return;
        }
        if (tries == options_.num_retries) {
          const std::lock_guard lock(exchange.mutex);
          exchange.failed.push_back("problem '" + tasks[at].problem + "' sample " + std::to_string(tasks[at].sample_index) + ": " + fault);
          exchange.changed.notify_one();
          break;
        }
        ++exchange.retries;
        double pause = wait * (0.5 + 0.5 * jitter.uniform());
        if (const auto after = answer.headers.find("retry-after"); after != answer.headers.end()) {
          if (const auto seconds = parse_double(after->second); seconds && *seconds > 0) pause = std::max(pause, std::min(*seconds, 600.0));
        }
        wait = std::min(2 * wait, kLongestWait);
        std::unique_lock lock(exchange.mutex);
        // Woken for `over` only: others wake the same variable, so the time is kept.
        const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(pause);
        while (!exchange.over && std::chrono::steady_clock::now() < until) {
          lock.unlock();
          std::this_thread::sleep_for(std::chrono::duration<double>(std::min(0.05, pause)));
          lock.lock();
        }
        if (exchange.over) return;
      }
    }
  };
  std::vector<std::thread> threads;
  struct Join {
    Exchange& exchange;
    std::vector<std::thread>& threads;
    ~Join() {
      exchange.over = true;
      for (std::thread& thread : threads) thread.join();
    }
  };
  std::string first_failure;
  int64_t failed = 0, failed_in_a_row = 0;
  {
    const Join join{exchange, threads};
    const size_t count = std::min<size_t>(static_cast<size_t>(options_.concurrency), tasks.size());
    for (size_t t = 0; t < count; ++t) threads.emplace_back(ask_for_tasks, t);
    for (size_t num_left = tasks.size(); num_left > 0;) {
      std::deque<Drawn> drawn;
      {
        std::unique_lock lock(exchange.mutex);
        exchange.changed.wait_for(lock, std::chrono::milliseconds(200), [&] { return !exchange.drawn.empty() || !exchange.failed.empty() || exchange.fatal; });
        drawn.swap(exchange.drawn);
        for (std::string& why : exchange.failed) {
          if (first_failure.empty()) first_failure = std::move(why);
          ++failed;
          ++failed_in_a_row;
          --num_left;
        }
        exchange.failed.clear();
      }
      for (Drawn& one : drawn) {
        failed_in_a_row = 0;
        --num_left;
        if (one.num_prompt_tokens < 0 || one.num_tokens < 0) ++totals_.uncounted;
        totals_.prompt_tokens += std::max<int64_t>(0, one.num_prompt_tokens);
        totals_.cached_tokens += std::max<int64_t>(0, one.num_cached_tokens);
        totals_.completion_tokens += std::max<int64_t>(0, one.num_tokens);
        if (price_) {
          if (const auto cost = cost_of(*price_, one.num_prompt_tokens, one.num_cached_tokens, one.num_tokens)) totals_.cost += *cost;
        }
        keep(std::move(one));
      }
      totals_.requests += exchange.requests.exchange(0);
      totals_.retries += exchange.retries.exchange(0);
      if (exchange.fatal) break;
      if (stop()) throw Interrupted("stopped while sampling; what was drawn is kept");
      if (options_.max_cost > 0 && totals_.cost >= options_.max_cost && num_left > 0) {
        throw Error("has cost " + format_fixed(totals_.cost, 2) + " " + price_->currency + ", which is the limit", options_.url, "raise --max-cost and start again: what was drawn is kept");
      }
      if (failed_in_a_row >= options_.concurrency && num_left > 0) {
        throw Error("answers no more: " + first_failure, options_.url, "start again when it does: what was drawn is kept");
      }
    }
  }
  totals_.failed += failed;
  if (exchange.fatal) throw *exchange.fatal;
  if (failed > 0) throw Error("gave no answer to " + std::to_string(failed) + " of " + std::to_string(tasks.size()) + " samples after " + std::to_string(options_.num_retries + 1) + " tries each, the first " + first_failure, options_.url, "start again: only those are asked for");
}

}  // namespace reprise::serving
