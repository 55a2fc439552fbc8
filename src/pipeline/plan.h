// What a recipe would do, counted without touching a device.
#pragma once

#include <string>
#include <vector>

#include "pipeline/recipe.h"

namespace reprise::pipeline {

struct PlannedStage {
  std::string name, type;
  std::vector<std::string> inputs;
  StagePlan plan;
};

// Runs every stage's plan function in order; what they find wrong goes to `problems`. A recipe that has problems
// already is planned only as far as its stages could be read.
std::vector<PlannedStage> plan_recipe(const Recipe& recipe, const RecipeHooks& hooks, config::Problems& problems);

// A table with totals and notes, for a terminal.
std::string plan_text(const Recipe& recipe, const std::vector<PlannedStage>& stages);
nlohmann::ordered_json plan_json(const Recipe& recipe, const std::vector<PlannedStage>& stages);

}  // namespace reprise::pipeline
