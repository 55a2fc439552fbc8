// Reading a run folder. The lock is the recipe as it was resolved; of it only the names, types and inputs of
// the stages, the claims and the seed are taken.
#include "evaluation/harness/run_data.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "evaluation/harness/yaml_fields.h"

namespace reprise::evaluation {

namespace {

constexpr size_t kMaxJsonBytes = size_t{256} << 20;
constexpr int kMaxKeyDepth = 20;

nlohmann::json read_json(const fs::path& path) {
  auto json = nlohmann::json::parse(read_file(path, kMaxJsonBytes), nullptr, false);
  if (!json.is_object()) throw Error("not a JSON object", path.string(), "run the stage again");
  return json;
}

std::string scalar(const YAML::Node& map, const char* key) {
  if (!map.IsMap()) return "";
  const YAML::Node node = map[key];
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : "";
}

nlohmann::json to_json(const YAML::Node& node, int depth = 0) {
  if (depth > kMaxKeyDepth) return nullptr;
  if (node.IsMap()) {
    nlohmann::json map = nlohmann::json::object();
    for (const auto& entry : node) {
      if (entry.first.IsScalar()) map[entry.first.Scalar()] = to_json(entry.second, depth + 1);
    }
    return map;
  }
  if (node.IsSequence()) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& element : node) list.push_back(to_json(element, depth + 1));
    return list;
  }
  if (!node.IsScalar()) return nullptr;
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // was quoted
  if (text == "true" || text == "false") return text == "true";
  if (const auto whole = parse_int(text)) return *whole;
  if (const auto number = parse_double(text); number && std::isfinite(*number)) return *number;
  return text;
}

std::string text_of(const nlohmann::json& map, const char* key) {
  return map.is_object() && map.contains(key) && map[key].is_string() ? map[key].get<std::string>() : "";
}

std::map<std::string, nlohmann::json> stage_keys(const YAML::Node& stages) {
  std::map<std::string, nlohmann::json> keys;
  if (!stages.IsSequence()) return keys;
  for (const auto& entry : stages) {
    if (const std::string name = scalar(entry, "stage"); !name.empty()) keys[name] = to_json(entry);
  }
  return keys;
}

StageData read_stage(const fs::path& folder, int64_t number, const std::string& name, const nlohmann::json& keys) {
  StageData stage;
  stage.number = number;
  stage.name = name;
  stage.keys = keys;
  if (path_exists(folder / "done.json")) {
    stage.done_json = read_json(folder / "done.json");
    stage.done = true;
  }
  stage.type = text_of(keys, "type");
  stage.from = text_of(keys, "from");
  if (path_exists(folder / "metrics.jsonl")) stage.curves = read_curves(folder / "metrics.jsonl", &stage.num_rows);
  if (stage.done && stage.type == "contamination" && path_exists(folder / "overlap.jsonl")) stage.overlap = data::read_overlap_file(folder / "overlap.jsonl");
  if (path_exists(folder / "samples.jsonl")) {
    // A rejection sampling stage may keep rows of another shape: only evaluations are read.
    if (stage.type.empty() || stage.type == "evaluate") stage.samples = read_samples(folder / "samples.jsonl");
  }
  return stage;
}

}  // namespace

const Curve* StageData::curve(const std::string& key) const {
  const auto found = curves.find(key);
  return found == curves.end() || found->second.empty() ? nullptr : &found->second;
}

std::optional<double> StageData::done_number(const std::string& key) const {
  if (!done_json.is_object()) return std::nullopt;
  for (const nlohmann::json* map : {done_json.contains("metrics") ? &done_json["metrics"] : nullptr,
                                   done_json.contains("counts") ? &done_json["counts"] : nullptr, &done_json}) {
    if (map && map->is_object() && map->contains(key) && (*map)[key].is_number()) return (*map)[key].get<double>();
  }
  return std::nullopt;
}

