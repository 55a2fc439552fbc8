// One line a row.
#include "cli/show_rows.h"

#include <cstdio>

#include "base/error.h"
#include "base/strings.h"
#include "io/jsonl.h"
#include "io/parquet.h"

namespace reprise::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostOfALine = 1000;

// Ends the reading of a file of which enough was seen.
struct Enough {};

void print_row(const nlohmann::json& row, bool whole) {
  std::string line = row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (!whole && line.size() > kMostOfALine) {
    size_t end = kMostOfALine;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;  // not through a UTF-8 sequence
    line = line.substr(0, end) + " ...";
  }
  line += '\n';
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) throw Error("cannot be written", "standard output");
}

}  // namespace

bool is_rows_file(const fs::path& path) {
  fs::path name = path.filename();
  if (name.extension() == ".gz") name = name.stem();
  return name.extension() == ".jsonl" || name.extension() == ".json" || io::is_parquet(path);
}

void show_rows(const fs::path& path, int64_t rows, bool jsonl) {
  const auto fault = [&](int64_t number, const std::string& what) { throw Error(what, path.string() + ":" + std::to_string(number)); };
  if (io::is_parquet(path)) {
    const io::ParquetFile file(path);
    if (!jsonl) {
      std::printf("%s: Parquet, %s rows in %s row groups, by %s\n", path.c_str(), format_count(file.num_rows()).c_str(), format_count(static_cast<int64_t>(file.num_row_groups())).c_str(),
                  file.created_by().empty() ? "a writer without a name" : file.created_by().substr(0, 100).c_str());
      for (const auto& [name, type] : file.columns()) std::printf("  %s: %s\n", name.c_str(), type.c_str());
      std::printf("\n");
    }
    if (rows == 0) return;
    file.read_rows([&](int64_t number, const nlohmann::json& row) {
      print_row(row, jsonl);
      return number != rows;
    }, fault);
    return;
  }
  int64_t number = 0;
  try {
    io::read_json_rows(path, [&](int64_t, const nlohmann::json& row) {
      if (number == rows) throw Enough();
      print_row(row, jsonl);
      ++number;
    }, fault);
  } catch (const Enough&) {
  }
}

}  // namespace reprise::cli
