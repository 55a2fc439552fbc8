// The lines of a text file, plain or gzip, one at a time: a file of any length takes the memory of its longest line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace reprise::io {

class LineReader {
 public:
  // Lines of more than max_line_bytes are passed over (next() says so); a gzip file may inflate to max_bytes in all. Throws
  // Error where the file cannot be read.
  LineReader(const std::filesystem::path& path, size_t max_line_bytes, size_t max_bytes);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // At most `count` bytes of the file's beginning; before the first next() only.
  std::string_view front(size_t count);
  // The next line without its end, good until the next call. False at the end. Of a line that is too long line() is cut
  // and size() tells how long it is. Throws Error: damaged gzip data, more than max_bytes.
  bool next();
  std::string_view line() const { return line_; }
  size_t size() const { return size_; }
  bool too_long() const { return size_ > max_line_bytes_; }

 private:
  struct Source;
  std::unique_ptr<Source> source_;
  size_t max_line_bytes_, size_ = 0;
  std::string_view line_;
  std::string kept_;  // a line of which the parts came one by one
};

}  // namespace reprise::io
