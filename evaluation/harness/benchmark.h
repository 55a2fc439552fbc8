// evaluation/benchmarks/*.yaml: what a score of a benchmark is about. A user's own benchmark is one such file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/importers/importer.h"
#include "evaluation/harness/prompt_preset.h"

namespace reprise::evaluation {

struct BenchmarkErratum {
  std::string problem, text;
};

struct Benchmark {
  std::string id, title, split = "test", grader, origin, licence, note;
  int64_t num_problems = 0;           // 0: not told
  // How the publisher's file is read, and where it lies: below REPRISE_DATA, for a user's own benchmark beside its YAML. No importer: no problems here.
  datasets::ImporterConfig data;
  std::vector<std::string> data_sha256;  // of that file, unpacked, in each published form; empty: any file will do
  std::vector<BenchmarkErratum> errata;
  PromptSection prompt;                  // its own way to be asked, or the families by whose tasks presets ask it
};

// Throws Error naming file and line.
Benchmark read_benchmark(const std::filesystem::path& file);
// Every *.yaml of a folder by file name. Throws Error where a file's id is not its name.
std::vector<Benchmark> read_benchmarks(const std::filesystem::path& folder);

}  // namespace reprise::evaluation
