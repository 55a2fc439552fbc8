// Fills a config struct from a tree of values by walking its fields(), and says everything that is wrong at once:
//   Problems problems;
//   read(node, config, problems);     // config keeps its defaults where the node says nothing
//   problems.throw_if_any();
// A visitor call takes the key out of the node; what is left at the end is unknown. A config may also declare
//   void check(config::Checker& c) const
// for what no single key can know (a key without effect in this mode, two that contradict each other).
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "config/checker.h"
#include "config/field.h"
#include "config/node.h"
#include "config/problems.h"

namespace reprise::config {

// One value of the tree as one of the types that a field may have. Adds a problem and leaves `value` alone when
// it does not fit. `key` is for the message.
void read_value(const Node& node, const std::string& key, const Bounds& bounds, bool& value, Problems& problems);
void read_value(const Node& node, const std::string& key, const Bounds& bounds, int64_t& value, Problems& problems);
void read_value(const Node& node, const std::string& key, const Bounds& bounds, double& value, Problems& problems);
void read_value(const Node& node, const std::string& key, const Bounds& bounds, std::string& value, Problems& problems);
void read_value(const Node& node, const std::string& key, const Bounds& bounds, std::map<std::string, double>& value,
                Problems& problems);

template <class T>
void read_value(const Node& node, const std::string& key, const Bounds& bounds, std::optional<T>& value,
                Problems& problems) {
  if (node.is_null()) {
    value.reset();
    return;
  }
  T inner{};
  read_value(node, key, bounds, inner, problems);
  value = inner;
}

void expect_list(const Node& node, const std::string& key, const char* of, Problems& problems);

template <class T>
void read_value(const Node& node, const std::string& key, const Bounds& bounds, std::vector<T>& value,
                Problems& problems) {
  if (!node.is_list()) {
    expect_list(node, key, std::is_same_v<T, std::string> ? "strings" : "numbers", problems);
    return;
  }
  value.clear();
  for (const Node& item : node.items) {
    T inner{};
    read_value(item, key, bounds, inner, problems);
    value.push_back(std::move(inner));
  }
}

// Walks one map. Not copied; short-lived.
class FieldReader {
 public:
  // `node` must be a map or null (all defaults); anything else is a problem, told once.
  FieldReader(const Node& node, Problems& problems);

  template <class T>
  void field(const char* name, T& value, const char*, const Bounds& bounds = {}) {
    if (const Node* found = take(name, bounds)) read_value(*found, name, bounds, value, problems_);
  }
  // A key that names an earlier stage, a dataset or a model of the recipe, or a path. Checked by the stage graph.
  template <class T>
  void reference(const char* name, T& value, const char* doc, const Bounds& bounds = {}) {
    if constexpr (!std::is_same_v<T, std::string>) {
      // `from: base` is fine where a list may stand.
      const Node* found = node_.find(name);
      if (found && found->is_scalar()) {
        std::string one;
        take(name, bounds);
        read_value(*found, name, bounds, one, problems_);
        value = {one};
        return;
      }
    }
    field(name, value, doc, bounds);
  }
  // A key that may name a file whose content then counts as part of the stage's key.
  void file(const char* name, std::string& value, const char* doc, const Bounds& bounds = {}) {
    field(name, value, doc, bounds);
  }
  template <class T>
  void section(const char* name, T& value, const char*) {
    if (const Node* found = take(name, {})) read_section(*found, value);
  }
  template <class T>
  void list(const char* name, std::vector<T>& values, const char*) {
    const Node* found = take(name, {});
    if (!found) return;
    if (!found->is_list()) return expect_list(*found, name, "maps", problems_);
    values.clear();
    for (const Node& item : found->items) read_section(item, values.emplace_back());
  }

  // Keys that someone else reads (a stage's `stage:` and `type:`).
  void also_known(const std::vector<std::string>& names);
  // Reports what no call took, and runs the config's own check.
  void finish();

  template <class T>
  void read_section(const Node& node, T& value) {
    FieldReader inner(node, problems_);
    value.fields(inner);
    inner.finish();
    inner.run_check(value);
  }
  template <class T>
  void run_check(const T& value) {
    if constexpr (requires(const T& t, Checker& c) { t.check(c); }) {
      if (!clean_) return;
      NodeChecker checker(node_, problems_);
      value.check(checker);
    }
  }

 private:
  class NodeChecker : public Checker {
   public:
    NodeChecker(const Node& node, Problems& problems) : node_(node), problems_(problems) {}
    bool given(const std::string& key) const override { return node_.find(key) != nullptr; }
    void problem(const std::string& key, const std::string& what, const std::string& hint) override;

   private:
    const Node& node_;
    Problems& problems_;
  };

  const Node* take(const char* name, const Bounds& bounds);

  const Node& node_;
  Problems& problems_;
  size_t problems_before_;
  bool clean_ = true;
  std::vector<std::string> known_;
};

// `also_known`: keys of the same map that this config does not declare and that are somebody else's.
template <class Config>
void read(const Node& node, Config& config, Problems& problems, const std::vector<std::string>& also_known = {}) {
  FieldReader reader(node, problems);
  reader.also_known(also_known);
  config.fields(reader);
  reader.finish();
  reader.run_check(config);
}

// From JSON with every key typed (StageContext::keys()); throws what is wrong.
template <class Config>
void read_json(const nlohmann::json& json, Config& config, const std::string& name = "keys") {
  Problems problems;
  read(node_from_json(nlohmann::ordered_json(json), name), config, problems);
  problems.throw_if_any();
}

template <class Config>
Config config_from_json(const nlohmann::json& json, const std::string& name = "keys") {
  Config config;
  read_json(json, config, name);
  return config;
}

}  // namespace reprise::config
