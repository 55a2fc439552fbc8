// Depth first, as the footer lists it.
#include "io/parquet/schema.h"

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"

namespace reprise::io::parquet {
namespace {

constexpr int32_t kMaxDecimalBytes = 64, kMaxScale = 200;

// Elements of a hostile schema have any name.
std::string shown(const std::string& name) { return "'" + name.substr(0, 80) + "'"; }

class Builder {
 public:
  Builder(const std::vector<SchemaElement>& elements, const std::string& where) : elements_(elements), where_(where) {}

  SchemaNode root() {
    if (elements_[0].type) fail(elements_[0], "stands where the file's columns should");
    SchemaNode node;
    at_ = 1;
    node.kind = NodeKind::structure;
    read_children(node, elements_[0], 1);
    if (at_ != elements_.size()) throw Error("has a schema with " + std::to_string(elements_.size() - at_) + " parts too many", where_, kHint);
    return node;
  }

 private:
  static constexpr const char* kHint = "the file is damaged; fetch it again";

  [[noreturn]] void fail(const SchemaElement& element, const std::string& fault) const { throw Error("column " + shown(element.name) + " " + fault, where_, kHint); }

  SchemaNode read_node(const SchemaNode& parent, int depth) {
    if (at_ == elements_.size()) throw Error("has a schema with parts missing", where_, kHint);
    const SchemaElement& element = elements_[at_++];
    if (depth > kMaxSchemaDepth) fail(element, "is nested more than " + std::to_string(kMaxSchemaDepth) + " levels deep");
    SchemaNode node;
    node.name = utf8_text(element.name);
    if (element.repetition == 3) fail(element, "is a vector, which is not read here");
    if (!element.repetition || *element.repetition < 0 || *element.repetition > 3) fail(element, "does not say whether it is required, optional or repeated");
    node.repetition = static_cast<Repetition>(*element.repetition);
    node.definition_level = parent.definition_level + (node.repetition != Repetition::required);
    node.repetition_level = parent.repetition_level + (node.repetition == Repetition::repeated);
    node.first_leaf = num_leaves_;
    if (element.type) {
      if (element.num_children > 0) fail(element, "is both a value and a group");
      node.leaf = leaf_type(element);
      ++num_leaves_;
    } else {
      node.kind = NodeKind::structure;
      read_children(node, element, depth + 1);
      if (node.children.empty()) fail(element, "is a group of nothing");
      apply_nesting(node, element);
    }
    node.num_leaves = num_leaves_ - node.first_leaf;
    return node;
  }

  void read_children(SchemaNode& node, const SchemaElement& element, int depth) {
    if (element.num_children < 0 || static_cast<size_t>(element.num_children) > elements_.size() - at_) fail(element, "claims " + std::to_string(element.num_children) + " parts");
    for (int32_t i = 0; i < element.num_children; ++i) node.children.push_back(read_node(node, depth));
    node.num_leaves = num_leaves_ - node.first_leaf;
    for (size_t i = 0; i < node.children.size(); ++i) node.by_name.push_back(i);
    std::sort(node.by_name.begin(), node.by_name.end(), [&](size_t a, size_t b) { return node.children[a].name < node.children[b].name; });
    for (size_t i = 1; i < node.by_name.size(); ++i) {
      if (node.children[node.by_name[i - 1]].name == node.children[node.by_name[i]].name) throw Error("has two columns of the name " + shown(node.children[node.by_name[i]].name), where_, "rename one");
    }
  }

  // Lists and maps. The rules for old layouts are those of LogicalTypes.md, "backward-compatibility rules".
  void apply_nesting(SchemaNode& node, const SchemaElement& element) const {
    const bool one_repeated = node.children.size() == 1 && node.children[0].repetition == Repetition::repeated;
    if (element.logical == Logical::list) {
      if (!one_repeated) fail(element, "is annotated as a list but has not one repeated part");
      node.kind = NodeKind::list;
      const SchemaNode& inner = node.children[0];
      node.is_wrapped = inner.kind == NodeKind::structure && inner.children.size() == 1 && inner.children[0].repetition != Repetition::repeated && inner.name != "array" && inner.name != node.name + "_tuple";
    } else if (element.logical == Logical::map || element.logical == Logical::map_key_value) {
      // Inside of a map, MAP_KEY_VALUE marks the pair itself.
      if (element.logical == Logical::map_key_value && node.repetition == Repetition::repeated) return;
      if (!one_repeated) fail(element, "is annotated as a map but has not one repeated part");
      const SchemaNode& pair = node.children[0];
      if (pair.kind != NodeKind::structure || pair.children.size() > 2) fail(element, "is annotated as a map but has no pairs");
      for (const SchemaNode& part : pair.children) {
        if (part.repetition == Repetition::repeated) fail(element, "is annotated as a map but has no pairs");
      }
      node.kind = NodeKind::map;
    }
  }

