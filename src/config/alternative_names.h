// The names that other frameworks' recipes use for what we have too. Only for "did you mean": an alternative name
// is never read as the key, because the meanings differ in the details (verl's train_batch_size counts prompts,
// OpenRLHF's train_batch_size counts samples).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::config {

// Our keys for `name`, best first; only those that stand in `known` are of use to the caller.
std::vector<std::string> alternatives(std::string_view name);

// The hint for an unknown key among `known` ones: a typing error, or another framework's name; "" if neither.
std::string suggest(std::string_view name, const std::vector<std::string>& known);

}  // namespace reprise::config
