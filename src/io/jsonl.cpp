// JSON Lines are read line by line, arrays whole. Depth is bounded before the recursive parser sees a row. Parquet files
// have a reader of their own.
#include "io/jsonl.h"

#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "io/lines.h"
#include "io/parquet.h"

namespace reprise::io {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 30;  // inflated
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kMaxDepth = 100;
constexpr size_t kMaxArrayBytes = size_t{1} << 30;

// Python writes NaN and Infinity into what it calls JSON. They become texts ("NaN", "-Infinity").
std::string without_bare_floats(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\' && i + 1 < text.size()) {
      out += text[i++];
    } else if (text[i] == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      size_t length = 0;
      for (std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
        if (text.substr(i).starts_with(word)) length = word.size();
      }
      if (length > 0) {
        out += '"' + std::string(text.substr(i, length)) + '"';
        i += length - 1;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

nlohmann::json parsed(std::string_view text) {
  nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) value = nlohmann::json::parse(without_bare_floats(text), nullptr, false);
  return value;
}

std::string written(const nlohmann::json& value) { return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace); }

using Row = std::function<void(int64_t, const nlohmann::json&)>;
using RowText = std::function<void(int64_t, const nlohmann::json&, std::string_view)>;
using Bad = std::function<void(int64_t, const std::string&)>;

void read_array(std::string_view text, const RowText& row, const Bad& bad, const std::string& where) {
  if (text.size() > kMaxArrayBytes) throw Error("is a JSON array of more than a gigabyte", where, "write it as JSON Lines");
  if (nesting_depth(text) > kMaxDepth) throw Error("is nested too deeply", where);
  const nlohmann::json all = parsed(text);
  if (!all.is_array()) throw Error("starts like a JSON array but is not one (truncated?)", where);
  int64_t number = 0;
  for (const nlohmann::json& value : all) {
    ++number;
    if (!value.is_object()) {
      bad(number, "is not a JSON object");
    } else {
      row(number, value, written(value));
    }
  }
}

void read_parquet(const std::filesystem::path& path, const Row& row, const Bad& bad, size_t max_row_bytes) {
  ParquetLimits limits;
  limits.max_row_bytes = max_row_bytes;
  const auto each = [&](int64_t number, const nlohmann::json& value) {
    row(number, value);
    return true;
  };
  ParquetFile(path, limits).read_rows(each, bad);
}

}  // namespace

void read_json_texts(const std::filesystem::path& path, const RowText& row, const Bad& bad, size_t max_row_bytes) {
  if (is_parquet(path)) return read_parquet(path, [&](int64_t number, const nlohmann::json& value) { row(number, value, written(value)); }, bad, max_row_bytes);
  LineReader lines(path, max_row_bytes, kMaxFileBytes);
  std::string_view front = lines.front(4096);
  if (front.starts_with(kByteOrderMark)) front.remove_prefix(kByteOrderMark.size());
  if (trim(front).starts_with('[')) {
    const std::string bytes = read_file_maybe_gzip(path, kMaxFileBytes);
    const bool is_marked = bytes.starts_with(kByteOrderMark);
    return read_array(std::string_view(bytes).substr(is_marked ? kByteOrderMark.size() : 0), row, bad, path.string());
  }
  for (int64_t line = 1; lines.next(); ++line) {
    if (lines.too_long()) {
      bad(line, "has " + std::to_string(lines.size()) + " bytes, more than the " + std::to_string(max_row_bytes) + " of a row");
      continue;
    }
    std::string_view one = lines.line();
    if (line == 1 && one.starts_with(kByteOrderMark)) one.remove_prefix(kByteOrderMark.size());
    one = trim(one);
    if (one.empty()) continue;
    if (nesting_depth(one) > kMaxDepth) {
      bad(line, "is nested too deeply");
      continue;
    }
    const nlohmann::json value = parsed(one);
    if (!value.is_object()) {
      bad(line, value.is_discarded() ? "is not JSON" : "is not a JSON object");
      continue;
    }
    row(line, value, one);
  }
}

void read_json_rows(const std::filesystem::path& path, const Row& row, const Bad& bad, size_t max_row_bytes) {
  if (is_parquet(path)) return read_parquet(path, row, bad, max_row_bytes);
  read_json_texts(path, [&](int64_t line, const nlohmann::json& value, std::string_view) { row(line, value); }, bad, max_row_bytes);
}

void read_json_rows(const std::filesystem::path& path, const Row& row, size_t max_row_bytes) {
  read_json_rows(path, row, [&](int64_t line, const std::string& fault) { throw Error(fault, path.string() + ":" + std::to_string(line)); }, max_row_bytes);
}

nlohmann::json parse_json_row(std::string_view text) {
  nlohmann::json value = nesting_depth(text) > kMaxDepth ? nlohmann::json() : parsed(text);
  if (!value.is_object()) throw Error("is no JSON object that can be read");
  return value;
}

}  // namespace reprise::io
