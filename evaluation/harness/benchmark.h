// evaluation/benchmarks/*.yaml: what a score of a benchmark is about. A user's own benchmark is one such file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace reprise::evaluation {

struct BenchmarkErratum {
  std::string problem, text;
};

struct Benchmark {
  std::string id, title, split = "test", grader, origin, licence, note;
  int64_t num_problems = 0;           // 0: not told
  std::string importer, path;         // the publisher's file below REPRISE_DATA; "" where there is no importer
  std::vector<BenchmarkErratum> errata;
};

// Throws Error naming file and line.
Benchmark read_benchmark(const std::filesystem::path& file);
// Every *.yaml of a folder by file name. Throws Error where a file's id is not its name.
std::vector<Benchmark> read_benchmarks(const std::filesystem::path& folder);

}  // namespace reprise::evaluation
