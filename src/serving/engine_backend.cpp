#include "serving/engine_backend.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/random.h"
#include "serving/openai_answer.h"

namespace reprise::serving {

std::string model_sha256(const std::string& path) {
  if (!is_folder(path)) return sha256_file_hex(path);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string extension = entry.path().extension().string();
    if (entry.is_regular_file() && (extension == ".safetensors" || extension == ".json" || extension == ".jinja")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::string list;
  for (const fs::path& file : files) list += file.filename().string() + "\n" + sha256_file_hex(file) + "\n";
  return sha256_hex(list);
}

EngineBackend::EngineBackend(const EngineOptions& options, uint64_t seed)
    : options_(options), seed_(seed), text_(text::read_model_text(options.model)), model_sha256_(model_sha256(options.model)) {
  if (!text_.tokenizer) throw Error("has no tokenizer", options.model, "add its tokenizer.json");
}

nlohmann::json EngineBackend::identity() const {
  const std::string name = fs::absolute(options_.model).lexically_normal().filename().string();
  return {{"model", {{"name", name}, {"sha256", model_sha256_}}}, {"engine", {{"name", "reprise"}, {"device", options_.device}, {"torch_dtype", options_.torch_dtype}}}};
}

std::string EngineBackend::prompt_bytes(const Task& task) const {
  if (!task.is_chat) return task.text + task.assistant_prefix;
  const std::string text = render_conversation(text_, task.messages);
  // Some templates open the thinking themselves.
  return text.ends_with(task.assistant_prefix) ? text : text + task.assistant_prefix;
}

EngineClient& EngineBackend::engine() {
  if (!engine_ || !engine_->is_alive()) engine_ = std::make_unique<EngineClient>(options_);
  return *engine_;
}

namespace {

// Work on its way, and what has come of it, handed from the engine's thread to ours. What is left at the end is called off.
class Inbox {
 public:
  struct Arrival {
    size_t place = 0;  // as it was submitted
    WorkUpdate update;
  };
  explicit Inbox(EngineClient& engine) : engine_(engine) {}
  ~Inbox() {
    for (const int64_t number : numbers_) engine_.cancel(number);
  }
  void submit(WorkRequest work, size_t place) {
    numbers_.push_back(engine_.submit(std::move(work), [this, place](WorkUpdate&& update) {
      const std::lock_guard lock(mutex_);
      arrivals_.push_back({place, std::move(update)});
      changed_.notify_one();
    }));
  }
  // All that came; empty when nothing did for a fifth of a second.
  std::deque<Arrival> take() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(200), [&] { return !arrivals_.empty(); });
    return std::exchange(arrivals_, {});
  }

 private:
  EngineClient& engine_;
  std::vector<int64_t> numbers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Arrival> arrivals_;
};

}  // namespace

void EngineBackend::draw(const std::vector<Task>& tasks, const generation::SamplingConfig& sampling, const std::function<void(Drawn&&)>& keep, const std::function<bool()>& stop) {
  if (tasks.empty()) return;
  if (!tasks.front().continuations.empty()) return compare_continuations(tasks, keep, stop);
  Inbox inbox(engine());
  std::vector<int64_t> prompt_lengths(tasks.size());
  // Consecutive samples of one problem share its prompt.
  for (size_t begin = 0; begin < tasks.size();) {
    size_t end = begin + 1;
    while (end < tasks.size() && tasks[end].problem == tasks[begin].problem && tasks[end].sample_index == tasks[end - 1].sample_index + 1) ++end;
    const Task& task = tasks[begin];
    WorkRequest work;
    // A template writes its own special tokens; a plain prompt gets what the tokenizer puts in front.
    work.prompt = text_.tokenizer->encode(prompt_bytes(task), !task.is_chat);
    work.random_path = {seed_, name_number("evaluate")};
    work.prompt_number = task.problem_number;
    work.num_generations = static_cast<int64_t>(end - begin);
    work.first_sample_index = task.sample_index;
    work.sampling = sampling;
    work.sampling.max_prompt_length = engine_->info().max_position_embeddings;
    work.sampling.stop_strings.insert(work.sampling.stop_strings.end(), task.stop_strings.begin(), task.stop_strings.end());
    const int64_t length = static_cast<int64_t>(work.prompt.size());
    if (length + sampling.max_completion_length > engine_->info().max_position_embeddings) {
      throw Error("needs " + std::to_string(length) + " tokens for its prompt and " + std::to_string(sampling.max_completion_length) + " for the answer, the model's context is " + std::to_string(engine_->info().max_position_embeddings),
                  "problem " + task.problem, "lower --max-completion-length; a prompt is never cut");
    }
    for (size_t i = begin; i < end; ++i) prompt_lengths[i] = length;
    inbox.submit(std::move(work), begin);
    begin = end;
  }
  for (size_t num_left = tasks.size(); num_left > 0;) {
    auto arrivals = inbox.take();
    if (stop()) throw Interrupted("stopped while sampling; what was drawn is kept");
    for (auto& [first, update] : arrivals) {
      if (update.kind == UpdateKind::fault) throw Error(update.text, engine_->is_alive() ? "problem " + tasks[first].problem : "the engine", "start again: what was drawn is kept");
      if (update.kind != UpdateKind::end) continue;
      Drawn drawn;
      drawn.task = first + static_cast<size_t>(update.sample_index - tasks[first].sample_index);
      drawn.num_prompt_tokens = prompt_lengths[drawn.task];
      drawn.num_tokens = static_cast<int64_t>(update.ids.size());
      std::vector<std::string> stops = sampling.stop_strings;
      stops.insert(stops.end(), tasks[first].stop_strings.begin(), tasks[first].stop_strings.end());
      StopCutter cutter(std::move(stops));
      drawn.completion = cutter.add(update.text);
      drawn.completion += cutter.finish();
      drawn.stop_reason = finish_reason(update.stop_reason);
      drawn.details = {{"seed", seed_}};
      keep(std::move(drawn));
      --num_left;
    }
  }
}

