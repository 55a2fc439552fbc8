// pretrain: a base model from fresh weights (or from another model), on documents. The miniature's base is made so.
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "datasets/generators/generator.h"
#include "stages/runners.h"
#include "stages/supervised.h"
#include "text/word_level.h"
#include "training/loss.h"

namespace reprise::stages {
namespace {

std::shared_ptr<const text::Tokenizer> make_tokenizer(const std::string& name, const std::string& where) {
  constexpr std::string_view kWords = "words:";
  if (name.starts_with(kWords)) {
    const std::vector<std::string> words = datasets::vocabulary(name.substr(kWords.size()));
    return text::Tokenizer::from_json(text::make_word_level_tokenizer_json(words), where + " tokenizer");
  }
  if (name.empty()) throw Error("needs a tokenizer", where, "tokenizer: words:last_digit_chains, or a tokenizer.json");
  return text::Tokenizer::from_file(name);
}

model::LoadedModel fresh_model(const PretrainConfig& config, const pipeline::StageContext& context, const Placement& placement) {
  model::LoadedModel loaded;
  loaded.tokenizer = make_tokenizer(config.tokenizer, context.name());
  model::ModelConfig shape;
  shape.model_type = "llama";
  shape.vocab_size = loaded.tokenizer->vocab_size();
  shape.hidden_size = config.hidden_size;
  shape.intermediate_size = config.intermediate_size;
  shape.num_hidden_layers = config.num_hidden_layers;
  shape.num_attention_heads = config.num_attention_heads;
  shape.num_key_value_heads = config.num_key_value_heads;
  shape.head_dim = config.hidden_size / config.num_attention_heads;
  shape.max_position_embeddings = config.max_position_embeddings;
  shape.rope_theta = config.rope_theta;
  shape.rms_norm_eps = config.rms_norm_eps;
  shape.tie_word_embeddings = config.tie_word_embeddings;
  shape.bos_token_id = loaded.tokenizer->bos_id().value_or(-1);
  shape.pad_token_id = loaded.tokenizer->pad_id().value_or(-1);
  if (const auto eos = loaded.tokenizer->eos_id()) shape.eos_token_ids = {*eos};
  const uint64_t seed = RandomStream({context.seed(), name_number(context.name()), name_number("weights")}).next_u64();
  loaded.model = std::make_shared<model::Transformer>(
      model::Transformer::random(shape, seed, config.initializer_range, placement.dtype, placement.device));
  loaded.model->set_batch_invariant(placement.batch_invariant);
  return loaded;
}

}  // namespace

nlohmann::json run_pretrain(pipeline::StageContext& context) {
  const auto config = config::config_from_json<PretrainConfig>(context.keys(), context.name());
  const Placement placement = place(context.hardware());
  model::LoadedModel model = config.from.empty() ? load_checkpoint_model(context) : load_trained_model(context, config.from, config.optimizer);
  if (!model.model) model = fresh_model(config, context, placement);
  int64_t num_too_long = 0;
  const auto rows = rows_of_store(context, context.resolve(config.dataset_name), model, {.chat_template = "none"},
                                  config.completion_only_loss, config.max_position_embeddings, &num_too_long);
  SupervisedPlan plan{.num_steps = config.max_steps, .per_step_batch_size = config.per_step_batch_size, .target_loss = config.target_loss, .from = config.from,
                      .optimizer = config.optimizer, .batch = config.batch};
  plan.loss = [&](const auto& batch) { return training::negative_log_likelihood(*model.model, batch); };
  nlohmann::json result = train_supervised(context, model, rows, plan);
  result["rows_too_long"] = num_too_long;
  result["parameters"] = model.model->config().num_parameters();
  return result;
}

}  // namespace reprise::stages
