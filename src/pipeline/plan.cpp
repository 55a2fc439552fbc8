// Planning stage by stage: each sees the plans of those before it.
#include "pipeline/plan.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "pipeline/stage_graph.h"

namespace reprise::pipeline {
namespace {

class Context : public PlanContext {
 public:
  Context(const Recipe& recipe, const RecipeHooks& hooks, config::Problems& problems)
      : recipe_(recipe), hooks_(hooks), problems_(problems) {
    for (const DatasetSpec& dataset : recipe.datasets) {
      if (hooks.check_dataset) rows_[dataset.name] = hooks.check_dataset(dataset, recipe, problems);
    }
  }

  void enter(const StageSpec& stage) { stage_ = &stage; }
  void leave(const StagePlan& plan) { plans_[stage_->name] = plan; }

  const std::string& stage() const override { return stage_->name; }
  const HardwareConfig& hardware() const override { return recipe_.hardware; }

  PlannedInput resolve(const std::string& reference) const override {
    PlannedInput input;
    input.name = reference;
    if (reference.empty()) return input;
    if (const auto found = plans_.find(reference); found != plans_.end()) {
      input.kind = PlannedInput::Kind::stage;
      input.plan = &found->second;
      if (found->second.num_rows > 0) input.num_rows = found->second.num_rows;
      input.model_config_json = found->second.model_config_json;
      return input;
    }
    if (recipe_.dataset(reference)) {
      input.kind = PlannedInput::Kind::dataset;
      if (const auto found = rows_.find(reference); found != rows_.end()) input.num_rows = found->second;
      return input;
    }
    const ModelSpec* model = recipe_.model(reference);
    input.kind = model ? PlannedInput::Kind::model : PlannedInput::Kind::path;
    const fs::path path = recipe_.locate(model ? model->path : reference);
    if (hooks_.model_config_json) {
      input.model_config_json = hooks_.model_config_json(path);
    } else if (is_file(path / "config.json")) {
      input.model_config_json = read_file(path / "config.json", 1u << 20);
    }
    if (input.model_config_json.empty() && model) input.model_config_json = model->config_json;
    return input;
  }

  void problem(const std::string& key, const std::string& what, const std::string& hint) override {
    const config::Node* found = stage_->node.find(key);
    problems_.add((key.empty() ? "" : "'" + key + "' ") + what, found ? found->origin : stage_->node.origin, hint);
  }

 private:
  const Recipe& recipe_;
  const RecipeHooks& hooks_;
  config::Problems& problems_;
  const StageSpec* stage_ = nullptr;
  std::map<std::string, StagePlan> plans_;
  std::map<std::string, std::optional<int64_t>> rows_;
};

// 1.23e9 -> "1.23G".
std::string short_count(double value) {
  if (value <= 0) return "-";
  if (value < 1e5) return format_count(static_cast<int64_t>(value));
  const char* units[] = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
  size_t unit = 0;
  while (value >= 999.5 && unit < 8) {
    value /= 1000;
    ++unit;
  }
  return format_fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + units[unit];
}

std::string table_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      line += (i ? "  " : "") + (i < 3 ? row[i] + space : space + row[i]);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
  }
  return out;
}

}  // namespace

std::vector<PlannedStage> plan_recipe(const Recipe& recipe, const RecipeHooks& hooks, config::Problems& problems) {
  std::vector<PlannedStage> out;
  const bool whole = problems.empty();
  Context context(recipe, hooks, problems);
  // Counting on keys that are wrong would only tell the same faults again in other words.
  if (!whole) return out;
  for (const StageSpec& stage : recipe.stages) {
    context.enter(stage);
    PlannedStage planned{stage.name, stage.type->name, {}, {}};
    for (const Reference& reference : references_of(recipe, stage)) planned.inputs.push_back(reference.value);
    if (stage.type->plan) {
      try {
        planned.plan = stage.type->plan(nlohmann::json(stage.keys), context);
      } catch (const Error& error) {
        problems.add("stage '" + stage.name + "' cannot be planned: " + error.what(), stage.node.origin);
      }
    }
    context.leave(planned.plan);
    out.push_back(std::move(planned));
  }
  return out;
}

