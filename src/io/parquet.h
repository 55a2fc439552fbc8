// Apache Parquet: the format of nearly every data set on a hub. Rows come as JSON objects, like those of io/jsonl.h, which
// reads Parquet files too; this header is for who wants the columns' names or to stop early.
//   {"problem": "1+1?", "answers": ["2", "two"], "score": 0.5, "made": "2024-05-01T12:00:00.000Z"}
// What becomes of each type: docs/formats.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace reprise::io {

// What a file may ask for, whatever it claims.
struct ParquetLimits {
  size_t max_row_bytes = size_t{64} << 20;     // memory of a row, roughly
  size_t max_page_bytes = (size_t{1} << 31) - 1;  // of one page, unpacked: the format's own limit
  size_t max_held_bytes = size_t{4} << 30;     // of all pages and dictionaries that are in memory at once
  size_t max_total_bytes = size_t{256} << 30;  // of all rows together
};

class ParquetFile {
 public:
  // Reads the footer. Throws Error: no Parquet file, damaged, encrypted, a schema that makes no sense.
  explicit ParquetFile(const std::filesystem::path& path, const ParquetLimits& limits = {});
  ~ParquetFile();
  ParquetFile(ParquetFile&&) noexcept;

  int64_t num_rows() const;
  size_t num_row_groups() const;
  const std::string& created_by() const;  // the program that wrote it, as it calls itself
  // Name and type for people ("list of text"), in the file's order.
  std::vector<std::pair<std::string, std::string>> columns() const;

  // Calls `row` with 1-based number and object of each row until it returns false. A row of more than max_row_bytes goes to
  // `bad` instead. Throws Error: damaged, or beyond the limits; rows before the damage have been given by then.
  void read_rows(const std::function<bool(int64_t number, const nlohmann::json& row)>& row, const std::function<void(int64_t number, const std::string& fault)>& bad) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// By the file's first four bytes.
bool is_parquet(const std::filesystem::path& path);

}  // namespace reprise::io
