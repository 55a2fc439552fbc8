// What the declarations say of themselves: the list behind `reprise keys`, docs/keys.md and the stage graph's
// search for references. Lists in the order of declaration; keys of a section are named "section.key".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "config/field.h"

namespace reprise::config {

struct FieldInfo {
  std::string name;     // "learning_rate", "report.title", "claims[].metric"
  std::string type;     // "int", "number", "string", "bool", "list of string", "map of number", "reference", ...
  nlohmann::json value; // the default
  std::string doc;
  Bounds bounds;
  bool is_reference = false;
  bool is_file = false;

  std::string default_text() const;  // "required", "1e-06", "[]", ""
  std::string limits_text() const;   // "at least 0", "one of: grpo, dapo", ""
};

class FieldLister {
 public:
  explicit FieldLister(std::vector<FieldInfo>& out, std::string prefix = "") : out_(out), prefix_(std::move(prefix)) {}

  template <class T>
  void field(const char* name, T& value, const char* doc, const Bounds& bounds = {}) {
    add({prefix_ + name, type_name(value), to_json(value), doc, bounds});
  }
  template <class T>
  void reference(const char* name, T& value, const char* doc, const Bounds& bounds = {}) {
    add({prefix_ + name, std::is_same_v<T, std::string> ? "reference" : "list of reference", to_json(value), doc,
         bounds, true});
  }
  void file(const char* name, std::string& value, const char* doc, const Bounds& bounds = {}) {
    add({prefix_ + name, "string", to_json(value), doc, bounds, false, true});
  }
  template <class T>
  void section(const char* name, T& value, const char*) {
    FieldLister inner(out_, prefix_ + name + ".");
    value.fields(inner);
  }
  template <class T>
  void list(const char* name, std::vector<T>&, const char*) {
    T element;
    FieldLister inner(out_, prefix_ + name + "[].");
    element.fields(inner);
  }

 private:
  // Two declarations of one name would leave the second without effect: a bug of ours, told at once.
  void add(FieldInfo info);

  static std::string type_name(const bool&) { return "bool"; }
  static std::string type_name(const int64_t&) { return "int"; }
  static std::string type_name(const double&) { return "number"; }
  static std::string type_name(const std::string&) { return "string"; }
  static std::string type_name(const std::map<std::string, double>&) { return "map of number"; }
  template <class T>
  static std::string type_name(const std::optional<T>&) { return type_name(T{}) + " or null"; }
  template <class T>
  static std::string type_name(const std::vector<T>&) { return "list of " + type_name(T{}); }

  template <class T>
  static nlohmann::json to_json(const T& value) { return value; }
  template <class T>
  static nlohmann::json to_json(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
  }

  std::vector<FieldInfo>& out_;
  std::string prefix_;
};

template <class Config>
std::vector<FieldInfo> describe() {
  Config config;
  std::vector<FieldInfo> out;
  FieldLister lister(out);
  config.fields(lister);
  return out;
}

// For a terminal: name, type, default and limits on one line, the doc below it.
std::string keys_text(const std::vector<FieldInfo>& fields);
// A Markdown table.
std::string keys_markdown(const std::vector<FieldInfo>& fields);

}  // namespace reprise::config
