// Which stage needs what. Stages run in the order of the recipe, so a reference may only point backwards; a name
// that stands later is told as such and not searched as a path. A stage's key says what it computes: equal keys
// mean equal output, bit for bit, on the same machine.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pipeline/recipe.h"

namespace reprise::pipeline {

enum class ReferenceKind { none, stage, dataset, model, path };

struct Reference {
  std::string key;     // "from"
  std::string value;   // "base"
  ReferenceKind kind = ReferenceKind::none;
};

// Every non-empty reference in a stage's keys, in order.
std::vector<Reference> references_of(const Recipe& recipe, const StageSpec& stage);

// Unknown names, forward references, circles, two things of one name.
void check_graph(const Recipe& recipe, config::Problems& problems);

// The hash of what a stage computes. `inputs`: for every reference's value the key or content hash of what it
// stands for. `isa`: the instruction set level, because kernels differ in their bits between levels.
std::string stage_key(const Recipe& recipe, const StageSpec& stage, const std::map<std::string, std::string>& inputs,
                      const std::string& isa);

// SHA-256 over a file, or over the names and contents of a folder's files (sub-folders included, sorted).
std::string content_hash(const std::filesystem::path& path);

}  // namespace reprise::pipeline
