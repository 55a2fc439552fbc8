// Draw rows, step, record, checkpoint.
#include "stages/supervised.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "base/strings.h"
#include "checkpoint/checkpoint.h"
#include "data/mixture.h"
#include "training/optimizer.h"
#include "training/schedule.h"

namespace reprise::stages {
namespace {

constexpr size_t kLossWindow = 50;

// Ends early once the mean of the last kLossWindow losses is under the target, after a tail in which the rate falls.
class EarlyEnd {
 public:
  EarlyEnd(double target, int64_t num_steps) : target_(target), end_(num_steps) {}

  void add(int64_t step, double loss) {
    if (target_ <= 0) return;
    losses_.push_back(loss);
    if (losses_.size() > kLossWindow) losses_.pop_front();
    double sum = 0;
    for (double value : losses_) sum += value;
    if (!fires_ && losses_.size() == kLossWindow && sum / kLossWindow < target_) {
      fires_ = true;
      tail_start_ = step + 1;
      end_ = std::min(end_, step + 1 + std::max<int64_t>(1, (step + 1) / 10));
    }
  }
  int64_t end() const { return end_; }
  // The schedule's multiplier: 1 until the target is met, then a line to 0 over the tail.
  double tail_rate(int64_t step) const {
    if (!fires_ || step < tail_start_) return 1;
    return 1 - static_cast<double>(step - tail_start_) / static_cast<double>(std::max<int64_t>(1, end_ - tail_start_));
  }
  nlohmann::json state() const { return {{"losses", losses_}, {"end", end_}, {"tail_start", tail_start_}, {"fires", fires_}}; }
  void restore(const nlohmann::json& state) {
    losses_ = state.at("losses").get<std::deque<double>>();
    end_ = state.at("end");
    tail_start_ = state.at("tail_start");
    fires_ = state.at("fires");
  }

 private:
  double target_;
  int64_t end_, tail_start_ = 0;
  bool fires_ = false;
  std::deque<double> losses_;
};

}  // namespace

int64_t num_supervised_steps(const std::vector<training::TrainingRow>& rows, int64_t per_step_batch_size, int64_t max_steps,
                             int64_t max_trained_tokens, double num_train_epochs) {
  if (max_steps > 0 || rows.empty()) return max_steps;
  const double num_rows = static_cast<double>(rows.size()), batch = static_cast<double>(per_step_batch_size);
  if (max_trained_tokens == 0) return static_cast<int64_t>(std::ceil(num_train_epochs * num_rows / batch));
  int64_t targets = 0;
  for (const training::TrainingRow& row : rows) targets += row.num_targets();
  const double per_step = static_cast<double>(targets) / num_rows * batch;
  return std::max<int64_t>(1, std::llround(static_cast<double>(max_trained_tokens) / per_step));
}

nlohmann::json train_supervised(pipeline::StageContext& context, model::LoadedModel& model,
                                const std::vector<training::TrainingRow>& rows, const SupervisedPlan& plan) {
  if (rows.empty()) throw Error("has no rows to train on", context.name(), "look at its dataset_name");
  training::AdamW optimizer(*model.model, plan.optimizer);
  EarlyEnd early(plan.target_loss, plan.num_steps);
  int64_t step = 0, num_tokens = 0, trained_tokens = 0;
  if (const auto found = checkpoint::newest_checkpoint(context.folder())) {
    const nlohmann::json state = checkpoint::read_state(*found);
    step = found->step;
    num_tokens = state.at("num_tokens");
    trained_tokens = state.at("trained_tokens");
    early.restore(state.at("early_end"));
    optimizer.restore(checkpoint::read_tensors(found->folder / "optimizer.safetensors"), state.at("optimizer_steps"), found->folder.string());
    context.note("goes on from step " + std::to_string(step));
  }
  context.begin_at(step);

  const std::vector<int64_t> sizes = plan.store_sizes.empty() ? std::vector<int64_t>{static_cast<int64_t>(rows.size())} : plan.store_sizes;
  const data::Mixture order(sizes, plan.store_weights, {context.seed(), name_number(context.name()), name_number("rows")});
  const auto save = [&] {
    checkpoint::CheckpointContent content;
    content.policy = &model;
    content.optimizer = optimizer.state();
    content.state = {{"num_tokens", num_tokens}, {"trained_tokens", trained_tokens}, {"optimizer_steps", optimizer.num_steps()}, {"early_end", early.state()}};
    checkpoint::write_checkpoint(context.folder(), step, content, plan.batch.save_total_limit);
  };
  double last_loss = 0;
  for (; step < early.end();) {
    const Stopwatch watch;
    std::vector<training::TrainingRow> batch;
    for (int64_t i = 0; i < plan.per_step_batch_size; ++i) {
      batch.push_back(rows[order.at(step * plan.per_step_batch_size + i)]);
      batch.back().order = i;
      trained_tokens += batch.back().num_targets();
    }
    const double rate = training::learning_rate_at(plan.optimizer, step, plan.num_steps) * early.tail_rate(step);
    const auto metrics = training::train_step(*model.model, optimizer, batch, plan.batch.tile_tokens, plan.batch.gradient_checkpointing,
                                              rate, plan.loss(batch), context.name() + " step " + std::to_string(step + 1));
    num_tokens += metrics.num_tokens;
    last_loss = metrics.loss;
    early.add(step, metrics.loss);
    StateHash hash;
    training::add_tensors_to_hash(hash, model.model->weights());
    optimizer.add_to_hash(hash);
    hash.add_u64(static_cast<uint64_t>(num_tokens));
    const double seconds = watch.seconds();
    const double speed = static_cast<double>(metrics.num_tokens) / std::max(1e-9, seconds);
    context.record(step, {{"loss", metrics.loss}, {"grad_norm", metrics.grad_norm}, {"learning_rate", rate},
                          {"tokens", static_cast<double>(num_tokens)}, {"seconds", seconds}, {"tokens_per_second", speed}});
    context.ledger(step, hash.hex(), {{"loss", metrics.loss}, {"tokens", static_cast<double>(num_tokens)}});
    ++step;
    context.progress(step, early.end(), {{"loss", metrics.loss}, {"tokens_per_second", speed}});
    const bool stop = context.stop_requested();
    if (step % plan.batch.save_steps == 0 || (stop && step < early.end())) save();
    if (stop && step < early.end()) throw Interrupted("stopped after step " + std::to_string(step) + ", checkpoint written", context.name());
  }
  write_trained_model(context, model, optimizer, plan.optimizer, plan.from);
  return {{"steps", step}, {"tokens", num_tokens}, {"trained_tokens", trained_tokens}, {"loss", last_loss}, {"rows", rows.size()}, {"weights_hash", weights_hash(*model.model)}};
}

}  // namespace reprise::stages
