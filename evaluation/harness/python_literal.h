// Values as Python's repr writes them: older lightevals log lists of texts so. Only literals; nothing is run.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace reprise::evaluation {

// None, True, False, numbers, quoted texts, lists, tuples (as arrays) and dicts with text keys. nullopt for anything else, and
// for what is nested more than 50 levels deep. nan and inf are the texts "NaN" and "Infinity".
std::optional<nlohmann::json> parse_python_literal(std::string_view text);

}  // namespace reprise::evaluation
