// A kind of stage, type-erased: what recipes may write under `type:`. Made from a config struct and a plan:
//   make_stage_type<GrpoStageConfig>("grpo", 1, "Group relative policy optimization.", plan_grpo)
// The version is part of every stage key: raise it when the stage would compute something else from equal keys.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/describe.h"
#include "config/reader.h"
#include "config/writer.h"
#include "pipeline/stage.h"

namespace reprise::pipeline {

// What a reference stands for, as far as it is known without running anything.
struct PlannedInput {
  enum class Kind { none, stage, dataset, model, path };
  Kind kind = Kind::none;             // none: an empty reference
  std::string name;
  const StagePlan* plan = nullptr;    // of an earlier stage
  std::optional<int64_t> num_rows;    // of a dataset, or of a stage's store (an upper bound)
  std::string model_config_json;      // config.json text of a model; "" when it is not known
};

// Given to plan functions.
class PlanContext {
 public:
  virtual ~PlanContext() = default;
  virtual const std::string& stage() const = 0;
  virtual const HardwareConfig& hardware() const = 0;
  virtual PlannedInput resolve(const std::string& reference) const = 0;
  // A fault that only counting finds, told at the line of `key` (or of the stage).
  virtual void problem(const std::string& key, const std::string& what, const std::string& hint = "") = 0;
};

struct StageType {
  std::string name;
  int version = 1;
  std::string doc;
  // Typed keys with defaults filled, in order of declaration.
  std::function<nlohmann::ordered_json(const config::Node& node, config::Problems& problems,
                                       const std::vector<std::string>& also_known)> read;
  std::function<std::vector<config::FieldInfo>()> describe;
  std::function<StagePlan(const nlohmann::json& keys, PlanContext& context)> plan;
};

template <class Config>
StageType make_stage_type(std::string name, int version, std::string doc,
                          std::function<StagePlan(const Config&, PlanContext&)> plan) {
  StageType type;
  type.name = std::move(name);
  type.version = version;
  type.doc = std::move(doc);
  type.read = [](const config::Node& node, config::Problems& problems, const std::vector<std::string>& also_known) {
    Config keys;
    config::read(node, keys, problems, also_known);
    return config::to_json(keys);
  };
  type.describe = [] { return config::describe<Config>(); };
  type.plan = [plan = std::move(plan), stage = type.name](const nlohmann::json& json, PlanContext& context) {
    return plan(config::config_from_json<Config>(json, stage), context);
  };
  return type;
}

const StageType* find_type(const std::vector<StageType>& types, const std::string& name);

}  // namespace reprise::pipeline
