// Files that survive a kill: whole or not there. Every write goes to a temporary neighbour, is fsynced,
// renamed, and its folder fsynced. Reads are bounded by the caller. Descriptors and maps are RAII.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace reprise {

namespace fs = std::filesystem;

// Whole file as bytes. Throws Error if it is missing, not a regular file, or larger than max_bytes.
std::string read_file(const fs::path& path, size_t max_bytes = size_t{1} << 32);
// Atomic replace (temp + fsync + rename + fsync of the folder). Throws Error (disk full, no permission).
void write_file(const fs::path& path, std::string_view bytes);
// Atomic folder: `fill` writes into path + ".tmp" (wiped first), then every file in it is fsynced and the
// folder renamed to `path` (which must not exist). A folder that has its final name is therefore whole.
void write_folder(const fs::path& path, const std::function<void(const fs::path& temporary)>& fill);
void make_folders(const fs::path& path);
// False, and never a throw, for paths that cannot even be asked about (too long, no permission).
bool is_file(const fs::path& path);
bool is_folder(const fs::path& path);
bool path_exists(const fs::path& path);
void fsync_path(const fs::path& path);
// Transparent gzip: bytes of a file whose content starts with the gzip magic are inflated (bounded).
std::string read_file_maybe_gzip(const fs::path& path, size_t max_bytes = size_t{1} << 32);

// A read-only memory map of a whole regular file. Empty files map to an empty span.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// An exclusive lock on a file for the life of the object; released by the kernel when the process dies.
class FileLock {
 public:
  // Throws Error when another process holds it; `busy` is the fault told then.
  FileLock(const fs::path& path, const std::string& busy);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

// A folder under $TMPDIR removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// The folder of the running executable: where reprise finds its helpers.
fs::path executable_folder();
// The folder that holds recipes/, configs/ and evaluation/ for the running program: the source tree it was built in, or
// PREFIX/share/reprise of an installation; "" when neither is there.
fs::path installed_folder();

}  // namespace reprise
