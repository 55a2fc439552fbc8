// References and keys.
#include "pipeline/stage_graph.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/strings.h"

namespace reprise::pipeline {

namespace fs = std::filesystem;
using config::Node;
using config::Problems;

namespace {

ReferenceKind kind_of(const Recipe& recipe, const std::string& value) {
  if (recipe.stage(value)) return ReferenceKind::stage;
  if (recipe.dataset(value)) return ReferenceKind::dataset;
  if (recipe.model(value)) return ReferenceKind::model;
  return ReferenceKind::path;
}

// "section.key" in nested JSON; null when it is not there.
const nlohmann::ordered_json* at_path(const nlohmann::ordered_json& json, const std::string& path) {
  const nlohmann::ordered_json* at = &json;
  for (const std::string& step : split(path, '.')) {
    if (!at->is_object() || !at->contains(step)) return nullptr;
    at = &(*at)[step];
  }
  return at;
}

config::Origin place_of(const StageSpec& stage, const std::string& key) {
  const Node* at = &stage.node;
  for (const std::string& step : split(key, '.')) {
    const Node* next = at->find(step);
    if (!next) break;
    at = next;
  }
  return at->origin;
}

}  // namespace

std::vector<Reference> references_of(const Recipe& recipe, const StageSpec& stage) {
  std::vector<Reference> out;
  if (!stage.type) return out;
  for (const config::FieldInfo& field : stage.type->describe()) {
    if (!field.is_reference) continue;
    const auto* value = at_path(stage.keys, field.name);
    if (!value) continue;
    const auto add = [&](const nlohmann::ordered_json& one) {
      if (one.is_string() && !one.get_ref<const std::string&>().empty()) {
        const std::string text = one.get<std::string>();
        out.push_back({field.name, text, kind_of(recipe, text)});
      }
    };
    if (value->is_array()) {
      for (const auto& one : *value) add(one);
    } else {
      add(*value);
    }
  }
  return out;
}

void check_graph(const Recipe& recipe, Problems& problems) {
  std::map<std::string, config::Origin> places;  // of every name in the recipe
  const auto claim = [&](const std::string& name, const char* what, const config::Origin& where) {
    if (name.empty()) return;
    const auto [at, fresh] = places.emplace(name, where);
    if (!fresh) problems.add(std::string("the name '") + name + "' of this " + what + " is taken", where, "its first place is " + at->second.text());
  };
  for (const DatasetSpec& dataset : recipe.datasets) claim(dataset.name, "dataset", dataset.node.key_origin);
  for (const ModelSpec& model : recipe.models) claim(model.name, "model", model.origin);
  for (const StageSpec& stage : recipe.stages) {
    const Node* name = stage.node.find("stage");
    claim(stage.name, "stage", name ? name->origin : stage.node.origin);
  }
  std::vector<std::string> names;
  for (const auto& [name, where] : places) names.push_back(name);
  std::set<std::string> earlier;
  for (const StageSpec& stage : recipe.stages) {
    for (const Reference& reference : references_of(recipe, stage)) {
      const config::Origin where = place_of(stage, reference.key);
      if (reference.kind == ReferenceKind::stage && !earlier.count(reference.value)) {
        if (reference.value == stage.name) {
          problems.add("'" + reference.key + "' of stage '" + stage.name + "' names the stage itself", where);
        } else {
          problems.add("'" + reference.key + "' names stage '" + reference.value + "', which comes later", where,
                       "stages run in the order of the recipe: move '" + reference.value + "' in front of '" + stage.name + "'");
        }
      } else if (reference.kind == ReferenceKind::path) {
        std::error_code ignored;
        if (path_exists(recipe.locate(reference.value))) continue;
        const auto guess = nearest(reference.value, names);
        problems.add("'" + reference.key + "' names '" + reference.value + "', which is no earlier stage, dataset, model or path", where,
                     guess ? "did you mean '" + *guess + "'?" : "");
      }
    }
    if (!stage.name.empty()) earlier.insert(stage.name);
  }
}

std::string content_hash(const fs::path& path) {
  if (is_file(path)) return sha256_file_hex(path);
  if (!is_folder(path)) throw Error("no such file or folder", path.string());
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::string list;
  for (const fs::path& file : files) list += file.lexically_relative(path).generic_string() + "\n" + sha256_file_hex(file) + "\n";
  return sha256_hex(list);
}

std::string stage_key(const Recipe& recipe, const StageSpec& stage, const std::map<std::string, std::string>& inputs,
                      const std::string& isa) {
  nlohmann::json keys = stage.keys;
  for (const config::FieldInfo& field : stage.type->describe()) {
    auto* at = &keys;
    for (const std::string& step : split(field.name, '.')) {
      at = at->is_object() && at->contains(step) ? &(*at)[step] : nullptr;
      if (!at) break;
    }
    if (!at) continue;
    const auto replace = [&](nlohmann::json& value) {
      if (!value.is_string() || value.get_ref<const std::string&>().empty()) return;
      const std::string text = value.get<std::string>();
      if (field.is_reference) {
        const auto found = inputs.find(text);
        if (found == inputs.end()) throw Error("'" + text + "' has no content yet", stage.name);
        value = "content:" + found->second;
      } else if (const fs::path path = recipe.locate(text); is_file(path)) {
        value = "content:" + sha256_file_hex(path);
      }
    };
    if (!field.is_reference && !field.is_file) continue;
    if (at->is_array()) {
      for (auto& value : *at) replace(value);
    } else {
      replace(*at);
    }
  }
  const nlohmann::json whole = {{"stage", stage.name}, {"type", stage.type->name}, {"version", stage.type->version},
                                {"keys", keys}, {"seed", recipe.seed}, {"isa", isa},
                                {"hardware", nlohmann::json(config::to_json(recipe.hardware))}};
  return sha256_hex(whole.dump());
}

}  // namespace reprise::pipeline
