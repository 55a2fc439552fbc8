// Python's truth, equality and printing.
#include "text/jinja_value.h"

#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/strings.h"

namespace reprise::text::jinja {
namespace {

std::string python_float(double x) {
  std::string s = format_double(x);
  if (s.find_first_of(".en") == std::string::npos) s += ".0";
  return s;
}

std::string repr(const Value& v) {
  const std::string* text = v.text();
  if (!text) return to_text(v);
  const char quote = text->find('\'') != std::string::npos && text->find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (char c : *text) {
    if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (c == '\r') out += "\\r";
    else if (c == '\\') out += "\\\\";
    else if (c == quote) out += std::string("\\") + c;
    else out += c;
  }
  return out + quote;
}

std::string json_string(const std::string& text) { return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

}  // namespace

double Value::number() const {
  if (const auto* i = as<int64_t>()) return static_cast<double>(*i);
  if (const auto* d = as<double>()) return *d;
  if (const auto* b = as<bool>()) return *b;
  return 0;
}

Value make_list(List values) { return Value(std::make_shared<List>(std::move(values))); }
Value make_map(Map values) { return Value(std::make_shared<Map>(std::move(values))); }
Value make_text(std::string text) { return Value(Value::Data(std::move(text))); }

Value from_json(const nlohmann::ordered_json& json) {
  if (json.is_null()) return Value();
  if (json.is_boolean()) return Value(Value::Data(json.get<bool>()));
  if (json.is_number_integer()) return Value(Value::Data(json.get<int64_t>()));
  if (json.is_number()) return Value(Value::Data(json.get<double>()));
  if (json.is_string()) return make_text(json.get<std::string>());
  if (json.is_array()) {
    List list;
    for (const auto& item : json) list.push_back(from_json(item));
    return make_list(std::move(list));
  }
  Map map;
  for (const auto& [key, value] : json.items()) map.emplace_back(key, from_json(value));
  return make_map(std::move(map));
}

const Value* find(const Map& map, const std::string& key) {
  for (const auto& [name, value] : map) {
    if (name == key) return &value;
  }
  return nullptr;
}

bool truthy(const Value& v) {
  if (v.none() || v.undefined()) return false;
  if (v.is_number()) return v.number() != 0;
  if (v.text()) return !v.text()->empty();
  if (v.list()) return !v.list()->empty();
  if (v.map()) return v.is_namespace || !v.map()->empty();
  return true;
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.number() == b.number();
  if (a.text() && b.text()) return *a.text() == *b.text();
  if ((a.none() && b.none()) || (a.undefined() && b.undefined())) return true;
  if (a.list() && b.list()) {
    if (a.list()->size() != b.list()->size()) return false;
    for (size_t i = 0; i < a.list()->size(); ++i) {
      if (!equal((*a.list())[i], (*b.list())[i])) return false;
    }
    return true;
  }
  if (a.map() && b.map()) {
    if (a.map()->size() != b.map()->size()) return false;
    for (const auto& [key, value] : *a.map()) {
      const Value* other = find(*b.map(), key);
      if (!other || !equal(value, *other)) return false;
    }
    return true;
  }
  return false;
}

std::string to_text(const Value& v) {
  if (v.none()) return "None";
  if (v.undefined()) return "";
  if (const auto* b = v.as<bool>()) return *b ? "True" : "False";
  if (const auto* i = v.as<int64_t>()) return std::to_string(*i);
  if (const auto* d = v.as<double>()) return python_float(*d);
  if (v.text()) return *v.text();
  std::string out;
  if (v.list()) {
    for (const Value& item : *v.list()) out += (out.empty() ? "" : ", ") + repr(item);
    return "[" + out + "]";
  }
  if (v.map()) {
    for (const auto& [key, value] : *v.map()) out += (out.empty() ? "" : ", ") + repr(make_text(key)) + ": " + repr(value);
    return "{" + out + "}";
  }
  return "<macro>";
}

std::string to_json_text(const Value& v, int64_t indent, int level) {
  if (level > 100) throw Error("a value is nested too deeply", "chat template");
  if (v.undefined() || v.as<std::shared_ptr<Function>>()) throw Error("tojson of what is not defined", "chat template");
  if (v.none()) return "null";
  if (const auto* b = v.as<bool>()) return *b ? "true" : "false";
  if (v.is_number()) return to_text(v);
  if (v.text()) return json_string(*v.text());
  const bool is_list = v.list();
  const size_t count = is_list ? v.list()->size() : v.map()->size();
  if (count == 0) return is_list ? "[]" : "{}";
  const std::string line = indent > 0 ? "\n" + std::string(static_cast<size_t>(indent * (level + 1)), ' ') : "";
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    if (i) out += indent > 0 ? "," : ", ";
    out += line;
    out += is_list ? to_json_text((*v.list())[i], indent, level + 1)
                   : json_string((*v.map())[i].first) + ": " + to_json_text((*v.map())[i].second, indent, level + 1);
  }
  const std::string last = indent > 0 ? "\n" + std::string(static_cast<size_t>(indent * level), ' ') : "";
  return (is_list ? "[" : "{") + out + last + (is_list ? "]" : "}");
}

}  // namespace reprise::text::jinja
