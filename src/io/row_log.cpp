// Appending and cutting JSON lines.
#include "io/row_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"

namespace reprise::io {

RowLog::~RowLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::vector<std::string> RowLog::cut_at(int64_t step) {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  std::vector<std::string> kept;
  if (path_exists(path_)) {
    std::string bytes = read_file(path_);
    std::string whole;
    int64_t last = -1;
    size_t start = 0;
    for (size_t end; (end = bytes.find('\n', start)) != std::string::npos; start = end + 1) {
      const std::string line = bytes.substr(start, end - start);
      const auto row = nlohmann::json::parse(line, nullptr, false);
      if (!row.is_object() || !row.contains("step") || !row["step"].is_number_integer()) break;
      const int64_t at = row["step"].get<int64_t>();
      if (at <= last || at >= step) break;
      last = at;
      kept.push_back(line);
      whole += line + "\n";
    }
    if (whole.size() != bytes.size()) write_file(path_, whole);
  }
  return kept;
}

void RowLog::append(std::string_view line) {
  if (descriptor_ < 0) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0) throw Error(std::string("cannot be written (") + std::strerror(errno) + ")", path_.string());
  }
  struct stat before {};
  ::fstat(descriptor_, &before);
  const std::string bytes = std::string(line) + "\n";
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const std::string why = std::strerror(errno);
      // Best effort: cut_at() would drop the torn row on the next start anyway.
      if (::ftruncate(descriptor_, before.st_size) != 0) done = 0;
      throw Error("cannot be written (" + why + ")", path_.string(), "free some space and go on with --resume");
    }
    done += static_cast<size_t>(n);
  }
}

std::string row_of(int64_t step, const std::string& state_hash,
                   const std::vector<std::pair<std::string, double>>& numbers) {
  std::string out = "{\"step\":" + std::to_string(step);
  if (!state_hash.empty()) out += ",\"state_hash\":" + nlohmann::json(state_hash).dump();
  for (const auto& [name, value] : numbers) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.17g", value);
    out += "," + nlohmann::json(name).dump() + ":" + (std::isfinite(value) ? digits : "null");
  }
  return out + "}";
}

}  // namespace reprise::io
