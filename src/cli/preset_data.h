// The files behind benchmarks and shots: a benchmark's problems, and the pools that shots are drawn from, each read once, from REPRISE_DATA.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/problem.h"
#include "evaluation/harness/benchmark.h"
#include "evaluation/harness/prompt_ask.h"

namespace reprise::cli {

class PresetData : public evaluation::ShotSource {
 public:
  // `folder`: where the benchmarks' files are; "" for those that come with the program.
  explicit PresetData(const std::string& folder);

  // Null where the folder has none of this id.
  const evaluation::Benchmark* find(const std::string& id) const;
  std::vector<std::string> ids() const;
  // In their file's order. Throws Error where the benchmark has no importer, or its file is not there.
  const std::vector<data::Problem>& problems(const std::string& benchmark);

  const std::vector<data::Problem>& pool(const evaluation::ShotPool& pool) const override;
  // In the benchmark whose problems were asked for last; 0 for a problem that is not of it.
  int64_t place(const data::Problem& problem) const override;

 private:
  struct Read {
    std::vector<data::Problem> problems;
    std::map<std::string, int64_t> places;
  };

  std::filesystem::path folder_;
  std::vector<evaluation::Benchmark> benchmarks_;
  std::map<std::string, Read> read_;
  const Read* last_ = nullptr;
  mutable std::map<evaluation::ShotPool, std::vector<data::Problem>> pools_;
};

// A problem of the user's own, a JSON object: prompt, or question and options (a list of texts); answer, solution, id, metadata.
// Throws Error naming the file.
data::Problem read_problem_file(const std::filesystem::path& file);

}  // namespace reprise::cli
