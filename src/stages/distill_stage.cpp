// distill: a student trained on its teacher's samples, as R1's distilled models were (SFT alone); with logit_weight it
// also learns the teacher's whole distribution, where the two share a vocabulary.
#include <cmath>

#include "base/error.h"
#include "stages/runners.h"
#include "stages/supervised.h"
#include "training/loss.h"

namespace reprise::stages {
namespace {

void check_vocabularies(const model::LoadedModel& student, const model::LoadedModel& teacher, const std::string& where) {
  if (student.model->config().vocab_size != teacher.model->config().vocab_size ||
      student.tokenizer->json() != teacher.tokenizer->json()) {
    throw Error("teacher and student do not share a vocabulary (" + std::to_string(teacher.model->config().vocab_size) + " and " +
                    std::to_string(student.model->config().vocab_size) + " tokens)", where, "set logit_weight: 0 to learn from the samples alone");
  }
}

}  // namespace

nlohmann::json run_distill(pipeline::StageContext& context) {
  const auto config = config::config_from_json<DistillConfig>(context.keys(), context.name());
  place(context.hardware());
  model::LoadedModel student = load_trained_model(context, config.from, config.optimizer);
  model::LoadedModel teacher;
  if (config.logit_weight > 0) {
    if (config.teacher.empty()) throw Error("logit_weight needs a teacher", context.name(), "name it, or set logit_weight: 0");
    teacher = load_stage_model(context, config.teacher);
    check_vocabularies(student, teacher, context.name());
  }
  int64_t num_too_long = 0;
  const auto rows = rows_of_store(context, context.resolve(config.dataset_name), student, config.prompt, true, config.max_length, &num_too_long);
  SupervisedPlan plan;
  plan.num_steps = num_supervised_steps(rows, config.per_step_batch_size, config.max_steps, config.max_trained_tokens, config.num_train_epochs);
  plan.per_step_batch_size = config.per_step_batch_size;
  plan.optimizer = config.optimizer;
  plan.from = config.from;
  plan.batch = config.batch;
  plan.loss = [&](const auto& batch) {
    if (config.logit_weight > 0) {
      return training::distillation(*student.model, *teacher.model, batch, config.logit_weight, config.distill_temperature);
    }
    return training::negative_log_likelihood(*student.model, batch);
  };
  nlohmann::json result = train_supervised(context, student, rows, plan);
  result["rows_too_long"] = num_too_long;
  return result;
}

}  // namespace reprise::stages
