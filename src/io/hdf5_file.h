// HDF5 through its C API, in RAII. A file is put together in memory and written whole (base/files.h: temporary
// neighbour, fsync, rename), because an HDF5 file that was not closed is unreadable. A column of strings is one byte blob and one uint64 offsets dataset, so
// that a million rows are two reads. Reading checks every offset before it is used, and before that the hash behind the file (the library
// itself reads beyond its memory on damaged ones); other programs that read HDF5 pass over it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reprise::io {

struct Hdf5Content {
  std::map<std::string, std::string> attributes;                  // of the root group
  std::map<std::string, std::vector<std::string>> text_columns;
  std::map<std::string, std::vector<int64_t>> integer_columns;
};

// Atomically, with a seal at the end by which damage is told before the library sees it.
void write_hdf5(const std::filesystem::path& path, const Hdf5Content& content);
// max_bytes bounds each column before memory is taken. Columns of which `wanted` says no are passed over. Throws Error: not HDF5, damaged,
// or not written by write_hdf5.
Hdf5Content read_hdf5(const std::filesystem::path& path, uint64_t max_bytes = uint64_t{8} << 30, const std::function<bool(const std::string& column)>& wanted = {});
// Text columns a few thousand rows at a time, so that memory does not grow with the file. The file stays open meanwhile.
class Hdf5TextReader {
 public:
  // Throws Error: not HDF5, a column is missing, or they differ in length.
  Hdf5TextReader(const std::filesystem::path& path, std::vector<std::string> columns);
  ~Hdf5TextReader();
  uint64_t num_rows() const;
  // The next rows, [column][row]; false behind the last one. A row of more than max_row_bytes is an Error.
  bool next(std::vector<std::vector<std::string>>& rows, uint64_t max_row_bytes = uint64_t{256} << 20);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};
// The attributes alone.
std::map<std::string, std::string> read_hdf5_attributes(const std::filesystem::path& path);

}  // namespace reprise::io
