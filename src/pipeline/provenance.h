// Where a run's numbers came from: provenance.json. One entry per session (a resumed run has several), because
// a resume may happen on another machine, with another build.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "pipeline/recipe.h"

namespace reprise::pipeline {

// What the caller knows and this room does not.
struct BuildFacts {
  std::map<std::string, std::string> libraries;  // "libtorch": "2.11.0"
  std::string device;                            // "NVIDIA H200" or "" for the CPU
  std::vector<std::string> command_line;
};

// The vector instruction sets that numeric libraries choose their code by, sorted and joined by spaces:
// "avx avx2 avx512f fma ..." ("unknown" where /proc/cpuinfo does not tell).
std::string isa_level();
std::string cpu_name();
// "2026-11-23T09:30:00Z"
std::string utc_now();

class Provenance {
 public:
  // Reads what earlier sessions wrote and opens a new one.
  Provenance(std::filesystem::path file, const Recipe& recipe, const BuildFacts& facts);
  void input(const std::string& kind, const std::string& name, const std::string& content_hash);
  // Writes the file. `state`: "running", "finished", "interrupted", "failed".
  void write(const std::string& state);

 private:
  std::filesystem::path file_;
  nlohmann::ordered_json json_;
};

}  // namespace reprise::pipeline
