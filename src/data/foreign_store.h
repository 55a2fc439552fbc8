// Stores that this run did not write. The HDF5 library can crash on a damaged file, so a child process without LibTorch
// (`reprise data check`) reads it first: what happens to the child is one line of ours.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace reprise::data {

// Reads the whole store, in this process: kind, columns, offsets, hash. Returns its rows. Throws Error.
int64_t check_store(const std::filesystem::path& path);

// The same in a child process, `program` data check PATH, for at most timeout_seconds. Throws the child's own line, or
// one that tells the signal which ended it.
void check_foreign_store(const std::filesystem::path& path, const std::filesystem::path& program, double timeout_seconds = 600);
// With the `reprise` beside the running program.
void check_foreign_store(const std::filesystem::path& path);

}  // namespace reprise::data
