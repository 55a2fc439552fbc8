// sft: supervised fine-tuning on examples or on problems with solutions. R1's cold start and its third stage.
#include "base/error.h"
#include "stages/runners.h"
#include "stages/supervised.h"
#include "training/loss.h"
#include "training/packing.h"

namespace reprise::stages {

nlohmann::json run_sft(pipeline::StageContext& context) {
  const auto config = config::config_from_json<SftConfig>(context.keys(), context.name());
  place(context.hardware());
  model::LoadedModel model = load_checkpoint_model(context);
  if (!model.model) model = load_stage_model(context, config.from);
  int64_t num_too_long = 0;
  auto rows = rows_of_store(context, context.resolve(config.dataset_name), model, config.prompt,
                            config.completion_only_loss, config.max_length, &num_too_long);
  const int64_t num_examples = static_cast<int64_t>(rows.size());
  if (config.packing) rows = training::pack_rows(rows, config.max_length);
  SupervisedPlan plan;
  plan.num_steps = num_supervised_steps(rows, config.per_step_batch_size, config.max_steps, config.max_trained_tokens, config.num_train_epochs);
  plan.per_step_batch_size = config.per_step_batch_size;
  plan.optimizer = config.optimizer;
  plan.batch = config.batch;
  plan.loss = [&](const auto& batch) { return training::negative_log_likelihood(*model.model, batch); };
  nlohmann::json result = train_supervised(context, model, rows, plan);
  result["examples"] = num_examples;
  result["rows_too_long"] = num_too_long;
  return result;
}

}  // namespace reprise::stages
