// Reading a composed recipe into typed parts.
#include "pipeline/recipe.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "config/alternative_names.h"
#include "pipeline/stage_graph.h"

namespace reprise::pipeline {

namespace fs = std::filesystem;
using config::Node;
using config::Problems;

const StageType* find_type(const std::vector<StageType>& types, const std::string& name) {
  for (const StageType& type : types) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

namespace {

template <class Spec>
const Spec* find_named(const std::vector<Spec>& specs, const std::string& name) {
  for (const Spec& spec : specs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

const std::vector<std::string>& top_keys() {
  static const std::vector<std::string> keys = {"name", "title", "question", "status", "seed", "seeds", "hardware", "datasets",
                                                "models", "stages", "claims", "report", "contamination"};
  return keys;
}

// Names become folder and file names, and words of --set paths (a recipe's own name does not: it may have dots).
bool good_name(const std::string& name, bool dots) {
  if (name.empty() || name.size() > 64 || !std::isalnum(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [dots](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || (dots && c == '.');
  });
}

void check_name(const std::string& name, const char* what, const config::Origin& where, Problems& problems) {
  if (good_name(name, std::string_view(what) == "recipe")) return;
  problems.add(std::string("a ") + what + "'s name is made of letters, digits, - and _, not '" + name + "'", where);
}

void read_text(const Node& root, const char* key, std::string& value, Problems& problems) {
  if (const Node* node = root.find(key)) config::read_value(*node, key, {}, value, problems);
}

void read_datasets(const Node& root, Recipe& recipe, Problems& problems) {
  const Node* node = root.find("datasets");
  if (!node || node->is_null()) return;
  if (!node->is_map()) return problems.add("'datasets' wants a map of names to datasets, not " + node->shown(), node->origin);
  for (const auto& [name, value] : node->entries) {
    check_name(name, "dataset", value.key_origin, problems);
    if (!value.is_map()) {
      problems.add("dataset '" + name + "' wants keys with values, not " + value.shown(), value.origin);
      continue;
    }
    DatasetSpec spec{name, "", value, config::node_to_json(value)};
    int num_sources = 0;
    for (const char* source : {"generator", "importer", "path"}) {
      const Node* found = value.find(source);
      if (!found) continue;
      // An importer may take a path of its own; the first of the three then decides.
      if (spec.source.empty()) spec.source = source;
      num_sources += std::string_view(source) != "path" ? 1 : 0;
      std::string text;
      config::read_value(*found, source, {}, text, problems);
    }
    if (spec.source.empty() || num_sources > 1) {
      problems.add("dataset '" + name + "' needs one of generator, importer, path", value.key_origin);
    }
    recipe.datasets.push_back(std::move(spec));
  }
}

struct ModelKeys {
  std::string path, repository;
  template <class Visitor>
  void fields(Visitor& v) {
    v.field("path", path, "A Hugging Face folder or a GGUF file.", config::required());
    v.field("repository", repository, "Where its publisher keeps it (Qwen/Qwen2.5-32B); told when the path is not there.");
  }
};

void read_models(const Node& root, Recipe& recipe, Problems& problems) {
  const Node* node = root.find("models");
  if (!node || node->is_null()) return;
  if (!node->is_map()) return problems.add("'models' wants a map of names to models, not " + node->shown(), node->origin);
  for (const auto& [name, value] : node->entries) {
    check_name(name, "model", value.key_origin, problems);
    ModelKeys keys;
    // `config` holds config.json's own keys, so it is not ours to declare.
    config::read(value, keys, problems, {"config"});
    const Node* path = value.find("path");
    const Node* shape = value.is_map() ? value.find("config") : nullptr;
    if (shape && !shape->is_map()) problems.add("'config' wants the keys of config.json, not " + shape->shown(), shape->origin);
    recipe.models.push_back({name, keys.path, keys.repository, shape && shape->is_map() ? config::node_to_json(*shape).dump() : "",
                             path ? path->origin : value.key_origin});
  }
}

// A key that may name a file gets the file's whole path, so that the lock names it from anywhere.
void locate_files(const Recipe& recipe, StageSpec& stage, Problems& problems) {
  for (const config::FieldInfo& field : stage.type->describe()) {
    if (!field.is_file || !stage.keys.contains(field.name) || !stage.keys[field.name].is_string()) continue;
    const std::string text = stage.keys[field.name].get<std::string>();
    const fs::path path = recipe.locate(text);
    std::error_code ignored;
    if (is_file(path)) {
      stage.keys[field.name] = fs::absolute(path).lexically_normal().string();
    } else if (text.find('/') != std::string::npos || fs::path(text).has_extension()) {
      const Node* found = stage.node.find(field.name);
      problems.add("'" + field.name + "' names the file '" + text + "', which is not there", found ? found->origin : stage.node.origin);
    }
  }
}

void read_stages(const Node& root, const std::vector<StageType>& types, Recipe& recipe, Problems& problems) {
  const Node* node = root.find("stages");
  if (!node || node->is_null() || (node->is_list() && node->items.empty())) {
    return problems.add("a recipe needs 'stages'", node ? node->origin : root.origin, "for example stages: [{stage: base, type: pretrain}]");
  }
  if (!node->is_list()) return problems.add("'stages' wants a list of stages, not " + node->shown(), node->origin);
  std::vector<std::string> type_names;
  for (const StageType& type : types) type_names.push_back(type.name);
  for (const Node& item : node->items) {
    if (!item.is_map()) {
      problems.add("a stage wants keys with values, not " + item.shown(), item.origin);
      continue;
    }
    StageSpec spec;
    spec.node = item;
    std::string type_name;
    for (const char* key : {"stage", "type"}) {
      const Node* found = item.find(key);
      if (!found) {
        problems.add(std::string("a stage needs '") + key + "'", item.origin,
                     std::string(key) == "type" ? "one of " + join(type_names, ", ") : "its name");
        continue;
      }
      config::read_value(*found, key, {}, std::string(key) == "stage" ? spec.name : type_name, problems);
    }
    if (item.find("stage")) check_name(spec.name, "stage", item.find("stage")->origin, problems);
    if (!type_name.empty()) {
      spec.type = find_type(types, type_name);
      if (spec.type) {
        spec.keys = spec.type->read(item, problems, {"stage", "type"});
        locate_files(recipe, spec, problems);
      } else {
        const auto guess = nearest(type_name, type_names);
        problems.add("unknown stage type '" + type_name + "'", item.find("type")->origin,
                     guess ? "did you mean '" + *guess + "'?" : "it is one of " + join(type_names, ", "));
      }
    }
    recipe.stages.push_back(std::move(spec));
  }
}

}  // namespace

const StageSpec* Recipe::stage(const std::string& wanted) const { return find_named(stages, wanted); }
const DatasetSpec* Recipe::dataset(const std::string& wanted) const { return find_named(datasets, wanted); }
const ModelSpec* Recipe::model(const std::string& wanted) const { return find_named(models, wanted); }

fs::path Recipe::locate(const std::string& path) const {
  std::error_code ignored;
  const fs::path plain(path);
  if (plain.is_absolute() || path_exists(plain)) return plain;
  const fs::path beside = folder / plain;
  if (path_exists(beside)) return fs::absolute(beside).lexically_normal();
  for (const fs::path& root : fragment_folders) {
    if (path_exists(root / plain)) return fs::absolute(root / plain).lexically_normal();
  }
  const char* variable = std::getenv("REPRISE_DATA");
  const fs::path shared = fs::path(variable && *variable ? variable : "data") / plain;
  for (const fs::path& candidate : {shared, fs::path(shared.string() + ".gz")}) {
    if (path_exists(candidate)) return fs::absolute(candidate).lexically_normal();
  }
  return plain;
}

constexpr std::string_view kLockHead = "# fingerprint: ";
static bool is_lock(const fs::path& file) { return is_file(file) && read_file(file, size_t{64} << 20).starts_with(kLockHead); }

Recipe read_recipe(const fs::path& file, const std::vector<std::string>& sets, const std::vector<StageType>& types,
                   const RecipeHooks& hooks, Problems& problems, const fs::path& installed) {
  const config::ComposeOptions fragments = config::fragment_folders(file, installed);
  Node root = config::compose(file, fragments, problems);
  for (const std::string& set : sets) config::apply_set(root, set, problems);
  Recipe recipe;
  recipe.fragment_folders = fragments.folders;
  recipe.folder = fs::absolute(file).parent_path();
  for (const auto& [key, value] : root.entries) {
    if (std::find(top_keys().begin(), top_keys().end(), key) == top_keys().end()) {
      problems.add("unknown key '" + key + "'", value.key_origin, config::suggest(key, top_keys()));
    }
  }
  if (!root.find("name")) problems.add("a recipe needs a 'name'", root.origin);
  read_text(root, "name", recipe.name, problems);
  if (const Node* name = root.find("name"); name && name->is_scalar()) check_name(recipe.name, "recipe", name->origin, problems);
  read_text(root, "title", recipe.title, problems);
  read_text(root, "question", recipe.question, problems);
  read_text(root, "status", recipe.status, problems);
  if (const Node* seeds = root.find("seeds")) {
    config::read_value(*seeds, "seeds", {}, recipe.seeds, problems);
    if (!recipe.seeds.empty()) recipe.seed = recipe.seeds.front();
    for (int64_t seed : recipe.seeds) {
      if (seed < 0) problems.add("'seeds' wants numbers from 0 on, not " + std::to_string(seed), seeds->origin);
    }
  }
  if (const Node* seed = root.find("seed")) config::read_value(*seed, "seed", config::at_least(0), recipe.seed, problems);
  if (const Node* contamination = root.find("contamination")) config::read_value(*contamination, "contamination", {}, recipe.contamination, problems);
  if (const Node* hardware = root.find("hardware")) config::read(*hardware, recipe.hardware, problems);
  read_datasets(root, recipe, problems);
  read_models(root, recipe, problems);
  read_stages(root, types, recipe, problems);
  if (const Node* claims = root.find("claims")) {
    recipe.claims = *claims;
    if (!claims->is_list() && !claims->is_null()) problems.add("'claims' wants a list of claims, not " + claims->shown(), claims->origin);
  }
  if (const Node* report = root.find("report")) {
    recipe.report = *report;
    if (!report->is_map() && !report->is_null()) problems.add("'report' wants keys with values, not " + report->shown(), report->origin);
  }
  if (hooks.complete) hooks.complete(recipe, types, recipe.contamination && !is_lock(file), problems);
  check_graph(recipe, problems);
  if (hooks.check_claims) hooks.check_claims(recipe, problems);
  return recipe;
}

// The lock is read from another folder than the recipe: what is there gets its whole path.
static std::string whole_path(const Recipe& recipe, const std::string& text) {
  const fs::path path = recipe.locate(text);
  std::error_code ignored;
  return path_exists(path) ? fs::absolute(path).lexically_normal().string() : path.string();
}

nlohmann::ordered_json resolved(const Recipe& recipe) {
  nlohmann::ordered_json out;
  out["name"] = recipe.name;
  if (!recipe.title.empty()) out["title"] = recipe.title;
  if (!recipe.question.empty()) out["question"] = recipe.question;
  if (!recipe.status.empty()) out["status"] = recipe.status;
  if (!recipe.seeds.empty()) out["seeds"] = recipe.seeds;
  out["seed"] = recipe.seed;
  if (!recipe.contamination) out["contamination"] = false;
  out["hardware"] = config::to_json(recipe.hardware);
  if (!recipe.datasets.empty()) {
    for (const DatasetSpec& dataset : recipe.datasets) {
      out["datasets"][dataset.name] = dataset.keys;
      for (auto& [key, value] : out["datasets"][dataset.name].items()) {
        if (key == "path" && value.is_string()) value = whole_path(recipe, value.get<std::string>());
      }
    }
  }
  for (const ModelSpec& model : recipe.models) {
    auto& keys = out["models"][model.name] = {{"path", whole_path(recipe, model.path)}};
    if (!model.repository.empty()) keys["repository"] = model.repository;
    if (!model.config_json.empty()) keys["config"] = nlohmann::ordered_json::parse(model.config_json);
  }
  out["stages"] = nlohmann::ordered_json::array();
  for (const StageSpec& stage : recipe.stages) {
    nlohmann::ordered_json json = {{"stage", stage.name}, {"type", stage.type ? stage.type->name : ""}};
    json.update(stage.keys);
    out["stages"].push_back(std::move(json));
  }
  if (!recipe.claims.is_null()) out["claims"] = config::node_to_json(recipe.claims);
  if (!recipe.report.is_null()) out["report"] = config::node_to_json(recipe.report);
  return out;
}

std::string recipe_fingerprint(const Recipe& recipe) { return config::fingerprint(resolved(recipe)); }

std::string lock_text(const Recipe& recipe) {
  const auto whole = resolved(recipe);
  return std::string(kLockHead) + config::fingerprint(whole) + "\n" + config::to_yaml(whole);
}

}  // namespace reprise::pipeline
