// Rows of JSON Lines files and of JSON array files, plain or gzip, and of Parquet files (io/parquet.h), one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace reprise::io {

// Calls `row` with the 1-based line (or array element) number and the object. A row that is not a JSON object throws Error
// naming file and line; `row` may throw Errors of its own. Blank lines are passed over. A file that starts with '[' is
// one JSON array, one that starts with Parquet's magic is read as such. Python's bare NaN, Infinity and -Infinity are read as those words. max_row_bytes bounds a single row.
void read_json_rows(const std::filesystem::path& path, const std::function<void(int64_t line, const nlohmann::json& row)>& row,
                    size_t max_row_bytes = size_t{64} << 20);

// Keeps going past bad rows: `bad` gets the line and the fault.
void read_json_rows(const std::filesystem::path& path, const std::function<void(int64_t line, const nlohmann::json& row)>& row,
                    const std::function<void(int64_t line, const std::string& fault)>& bad, size_t max_row_bytes = size_t{64} << 20);

// The same with each row as it stands in the file: numbers too large for JSON's own readers, the order of keys. Of an array's elements and of Parquet's rows it is written anew.
void read_json_texts(const std::filesystem::path& path, const std::function<void(int64_t line, const nlohmann::json& row, std::string_view text)>& row,
                     const std::function<void(int64_t line, const std::string& fault)>& bad, size_t max_row_bytes = size_t{64} << 20);

// One row that was read before. Throws Error where it is no JSON object.
nlohmann::json parse_json_row(std::string_view text);

}  // namespace reprise::io
