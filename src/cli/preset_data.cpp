#include "cli/preset_data.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "datasets/importers/importer.h"
#include "evaluation/harness/report.h"

namespace reprise::cli {
namespace {

namespace fs = std::filesystem;

std::vector<data::Problem> import_file(datasets::ImporterConfig config, const std::string& path, const fs::path& beside, const std::string& what) {
  const auto known = datasets::importer_names();
  if (std::find(known.begin(), known.end(), config.importer) == known.end()) throw Error("no importer '" + config.importer + "' reads " + what, path, "importers: " + join(known, ", "));
  const char* variable = std::getenv("REPRISE_DATA");
  const fs::path below = fs::path(variable && *variable ? variable : "data") / path;
  const fs::path candidates[] = {path, beside / path, below, below.string() + ".gz"};
  const auto there = std::find_if(std::begin(candidates), std::end(candidates), [](const fs::path& one) { return is_file(one); });
  if (there == std::end(candidates)) throw Error("the file of " + what + " is not there", below.string(), "set REPRISE_DATA, or fetch it (`reprise data fetch`)");
  config.path = there->string();
  return datasets::import_problems(config).problems;
}

}  // namespace

PresetData::PresetData(const std::string& folder)
    : folder_(folder.empty() ? evaluation::published_folder().parent_path() / "benchmarks" : fs::path(folder)), benchmarks_(evaluation::read_benchmarks(folder_)) {}

const evaluation::Benchmark* PresetData::find(const std::string& id) const {
  const auto found = std::find_if(benchmarks_.begin(), benchmarks_.end(), [&](const auto& one) { return one.id == id; });
  return found == benchmarks_.end() ? nullptr : &*found;
}

std::vector<std::string> PresetData::ids() const {
  std::vector<std::string> out;
  for (const auto& one : benchmarks_) out.push_back(one.id);
  return out;
}

const std::vector<data::Problem>& PresetData::problems(const std::string& id) {
  auto read = read_.find(id);
  if (read == read_.end()) {
    const evaluation::Benchmark* benchmark = find(id);
    if (!benchmark) {
      const auto guess = nearest(id, ids());
      throw Error("there is no benchmark '" + id + "'", folder_.string(), guess ? "did you mean '" + *guess + "'?" : "there are: " + join(ids(), ", "));
    }
    if (benchmark->importer.empty()) throw Error("the file of the benchmark '" + id + "' is not read here", folder_.string(), "give a problem of it with --problem-file");
    datasets::ImporterConfig config;
    config.importer = benchmark->importer;
    // These two files hold all splits; the others are of the split that the benchmark names.
    if (config.importer == "mmlu" || config.importer == "mbpp") config.split = id == "mbpp_plus" ? "all" : benchmark->split;
    Read fresh{.problems = import_file(config, benchmark->path, folder_, "'" + id + "'")};
    for (size_t i = 0; i < fresh.problems.size(); ++i) fresh.places[fresh.problems[i].id] = static_cast<int64_t>(i);
    read = read_.emplace(id, std::move(fresh)).first;
  }
  last_ = &read->second;
  return last_->problems;
}

const std::vector<data::Problem>& PresetData::pool(const evaluation::ShotPool& pool) const {
  auto read = pools_.find(pool);
  if (read == pools_.end()) {
    datasets::ImporterConfig config;
    config.importer = pool.importer;
    config.split = pool.split;
    read = pools_.emplace(pool, import_file(config, pool.path, folder_, "the shots")).first;
  }
  return read->second;
}

int64_t PresetData::place(const data::Problem& problem) const {
  if (!last_) return 0;
  const auto found = last_->places.find(problem.id);
  return found == last_->places.end() ? 0 : found->second;
}

data::Problem read_problem_file(const fs::path& file) {
  using Json = nlohmann::ordered_json;
  const std::string text = read_file(file, size_t{8} << 20), where = file.string();
  const Json json = nesting_depth(text) > 100 ? Json(nullptr) : Json::parse(text, nullptr, false);
  if (!json.is_object()) throw Error("is no JSON object", where, "write {\"prompt\": \"...\", \"answer\": \"...\"}");
  data::Problem problem;
  Json metadata = Json::object();
  static const std::vector<std::string> known = {"id", "prompt", "question", "options", "answer", "solution", "grader", "metadata"};
  for (const auto& [key, value] : json.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const auto guess = nearest(key, known);
      throw Error("unknown key '" + key + "'", where, guess ? "did you mean '" + *guess + "'?" : "known: " + join(known, ", "));
    }
    const bool list = key == "options" && value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
    if (key == "metadata" ? !value.is_object() : !list && !value.is_string()) throw Error("'" + key + "' is of the wrong type", where, "metadata is an object, options a list of texts, the others are texts");
  }
  if (json.contains("metadata")) metadata = json["metadata"];
  const auto text_of = [&](const char* key, const std::string& otherwise) { return json.contains(key) ? json[key].get<std::string>() : otherwise; };
  problem.id = text_of("id", file.stem().string());
  problem.prompt = text_of("prompt", text_of("question", ""));
  if (problem.prompt.empty()) throw Error("has no prompt", where, "give \"prompt\", or \"question\" and \"options\"");
  problem.answer = text_of("answer", "");
  problem.solution = text_of("solution", "");
  problem.grader = text_of("grader", json.contains("options") ? "choice" : "math");
  if (json.contains("options")) {
    metadata["question"] = text_of("question", problem.prompt);
    metadata["options"] = json["options"];
  }
  problem.metadata = metadata.dump();
  return problem;
}

}  // namespace reprise::cli
