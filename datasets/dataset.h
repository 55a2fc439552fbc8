// A dataset of a recipe (`datasets: {train: {generator: ...}}`), from its keys to a store.
#pragma once

#include <optional>

#include "pipeline/recipe.h"
#include "pipeline/runner.h"

namespace reprise::datasets {

// Adds what is wrong with the keys to problems; the number of rows when the keys tell it.
std::optional<int64_t> check_dataset(const pipeline::DatasetSpec& dataset, const pipeline::Recipe& recipe, config::Problems& problems);

// Generates, imports or finds the dataset's store. Writes `target` whole or not at all.
pipeline::DatasetFile materialize_dataset(const pipeline::DatasetSpec& dataset, const pipeline::Recipe& recipe, const std::filesystem::path& target);

}  // namespace reprise::datasets
