// Values of the Jinja interpreter: JSON's kinds, plus undefined, namespaces and macros. Maps keep their order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"

namespace reprise::text::jinja {

struct Value;
using List = std::vector<Value>;
using Map = std::vector<std::pair<std::string, Value>>;
struct Undefined {
  std::string name;
};
struct Call {
  List positional;
  Map named;
};
using Function = std::function<Value(const Call&)>;

struct Value {
  using Data = std::variant<std::nullptr_t, Undefined, bool, int64_t, double, std::string, std::shared_ptr<List>, std::shared_ptr<Map>, std::shared_ptr<Function>>;
  Data data = nullptr;
  bool is_namespace = false;  // a map whose attributes may be set

  Value() = default;
  Value(Data d) : data(std::move(d)) {}
  template <class T>
  const T* as() const { return std::get_if<T>(&data); }
  bool undefined() const { return as<Undefined>(); }
  bool none() const { return as<std::nullptr_t>(); }
  const std::string* text() const { return as<std::string>(); }
  const List* list() const { return as<std::shared_ptr<List>>() ? std::get<std::shared_ptr<List>>(data).get() : nullptr; }
  const Map* map() const { return as<std::shared_ptr<Map>>() ? std::get<std::shared_ptr<Map>>(data).get() : nullptr; }
  bool is_number() const { return as<int64_t>() || as<double>() || as<bool>(); }
  double number() const;
};

Value make_list(List values);
Value make_map(Map values);
Value make_text(std::string text);
Value from_json(const nlohmann::ordered_json& json);

bool truthy(const Value& v);
bool equal(const Value& a, const Value& b);
// As Python's str() would show it in a template ("True", "None", "1.0", "['a', 1]").
std::string to_text(const Value& v);
const Value* find(const Map& map, const std::string& key);
// json.dumps(ensure_ascii=False) as transformers' tojson; indent 0: one line.
std::string to_json_text(const Value& v, int64_t indent, int level = 0);

}  // namespace reprise::text::jinja
