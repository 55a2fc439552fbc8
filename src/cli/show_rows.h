// `reprise data show` of a published file: its columns and its first rows, or its rows as JSON Lines.
#pragma once

#include <cstdint>
#include <filesystem>

namespace reprise::cli {

// Parquet by its content, JSON Lines by its name (.jsonl, .json, also .gz).
bool is_rows_file(const std::filesystem::path& path);

// Prints what the file is and `rows` of its rows, cut to a line each; with jsonl nothing but the rows, whole, -1 for all of
// them. Throws Error.
void show_rows(const std::filesystem::path& path, int64_t rows, bool jsonl);

}  // namespace reprise::cli
