// Price tables: evaluation/prices.yaml or a user's own. APIs change their prices: each row says since when and where it was read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "serving/openai_backend.h"

namespace reprise::evaluation {

// The row of a model by the name that the API has for it; nothing where there is none. Throws Error naming file and line.
std::optional<serving::Price> price_of(const std::filesystem::path& file, const std::string& model);

}  // namespace reprise::evaluation
