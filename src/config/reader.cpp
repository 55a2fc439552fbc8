// The scalar types, their bounds, and the messages.
#include "config/reader.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "config/alternative_names.h"

namespace reprise::config {
namespace {

void wrong_type(const Node& node, const std::string& key, const std::string& wanted, Problems& problems,
                const std::string& hint = "") {
  if (node.is_null()) {
    problems.add("'" + key + "' has no value", node.origin, "it wants " + wanted + ", or leave the key out");
    return;
  }
  problems.add("'" + key + "' wants " + wanted + ", not " + node.shown(), node.origin, hint);
}

std::string bounds_words(const Bounds& b) {
  std::vector<std::string> parts;
  if (std::isfinite(b.minimum)) parts.push_back((b.minimum_is_open ? "more than " : "at least ") + format_double(b.minimum));
  if (std::isfinite(b.maximum)) parts.push_back((b.maximum_is_open ? "less than " : "at most ") + format_double(b.maximum));
  return join(parts, " and ");
}

bool in_bounds(double value, const Bounds& b) {
  if (b.minimum_is_open ? !(value > b.minimum) : !(value >= b.minimum)) return false;
  return b.maximum_is_open ? value < b.maximum : value <= b.maximum;
}

std::string plain_number(const Node& node) {
  // YAML 1.1 reads 1_000 as a thousand, and people write it so.
  return replace_all(node.text, "_", "");
}

}  // namespace

void read_value(const Node& node, const std::string& key, const Bounds&, bool& value, Problems& problems) {
  if (node.is_scalar() && !node.quoted && (node.text == "true" || node.text == "false")) {
    value = node.text == "true";
    return;
  }
  static const std::vector<std::string> yes = {"yes", "on", "y", "1", "True", "TRUE", "Yes", "On"};
  static const std::vector<std::string> no = {"no", "off", "n", "0", "False", "FALSE", "No", "Off"};
  std::string hint;
  if (node.is_scalar() && std::find(yes.begin(), yes.end(), node.text) != yes.end()) hint = "write true";
  if (node.is_scalar() && std::find(no.begin(), no.end(), node.text) != no.end()) hint = "write false";
  wrong_type(node, key, "true or false", problems, hint);
}

void read_value(const Node& node, const std::string& key, const Bounds& bounds, int64_t& value, Problems& problems) {
  if (!node.is_scalar() || node.quoted) return wrong_type(node, key, "a whole number", problems);
  const std::string text = plain_number(node);
  std::optional<int64_t> found = parse_int(text);
  if (!found) {
    // 1e6 and 3.0 are whole numbers too; 1.5 is not, and beyond 2^53 a double cannot tell.
    const auto real = parse_double(text);
    if (real && std::isfinite(*real) && *real == std::floor(*real) && std::fabs(*real) <= 9007199254740992.0) {
      found = static_cast<int64_t>(*real);
    }
  }
  if (!found) return wrong_type(node, key, "a whole number", problems);
  if (!in_bounds(static_cast<double>(*found), bounds)) {
    problems.add("'" + key + "' must be " + bounds_words(bounds) + ", not " + node.text, node.origin);
    return;
  }
  value = *found;
}

void read_value(const Node& node, const std::string& key, const Bounds& bounds, double& value, Problems& problems) {
  if (!node.is_scalar() || node.quoted) return wrong_type(node, key, "a number", problems);
  const auto found = parse_double(plain_number(node));
  if (!found) return wrong_type(node, key, "a number", problems);
  if (!std::isfinite(*found)) return wrong_type(node, key, "a finite number", problems);
  if (!in_bounds(*found, bounds)) {
    problems.add("'" + key + "' must be " + bounds_words(bounds) + ", not " + node.text, node.origin);
    return;
  }
  value = *found;
}

void read_value(const Node& node, const std::string& key, const Bounds& bounds, std::string& value,
                Problems& problems) {
  if (!node.is_scalar()) return wrong_type(node, key, "a string", problems);
  if (!bounds.choices.empty() && std::find(bounds.choices.begin(), bounds.choices.end(), node.text) == bounds.choices.end()) {
    const auto guess = nearest(node.text, bounds.choices);
    problems.add("'" + key + "' must be one of " + join(bounds.choices, ", ") + ", not " + node.shown(), node.origin,
                 guess ? "did you mean '" + *guess + "'?" : "");
    return;
  }
  value = node.text;
}

void read_value(const Node& node, const std::string& key, const Bounds& bounds, std::map<std::string, double>& value,
                Problems& problems) {
  if (!node.is_map()) return wrong_type(node, key, "a map of names to numbers", problems);
  value.clear();
  for (const auto& [name, item] : node.entries) {
    double number = 0;
    read_value(item, key + "." + name, bounds, number, problems);
    value[name] = number;
  }
}

void expect_list(const Node& node, const std::string& key, const char* of, Problems& problems) {
  wrong_type(node, key, std::string("a list of ") + of, problems, node.is_scalar() ? "write [" + node.text + "]" : "");
}

FieldReader::FieldReader(const Node& node, Problems& problems)
    : node_(node), problems_(problems), problems_before_(problems.size()) {
  if (node.is_map() || node.is_null()) return;
  clean_ = false;
  problems.add("wants keys with values, not " + node.shown(), node.origin);
}

const Node* FieldReader::take(const char* name, const Bounds& bounds) {
  known_.emplace_back(name);
  const Node* found = node_.find(name);
  if (!found && bounds.required && clean_) {
    problems_.add("'" + std::string(name) + "' is missing", node_.key_origin.line ? node_.key_origin : node_.origin);
  }
  return found;
}

void FieldReader::also_known(const std::vector<std::string>& names) {
  known_.insert(known_.end(), names.begin(), names.end());
}

void FieldReader::finish() {
  for (const auto& [key, value] : node_.entries) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    problems_.add("unknown key '" + key + "'", value.key_origin, suggest(key, known_));
  }
  if (problems_.size() != problems_before_) clean_ = false;
}

void FieldReader::NodeChecker::problem(const std::string& key, const std::string& what, const std::string& hint) {
  const Node* found = node_.find(key);
  problems_.add("'" + key + "' " + what, found ? found->key_origin : node_.origin, hint);
}

}  // namespace reprise::config
