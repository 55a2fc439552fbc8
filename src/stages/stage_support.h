// What several stages share: loading the start model, turning problems and examples into ids, sampling and grading.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/reader.h"
#include "data/example.h"
#include "data/problem.h"
#include "generation/engine.h"
#include "grading/grader.h"
#include "model/weights.h"
#include "pipeline/stage.h"
#include "stages/stage_keys_config.h"
#include "training/optimizer.h"
#include "training/token_batch.h"

namespace reprise::stages {

// Device and dtype of the recipe's hardware block; sets LibTorch's thread count. Throws Error for a device that is not there.
struct Placement {
  at::Device device;
  at::ScalarType dtype;
  bool batch_invariant = false;
};
Placement place(const pipeline::HardwareConfig& hardware);

model::LoadedModel load_stage_model(const pipeline::StageContext& context, const std::string& reference);

// The policy of the stage's newest checkpoint, or an empty LoadedModel when the stage starts anew.
model::LoadedModel load_checkpoint_model(const pipeline::StageContext& context);

// The model that a stage trains: that of its newest checkpoint, else its start. With adapters always the start, to which the
// optimizer's state brings them back.
model::LoadedModel load_trained_model(const pipeline::StageContext& context, const std::string& from, const training::OptimizerConfig& optimizer);
// A trained stage's model/ and, with adapters, its adapter/.
void write_trained_model(const pipeline::StageContext& context, const model::LoadedModel& model, const training::AdamW& optimizer,
                         const training::OptimizerConfig& config, const std::string& from);

// A problem as the model will read it.
struct Prompt {
  std::string text;             // with special tokens written out; encoded as it stands
  std::vector<int32_t> ids;
  bool opened_think = false;    // the template wrote "<think>" already
};

class PromptWriter {
 public:
  // force_empty_thinking: "<think> </think>" is written for the model.
  PromptWriter(const PromptConfig& config, const model::LoadedModel& model, bool force_empty_thinking = false);
  Prompt write(const std::string& problem_text) const;

 private:
  PromptConfig config_;
  const model::LoadedModel& model_;
  std::string template_source_;
  std::string bos_;
  bool force_empty_thinking_;
};

// The ids that end a completion: the tokenizer's eos and those of the model's generation config.
std::vector<int32_t> stop_ids(const model::LoadedModel& model);

// prompt + completion + eos as a training row. A prompt that does not start with the bos token gets what the
// tokenizer puts in front. num_prompt_ids is 1 when the prompt is to be trained on too.
training::TrainingRow row_of(const model::LoadedModel& model, const std::string& prompt, const std::string& completion,
                             bool completion_only_loss);

// Rows of a store of examples, or of problems with solutions (written through the prompt template). Rows longer than
// max_length are left out and counted in *num_too_long; one problem without a solution is an Error.
std::vector<training::TrainingRow> rows_of_store(pipeline::StageContext& context, const std::filesystem::path& store,
                                                 const model::LoadedModel& model, const PromptConfig& prompt,
                                                 bool completion_only_loss, int64_t max_length, int64_t* num_too_long);

std::vector<data::Problem> problems_of_store(const std::filesystem::path& store, int64_t limit);

// A hash of everything that decides the next step: weights, optimizer and reference.
std::string weights_hash(const model::Transformer& model);

// Seconds since construction.
// The most memory that this process has held, in 10^9 bytes.
double peak_memory_gigabytes();

class Stopwatch {
 public:
  Stopwatch();
  double seconds() const;

 private:
  int64_t start_nanoseconds_;
};

}  // namespace reprise::stages
