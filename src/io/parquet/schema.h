// The columns as a tree: which leaf is where, how its levels count, and how its values become JSON. Lists are recognised in
// the layouts of all writers (three levels, two levels, bare repeated fields), by the format's own rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/parquet/metadata.h"
#include "io/parquet/values.h"

namespace reprise::io::parquet {

// What a leaf's values are, as JSON has them.
enum class Meaning { boolean, integer, unsigned32, unsigned64, real, float16, text, json, bytes, decimal, date, time, timestamp, int96_timestamp, uuid, interval, null };

struct LeafType {
  Stored stored;
  Meaning meaning = Meaning::bytes;
  int32_t scale = 0;
  TimeUnit unit = TimeUnit::millis;
  bool is_utc = false;
};

enum class NodeKind { leaf, structure, list, map };

// One node of the schema. An entry of a leaf is defined down to the node where its definition level is at least the node's
// own; a repetition level of `repetition_level` begins another element of the node's innermost list.
struct SchemaNode {
  std::string name;
  NodeKind kind = NodeKind::leaf;
  Repetition repetition = Repetition::required;
  int definition_level = 0, repetition_level = 0;
  size_t first_leaf = 0, num_leaves = 0;  // of the file's, in their order
  LeafType leaf;
  std::vector<SchemaNode> children;       // of a list the repeated node, of a map the repeated pair
  std::vector<size_t> by_name;            // children in the order of their names, as JSON objects have them
  bool is_wrapped = false;                // a list's repeated node only wraps the element, its one child
};

// Throws Error: no tree, two children of one name, an annotation on a type that cannot have it, deeper than kMaxSchemaDepth.
SchemaNode read_schema(const std::vector<SchemaElement>& elements, const std::string& where);

constexpr int kMaxSchemaDepth = 90;

// The text with U+FFFD for every byte that is not UTF-8: JSON has no other text.
std::string utf8_text(std::string_view bytes);

// The leaves of a tree, in the file's order.
std::vector<const SchemaNode*> leaves_of(const SchemaNode& root);

// "list of text", "{question: text, options: list of text}": for people.
std::string describe(const SchemaNode& node);

}  // namespace reprise::io::parquet
