// The benchmarks that are known here (evaluation/benchmarks/*.yaml, or a user's own folder or file) and their problems, read from the publishers'
// files when they are first asked for.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/problem.h"
#include "evaluation/harness/benchmark.h"

namespace reprise::evaluation {

struct BenchmarkProblems {
  std::vector<data::Problem> problems;      // in the file's order
  std::map<std::string, size_t> by_id, by_published_id;
  std::string data_sha256;                  // of the file's bytes, unpacked
  // By our id, by the publisher's own, or by a row's number in its file, from 0, as most harnesses count. Null where there is none.
  const data::Problem* find(const std::string& id) const;
};

// A published file below REPRISE_DATA (or below data/), plain or with .gz behind its name; `beside` is looked in first. Throws Error where it is not there.
std::filesystem::path data_file(const std::filesystem::path& path, const std::filesystem::path& beside = {});

class BenchmarkLibrary {
 public:
  // folder: "" for the one that comes with the program.
  explicit BenchmarkLibrary(const std::filesystem::path& folder = {});
  // A user's own benchmark: one YAML file, whose data lie beside it or where its path says. Returns its id.
  std::string add_file(const std::filesystem::path& file);

  const Benchmark* find(const std::string& id);
  // Throws Error with the nearest id.
  const Benchmark& benchmark(const std::string& id);
  std::vector<std::string> ids();
  // Throws Error: no such benchmark, no importer, the file is not there or not the publisher's.
  const BenchmarkProblems& problems(const std::string& id);
  // Throws Error with the first and the last id.
  const data::Problem& problem(const std::string& benchmark, const std::string& id);

 private:
  void read();

  std::filesystem::path folder_;
  bool read_ = false;
  std::map<std::string, Benchmark> known_;
  std::map<std::string, std::filesystem::path> own_folder_;  // of a user's own: where its data may lie
  std::map<std::string, BenchmarkProblems> problems_;
};

}  // namespace reprise::evaluation
