// The texts of training rows, one row at a time, whatever they are kept in: a store (HDF5), or JSON Lines or a JSON array, plain or gzip, in anybody's format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::data {

using OnTextRow = std::function<void(std::string_view id, const std::vector<std::string_view>& texts)>;

// A store's rows: id, then prompt and solution, or prompt and completion; empty ones left out. The store's hash is not compared: see foreign_store.h. Throws Error.
void for_each_store_row(const std::filesystem::path& path, const OnTextRow& row);

// Of a store: the above. Of anything else: every text of at least two words in the row, wherever it stands; the id is "line 17". One JSON array is read whole
// (at most a gigabyte), lines are not. Throws Error naming the line.
void for_each_text_row(const std::filesystem::path& path, const OnTextRow& row);
bool is_store(const std::filesystem::path& path);

}  // namespace reprise::data
