// The subcommands of `reprise evaluate`, one file each.
#pragma once

#include <filesystem>

#include "cli/commands.h"
#include "evaluation/harness/published.h"

namespace reprise::cli {

int evaluate_compare(const Arguments& arguments);
int evaluate_import(const Arguments& arguments);
int evaluate_plan(const Arguments& arguments);
int evaluate_presets(const Arguments& arguments);
int evaluate_recorded(const Arguments& arguments);
int evaluate_run(const Arguments& arguments);
int evaluate_score(const Arguments& arguments);

// The registry in `folder`, or the one that comes with the program where it is "". Throws Error where there is none.
evaluation::Registry open_registry(const std::string& folder);
// Throws Error with the nearest id.
const evaluation::PublishedNumber& published_number(const evaluation::Registry& registry, const std::string& id);

}  // namespace reprise::cli