// As lm-evaluation-harness compares: the sum of the continuation's log-probs, its tokens those that stand behind the context's own when both are encoded
// together, blanks at the context's end counted to the continuation.
void EngineBackend::compare_continuations(const std::vector<Task>& tasks, const std::function<void(Drawn&&)>& keep, const std::function<bool()>& stop) {
  Inbox inbox(engine());
  struct Sum {
    size_t num_context = 0;
    double logprob = 0;
  };
  std::vector<std::vector<Sum>> sums(tasks.size());
  std::vector<size_t> num_left(tasks.size());
  std::vector<std::pair<size_t, size_t>> places;  // of each request: its task and continuation
  for (size_t t = 0; t < tasks.size(); ++t) {
    std::string context = prompt_bytes(tasks[t]), blanks;
    while (!context.empty() && context.back() == ' ') {
      context.pop_back();
      blanks += ' ';
    }
    const bool special = !tasks[t].is_chat;
    const size_t num_context = text_.tokenizer->encode(context, special).size();
    num_left[t] = tasks[t].continuations.size();
    for (size_t c = 0; c < tasks[t].continuations.size(); ++c) {
      WorkRequest work;
      work.prompt = text_.tokenizer->encode(context + blanks + tasks[t].continuations[c], special);
      if (work.prompt.size() <= num_context || num_context == 0) throw Error("has a continuation without tokens of its own, or no context", "problem " + tasks[t].problem);
      work.num_generations = 0;
      work.score_prompt = true;
      work.sampling.max_prompt_length = engine_->info().max_position_embeddings;
      work.sampling.max_completion_length = 1;
      sums[t].push_back({num_context, 0});
      inbox.submit(std::move(work), places.size());
      places.emplace_back(t, c);
    }
  }
  for (size_t left = tasks.size(); left > 0;) {
    auto arrivals = inbox.take();
    if (stop()) throw Interrupted("stopped while scoring; what was scored is kept");
    for (auto& [place, update] : arrivals) {
      const auto [t, c] = places[place];
      if (update.kind == UpdateKind::fault) throw Error(update.text, engine_->is_alive() ? "problem " + tasks[t].problem : "the engine", "start again: what was scored is kept");
      for (size_t i = sums[t][c].num_context - 1; i < update.logprobs.size(); ++i) sums[t][c].logprob += update.logprobs[i];
      if (--num_left[t] > 0) continue;
      --left;
      size_t best = 0;
      Drawn drawn{.task = t, .stop_reason = "stop"};
      drawn.details = {{"logprobs", nlohmann::json::array()}};
      for (size_t i = 0; i < sums[t].size(); ++i) {
        if (sums[t][i].logprob > sums[t][best].logprob) best = i;
        drawn.details["logprobs"].push_back(sums[t][i].logprob);
      }
      drawn.completion = tasks[t].continuations[best];
      drawn.num_prompt_tokens = static_cast<int64_t>(sums[t][best].num_context);
      drawn.num_tokens = 0;
      keep(std::move(drawn));
    }
  }
}

}  // namespace reprise::serving
