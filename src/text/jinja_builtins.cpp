// What Hugging Face's chat templates use, with Python's meaning.
#include "text/jinja_builtins.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/strings.h"

namespace reprise::text::jinja {
namespace {

constexpr size_t kMaxText = 64u << 20;

const Value* argument(const Call& call, size_t position, const std::string& name) {
  if (position < call.positional.size()) return &call.positional[position];
  return find(call.named, name);
}
std::string text_argument(const Call& call, size_t position, const std::string& name, const std::string& fallback) {
  const Value* v = argument(call, position, name);
  return v ? to_text(*v) : fallback;
}

std::string strip(const std::string& s, const std::string& chars, bool left, bool right) {
  size_t begin = 0, end = s.size();
  if (left) begin = std::min(s.find_first_not_of(chars), s.size());
  if (right) end = s.find_last_not_of(chars) == std::string::npos ? 0 : s.find_last_not_of(chars) + 1;
  return begin < end ? s.substr(begin, end - begin) : std::string();
}
const std::string kSpace = " \t\n\r\f\v";

// What Python's strip() takes away: Unicode's white space and four separators of ASCII.
bool is_python_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}
std::string strip_space(const std::string& s, bool left, bool right) {
  size_t begin = s.size(), end = 0;
  for (size_t i = 0; i < s.size();) {
    const size_t start = i;
    if (is_python_space(next_code_point(s, i))) continue;
    begin = std::min(begin, start);
    end = i;
  }
  if (begin == s.size()) return "";
  return s.substr(left ? begin : 0, (right ? end : s.size()) - (left ? begin : 0));
}

std::string upper(std::string s) {
  for (char& c : s) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return s;
}
std::string capitalise(const std::string& s) {
  std::string out = to_lower_ascii(s);
  if (!out.empty()) out[0] = upper(out.substr(0, 1))[0];
  return out;
}
std::string title(const std::string& s) {
  std::string out = to_lower_ascii(s);
  bool start = true;
  for (char& c : out) {
    const bool letter = c >= 'a' && c <= 'z';
    if (letter && start) c = static_cast<char>(c - 32);
    start = !letter && !(c >= 'A' && c <= 'Z') && static_cast<unsigned char>(c) < 128;
  }
  return out;
}

List items_of(const Value& v) {
  if (v.list()) return *v.list();
  List out;
  if (v.map()) {
    for (const auto& [key, value] : *v.map()) out.push_back(make_text(key));
  } else if (v.text()) {
    for (size_t i = 0; i < v.text()->size();) {
      std::string one;
      append_utf8(one, next_code_point(*v.text(), i));
      out.push_back(make_text(one));
    }
  } else if (!v.undefined()) {
    fault("a value that cannot be walked through");
  }
  return out;
}

bool less(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.number() < b.number();
  if (a.text() && b.text()) return *a.text() < *b.text();
  fault("values that cannot be put in order");
}

Value attribute(const Value& v, const std::string& path) {
  Value at = v;
  for (const std::string& key : split(path, '.')) {
    const Value* found = at.map() ? find(*at.map(), key) : nullptr;
    if (!found) return Value(Value::Data(Undefined{path}));
    at = Value(*found);
  }
  return at;
}

Value pick(const std::string& name, const Value& value, const Call& call) {
  const bool by_attribute = name.ends_with("attr"), keep = name.starts_with("select");
  List out;
  for (const Value& item : items_of(value)) {
    const size_t first = by_attribute ? 1 : 0;
    const Value subject = by_attribute ? attribute(item, text_argument(call, 0, "attribute", "")) : item;
    bool holds = truthy(subject);
    if (call.positional.size() > first) {
      Call rest;
      rest.positional.assign(call.positional.begin() + static_cast<int64_t>(first) + 1, call.positional.end());
      holds = apply_test(to_text(call.positional[first]), subject, rest);
    }
    if (holds == keep) out.push_back(item);
  }
  return make_list(std::move(out));
}

Value mapped(const Value& value, const Call& call) {
  List out;
  const Value* path = find(call.named, "attribute");
  for (const Value& item : items_of(value)) {
    if (path) {
      Value found = attribute(item, to_text(*path));
      const Value* fallback = find(call.named, "default");
      out.push_back(found.undefined() && fallback ? *fallback : found);
    } else {
      if (call.positional.empty()) fault("map without a filter");
      Call rest;
      rest.positional.assign(call.positional.begin() + 1, call.positional.end());
      out.push_back(apply_filter(to_text(call.positional[0]), item, rest));
    }
  }
  return make_list(std::move(out));
}

std::string indented(const std::string& s, const Call& call) {
  const Value* width = argument(call, 0, "width");
  const std::string pad(static_cast<size_t>(width && width->is_number() ? std::clamp(width->number(), 0.0, 1000.0) : 4), ' ');
  const Value *first = argument(call, 1, "first"), *blank = argument(call, 2, "blank");
  std::string out = first && truthy(*first) ? pad : "";
  for (size_t i = 0; i < s.size(); ++i) {
    out += s[i];
    if (s[i] == '\n' && i + 1 < s.size() && ((blank && truthy(*blank)) || s[i + 1] != '\n')) out += pad;
  }
  return out;
}

}  // namespace

