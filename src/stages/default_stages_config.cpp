// Which keys of which stages name stores.
#include "stages/default_stages_config.h"

#include <algorithm>
#include <tuple>

#include "base/files.h"

namespace reprise::stages {
namespace {

constexpr const char* kType = "contamination";

bool trains(const std::string& type) { return type == "pretrain" || type == "sft" || type == "grpo" || type == "distill"; }

struct Stores {
  std::vector<std::string> training, evaluation;
};

// Of the first `count` stages, each once, in their order. Names that stand for nothing are told where they were written.
Stores stores_of(const pipeline::Recipe& recipe, size_t count) {
  Stores out;
  for (size_t i = 0; i < count; ++i) {
    const pipeline::StageSpec& stage = recipe.stages[i];
    if (!stage.type || !stage.keys.contains("dataset_name")) continue;
    std::vector<std::string>* list = trains(stage.type->name) ? &out.training : stage.type->name == "evaluate" ? &out.evaluation : nullptr;
    if (!list) continue;
    const auto add = [&](const nlohmann::ordered_json& name) {
      if (!name.is_string() || name.get_ref<const std::string&>().empty()) return;
      const std::string text = name.get<std::string>();
      if (!recipe.stage(text) && !recipe.dataset(text) && !path_exists(recipe.locate(text))) return;
      if (std::find(list->begin(), list->end(), text) == list->end()) list->push_back(text);
    };
    const auto& value = stage.keys["dataset_name"];
    if (!value.is_array()) add(value);
    else for (const auto& name : value) add(name);
  }
  return out;
}

void fill(pipeline::StageSpec& stage, const Stores& stores, config::Problems& problems) {
  for (const auto& [key, list, what] : {std::tuple{"training_stores", &stores.training, "no stage before it trains on a store"}, std::tuple{"evaluation_stores", &stores.evaluation, "no stage before it evaluates"}}) {
    if (!stage.keys.contains(key) || !stage.keys[key].empty()) continue;
    stage.keys[key] = *list;
    if (list->empty()) problems.add(std::string("'") + key + "' has nothing to compare: " + what, stage.node.origin, "name stores, or put the stage behind those that it is about");
  }
}

}  // namespace

void complete_stages(pipeline::Recipe& recipe, const std::vector<pipeline::StageType>& types, bool add, config::Problems& problems) {
  const pipeline::StageType* type = pipeline::find_type(types, kType);
  if (!type) return;
  bool has_one = false;
  for (size_t i = 0; i < recipe.stages.size(); ++i) {
    if (recipe.stages[i].type != type) continue;
    has_one = true;
    fill(recipe.stages[i], stores_of(recipe, i), problems);
  }
  if (!add || has_one || recipe.stages.empty()) return;
  const Stores stores = stores_of(recipe, recipe.stages.size());
  if (stores.training.empty() || stores.evaluation.empty()) return;
  pipeline::StageSpec stage;
  stage.name = kType;
  for (int number = 2; recipe.stage(stage.name) || recipe.dataset(stage.name) || recipe.model(stage.name); ++number) stage.name = std::string(kType) + "-" + std::to_string(number);
  stage.type = type;
  stage.node = config::node_from_json(nlohmann::ordered_json::object(), "the default stage '" + stage.name + "' (contamination: false does without)");
  stage.keys = type->read(stage.node, problems, {});
  fill(stage, stores, problems);
  recipe.stages.push_back(std::move(stage));
}

}  // namespace reprise::stages
