// sft: supervised fine-tuning on examples or on problems with solutions. R1's cold start and its third stage.
#include "base/error.h"
#include "base/strings.h"
#include "stages/runners.h"
#include "stages/supervised.h"
#include "training/loss.h"
#include "training/packing.h"

namespace reprise::stages {

nlohmann::json run_sft(pipeline::StageContext& context) {
  const auto config = config::config_from_json<SftConfig>(context.keys(), context.name());
  place(context.hardware());
  model::LoadedModel model = load_trained_model(context, config.from, config.optimizer);
  int64_t num_too_long = 0, num_examples = 0;
  std::vector<training::TrainingRow> rows;
  SupervisedPlan plan;
  for (const std::string& name : config.dataset_name) {
    int64_t too_long = 0;
    auto more = rows_of_store(context, context.resolve(name), model, config.prompt, config.completion_only_loss, config.max_length, &too_long);
    num_too_long += too_long;
    num_examples += static_cast<int64_t>(more.size());
    if (more.empty()) throw Error("has no rows to train on", name, "max_length " + format_count(config.max_length) + " may be too short for all of them");
    if (config.packing) more = training::pack_rows(more, config.max_length);
    plan.store_sizes.push_back(static_cast<int64_t>(more.size()));
    rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  plan.store_weights = config.dataset_weights;
  plan.num_steps = num_supervised_steps(rows, config.per_step_batch_size, config.max_steps, config.max_trained_tokens, config.num_train_epochs);
  plan.per_step_batch_size = config.per_step_batch_size;
  plan.optimizer = config.optimizer;
  plan.from = config.from;
  plan.batch = config.batch;
  plan.loss = [&](const auto& batch) { return training::negative_log_likelihood(*model.model, batch); };
  nlohmann::json result = train_supervised(context, model, rows, plan);
  result["examples"] = num_examples;
  result["rows_too_long"] = num_too_long;
  return result;
}

}  // namespace reprise::stages