void fault(const std::string& what) { throw Error(what, "chat template"); }

Value apply_filter(const std::string& name, const Value& value, const Call& call) {
  if (name == "trim") {
    const Value* characters = argument(call, 0, "chars");
    const std::string text = to_text(value);
    return make_text(characters && !characters->none() ? strip(text, to_text(*characters), true, true) : strip_space(text, true, true));
  }
  if (name == "upper") return make_text(upper(to_text(value)));
  if (name == "lower") return make_text(to_lower_ascii(to_text(value)));
  if (name == "capitalize") return make_text(capitalise(to_text(value)));
  if (name == "title") return make_text(title(to_text(value)));
  if (name == "string") return make_text(to_text(value));
  if (name == "safe") return value;
  if (name == "tojson") {
    const Value* indent = argument(call, 0, "indent");
    if (const Value* named = find(call.named, "indent")) indent = named;
    return make_text(to_json_text(value, indent && indent->is_number() ? static_cast<int64_t>(std::clamp(indent->number(), 0.0, 100.0)) : 0));
  }
  if (name == "length" || name == "count") return Value(Value::Data(static_cast<int64_t>(items_of(value).size())));
  if (name == "default" || name == "d") {
    const Value* fallback = argument(call, 0, "default_value");
    const Value* boolean = argument(call, 1, "boolean");
    const bool missing = value.undefined() || (boolean && truthy(*boolean) && !truthy(value));
    return missing ? (fallback ? *fallback : make_text("")) : value;
  }
  if (name == "first" || name == "last") {
    const List all = items_of(value);
    if (all.empty()) return Value(Value::Data(Undefined{name}));
    return name == "first" ? all.front() : all.back();
  }
  if (name == "list") return make_list(items_of(value));
  if (name == "join") {
    const std::string between = text_argument(call, 0, "d", "");
    const Value* path = argument(call, 1, "attribute");
    std::string out;
    bool first = true;
    for (const Value& item : items_of(value)) {
      if (!first) out += between;
      first = false;
      out += to_text(path ? attribute(item, to_text(*path)) : item);
      if (out.size() > kMaxText) fault("a text that is too long");
    }
    return make_text(out);
  }
  if (name == "replace") {
    const Value* from = argument(call, 0, "old");
    if (!from || to_text(*from).empty()) fault("replace of nothing");
    return make_text(replace_all(to_text(value), to_text(*from), text_argument(call, 1, "new", "")));
  }
  if (name == "int") {
    if (value.is_number()) return Value(Value::Data(static_cast<int64_t>(std::clamp(value.number(), -9e18, 9e18))));
    const Value* fallback = argument(call, 0, "default");
    const auto parsed = value.text() ? parse_double(trim(*value.text())) : std::nullopt;
    if (parsed) return Value(Value::Data(static_cast<int64_t>(std::clamp(*parsed, -9e18, 9e18))));
    return fallback ? *fallback : Value(Value::Data(int64_t{0}));
  }
  if (name == "float") {
    const auto parsed = value.is_number() ? std::optional(value.number()) : value.text() ? parse_double(trim(*value.text())) : std::nullopt;
    return Value(Value::Data(parsed.value_or(0.0)));
  }
  if (name == "abs") {
    if (const auto* i = value.as<int64_t>()) return Value(Value::Data(*i < 0 ? -*i : *i));
    return Value(Value::Data(std::fabs(value.number())));
  }
  if (name == "reverse") {
    List all = items_of(value);
    std::reverse(all.begin(), all.end());
    if (!value.text()) return make_list(std::move(all));
    std::string out;
    for (const Value& item : all) out += to_text(item);
    return make_text(out);
  }
  if (name == "sort" || name == "unique") {
    List all = items_of(value);
    if (name == "sort") {
      const Value* path = find(call.named, "attribute");
      const auto key = [&](const Value& v) { return path ? attribute(v, to_text(*path)) : v.text() ? make_text(to_lower_ascii(*v.text())) : v; };
      std::stable_sort(all.begin(), all.end(), [&](const Value& a, const Value& b) { return less(key(a), key(b)); });
      if (const Value* reverse = argument(call, 0, "reverse"); reverse && truthy(*reverse)) std::reverse(all.begin(), all.end());
      return make_list(std::move(all));
    }
    List out;
    for (const Value& item : all) {
      const bool seen = std::any_of(out.begin(), out.end(), [&](const Value& v) { return equal(v, item); });
      if (!seen) out.push_back(item);
    }
    return make_list(std::move(out));
  }
  if (name == "map") return mapped(value, call);
  if (name == "select" || name == "reject" || name == "selectattr" || name == "rejectattr") return pick(name, value, call);
  if (name == "items" || name == "dictsort") {
    if (!value.map()) return make_list({});
    Map entries = *value.map();
    if (name == "dictsort") std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return to_lower_ascii(a.first) < to_lower_ascii(b.first); });
    List out;
    for (const auto& [key, v] : entries) out.push_back(make_list({make_text(key), v}));
    return make_list(std::move(out));
  }
  if (name == "indent") return make_text(indented(to_text(value), call));
  if (name == "sum") {
    double total = 0;
    bool whole = true;
    for (const Value& item : items_of(value)) {
      total += item.number();
      whole &= item.as<double>() == nullptr;
    }
    return whole ? Value(Value::Data(static_cast<int64_t>(total))) : Value(Value::Data(total));
  }
  fault("no filter named '" + name + "'");
}