std::string plan_text(const Recipe& recipe, const std::vector<PlannedStage>& stages) {
  std::string out = recipe.name + ": seed " + std::to_string(recipe.seed) + ", " + recipe.hardware.device + ", " +
                    recipe.hardware.torch_dtype + ", " + std::to_string(recipe.hardware.num_threads) + " threads\n";
  if (!recipe.question.empty()) out += recipe.question + "\n";
  if (!recipe.status.empty()) out += "status: " + recipe.status + "\n";
  std::vector<std::vector<std::string>> rows = {{"stage", "type", "inputs", "steps", "updates", "prompts", "samples",
                                                 "max tokens", "epochs", "parameters", "peak memory", "FLOPs"}};
  StagePlan total;
  for (const PlannedStage& stage : stages) {
    const StagePlan& p = stage.plan;
    const auto count = [](int64_t n) { return n > 0 ? format_count(n) : std::string("-"); };
    rows.push_back({stage.name, stage.type, join(stage.inputs, ", "), count(p.num_steps), count(p.num_updates), count(p.num_prompts),
                    count(p.num_samples), short_count(static_cast<double>(p.max_tokens)),
                    p.num_epochs > 0 ? format_fixed(p.num_epochs, 2) : "-", short_count(static_cast<double>(p.num_parameters)),
                    p.peak_memory_bytes > 0 ? format_bytes(p.peak_memory_bytes) : "-", short_count(p.flops)});
    total.num_updates += p.num_updates;
    total.num_samples += p.num_samples;
    total.max_tokens += p.max_tokens;
    total.flops += p.flops;
    total.peak_memory_bytes = std::max(total.peak_memory_bytes, p.peak_memory_bytes);
  }
  rows.push_back({"total", "", "", "", format_count(total.num_updates), "", format_count(total.num_samples),
                  short_count(static_cast<double>(total.max_tokens)), "", "",
                  total.peak_memory_bytes > 0 ? format_bytes(total.peak_memory_bytes) : "-", short_count(total.flops)});
  out += table_of(rows);
  // A note that several stages share is told once.
  std::vector<std::pair<std::string, std::string>> notes;  // the note, its stages
  for (const PlannedStage& stage : stages) {
    for (const std::string& note : stage.plan.notes) {
      const auto found = std::find_if(notes.begin(), notes.end(), [&](const auto& one) { return one.first == note; });
      if (found == notes.end()) notes.emplace_back(note, stage.name);
      else found->second += ", " + stage.name;
    }
  }
  for (const auto& [note, names] : notes) out += names + ": " + note + "\n";
  return out;
}

nlohmann::ordered_json plan_json(const Recipe& recipe, const std::vector<PlannedStage>& stages) {
  nlohmann::ordered_json out = {{"name", recipe.name}, {"fingerprint", recipe_fingerprint(recipe)}, {"stages", nlohmann::ordered_json::array()}};
  int64_t updates = 0, samples = 0, tokens = 0;
  double flops = 0, memory = 0;
  for (const PlannedStage& stage : stages) {
    const StagePlan& p = stage.plan;
    out["stages"].push_back({{"stage", stage.name}, {"type", stage.type}, {"inputs", stage.inputs}, {"output", p.output},
                             {"num_steps", p.num_steps}, {"num_updates", p.num_updates}, {"num_prompts", p.num_prompts},
                             {"num_samples", p.num_samples}, {"max_tokens", p.max_tokens}, {"num_epochs", p.num_epochs},
                             {"num_parameters", p.num_parameters}, {"peak_memory_bytes", p.peak_memory_bytes},
                             {"flops", p.flops}, {"notes", p.notes}});
    updates += p.num_updates;
    samples += p.num_samples;
    tokens += p.max_tokens;
    flops += p.flops;
    memory = std::max(memory, p.peak_memory_bytes);
  }
  out["totals"] = {{"num_updates", updates}, {"num_samples", samples}, {"max_tokens", tokens}, {"flops", flops}, {"peak_memory_bytes", memory}};
  return out;
}

}  // namespace reprise::pipeline
