// One recipe from several files. In order, later ones win:
//   extends: base-recipe.yaml        one whole recipe to start from (top level only)
//   use: [optimizer/adamw.yaml]      fragments; in any map, so a stage can take its own
//   the map's own keys
//   --set stages.zero.epsilon=10     last
// Maps merge key by key, other values replace. The lists `stages` and `claims` merge by name (`stage:`, `claim:`):
// an entry with a known name changes that entry where it stands, a new one goes to the end. Every value
// keeps the file and line it came from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/node.h"

namespace reprise::config {

struct ComposeOptions {
  // Where fragments are looked for after the naming file's own folder: configs/, recipes/.
  std::vector<std::filesystem::path> folders;
};

// Faults that leave nothing to read (no such file, bad YAML, a cycle) throw Error; the rest goes to `problems`.
Node compose(const std::filesystem::path& recipe, const ComposeOptions& options, Problems& problems);

// configs/ and recipes/ of the folder that holds `recipe` or one above it, and of `installed` where not empty.
ComposeOptions fragment_folders(const std::filesystem::path& recipe, const std::filesystem::path& installed = {});

// "path.to.key=value", value in YAML. Elements of a list are named by their `stage:` or `name:`, or by number
// from 0. Makes missing maps; a path through a scalar or a name that no element has is a problem.
void apply_set(Node& root, const std::string& assignment, Problems& problems);

// `over` wins. Exposed for tests.
void merge(Node& base, Node over, const std::string& key = "");

}  // namespace reprise::config
