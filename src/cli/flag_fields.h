// Command-line flags from a config struct's declared keys: `learning_rate` becomes --learning-rate, with its doc, default and bounds; what a flag gives
// is read as if it stood in a recipe.
#pragma once

#include <algorithm>
#include <boost/program_options.hpp>

#include "base/strings.h"
#include "config/describe.h"
#include "config/reader.h"

namespace reprise::cli {

template <class Config>
class FlagFields {
 public:
  // `except`: keys that the command has its own way to give.
  explicit FlagFields(const std::vector<std::string>& except = {}) {
    for (config::FieldInfo& field : config::describe<Config>()) {
      if (std::find(except.begin(), except.end(), field.name) == except.end()) fields_.push_back(std::move(field));
    }
  }

  // show_defaults: not where something else than the struct decides what a key is when it is not given.
  void add_to(boost::program_options::options_description& options, bool show_defaults = true) const {
    namespace po = boost::program_options;
    for (const config::FieldInfo& field : fields_) {
      std::string doc = field.doc;
      const std::string otherwise = field.default_text(), limits = field.limits_text();
      if (!limits.empty()) doc += " (" + limits + ")";
      if (show_defaults && !otherwise.empty() && otherwise != "[]" && otherwise != "required") doc += " [" + otherwise + "]";
      if (field.type.starts_with("list")) options.add_options()(flag_of(field).c_str(), po::value<std::vector<std::string>>()->composing()->value_name("VALUE"), doc.c_str());
      else options.add_options()(flag_of(field).c_str(), po::value<std::string>()->value_name("VALUE"), doc.c_str());
    }
  }

  // Overwrites what was given on the command line. Throws Error naming the flag and what is wrong with its value.
  void read(const boost::program_options::variables_map& values, Config& config) const {
    config::Problems problems;
    config::Node node;
    node.kind = config::Node::Kind::map;
    for (const config::FieldInfo& field : fields_) {
      const std::string flag = flag_of(field);
      if (!values.contains(flag)) continue;
      config::Node value;
      value.origin = {"--" + flag, 0};
      if (field.type.starts_with("list")) {
        value.kind = config::Node::Kind::list;
        for (const std::string& text : values[flag].template as<std::vector<std::string>>()) value.items.push_back(scalar(text, flag));
      } else {
        value = scalar(values[flag].template as<std::string>(), flag);
      }
      node.set(field.name, std::move(value)).key_origin = {"--" + flag, 0};
    }
    config::read(node, config, problems);
    problems.throw_if_any();
  }

  bool given(const boost::program_options::variables_map& values, const std::string& key) const { return values.contains(replace_all(key, "_", "-")); }

 private:
  static std::string flag_of(const config::FieldInfo& field) { return replace_all(field.name, "_", "-"); }
  static config::Node scalar(const std::string& text, const std::string& flag) {
    config::Node node;
    node.kind = config::Node::Kind::scalar;
    node.text = text;
    node.origin = {"--" + flag, 0};
    return node;
  }

  std::vector<config::FieldInfo> fields_;
};

}  // namespace reprise::cli
