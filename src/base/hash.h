// Two hashes, each for its job: SHA-256 (OpenSSL) names files and data for people and manifests;
// XXH3-128 (xxHash) fingerprints weights and optimizer state at memory speed for the ledger.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace reprise {

std::string sha256_hex(std::string_view bytes);
// Streams the file; throws Error when it cannot be read.
std::string sha256_file_hex(const std::filesystem::path& path);

// What git calls the file's blob: SHA-1 of "blob SIZE\0" and its bytes. Hubs name small files by it.
std::string git_blob_sha1_file_hex(const std::filesystem::path& path);

// Incremental XXH3-128. Order matters. hex() does not end the stream.
class StateHash {
 public:
  StateHash();
  ~StateHash();
  StateHash(StateHash&&) noexcept;
  void add(const void* data, size_t bytes);
  void add(std::string_view text);  // length-prefixed, so "ab"+"c" differs from "a"+"bc"
  void add_u64(uint64_t value);
  std::string hex() const;  // 32 digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reprise
