// `worker`: a loaded model that continues prompts as they come on standard input; started by `reprise serve` and `reprise evaluate run`. The lines
// are serving/worker_protocol.h's. Ends when its input does.
#include <unistd.h>

#include <ATen/core/Tensor.h>

#include <boost/program_options.hpp>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "engine/commands.h"
#include "generation/session.h"
#include "serving/worker_protocol.h"
#include "stages/stage_support.h"

namespace reprise::engine {
namespace {

using generation::Completion;

constexpr int64_t kPagePositions = 64;

// Lines of standard input, read by a thread of its own so that whoever writes them never waits for a step.
class Orders {
 public:
  Orders() : reader_([this] { read(); }) {}
  ~Orders() { reader_.detach(); }

  // All that have come; waits for one where `wait`. Nothing and is_over(): the input has ended.
  std::deque<std::string> take(bool wait) {
    std::unique_lock lock(mutex_);
    if (wait) changed_.wait(lock, [&] { return over_ || !lines_.empty(); });
    return std::exchange(lines_, {});
  }
  bool is_over() {
    const std::lock_guard lock(mutex_);
    return over_;
  }

 private:
  void read() {
    std::string line;
    while (std::getline(std::cin, line)) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::move(line));
      changed_.notify_one();
    }
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
  bool over_ = false;
  std::thread reader_;
};

void say(const std::string& line) {
  const std::string bytes = line + "\n";
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data() + sent, bytes.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) ::_exit(0);  // nobody listens any more
    sent += static_cast<size_t>(n);
  }
}

class Worker : public generation::SessionObserver {
 public:
  Worker(const model::LoadedModel& model, const generation::SessionLimits& limits) : model_(model), stop_ids_(stages::stop_ids(model)), session_(generation::make_session(*model.model, *model.tokenizer, limits)) {}

  const std::vector<int32_t>& stop_ids() const { return stop_ids_; }

  void run() {
    Orders orders;
    for (;;) {
      for (const std::string& line : orders.take(session_->is_idle())) obey(line);
      if (orders.is_over()) return;
      if (!session_->is_idle()) session_->step(*this);
    }
  }

  void on_prompt(int64_t request, generation::PromptScores&& scores) override {
    serving::WorkUpdate update{.number = numbers_.at(request).number, .kind = serving::UpdateKind::prompt};
    update.logprobs = std::move(scores.logprobs);
    if (numbers_.at(request).num_alternatives > 0) update.alternatives = std::move(scores.alternatives);
    say(to_line(update));
    if (numbers_.at(request).num_left == 0) forget(request);
  }

  void on_token(int64_t request, const Completion& completion) override {
    Known& known = numbers_.at(request);
    if (!known.stream) return;
    serving::WorkUpdate update{.number = known.number, .kind = serving::UpdateKind::tokens, .sample_index = completion.sample_index};
    if (completion.ids.empty()) return;
    update.ids = {completion.ids.back()};
    update.logprobs = {completion.full_logprobs.back()};
    if (!completion.alternatives.empty()) update.alternatives = {completion.alternatives.back()};
    say(to_line(update));
  }

  void on_end(int64_t request, Completion&& completion) override {
    Known& known = numbers_.at(request);
    serving::WorkUpdate update{.number = known.number, .kind = serving::UpdateKind::end, .sample_index = completion.sample_index};
    update.ids = std::move(completion.ids);
    update.logprobs = std::move(completion.full_logprobs);
    update.alternatives = std::move(completion.alternatives);
    update.stop_reason = completion.stop_reason;
    update.text = std::move(completion.text);
    say(to_line(update));
    if (--known.num_left == 0) forget(request);
  }

 private:
  struct Known {
    int64_t number = 0, num_left = 0, num_alternatives = 0;
    bool stream = false;
  };

  void obey(const std::string& line) {
    const serving::WorkerOrder order = serving::parse_order(line);
    const serving::WorkRequest& asked = order.request;
    if (order.is_cancel) {
      if (const auto found = by_number_.find(asked.number); found != by_number_.end()) {
        session_->cancel(found->second);
        forget(found->second);
      }
      return;
    }
    generation::PromptRequest request{.prompt = asked.prompt, .random_path = asked.random_path, .prompt_number = asked.prompt_number, .num_generations = asked.num_generations};
    request.first_sample_index = asked.first_sample_index;
    if (!asked.ignore_end) request.stop_ids = stop_ids_;
    request.stop_ids.insert(request.stop_ids.end(), asked.more_stop_ids.begin(), asked.more_stop_ids.end());
    request.sampling = std::make_shared<const generation::SamplingConfig>(asked.sampling);
    request.score_prompt = asked.score_prompt;
    request.num_alternatives = asked.num_alternatives;
    if (asked.sampling.forces() && asked.stream) return refuse(asked.number, "budget forcing takes tokens back: it does not go with streaming");
    try {
      const int64_t id = session_->submit(std::move(request));
      numbers_[id] = {asked.number, asked.num_generations, asked.num_alternatives, asked.stream};
      by_number_[asked.number] = id;
    } catch (const Error& fault) {
      refuse(asked.number, fault.what());
    }
  }

  void refuse(int64_t number, const std::string& why) { say(to_line(serving::WorkUpdate{.number = number, .kind = serving::UpdateKind::fault, .text = why})); }

  void forget(int64_t request) {
    by_number_.erase(numbers_.at(request).number);
    numbers_.erase(request);
  }

  const model::LoadedModel& model_;
  std::vector<int32_t> stop_ids_;
  std::unique_ptr<generation::Session> session_;
  std::map<int64_t, Known> numbers_;      // by the session's
  std::map<int64_t, int64_t> by_number_;  // the session's, by ours
};

}  // namespace

int worker_command(const Arguments& arguments) {
  namespace options = boost::program_options;
  std::string model_path;
  pipeline::HardwareConfig hardware;
  generation::SessionLimits limits{.page_positions = kPagePositions};
  double gigabytes = 2;
  options::options_description all;
  all.add_options()("device", options::value(&hardware.device))("dtype", options::value(&hardware.torch_dtype))("num-threads", options::value(&hardware.num_threads))(
      "generation-rows", options::value(&limits.generation_rows))("kv-cache-gigabytes", options::value(&gigabytes))("model", options::value(&model_path));
  options::positional_options_description places;
  places.add("model", 1);
  options::variables_map values;
  try {
    options::store(options::command_line_parser(arguments).options(all).positional(places).run(), values);
    options::notify(values);
    const stages::Placement placement = stages::place(hardware);
    const model::LoadedModel model = model::load_model(model_path, placement.dtype, placement.device);
    if (!model.tokenizer) throw Error("has no tokenizer", model_path, "add its tokenizer.json");
    const auto& config = model.model->config();
    // One token of completion at least; whether a prompt and its completion fit is told when it comes.
    limits.max_pages = generation::pages_within(gigabytes, config, kPagePositions, 1, 1);
    Worker worker(model, limits);
    say(to_line(serving::WorkerInfo{.max_position_embeddings = config.max_position_embeddings, .vocab_size = config.vocab_size, .num_parameters = config.num_parameters(), .stop_ids = worker.stop_ids(),
                                    .device = hardware.device, .dtype = hardware.torch_dtype}));
    worker.run();
  } catch (const std::exception& fault) {
    const std::string text = fault.what();
    say(nlohmann::json{{"fatal", text.substr(0, text.find('\n'))}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return 1;
  }
  // The reading thread may still wait for standard input.
  std::cout.flush();
  ::_exit(0);
}

}  // namespace reprise::engine
