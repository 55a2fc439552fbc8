// The lines of a file, plain or gzip, one at a time: memory does not grow with the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace reprise::io {

class LineReader {
 public:
  // Throws Error where there is no such file.
  explicit LineReader(const std::filesystem::path& path, size_t max_line_bytes = size_t{64} << 20);
  ~LineReader();
  // The next line without its end; false behind the last one. Throws Error: a longer line, damaged or truncated gzip data.
  bool next(std::string& line);
  int64_t number() const;  // of the line read last, from 1

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace reprise::io
