// YAML text and the fingerprint.
#include "config/writer.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/hash.h"
#include "base/strings.h"

namespace reprise::config {
namespace {

bool safe_plain(const std::string& text) {
  static const std::vector<std::string> words = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '_' || text[0] == '/')) return false;
  if (std::find(words.begin(), words.end(), to_lower_ascii(text)) != words.end()) return false;
  // "nan", "inf", "infinity" and anything else that reads as a number.
  if (parse_double(text)) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' || c == '/';
  });
}

std::string scalar(const nlohmann::ordered_json& json) {
  if (json.is_string()) {
    const std::string& text = json.get_ref<const std::string&>();
    // JSON's escapes are YAML's, in double quotes; UTF-8 as it is (yaml-cpp refuses escaped surrogate pairs).
    return safe_plain(text) ? text : json.dump();
  }
  if (json.is_number_float()) return format_double(json.get<double>());
  return json.dump();
}

bool is_flat(const nlohmann::ordered_json& json) {
  return std::none_of(json.begin(), json.end(), [](const auto& item) { return item.is_structured(); });
}

void write(const nlohmann::ordered_json& json, int indent, std::string& out);

// What follows "key:" or "-".
void write_value(const nlohmann::ordered_json& value, int indent, std::string& out) {
  if (value.is_object() && !value.empty()) {
    out += "\n";
    write(value, indent + 2, out);
  } else if (value.is_array() && !value.empty() && !is_flat(value)) {
    out += "\n";
    write(value, indent + 2, out);
  } else if (value.is_array()) {
    std::vector<std::string> parts;
    for (const auto& item : value) parts.push_back(scalar(item));
    out += " [" + join(parts, ", ") + "]\n";
  } else {
    out += " " + (value.is_object() ? std::string("{}") : scalar(value)) + "\n";
  }
}

void write(const nlohmann::ordered_json& json, int indent, std::string& out) {
  const std::string space(static_cast<size_t>(indent), ' ');
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      out += space + scalar(key) + ":";
      write_value(value, indent, out);
    }
    return;
  }
  for (const auto& item : json) {
    if (item.is_object() && !item.empty()) {
      std::string inner;
      write(item, indent + 2, inner);
      inner[static_cast<size_t>(indent)] = '-';  // "  stage: x" -> "- stage: x"
      out += inner;
    } else {
      out += space + "-";
      write_value(item, indent, out);
    }
  }
}

}  // namespace

std::string to_yaml(const nlohmann::ordered_json& json) {
  std::string out;
  write(json, 0, out);
  return out;
}

std::string fingerprint(const nlohmann::ordered_json& json) {
  return sha256_hex(nlohmann::json(json).dump(-1, ' ', false, nlohmann::json::error_handler_t::strict));
}

}  // namespace reprise::config
