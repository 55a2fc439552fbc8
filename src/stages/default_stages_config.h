// Stages that a recipe has without saying so: `contamination` behind the last one, where it both trains and evaluates.
#pragma once

#include <vector>

#include "pipeline/recipe.h"

namespace reprise::stages {

// Fills the empty lists of stores of the recipe's own contamination stages from the stages before them, and, with `add`, appends one where the recipe has none, trains
// from stores and evaluates. A stage of the recipe's own that would have nothing to compare is a problem.
void complete_stages(pipeline::Recipe& recipe, const std::vector<pipeline::StageType>& types, bool add, config::Problems& problems);

}  // namespace reprise::stages
