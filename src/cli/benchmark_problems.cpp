// Identity, file, importer.
#include "cli/benchmark_problems.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "datasets/importers/importer.h"
#include "evaluation/harness/benchmark.h"
#include "evaluation/harness/report.h"

namespace reprise::cli {

std::vector<data::Problem> problems_of_benchmark(const std::string& id) {
  const fs::path folder = evaluation::published_folder().parent_path() / "benchmarks";
  const std::vector<evaluation::Benchmark> known = evaluation::read_benchmarks(folder);
  const auto found = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.id == id; });
  if (found == known.end()) {
    std::vector<std::string> ids;
    for (const auto& one : known) {
      if (!one.importer.empty()) ids.push_back(one.id);
    }
    const auto guess = nearest(id, ids);
    throw Error("is no benchmark and no store", id, guess ? "did you mean '" + *guess + "'?" : "benchmarks: " + join(ids, ", "));
  }
  if (found->importer.empty()) throw Error("the problems of the benchmark '" + id + "' cannot be read here: it names no importer", (folder / (id + ".yaml")).string(), "import its file into a store (`reprise data import`) and name that");
  datasets::ImporterConfig config;
  config.importer = found->importer;
  // These two files hold all splits; the others are of the split that the benchmark names.
  if (config.importer == "mmlu" || config.importer == "mbpp") config.split = id == "mbpp_plus" ? "all" : found->split;
  const char* variable = std::getenv("REPRISE_DATA");
  const fs::path below = fs::path(variable && *variable ? variable : "data") / found->path;
  const fs::path candidates[] = {found->path, below, below.string() + ".gz"};
  const auto there = std::find_if(std::begin(candidates), std::end(candidates), [](const fs::path& path) { return path_exists(path); });
  if (there == std::end(candidates)) throw Error("the problems of '" + id + "' are not there", below.string(), "set REPRISE_DATA, or fetch them (`reprise data fetch`)");
  config.path = there->string();
  return datasets::import_problems(config).problems;
}

}  // namespace reprise::cli