bool apply_test(const std::string& name, const Value& value, const Call& call) {
  const Value* other = argument(call, 0, "");
  if (name == "defined") return !value.undefined();
  if (name == "undefined") return value.undefined();
  if (name == "none") return value.none();
  if (name == "string") return value.text();
  if (name == "boolean") return value.as<bool>();
  if (name == "true") return value.as<bool>() && truthy(value);
  if (name == "false") return value.as<bool>() && !truthy(value);
  if (name == "integer") return value.as<int64_t>();
  if (name == "float") return value.as<double>();
  if (name == "number") return value.is_number();
  if (name == "mapping") return value.map();
  if (name == "sequence") return value.list() || value.map() || value.text();
  if (name == "iterable") return value.list() || value.map() || value.text() || value.undefined();
  if (name == "callable") return value.as<std::shared_ptr<Function>>();
  if (name == "odd" || name == "even") return (static_cast<int64_t>(value.number()) % 2 != 0) == (name == "odd");
  if (name == "lower") return value.text() && to_lower_ascii(*value.text()) == *value.text();
  if (name == "upper") return value.text() && upper(*value.text()) == *value.text();
  if (!other) fault("no test named '" + name + "', or its value is missing");
  if (name == "equalto" || name == "eq" || name == "==") return equal(value, *other);
  if (name == "ne" || name == "!=") return !equal(value, *other);
  if (name == "sameas") return equal(value, *other);
  if (name == "lt" || name == "lessthan" || name == "<") return less(value, *other);
  if (name == "gt" || name == "greaterthan" || name == ">") return less(*other, value);
  if (name == "le" || name == "<=") return !less(*other, value);
  if (name == "ge" || name == ">=") return !less(value, *other);
  if (name == "divisibleby") return other->number() != 0 && std::fmod(value.number(), other->number()) == 0;
  if (name == "in") {
    if (other->text()) return value.text() && other->text()->find(*value.text()) != std::string::npos;
    for (const Value& item : items_of(*other)) {
      if (equal(item, value)) return true;
    }
    return false;
  }
  fault("no test named '" + name + "'");
}

bool has_method(const Value& value, const std::string& name) {
  static const std::set<std::string> of_text = {"strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith", "replace", "upper", "lower", "title",
                                                "capitalize", "find", "rfind", "count", "join", "format", "isdigit", "isalpha", "isspace", "removeprefix", "removesuffix", "zfill", "index"};
  static const std::set<std::string> of_map = {"items", "keys", "values", "get"};
  return (value.text() && of_text.contains(name)) || (value.map() && of_map.contains(name)) || (value.list() && (name == "index" || name == "count"));
}

