// The table of stage types: their keys, their versions and how `plan` counts them. Torch-free; the runners of the same
// names are listed in src/engine/run_command.cpp.
#pragma once

#include <vector>

#include "pipeline/recipe.h"
#include "pipeline/stage_type.h"

namespace reprise::stages {

const std::vector<pipeline::StageType>& stage_types();
// What the pipeline asks other rooms about a recipe.
pipeline::RecipeHooks recipe_hooks();

}  // namespace reprise::stages
