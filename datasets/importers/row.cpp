// Reading parts of a row.
#include "datasets/importers/row.h"

#include "base/strings.h"

namespace reprise::datasets {

const json* find(const json& row, const std::string& path) {
  const json* at = &row;
  for (const std::string& key : split(path, '.')) {
    if (at->is_array()) {
      const auto index = parse_int(key);
      if (!index || *index < 0 || *index >= static_cast<int64_t>(at->size())) return nullptr;
      at = &(*at)[static_cast<size_t>(*index)];
    } else {
      const auto found = at->is_object() ? at->find(key) : at->end();
      if (!at->is_object() || found == at->end()) return nullptr;
      at = &*found;
    }
  }
  return at->is_null() ? nullptr : at;
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  if (value.is_number()) {
    const double number = value.get<double>();
    return format_double(number);
  }
  throw BadRow{"holds neither text nor a number where text is wanted"};
}

std::string required_text(const json& row, const std::string& path) {
  const json* value = find(row, path);
  if (!value) throw BadRow{"lacks '" + path + "'"};
  std::string text = text_of(*value);
  if (trim(text).empty()) throw BadRow{"has an empty '" + path + "'"};
  return text;
}

std::string optional_text(const json& row, const std::string& path) {
  const json* value = path.empty() ? nullptr : find(row, path);
  return value ? text_of(*value) : std::string();
}

int64_t level_of(const json& row, const std::string& path) {
  const json* value = path.empty() ? nullptr : find(row, path);
  if (!value) return 0;
  std::string text = text_of(*value);
  if (text.starts_with("Level ")) text = text.substr(6);
  return parse_int(text).value_or(0);
}

json parts_of(const json& row, std::initializer_list<const char*> keys) {
  json parts = json::object();
  for (const char* key : keys) {
    if (const json* value = find(row, key)) parts[key] = *value;
  }
  return parts;
}

}  // namespace reprise::datasets