Value call_method(const Value& value, const std::string& name, const Call& call) {
  const auto integer = [](int64_t i) { return Value(Value::Data(i)); };
  const auto boolean = [](bool b) { return Value(Value::Data(b)); };
  if (value.map()) {
    if (name == "get") {
      const Value* found = call.positional.empty() ? nullptr : find(*value.map(), to_text(call.positional[0]));
      const Value* fallback = argument(call, 1, "default");
      return found ? *found : fallback ? *fallback : Value();
    }
    List out;
    for (const auto& [key, v] : *value.map()) {
      if (name == "keys") out.push_back(make_text(key));
      else if (name == "values") out.push_back(v);
      else out.push_back(make_list({make_text(key), v}));
    }
    return make_list(std::move(out));
  }
  if (value.list()) {
    int64_t count = 0;
    for (size_t i = 0; i < value.list()->size(); ++i) {
      if (call.positional.empty() || !equal((*value.list())[i], call.positional[0])) continue;
      if (name == "index") return integer(static_cast<int64_t>(i));
      ++count;
    }
    if (name == "index") fault("a value that is not in the list");
    return integer(count);
  }
  const std::string& s = *value.text();
  const Value* first = argument(call, 0, "");
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    const bool left = name != "rstrip", right = name != "lstrip";
    return make_text(first && !first->none() ? strip(s, to_text(*first), left, right) : strip_space(s, left, right));
  }
  if (name == "upper" || name == "lower" || name == "title" || name == "capitalize") return apply_filter(name, value, {});
  if (name == "join") return apply_filter("join", call.positional.empty() ? Value() : call.positional[0], {{value}, {}});
  if (name == "startswith" || name == "endswith") {
    if (!first) fault(name + " without a text");
    const List options = first->list() ? *first->list() : List{*first};
    return boolean(std::any_of(options.begin(), options.end(), [&](const Value& o) {
      return name == "startswith" ? s.starts_with(to_text(o)) : s.ends_with(to_text(o));
    }));
  }
  if (name == "removeprefix") return make_text(first && s.starts_with(to_text(*first)) ? s.substr(to_text(*first).size()) : s);
  if (name == "removesuffix") return make_text(first && s.ends_with(to_text(*first)) ? s.substr(0, s.size() - to_text(*first).size()) : s);
  if (name == "replace") {
    if (!first || to_text(*first).empty()) fault("replace of nothing");
    const Value* limit = argument(call, 2, "count");
    const std::string from = to_text(*first), to = text_argument(call, 1, "new", "");
    if (!limit || limit->number() < 0) return make_text(replace_all(s, from, to));
    std::string out = s;
    size_t at = 0;
    for (int64_t n = static_cast<int64_t>(limit->number()); n > 0 && (at = out.find(from, at)) != std::string::npos; --n, at += to.size()) out.replace(at, from.size(), to);
    return make_text(out);
  }
  if (name == "find" || name == "rfind" || name == "index" || name == "count") {
    if (!first) fault(name + " without a text");
    const std::string needle = to_text(*first);
    if (name == "count") {
      int64_t n = 0;
      for (size_t at = s.find(needle); at != std::string::npos && !needle.empty(); at = s.find(needle, at + needle.size())) ++n;
      return integer(n);
    }
    const size_t at = name == "rfind" ? s.rfind(needle) : s.find(needle);
    if (at == std::string::npos) {
      if (name == "index") fault("a text that does not contain what is looked for");
      return integer(-1);
    }
    int64_t points = 0;  // Python counts code points
    for (size_t i = 0; i < at; ++points) next_code_point(s, i);
    return integer(points);
  }
  if (name == "split" || name == "rsplit") {
    const Value* limit = argument(call, 1, "maxsplit");
    int64_t left = limit ? static_cast<int64_t>(limit->number()) : -1;
    std::vector<std::string> parts;
    if (!first || first->none()) {
      if (left >= 0) fault("split of white space with a limit");
      std::string word;
      for (char c : s + " ") {
        if (kSpace.find(c) == std::string::npos) word += c;
        else if (!word.empty()) parts.push_back(std::exchange(word, {}));
      }
    } else {
      const std::string separator = to_text(*first);
      if (separator.empty()) fault("split by nothing");
      std::string rest = s;
      if (name == "split") {
        for (size_t at; left != 0 && (at = rest.find(separator)) != std::string::npos; --left) {
          parts.push_back(rest.substr(0, at));
          rest = rest.substr(at + separator.size());
        }
        parts.push_back(rest);
      } else {
        for (size_t at; left != 0 && (at = rest.rfind(separator)) != std::string::npos; --left) {
          parts.push_back(rest.substr(at + separator.size()));
          rest.resize(at);
        }
        parts.push_back(rest);
        std::reverse(parts.begin(), parts.end());
      }
    }
    List out;
    for (std::string& part : parts) out.push_back(make_text(std::move(part)));
    return make_list(std::move(out));
  }
  if (name == "splitlines") {
    List out;
    std::string line;
    for (char c : s) {
      if (c == '\n') out.push_back(make_text(std::exchange(line, {})));
      else line += c;
    }
    if (!line.empty()) out.push_back(make_text(line));
    return make_list(std::move(out));
  }
  if (name == "isdigit" || name == "isalpha" || name == "isspace") {
    const auto fits = [&](char c) {
      if (name == "isdigit") return c >= '0' && c <= '9';
      if (name == "isspace") return kSpace.find(c) != std::string::npos;
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 128;
    };
    return boolean(!s.empty() && std::all_of(s.begin(), s.end(), fits));
  }
  fault("no method named '" + name + "'");
}

}  // namespace reprise::text::jinja
