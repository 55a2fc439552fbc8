// Finding, moving and marking stage folders. Renames are the only state changes besides whole-file writes.
#include "pipeline/run_folder.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "config/node.h"

namespace reprise::pipeline {
namespace {

constexpr size_t kMostJsonBytes = 64u << 20;

// "03-zero" -> "zero"; "" for anything else.
std::string stage_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const size_t dash = name.find('-');
  if (dash == std::string::npos || !parse_int(std::string_view(name).substr(0, dash))) return "";
  return name.substr(dash + 1);
}

std::string key_in(const fs::path& folder, const char* file) {
  const auto json = read_json_or_null(folder / file);
  return json.is_object() && json.contains("key") && json["key"].is_string() ? json["key"].get<std::string>() : "";
}

StageState state_of(const fs::path& folder, const std::string& key) {
  if (key_in(folder, "done.json") == key) return StageState::done;
  if (key_in(folder, "stage.json") == key) return StageState::unfinished;
  return StageState::absent;
}

void rename_folder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw Error("cannot be moved to " + to.string() + " (" + error.message() + ")", from.string());
  fsync_path(to.parent_path());
}

}  // namespace

nlohmann::json read_json_or_null(const fs::path& file) {
  if (!is_file(file)) return nullptr;
  auto json = nlohmann::json::parse(read_file(file, kMostJsonBytes), nullptr, false);
  return json.is_object() ? json : nlohmann::json(nullptr);
}

std::string recipe_name_of(const fs::path& run) {
  const fs::path lock = run / "recipe.lock.yaml";
  if (!is_file(lock)) return "";
  config::Problems problems;
  const config::Node root = config::parse_yaml_file(lock, problems);
  const config::Node* name = root.find("name");
  if (!name || !name->is_scalar()) throw Error("is damaged: it has no name", lock.string(), "choose another folder with --out");
  return name->text;
}

RunFolder::RunFolder(fs::path path, const std::string& recipe_name) : path_(std::move(path)) {
  std::error_code ignored;
  if (path_exists(path_) && !is_folder(path_)) throw Error("is not a folder", path_.string(), "choose another with --out");
  const auto belongs = [&] {
    const std::string owner = recipe_name_of(path_);
    if (!owner.empty() && owner != recipe_name) {
      throw Error("belongs to recipe '" + owner + "', not '" + recipe_name + "'", path_.string(), "choose another folder with --out");
    }
    return !owner.empty();
  };
  // Before the first write: a folder that is not ours stays as it is.
  if (path_exists(path_) && !belongs()) {
    for (const auto& entry : fs::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      // What a start that was killed at once, or found the disk full, may have left.
      if (name == ".lock" || name.starts_with("recipe.lock.yaml.tmp")) continue;
      if ((name == "stages" || name == "ledger") && is_folder(entry.path()) && fs::is_empty(entry.path())) continue;
      throw Error("holds files of something else (" + name + ")", path_.string(), "choose another folder with --out");
    }
  }
  make_folders(path_);
  lock_ = std::make_unique<FileLock>(path_ / ".lock", "another run is at work in this folder");
  belongs();  // again, now that nobody else can write it
  make_folders(path_ / "stages");
  make_folders(path_ / "ledger");
}

fs::path RunFolder::stage_folder(size_t number, const std::string& stage) const {
  const std::string digits = std::to_string(number);
  return path_ / "stages" / (std::string(digits.size() < 2 ? 2 - digits.size() : 0, '0') + digits + "-" + stage);
}

std::optional<fs::path> RunFolder::find(const std::string& stage) const {
  std::vector<fs::path> found;
  if (!is_folder(path_ / "stages")) return std::nullopt;
  for (const auto& entry : fs::directory_iterator(path_ / "stages")) {
    if (entry.is_directory() && stage_of(entry.path()) == stage) found.push_back(entry.path());
  }
  if (found.empty()) return std::nullopt;
  return *std::min_element(found.begin(), found.end());
}

StageState RunFolder::look(const std::string& stage, const std::string& key) const {
  const auto folder = find(stage);
  if (!folder) return StageState::absent;
  return state_of(*folder, key);
}

void RunFolder::move_aside(const fs::path& folder, const std::string& stage, std::vector<std::string>& said) {
  std::string key = key_in(folder, "stage.json");
  if (key.empty()) key = key_in(folder, "done.json");
  if (key.empty()) {
    // Killed before stage.json: there is nothing in it that anyone could use.
    fs::remove_all(folder);
    return;
  }
  make_folders(path_ / "replaced");
  const fs::path aside = path_ / "replaced" / (stage + "-" + key.substr(0, 8));
  fs::remove_all(aside);
  // The ledger goes first: a kill in between leaves it inside the folder that is moved next time.
  std::error_code ignored;
  if (path_exists(ledger_file(stage))) fs::rename(ledger_file(stage), folder / "ledger.jsonl", ignored);
  rename_folder(folder, aside);
  said.push_back("its keys or inputs changed; the old result is kept as " + aside.lexically_relative(path_).string());
}

void RunFolder::keep_only(const std::vector<std::string>& stages) {
  std::vector<std::pair<fs::path, std::string>> others;
  for (const auto& entry : fs::directory_iterator(path_ / "stages")) {
    const std::string stage = stage_of(entry.path());
    if (entry.is_directory() && std::find(stages.begin(), stages.end(), stage) == stages.end()) others.emplace_back(entry.path(), stage);
  }
  std::vector<std::string> said;
  for (const auto& [folder, stage] : others) move_aside(folder, stage, said);
}

StageState RunFolder::prepare(size_t number, const std::string& stage, const std::string& key, std::vector<std::string>& said) {
  const fs::path place = stage_folder(number, stage);
  for (auto found = find(stage); found; found = find(stage)) {
    if (state_of(*found, key) == StageState::absent) {
      move_aside(*found, stage, said);
      continue;
    }
    if (*found != place) {
      if (path_exists(place)) move_aside(place, stage, said);
      rename_folder(*found, place);
    }
    break;
  }
  const fs::path aside = path_ / "replaced" / (stage + "-" + key.substr(0, 8));
  if (!path_exists(place) && is_folder(aside) && state_of(aside, key) != StageState::absent) {
    rename_folder(aside, place);
    said.push_back("an earlier result of the same keys is taken back");
  }
  if (!path_exists(place)) return StageState::absent;
  if (path_exists(place / "ledger.jsonl")) rename_folder(place / "ledger.jsonl", ledger_file(stage));
  return state_of(place, key);
}

void RunFolder::begin(size_t number, const std::string& stage, const std::string& key, double seconds_so_far) {
  const fs::path folder = stage_folder(number, stage);
  if (!path_exists(folder)) {
    std::error_code ignored;
    fs::remove(ledger_file(stage), ignored);  // of a folder that someone removed by hand
  }
  make_folders(folder);
  write_file(folder / "stage.json", nlohmann::ordered_json{{"stage", stage}, {"key", key}, {"seconds", seconds_so_far}}.dump(2) + "\n");
}

void RunFolder::finish(size_t number, const std::string& stage, const nlohmann::ordered_json& done) {
  write_file(stage_folder(number, stage) / "done.json", done.dump(2) + "\n");
}

nlohmann::json RunFolder::read_done(size_t number, const std::string& stage) const {
  return read_json_or_null(stage_folder(number, stage) / "done.json");
}

nlohmann::json RunFolder::read_begun(size_t number, const std::string& stage) const {
  return read_json_or_null(stage_folder(number, stage) / "stage.json");
}

}  // namespace reprise::pipeline
