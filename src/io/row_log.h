// A file of JSON lines that a kill may cut anywhere: rows are appended whole (one write each), and what a kill
// left behind is cut off again before the first new row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::io {

class RowLog {
 public:
  explicit RowLog(std::filesystem::path path) : path_(std::move(path)) {}
  ~RowLog();
  RowLog(const RowLog&) = delete;
  RowLog& operator=(const RowLog&) = delete;

  // Keeps the rows before `step`, in order, up to the first that is torn or out of order; returns them.
  std::vector<std::string> cut_at(int64_t step);
  // One write() of the line and its newline. Throws Error (disk full); a half-written row is taken back.
  void append(std::string_view line);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

// {"step":3,"loss":0.125}: numbers that read back as the same doubles; NaN and infinities as null.
std::string row_of(int64_t step, const std::string& state_hash,
                   const std::vector<std::pair<std::string, double>>& numbers);

}  // namespace reprise::io
