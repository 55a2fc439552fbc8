// Loading, prompting and reading stores for the stages.
#include "stages/stage_support.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <sys/resource.h>

#include <chrono>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/strings.h"
#include "checkpoint/checkpoint.h"
#include "data/store.h"
#include "grading/grader.h"
#include "kernels/device.h"
#include "text/chat_template.h"
#include "training/optimizer.h"

namespace reprise::stages {

Placement place(const pipeline::HardwareConfig& hardware) {
  at::set_num_threads(static_cast<int>(hardware.num_threads));
  Placement placement{kernels::require_device(hardware.device), at::kFloat};
  if (hardware.torch_dtype == "bfloat16") {
    if (placement.device.is_cpu()) throw Error("bfloat16 is for cuda; the CPU runs in float32", "hardware.torch_dtype", "set torch_dtype: float32");
    placement.dtype = at::kBFloat16;
  }
  if (hardware.batch_invariant == "true" && !placement.device.is_cpu()) {
    throw Error("is there on the CPU only", "hardware.batch_invariant", "set it to auto: on cuda the difference of sampler and trainer is then measured and told");
  }
  placement.batch_invariant = placement.device.is_cpu() && hardware.batch_invariant != "false";
  return placement;
}

model::LoadedModel load_stage_model(const pipeline::StageContext& context, const std::string& reference) {
  const Placement placement = place(context.hardware());
  model::LoadedModel loaded = model::load_model(context.resolve(reference), placement.dtype, placement.device);
  if (loaded.model->config().num_labels > 0) {
    throw Error("is a sequence classifier, not a language model", context.resolve(reference).string(), "name a model that writes text");
  }
  loaded.model->set_batch_invariant(placement.batch_invariant);
  if (!loaded.tokenizer) throw Error("has no tokenizer.json", context.resolve(reference).string(), "a stage needs text as well as weights");
  return loaded;
}

model::LoadedModel load_checkpoint_model(const pipeline::StageContext& context) {
  const auto found = checkpoint::newest_checkpoint(context.folder());
  if (!found) return {};
  const Placement placement = place(context.hardware());
  model::LoadedModel loaded = model::load_model(found->folder / "model", placement.dtype, placement.device);
  loaded.model->set_batch_invariant(placement.batch_invariant);
  return loaded;
}

model::LoadedModel load_trained_model(const pipeline::StageContext& context, const std::string& from, const training::OptimizerConfig& optimizer) {
  model::LoadedModel loaded = optimizer.lora_r > 0 ? model::LoadedModel() : load_checkpoint_model(context);
  return loaded.model ? loaded : load_stage_model(context, from);
}

void write_trained_model(const pipeline::StageContext& context, const model::LoadedModel& model, const training::AdamW& optimizer,
                         const training::OptimizerConfig& config, const std::string& from) {
  for (auto& [name, weight] : model.model->weights()) weight.set_requires_grad(false);
  const fs::path output = context.folder() / "model", adapter = context.folder() / "adapter";
  fs::remove_all(output);
  write_folder(output, [&](const fs::path& temporary) {
    model::save_model(temporary, *model.model, model.tokenizer.get(), model.chat_template, model.generation_config_json);
  });
  if (!optimizer.lora()) return;
  fs::remove_all(adapter);
  write_folder(adapter, [&](const fs::path& temporary) { training::save_adapter(temporary, optimizer.lora()->parameters(), config, context.resolve(from).string()); });
}

PromptWriter::PromptWriter(const PromptConfig& config, const model::LoadedModel& model, bool force_empty_thinking)
    : config_(config), model_(model), force_empty_thinking_(force_empty_thinking) {
  if (config.chat_template == "model") {
    template_source_ = model.chat_template;
  } else if (config.chat_template != "none") {
    template_source_ = read_file(config.chat_template, 1 << 20);
  }
  const auto front = model.tokenizer->encode("", true);
  if (front.size() == 1) bos_ = model.tokenizer->token_of(front[0]);
}

Prompt PromptWriter::write(const std::string& problem_text) const {
  Prompt prompt;
  const std::string user = problem_text + config_.prompt_suffix;
  if (template_source_.empty()) {
    prompt.text = bos_ + (config_.system_prompt.empty() ? "" : config_.system_prompt + "\n") + user;
  } else {
    std::vector<text::ChatMessage> messages;
    if (!config_.system_prompt.empty()) messages.push_back({"system", config_.system_prompt});
    messages.push_back({"user", user});
    const auto name = [&](std::optional<int32_t> id) { return id ? model_.tokenizer->token_of(*id) : std::string(); };
    prompt.text = text::ChatTemplate::parse(template_source_, config_.chat_template)
                      .render(messages, true, name(model_.tokenizer->bos_id()), name(model_.tokenizer->eos_id()));
  }
  prompt.opened_think = std::string_view(trim(prompt.text)).ends_with("<think>");
  if (force_empty_thinking_) {
    // What follows stands behind the thinking, so nothing is open any more.
    prompt.text += prompt.opened_think ? " </think>" : " <think> </think>";
    prompt.opened_think = false;
  }
  prompt.ids = model_.tokenizer->encode(prompt.text, false);
  return prompt;
}

std::vector<int32_t> stop_ids(const model::LoadedModel& model) {
  std::vector<int32_t> ids;
  const auto add = [&](int64_t id) {
    if (id >= 0 && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(static_cast<int32_t>(id));
  };
  if (const auto eos = model.tokenizer->eos_id()) add(*eos);
  for (int64_t id : model.model->config().eos_token_ids) add(id);
  if (!model.generation_config_json.empty()) {
    const auto json = nlohmann::json::parse(model.generation_config_json, nullptr, false);
    if (json.is_object() && json.contains("eos_token_id")) {
      const auto& eos = json["eos_token_id"];
      if (eos.is_number_integer()) add(eos.get<int64_t>());
      if (eos.is_array()) {
        for (const auto& id : eos) {
          if (id.is_number_integer()) add(id.get<int64_t>());
        }
      }
    }
  }
  return ids;
}

training::TrainingRow row_of(const model::LoadedModel& model, const std::string& prompt, const std::string& completion,
                             bool completion_only_loss) {
  const text::Tokenizer& tokenizer = *model.tokenizer;
  const auto bos = tokenizer.bos_id();
  const bool has_bos = bos && std::string_view(prompt).starts_with(tokenizer.token_of(*bos));
  training::TrainingRow row;
  row.ids = tokenizer.encode(prompt, !has_bos);
  row.num_prompt_ids = completion_only_loss ? std::max<int64_t>(1, static_cast<int64_t>(row.ids.size())) : 1;
  const auto more = tokenizer.encode(completion, false);
  row.ids.insert(row.ids.end(), more.begin(), more.end());
  const auto ends = stop_ids(model);
  if (!ends.empty() && (row.ids.empty() || std::find(ends.begin(), ends.end(), row.ids.back()) == ends.end())) row.ids.push_back(ends[0]);
  return row;
}

std::vector<training::TrainingRow> rows_of_store(pipeline::StageContext& context, const fs::path& store,
                                                 const model::LoadedModel& model, const PromptConfig& prompt,
                                                 bool completion_only_loss, int64_t max_length, int64_t* num_too_long) {
  std::vector<training::TrainingRow> rows;
  *num_too_long = 0;
  const auto add = [&](training::TrainingRow row) {
    if (static_cast<int64_t>(row.ids.size()) > max_length) {
      ++*num_too_long;
    } else if (row.num_targets() > 0) {
      rows.push_back(std::move(row));
    }
  };
  if (data::read_manifest(store).kind == "examples") {
    for (const data::Example& example : data::read_examples(store)) add(row_of(model, example.prompt, example.completion, completion_only_loss));
  } else {
    const PromptWriter writer(prompt, model);
    for (const data::Problem& problem : data::read_problems(store)) {
      if (problem.solution.empty()) throw Error("problem " + problem.id + " has no solution to learn from", store.string());
      add(row_of(model, writer.write(problem.prompt).text, problem.solution, completion_only_loss));
    }
  }
  if (*num_too_long > 0) {
    context.note(format_count(*num_too_long) + " rows longer than " + format_count(max_length) + " tokens are left out");
  }
  return rows;
}

std::vector<data::Problem> problems_of_store(const fs::path& store, int64_t limit) {
  if (data::read_manifest(store).kind != "problems") throw Error("holds examples, not problems", store.string(), "name a store of problems");
  std::vector<data::Problem> problems = data::read_problems(store);
  if (limit > 0 && static_cast<int64_t>(problems.size()) > limit) problems.resize(limit);
  if (problems.empty()) throw Error("holds no problems", store.string());
  const std::vector<std::string> graders = grading::grader_names();
  for (const data::Problem& problem : problems) {
    if (std::find(graders.begin(), graders.end(), problem.grader) == graders.end()) {
      throw Error("problem " + problem.id + " wants the grader '" + problem.grader + "', which is not here", store.string(), "graders: " + join(graders, ", "));
    }
  }
  return problems;
}

std::string weights_hash(const model::Transformer& model) {
  StateHash hash;
  training::add_tensors_to_hash(hash, model.weights());
  return hash.hex();
}

double peak_memory_gigabytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024e-9;
}

Stopwatch::Stopwatch() : start_nanoseconds_(std::chrono::steady_clock::now().time_since_epoch().count()) {}

double Stopwatch::seconds() const {
  return static_cast<double>(std::chrono::steady_clock::now().time_since_epoch().count() - start_nanoseconds_) * 1e-9;
}

}  // namespace reprise::stages
