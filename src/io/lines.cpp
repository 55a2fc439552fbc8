// Plain files are mapped and cut where they lie; gzip is inflated piece by piece.
#include "io/lines.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace reprise::io {

namespace {
constexpr size_t kPieceBytes = size_t{1} << 18;
constexpr size_t kMaxInput = size_t{1} << 30;  // zlib counts what it is given in 32 bits
}  // namespace

struct LineReader::Source {
  Source(const std::filesystem::path& path, size_t most) : file(path), max_bytes(most) {
    const auto bytes = file.bytes();
    rest = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    is_gzip = rest.starts_with("\x1f\x8b");
    if (!is_gzip) return;
    packed = rest;
    rest = {};
    piece.resize(kPieceBytes);
    if (inflateInit2(&stream, 15 + 32) != Z_OK) throw Error("cannot start inflating", path.string());
    started = true;
  }
  ~Source() {
    if (started) inflateEnd(&stream);
  }

  // Puts the next piece into `rest`. False at the end.
  bool refill() {
    if (!is_gzip || ended) return false;
    const std::string where = file.path().string();
    while (!ended) {
      const size_t given = std::min(packed.size(), kMaxInput);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
      stream.avail_in = static_cast<uInt>(given);
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = static_cast<uInt>(piece.size());
      const int status = inflate(&stream, Z_NO_FLUSH);
      packed.remove_prefix(given - stream.avail_in);
      const size_t got = piece.size() - stream.avail_out;
      total += got;
      if (total > max_bytes) throw Error("inflates to more than " + std::to_string(max_bytes) + " bytes", where);
      if (status == Z_STREAM_END) {
        if (packed.empty()) ended = true;
        else if (inflateReset(&stream) != Z_OK) throw Error("damaged gzip data", where);  // the next member
      } else if (status != Z_OK) {
        throw Error("damaged or truncated gzip data", where);
      } else if (got == 0 && packed.empty()) {
        throw Error("truncated gzip data", where);
      }
      if (got > 0) {
        rest = {piece.data(), got};
        return true;
      }
    }
    return false;
  }

  MappedFile file;
  size_t max_bytes, total = 0;
  std::string_view packed, rest;
  std::vector<char> piece;
  z_stream stream{};
  bool is_gzip = false, started = false, ended = false;
};

LineReader::LineReader(const std::filesystem::path& path, size_t max_line_bytes, size_t max_bytes) : source_(std::make_unique<Source>(path, max_bytes)), max_line_bytes_(max_line_bytes) {}
LineReader::~LineReader() = default;

std::string_view LineReader::front(size_t count) {
  if (source_->rest.empty()) source_->refill();
  return source_->rest.substr(0, count);
}

bool LineReader::next() {
  Source& from = *source_;
  kept_.clear();
  size_ = 0;
  bool any = false;
  for (;;) {
    if (from.rest.empty() && !from.refill()) {
      line_ = kept_;
      return any;
    }
    any = true;
    const size_t end = from.rest.find('\n');
    const std::string_view part = from.rest.substr(0, end);
    const bool whole = end != std::string_view::npos;
    from.rest.remove_prefix(whole ? end + 1 : part.size());
    size_ += part.size();
    if (whole && kept_.empty() && size_ == part.size()) {
      line_ = part;
      return true;
    }
    if (size_ <= max_line_bytes_) kept_ += part;
    if (whole) {
      line_ = kept_;
      return true;
    }
    // What ends without a line's end in a mapped file is its last line.
    if (!from.is_gzip) {
      line_ = part;
      return true;
    }
  }
}

}  // namespace reprise::io