const StageData* RunData::stage(const std::string& name) const {
  for (const StageData& stage : stages) {
    if (stage.name == name) return &stage;
  }
  return nullptr;
}

std::map<std::string, Curve> read_curves(const fs::path& path, int64_t* num_rows) {
  const std::string text = read_file(path, size_t{1} << 30);
  std::map<std::string, Curve> curves;
  int64_t row_number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // the row being written when the run was killed
    const auto row = nlohmann::json::parse(std::string_view(text).substr(begin, end - begin), nullptr, false);
    ++row_number;
    if (!row.is_object()) {
      throw Error("not a JSON object", path.string() + ":" + std::to_string(row_number), "resume the run");
    }
    const double step = row.contains("step") && row["step"].is_number() ? row["step"].get<double>()
                                                                        : static_cast<double>(row_number);
    for (const auto& [key, value] : row.items()) {
      if (key == "step" || !value.is_number()) continue;
      if (curves.size() > 1000) throw Error("more than 1000 metrics", path.string(), "is this the right file?");
      if (const double number = value.get<double>(); std::isfinite(number)) curves[key].emplace_back(step, number);
    }
    begin = end + 1;
  }
  if (num_rows) *num_rows = row_number;
  return curves;
}

RunData read_run(const fs::path& folder) {
  RunData run;
  run.folder = folder.lexically_normal();
  if (!run.folder.has_filename()) run.folder = run.folder.parent_path();
  const fs::path lock = run.folder / "recipe.lock.yaml";
  if (!is_file(lock)) {
    throw Error("not a run folder: no recipe.lock.yaml", run.folder.string(), "give the folder that `reprise run` wrote");
  }
  run.lock_text = read_file(lock, size_t{8} << 20);
  const YAML::Node recipe = load_small_yaml(lock);
  if (!recipe.IsMap()) throw Error("the lock is not a map of keys", lock.string(), "run the recipe again");
  run.recipe_name = scalar(recipe, "name");
  if (run.recipe_name.empty()) run.recipe_name = run.folder.filename().string();
  run.title = scalar(recipe, "title");
  run.question = scalar(recipe, "question");
  run.seed = parse_int(scalar(recipe, "seed"));
  run.claims = read_claims(recipe["claims"], lock.string());
  run.provenance = path_exists(run.folder / "provenance.json") ? read_json(run.folder / "provenance.json")
                                                              : nlohmann::json::object();
  if (const YAML::Node models = recipe["models"]; models && models.IsMap()) {
    for (const auto& entry : models) {
      if (const std::string repository = scalar(entry.second, "repository"); !repository.empty()) {
        run.model_repositories[entry.first.as<std::string>("")] = repository;
      }
    }
  }
  const auto keys = stage_keys(recipe["stages"]);
  if (is_folder(run.folder / "stages")) {
    for (const auto& entry : fs::directory_iterator(run.folder / "stages")) {
      const std::string name = entry.path().filename().string();
      const size_t dash = name.find('-');
      if (!entry.is_directory() || dash == std::string::npos) continue;
      const auto number = parse_int(std::string_view(name).substr(0, dash));
      if (!number || name.ends_with(".tmp")) continue;
      const std::string stage_name = name.substr(dash + 1);
      const auto found = keys.find(stage_name);
      run.stages.push_back(read_stage(entry.path(), *number, stage_name,
                                      found == keys.end() ? nlohmann::json() : found->second));
    }
  }
  // Stages of the lock that have no folder yet: the report says so, and claims about them are inconclusive.
  for (const auto& [name, stage] : keys) {
    if (run.stage(name)) continue;
    StageData missing;
    missing.number = 1'000'000;
    missing.name = name;
    missing.keys = stage;
    missing.type = text_of(stage, "type");
    missing.from = text_of(stage, "from");
    run.stages.push_back(std::move(missing));
  }
  std::stable_sort(run.stages.begin(), run.stages.end(),
                   [](const auto& a, const auto& b) { return a.number < b.number; });
  return run;
}

}  // namespace reprise::evaluation
