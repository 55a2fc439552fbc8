// zlib reads plain files as they are.
#include "io/line_reader.h"

#include <zlib.h>

#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace reprise::io {

struct LineReader::Parts {
  std::filesystem::path path;
  size_t max_line_bytes = 0;
  gzFile file = nullptr;
  std::vector<char> buffer = std::vector<char>(size_t{1} << 18);
  size_t at = 0, filled = 0;
  int64_t number = 0;
  bool ended = false;

  ~Parts() {
    if (file) ::gzclose(file);
  }
  void fill() {
    const int got = ::gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()));
    int status = Z_OK;
    const char* said = ::gzerror(file, &status);
    // A stream that stops before its end is told only here.
    if (got < 0 || status == Z_BUF_ERROR) throw Error(std::string("damaged or truncated gzip data (") + said + ")", path.string(), "get the file again");
    at = 0;
    filled = static_cast<size_t>(got);
    ended = filled == 0;
  }
};

LineReader::LineReader(const std::filesystem::path& path, size_t max_line_bytes) : parts_(std::make_unique<Parts>()) {
  parts_->path = path;
  parts_->max_line_bytes = max_line_bytes;
  if (!is_file(path)) throw Error("is not there, or is no file", path.string(), "check the name");
  parts_->file = ::gzopen(path.c_str(), "rb");
  if (!parts_->file) throw Error("cannot be opened", path.string(), "check its permissions");
}
LineReader::~LineReader() = default;

int64_t LineReader::number() const { return parts_->number; }

bool LineReader::next(std::string& line) {
  Parts& p = *parts_;
  line.clear();
  bool any = false;
  while (!p.ended) {
    if (p.at == p.filled) {
      p.fill();
      continue;
    }
    any = true;
    const char* begin = p.buffer.data() + p.at;
    const auto* end = static_cast<const char*>(std::memchr(begin, '\n', p.filled - p.at));
    const size_t size = end ? static_cast<size_t>(end - begin) : p.filled - p.at;
    if (line.size() + size > p.max_line_bytes) throw Error("has more than " + std::to_string(p.max_line_bytes) + " bytes", p.path.string() + ":" + std::to_string(p.number + 1), "is this the right file?");
    line.append(begin, size);
    p.at += size + (end ? 1 : 0);
    if (end) break;
  }
  if (!any) return false;
  ++p.number;
  return true;
}

}  // namespace reprise::io
