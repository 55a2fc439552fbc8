// A config struct as JSON with every key and its value, and JSON as the YAML of recipe.lock.yaml, which reads
// back as the same values. The fingerprint is a hash of what is resolved, not of how it was written: order of
// keys, comments, number spellings and file layout do not touch it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace reprise::config {

// The visitor behind to_json(): keys in the order of declaration.
class FieldWriter {
 public:
  template <class T, class... Ignored>
  void field(const char* name, T& value, Ignored&&...) { out_[name] = value; }
  template <class T, class... Ignored>
  void field(const char* name, std::optional<T>& value, Ignored&&...) {
    out_[name] = value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  }
  template <class T, class... Ignored>
  void reference(const char* name, T& value, Ignored&&...) { out_[name] = value; }
  template <class... Ignored>
  void file(const char* name, std::string& value, Ignored&&...) { out_[name] = value; }
  template <class T>
  void section(const char* name, T& value, const char*) {
    FieldWriter inner;
    value.fields(inner);
    out_[name] = inner.take();
  }
  template <class T>
  void list(const char* name, std::vector<T>& values, const char*) {
    out_[name] = nlohmann::ordered_json::array();
    for (T& value : values) {
      FieldWriter inner;
      value.fields(inner);
      out_[name].push_back(inner.take());
    }
  }
  nlohmann::ordered_json take() { return std::move(out_); }

 private:
  nlohmann::ordered_json out_ = nlohmann::ordered_json::object();
};

template <class Config>
nlohmann::ordered_json to_json(Config config) {  // a copy, because fields() is not const
  FieldWriter writer;
  config.fields(writer);
  return writer.take();
}

// Block style, two spaces; strings are quoted wherever a plain one could be read as something else.
std::string to_yaml(const nlohmann::ordered_json& json);

// 64 hex digits: SHA-256 of the JSON text with sorted keys.
std::string fingerprint(const nlohmann::ordered_json& json);

}  // namespace reprise::config
