// A tree of YAML values that remembers where each stands. Built from yaml-cpp's events and not from its own
// Node, because that one keeps the last of two equal keys without a word, expands aliases without bound and
// forgets which file a merged value came from. Scalars stay text: the reader decides, by the key's type, what
// they mean, so `1e-6` is a number (YAML 1.1 says it is not) and `yes` is never a boolean.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "config/problems.h"

namespace reprise::config {

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  bool quoted = false;                 // a quoted scalar is a string and never a number
  std::string text;                    // scalar
  std::vector<Node> items;             // list
  std::vector<std::pair<std::string, Node>> entries;  // map, in order
  Origin origin;                       // of the value
  Origin key_origin;                   // of the key in front of it (map entries)

  // Out of line: a list of pairs with Node needs the whole class.
  Node();
  ~Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;

  bool is_map() const { return kind == Kind::map; }
  bool is_list() const { return kind == Kind::list; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_null() const { return kind == Kind::null; }
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  // Replaces or appends an entry of a map.
  Node& set(const std::string& key, Node value);
  bool erase(std::string_view key);
  // "a list", "a map", "nothing", "'abc'": for messages.
  std::string shown() const;
};

// What a file may hold before it is refused: far above any recipe, far below what hurts.
struct ParseLimits {
  size_t max_bytes = 1u << 20;
  size_t max_nodes = 200000;  // aliases count for all that they expand to
  int max_depth = 64;
};

// Syntax errors, limits, several documents and tags throw Error with file:line; duplicate keys go to `problems`.
Node parse_yaml(std::string_view text, const std::string& file, Problems& problems, const ParseLimits& limits = {});
Node parse_yaml_file(const std::filesystem::path& file, Problems& problems, const ParseLimits& limits = {});

// The same tree from JSON; every origin is `name`. Numbers become text that reads back as the same number.
Node node_from_json(const nlohmann::ordered_json& json, const std::string& name);
// Back to JSON without declared types: plain scalars that look like one become numbers, true and false.
nlohmann::ordered_json node_to_json(const Node& node);

}  // namespace reprise::config
