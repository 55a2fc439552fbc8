// Stores of problems and examples: HDF5 files, columns of UTF-8 strings (one byte blob plus offsets per column,
// so a million rows read in one call), with a manifest. Written whole: temporary file, fsync, rename.
// Every offset is checked before it is used. A store from elsewhere is read by a child process first (foreign_store.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/example.h"
#include "data/problem.h"

namespace reprise::data {

struct StoreManifest {
  std::string kind;                           // "problems" or "examples"
  std::string name;                           // "gsm8k-train"
  std::string origin;                         // where the rows come from: URL, generator and seed, stage
  std::string licence;
  std::string source_sha256;                  // of the imported file ("" for generated data)
  std::map<std::string, int64_t> splits;      // split name -> rows (informative)
  std::string content_sha256;                 // of all rows; filled by write, checked by read
};

void write_problems(const std::filesystem::path& path, const std::vector<Problem>& problems, StoreManifest manifest);
void write_examples(const std::filesystem::path& path, const std::vector<Example>& examples, StoreManifest manifest);
// Throw Error naming file, column and row of the first thing that does not fit.
std::vector<Problem> read_problems(const std::filesystem::path& path);
std::vector<Example> read_examples(const std::filesystem::path& path);
StoreManifest read_manifest(const std::filesystem::path& path);

}  // namespace reprise::data
