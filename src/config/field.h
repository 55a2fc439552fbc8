// One declaration per key. A config struct has
//     template <class Visitor> void fields(Visitor& v) {
//       v.field("learning_rate", learning_rate, "Peak learning rate of AdamW.", at_least(0.0));
//       v.section("optimizer", optimizer, "AdamW and its schedule.");   // a nested struct with fields()
//     }
// and everything that knows keys walks it: the YAML reader (reader.h), `reprise keys`, docs/keys.md, `plan`,
// the lock file (writer.h) and the fingerprint. The member's initial value is the default.
// Types a field may have: bool, int64_t, double, std::string, std::vector<of those>,
// std::map<std::string, double>, std::optional<one of the scalars>. Enumerations are strings with one_of().
// Besides field() and section(), a visitor knows
//     v.reference("from", from, "...")      a stage, dataset or model of the recipe, or a path (string or list)
//     v.file("chat_template", t, "...")     may name a file: its content then counts, not its path
//     v.list("claims", claims, "...")       a vector of structs with fields()
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reprise::config {

// What a value may be, beyond its type.
struct Bounds {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimum_is_open = false;       // value > minimum instead of >=
  bool maximum_is_open = false;
  std::vector<std::string> choices;   // for strings (and each element of string lists)
  bool required = false;              // no default: must stand in the recipe
};

inline Bounds any_value() { return {}; }
inline Bounds at_least(double minimum) { return {.minimum = minimum}; }
inline Bounds more_than(double minimum) { return {.minimum = minimum, .minimum_is_open = true}; }
inline Bounds between(double minimum, double maximum) { return {.minimum = minimum, .maximum = maximum}; }
inline Bounds one_of(std::vector<std::string> choices) { return {.choices = std::move(choices)}; }
inline Bounds required() { return {.required = true}; }

}  // namespace reprise::config
