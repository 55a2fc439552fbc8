#include "evaluation/harness/benchmark_library.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/strings.h"
#include "datasets/importers/importer.h"
#include "evaluation/harness/report.h"

namespace reprise::evaluation {

const data::Problem* BenchmarkProblems::find(const std::string& id) const {
  for (const auto* index : {&by_id, &by_published_id}) {
    if (const auto found = index->find(id); found != index->end()) return &problems[found->second];
  }
  const auto row = parse_int(id);
  return row && *row >= 0 && *row < static_cast<int64_t>(problems.size()) ? &problems[static_cast<size_t>(*row)] : nullptr;
}

fs::path data_file(const fs::path& path, const fs::path& beside) {
  const char* variable = std::getenv("REPRISE_DATA");
  const fs::path below = fs::path(variable && *variable ? variable : "data") / path;
  std::vector<fs::path> candidates = {path, below, below.string() + ".gz"};
  if (!beside.empty()) candidates.insert(candidates.begin(), beside / path);
  const auto there = std::find_if(candidates.begin(), candidates.end(), [](const fs::path& one) { return path_exists(one); });
  if (there == candidates.end()) throw Error("is not there", below.string(), "set REPRISE_DATA to the folder of published files, or fetch it (`reprise data fetch`)");
  return *there;
}

BenchmarkLibrary::BenchmarkLibrary(const fs::path& folder) : folder_(folder.empty() ? published_folder().parent_path() / "benchmarks" : folder) {}

void BenchmarkLibrary::read() {
  if (read_) return;
  for (Benchmark& one : read_benchmarks(folder_)) known_.emplace(one.id, std::move(one));  // a user's own rules over ours
  read_ = true;
}

std::string BenchmarkLibrary::add_file(const fs::path& file) {
  Benchmark own = read_benchmark(file);
  const std::string id = own.id;
  own_folder_[id] = file.parent_path();
  known_[id] = std::move(own);
  problems_.erase(id);
  return id;
}

const Benchmark* BenchmarkLibrary::find(const std::string& id) {
  if (!known_.contains(id)) read();
  const auto found = known_.find(id);
  return found == known_.end() ? nullptr : &found->second;
}

std::vector<std::string> BenchmarkLibrary::ids() {
  read();
  std::vector<std::string> out;
  for (const auto& [id, one] : known_) out.push_back(id);
  return out;
}

const Benchmark& BenchmarkLibrary::benchmark(const std::string& id) {
  if (const Benchmark* found = find(id)) return *found;
  const auto guess = nearest(id, ids());
  throw Error("no benchmark '" + id + "' is known in " + folder_.string(), "", guess ? "did you mean '" + *guess + "'?" : "there are: " + join(ids(), ", "));
}

const BenchmarkProblems& BenchmarkLibrary::problems(const std::string& id) {
  if (const auto known = problems_.find(id); known != problems_.end()) return known->second;
  const Benchmark& benchmark = this->benchmark(id);
  if (benchmark.data.importer.empty()) throw Error("the benchmark '" + id + "' has no problems here", "", "its file names no importer");
  datasets::ImporterConfig config = benchmark.data;
  config.path = data_file(config.path, own_folder_.contains(id) ? own_folder_[id] : fs::path()).string();
  BenchmarkProblems out;
  out.data_sha256 = sha256_hex(read_file_maybe_gzip(config.path));
  const auto& published = benchmark.data_sha256;
  if (!published.empty() && std::find(published.begin(), published.end(), out.data_sha256) == published.end()) {
    throw Error("is not the published file of '" + id + "': its sha256 is " + out.data_sha256, config.path, "get the publisher's, or make a benchmark file of your own for this one");
  }
  for (data::Problem& problem : datasets::import_problems(config).problems) {
    problem.grader = benchmark.grader;
    out.by_id.emplace(problem.id, out.problems.size());
    if (problem.metadata.find("\"published_id\"") != std::string::npos) out.by_published_id.emplace(nlohmann::json::parse(problem.metadata).value("published_id", ""), out.problems.size());
    out.problems.push_back(std::move(problem));
  }
  if (benchmark.num_problems && static_cast<int64_t>(out.problems.size()) != benchmark.num_problems) {
    throw Error("has " + std::to_string(out.problems.size()) + " problems, '" + id + "' has " + std::to_string(benchmark.num_problems), config.path, "it is another split or version");
  }
  return problems_.emplace(id, std::move(out)).first->second;
}

const data::Problem& BenchmarkLibrary::problem(const std::string& benchmark, const std::string& id) {
  const BenchmarkProblems& all = problems(benchmark);
  if (const data::Problem* found = all.find(id)) return *found;
  throw Error("the benchmark '" + benchmark + "' has no problem '" + id + "': its ids go from '" + all.problems.front().id + "' to '" + all.problems.back().id + "', row numbers from 0 to " + std::to_string(all.problems.size() - 1));
}

}  // namespace reprise::evaluation
