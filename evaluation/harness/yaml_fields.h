// Reads a YAML map into a struct that declares its keys with fields(Visitor&) (src/config/field.h), for the
// harness's own small files. Unknown keys, wrong types and values out of bounds are Errors with file:line.
// Lists of structs (claims within claims) are read by their owner, who names their keys in `also_known`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/error.h"
#include "base/strings.h"
#include "config/field.h"

namespace reprise::evaluation {

class YamlFields {
 public:
  YamlFields(const YAML::Node& map, std::string file) : map_(map), file_(std::move(file)) {
    if (!map_.IsMap()) throw Error("expected a map of keys", place(map_), "write `key: value` lines");
  }

  void field(const char* key, auto& value, const char* /*doc*/, const config::Bounds& bounds = {}) {
    known_.push_back(key);
    const YAML::Node node = map_[key];
    if (!node.IsDefined()) {
      if (bounds.required) throw Error("the key '" + std::string(key) + "' is missing", place(map_), "add it");
      return;
    }
    read(node, key, value, bounds);
  }

  void file(const char* key, std::string& value, const char* doc, const config::Bounds& bounds = {}) { field(key, value, doc, bounds); }

  // Call last: what was not declared is an error.
  void finish(const std::vector<std::string>& also_known = {}) {
    known_.insert(known_.end(), also_known.begin(), also_known.end());
    std::vector<std::string> seen;
    for (const auto& entry : map_) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        const auto guess = nearest(key, known_);
        throw Error("unknown key '" + key + "'", place(entry.first),
                    guess ? "did you mean '" + *guess + "'?" : "known: " + join(known_, ", "));
      }
      if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
        throw Error("the key '" + key + "' stands twice", place(entry.first), "remove one");
      }
      seen.push_back(key);
    }
  }

  std::string place(const YAML::Node& node) const {
    const int line = node.Mark().line;
    return line >= 0 ? file_ + ":" + std::to_string(line + 1) : file_;
  }

 private:
  template <class T>
  void read(const YAML::Node& node, const char* key, std::optional<T>& value, const config::Bounds& bounds) {
    T inner{};
    read(node, key, inner, bounds);
    value = inner;
  }
  void read(const YAML::Node& node, const char* key, std::string& value, const config::Bounds& bounds) {
    if (!node.IsScalar()) fail(node, key, "text");
    value = node.Scalar();
    const auto& choices = bounds.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      fail(node, key, "one of " + join(choices, ", "));
    }
  }
  void read(const YAML::Node& node, const char* key, double& value, const config::Bounds& bounds) {
    const auto number = node.IsScalar() ? parse_double(node.Scalar()) : std::nullopt;
    if (!number || *number != *number) fail(node, key, "a number");
    within(node, key, *number, bounds);
    value = *number;
  }
  void read(const YAML::Node& node, const char* key, int64_t& value, const config::Bounds& bounds) {
    const auto number = node.IsScalar() ? parse_int(node.Scalar()) : std::nullopt;
    if (!number) fail(node, key, "a whole number");
    within(node, key, static_cast<double>(*number), bounds);
    value = *number;
  }
  void read(const YAML::Node& node, const char* key, bool& value, const config::Bounds&) {
    if (!node.IsScalar() || (node.Scalar() != "true" && node.Scalar() != "false")) fail(node, key, "true or false");
    value = node.Scalar() == "true";
  }
  void read(const YAML::Node& node, const char* key, std::vector<std::string>& value, const config::Bounds& bounds) {
    if (!node.IsSequence() || node.size() > 10'000) fail(node, key, "a list of texts");
    value.clear();
    for (const auto& element : node) {
      std::string text;
      read(element, key, text, bounds);
      value.push_back(text);
    }
  }
  void within(const YAML::Node& node, const char* key, double value, const config::Bounds& bounds) {
    const bool low = bounds.minimum_is_open ? value > bounds.minimum : value >= bounds.minimum;
    const bool high = bounds.maximum_is_open ? value < bounds.maximum : value <= bounds.maximum;
    if (!low || !high) {
      fail(node, key, "between " + format_double(bounds.minimum) + " and " + format_double(bounds.maximum));
    }
  }
  [[noreturn]] void fail(const YAML::Node& node, const char* key, const std::string& wanted) const {
    throw Error("'" + std::string(key) + "' should be " + wanted, place(node), "see its neighbours");
  }

  YAML::Node map_;
  std::string file_;
  std::vector<std::string> known_;
};

// Parses a small YAML file, at most 8 MiB, 500 levels deep and without aliases.
YAML::Node load_small_yaml(const std::filesystem::path& path);

}  // namespace reprise::evaluation
