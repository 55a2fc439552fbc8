// Texts through the classifier, a few thousand tokens at a time.
#include "stages/reward_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "base/files.h"
#include "stages/stage_support.h"
#include "text/chat_template.h"

namespace reprise::stages {
namespace {

constexpr int64_t kTokensAtOnce = 4096;

}  // namespace

RewardModel::RewardModel(const pipeline::StageContext& context, const rewards::RewardConfig& config) : ungraded_only_(config.reward_model_on == "ungraded") {
  const Placement placement = place(context.hardware());
  const fs::path path = context.resolve(config.reward_model);
  model_ = model::load_model(path, placement.dtype, placement.device);
  model_.model->set_batch_invariant(placement.batch_invariant);
  if (model_.model->config().num_labels != 1) throw Error("is no sequence classifier with one label", path.string(), "a reward model's config.json says ForSequenceClassification and num_labels 1");
  if (!model_.tokenizer) throw Error("has no tokenizer.json", path.string());
}

std::vector<rewards::RewardTerm> RewardModel::score(const std::vector<rewards::RewardInput>& inputs) {
  at::NoGradGuard guard;
  const auto name = [&](std::optional<int32_t> id) { return id ? model_.tokenizer->token_of(*id) : std::string(); };
  std::vector<rewards::RewardTerm> terms(inputs.size(), {"reward_model", 0, false, ""});
  model::TokenLayout layout;
  std::vector<size_t> who;
  const auto flush = [&] {
    if (who.empty()) return;
    const at::Tensor scores = model_.model->head_scores(model_.model->hidden_ND(layout)).to(at::kCPU, at::kFloat).contiguous();
    for (size_t i = 0; i < who.size(); ++i) {
      const double value = scores.const_data_ptr<float>()[i];
      if (std::isfinite(value)) terms[who[i]].value = value;
      else terms[who[i]] = {"reward_model", 0, true, "its score is not finite"};
    }
    layout = {};
    who.clear();
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (ungraded_only_ && inputs[i].problem.grader != grading::kNoGrader) continue;
    std::string text = inputs[i].problem.prompt + "\n" + std::string(inputs[i].completion);
    if (!model_.chat_template.empty()) {
      text = text::ChatTemplate::parse(model_.chat_template, "the reward model's chat template")
                 .render({{"user", inputs[i].problem.prompt}, {"assistant", std::string(inputs[i].completion)}}, false, name(model_.tokenizer->bos_id()), name(model_.tokenizer->eos_id()));
    }
    const auto ids = model_.tokenizer->encode(text, model_.chat_template.empty());
    const int64_t length = static_cast<int64_t>(ids.size());
    if (length == 0 || length > model_.model->config().max_position_embeddings) {
      terms[i] = {"reward_model", 0, true, "its text has " + std::to_string(length) + " tokens, the reward model reads 1 to " + std::to_string(model_.model->config().max_position_embeddings)};
      continue;
    }
    if (layout.num_tokens() + length > kTokensAtOnce) flush();
    layout.add(ids);
    layout.outputs.push_back(layout.num_tokens() - 1);
    who.push_back(i);
  }
  flush();
  return terms;
}

}  // namespace reprise::stages