  LeafType leaf_type(const SchemaElement& element) const {
    if (*element.type < 0 || *element.type > 7) fail(element, "has the unknown type " + std::to_string(*element.type));
    LeafType leaf;
    leaf.stored.type = static_cast<Physical>(*element.type);
    leaf.scale = element.scale;
    leaf.unit = element.unit;
    leaf.is_utc = element.is_utc;
    const Physical type = leaf.stored.type;
    if (type == Physical::fixed_bytes) {
      if (element.type_length <= 0) fail(element, "has values of " + std::to_string(element.type_length) + " bytes");
      leaf.stored.length = element.type_length;
    }
    const bool is_int32 = type == Physical::int32, is_int64 = type == Physical::int64, is_bytes = type == Physical::byte_array;
    const auto fixed = [&](int32_t length) { return type == Physical::fixed_bytes && leaf.stored.length == length; };
    const auto annotated = [&](bool right, const char* name, Meaning meaning) {
      if (!right) fail(element, std::string("is annotated as ") + name + " but stored as " + name_of(type));
      leaf.meaning = meaning;
    };
    switch (element.logical) {
      case Logical::string: annotated(is_bytes || type == Physical::fixed_bytes, "STRING", Meaning::text); break;
      case Logical::enumeration: annotated(is_bytes, "ENUM", Meaning::text); break;
      case Logical::json: annotated(is_bytes, "JSON", Meaning::json); break;
      case Logical::date: annotated(is_int32, "DATE", Meaning::date); break;
      case Logical::time: annotated(leaf.unit == TimeUnit::millis ? is_int32 : is_int64, "TIME", Meaning::time); break;
      case Logical::timestamp: annotated(is_int64, "TIMESTAMP", Meaning::timestamp); break;
      case Logical::integer: annotated(is_int32 || is_int64, "INTEGER", element.is_signed ? Meaning::integer : is_int32 ? Meaning::unsigned32 : Meaning::unsigned64); break;
      case Logical::decimal:
        annotated(is_int32 || is_int64 || is_bytes || type == Physical::fixed_bytes, "DECIMAL", Meaning::decimal);
        if (leaf.scale < 0 || leaf.scale > kMaxScale) fail(element, "is a decimal of scale " + std::to_string(leaf.scale));
        if (leaf.stored.length > kMaxDecimalBytes) fail(element, "is a decimal of " + std::to_string(leaf.stored.length) + " bytes");
        break;
      case Logical::null: leaf.meaning = Meaning::null; break;
      case Logical::uuid: annotated(fixed(16), "UUID", Meaning::uuid); break;
      case Logical::float16: annotated(fixed(2), "FLOAT16", Meaning::float16); break;
      case Logical::interval: annotated(fixed(12), "INTERVAL", Meaning::interval); break;
      case Logical::map:
      case Logical::map_key_value:
      case Logical::list: fail(element, "is annotated as a list or map but is a value");
      case Logical::bson:
      case Logical::none: leaf.meaning = plain_meaning(type); break;
    }
    return leaf;
  }

  static Meaning plain_meaning(Physical type) {
    switch (type) {
      case Physical::boolean: return Meaning::boolean;
      case Physical::int32:
      case Physical::int64: return Meaning::integer;
      case Physical::int96: return Meaning::int96_timestamp;
      case Physical::real32:
      case Physical::real64: return Meaning::real;
      default: return Meaning::bytes;
    }
  }

  const std::vector<SchemaElement>& elements_;
  const std::string& where_;
  size_t at_ = 0, num_leaves_ = 0;
};

void gather(const SchemaNode& node, std::vector<const SchemaNode*>& out) {
  if (node.kind == NodeKind::leaf) out.push_back(&node);
  for (const SchemaNode& child : node.children) gather(child, out);
}

const char* name_of(Meaning meaning) {
  switch (meaning) {
    case Meaning::boolean: return "true or false";
    case Meaning::integer:
    case Meaning::unsigned32:
    case Meaning::unsigned64: return "integer";
    case Meaning::real:
    case Meaning::float16: return "number";
    case Meaning::text: return "text";
    case Meaning::json: return "JSON";
    case Meaning::bytes: return "bytes";
    case Meaning::decimal: return "decimal";
    case Meaning::date: return "date";
    case Meaning::time: return "time";
    case Meaning::timestamp:
    case Meaning::int96_timestamp: return "timestamp";
    case Meaning::uuid: return "UUID";
    case Meaning::interval: return "interval";
    case Meaning::null: return "nothing";
  }
  return "?";
}

std::string describe_one(const SchemaNode& node) {
  if (node.kind == NodeKind::leaf) return name_of(node.leaf.meaning);
  if (node.kind == NodeKind::list) return "list of " + describe_one(node.is_wrapped ? node.children[0].children[0] : node.children[0]);
  if (node.kind == NodeKind::map) {
    const SchemaNode& pair = node.children[0];
    return pair.children.size() == 1 ? "list of " + describe_one(pair.children[0]) : "map from " + describe_one(pair.children[0]) + " to " + describe(pair.children[1]);
  }
  std::vector<std::string> parts;
  for (const SchemaNode& child : node.children) parts.push_back(child.name + ": " + describe(child));
  return "{" + join(parts, ", ") + "}";
}

}  // namespace

std::string utf8_text(std::string_view bytes) {
  if (valid_utf8(bytes)) return std::string(bytes);
  std::string out;
  for (size_t at = 0; at < bytes.size();) append_utf8(out, next_code_point(bytes, at));
  return out;
}

SchemaNode read_schema(const std::vector<SchemaElement>& elements, const std::string& where) { return Builder(elements, where).root(); }

std::vector<const SchemaNode*> leaves_of(const SchemaNode& root) {
  std::vector<const SchemaNode*> out;
  gather(root, out);
  return out;
}

std::string describe(const SchemaNode& node) { return (node.repetition == Repetition::repeated ? "list of " : "") + describe_one(node); }

}  // namespace reprise::io::parquet
