// The schema's tree is walked once a row; of a group, its first leaf says what is there and the others are held to it.
#include "io/parquet/assembly.h"

#include "base/error.h"
#include "io/parquet/leaf_json.h"

namespace reprise::io::parquet {

using nlohmann::json;

namespace {
// Memory of a JSON value, and of an entry in an object beside its key: rough, so that a row of a million nulls is bounded too.
constexpr size_t kValueBytes = 16, kMemberBytes = 64;
}  // namespace

RowAssembler::RowAssembler(const SchemaNode& root, std::vector<std::unique_ptr<ColumnReader>>& columns, Budget& budget, size_t max_row_bytes, std::string where)
    : root_(root), columns_(columns), budget_(budget), max_row_bytes_(max_row_bytes), where_(std::move(where)) {}

bool RowAssembler::next(json& row) {
  row_bytes_ = 0;
  bool whole = true;
  try {
    row = read_structure(root_, 0);
  } catch (const RowTooLarge&) {
    whole = false;
  }
  ++num_rows_;
  if (!whole) skip_row();
  budget_.spend(row_bytes_, where_);
  return whole;
}

void RowAssembler::finish() const {
  for (const auto& column : columns_) {
    if (!column->at_end()) throw Error("has values that belong to no row", column->where(), "the file is damaged; fetch it again");
  }
}

// Every column to the beginning of the next row, wherever in this one it stands.
void RowAssembler::skip_row() {
  for (const auto& column : columns_) {
    while (!column->at_end() && !(column->repetition() == 0 && column->num_rows_begun() == num_rows_)) column->next();
  }
}

void RowAssembler::charge(size_t bytes) {
  row_bytes_ += bytes;
  if (row_bytes_ > max_row_bytes_) throw RowTooLarge{};
}

ColumnReader& RowAssembler::entry(size_t leaf, int repetition) {
  ColumnReader& column = *columns_[leaf];
  if (column.at_end()) throw Error("ends before the rows do", column.where(), "the file is damaged; fetch it again");
  if (column.repetition() != repetition) throw Error("does not agree with its neighbours on where a list goes on", column.where(), "the file is damaged; fetch it again");
  return column;
}

void RowAssembler::take_absent(const SchemaNode& node, int repetition) {
  const int definition = entry(node.first_leaf, repetition).definition();
  for (size_t leaf = node.first_leaf; leaf < node.first_leaf + node.num_leaves; ++leaf) {
    ColumnReader& column = entry(leaf, repetition);
    if (column.definition() != definition) throw Error("does not agree with its neighbours on what is null", column.where(), "the file is damaged; fetch it again");
    column.next();
  }
}

// A child of a group: repeated ones are lists even without an annotation.
json RowAssembler::read_field(const SchemaNode& node, int repetition) { return node.repetition == Repetition::repeated ? read_repeated(node, repetition) : read_value(node, repetition); }

json RowAssembler::read_value(const SchemaNode& node, int repetition) {
  charge(kValueBytes);
  const int definition = entry(node.first_leaf, repetition).definition();
  if (definition < node.definition_level) {
    // What surrounds it is there, as its caller saw; so only the node itself can be missing.
    if (node.repetition != Repetition::optional || definition != node.definition_level - 1) throw Error("does not agree with its neighbours on what is null", at(node).where(), "the file is damaged; fetch it again");
    take_absent(node, repetition);
    return nullptr;
  }
  switch (node.kind) {
    case NodeKind::leaf: {
      ColumnReader& column = *columns_[node.first_leaf];
      const Value& value = column.value();
      json out;
      try {
        const bool is_bytes = node.leaf.stored.type == Physical::byte_array || node.leaf.stored.type == Physical::fixed_bytes;
        if (is_bytes) charge(value.bytes.size());
        out = to_json(node.leaf, value);
      } catch (const BadPage& bad) {
        throw Error(bad.fault, column.where(), "the file is damaged; fetch it again");
      }
      column.next();
      return out;
    }
    case NodeKind::structure: return read_structure(node, repetition);
    case NodeKind::list: return read_list(node, repetition);
    case NodeKind::map: return read_map(node, repetition);
  }
  return nullptr;
}

json RowAssembler::read_structure(const SchemaNode& node, int repetition) {
  json out = json::object();
  auto& members = out.get_ref<json::object_t&>();
  for (const size_t i : node.by_name) {
    const SchemaNode& child = node.children[i];
    charge(child.name.size() + kMemberBytes);
    members.emplace_hint(members.end(), child.name, read_field(child, repetition));
  }
  return out;
}

// Calls element(r) for each element of a repeated node; r is the repetition level of its first entry.
template <class Element>
void RowAssembler::for_each(const SchemaNode& repeated, int repetition, Element&& element) {
  if (entry(repeated.first_leaf, repetition).definition() < repeated.definition_level) {
    if (at(repeated).definition() != repeated.definition_level - 1) throw Error("does not agree with its neighbours on what is null", at(repeated).where(), "the file is damaged; fetch it again");
    return take_absent(repeated, repetition);
  }
  element(repetition);
  while (!at(repeated).at_end() && at(repeated).repetition() == repeated.repetition_level) {
    if (at(repeated).definition() < repeated.definition_level) throw Error("has an element of a list that is not there", at(repeated).where(), "the file is damaged; fetch it again");
    element(repeated.repetition_level);
  }
}

json RowAssembler::read_repeated(const SchemaNode& node, int repetition) {
  json out = json::array();
  charge(kValueBytes);
  for_each(node, repetition, [&](int r) { out.push_back(read_value(node, r)); });
  return out;
}

json RowAssembler::read_list(const SchemaNode& node, int repetition) {
  const SchemaNode& repeated = node.children[0];
  if (!node.is_wrapped) return read_repeated(repeated, repetition);
  json out = json::array();
  for_each(repeated, repetition, [&](int r) { out.push_back(read_value(repeated.children[0], r)); });
  return out;
}

// Text keys make an object; of a key that comes twice the last value counts, as the format has it. Other keys make pairs, and
// a map without values is a list of its keys.
json RowAssembler::read_map(const SchemaNode& node, int repetition) {
  const SchemaNode& pair = node.children[0];
  const bool has_values = pair.children.size() > 1;
  const bool is_object = has_values && pair.children[0].kind == NodeKind::leaf && pair.children[0].leaf.meaning == Meaning::text;
  json out = is_object ? json::object() : json::array();
  for_each(pair, repetition, [&](int r) {
    json key = read_value(pair.children[0], r);
    if (!has_values) return out.push_back(std::move(key));
    json value = read_value(pair.children[1], r);
    charge(kMemberBytes);
    if (!is_object) {
      out.push_back(json::array({std::move(key), std::move(value)}));
    } else if (key.is_string()) {
      out[key.get_ref<const std::string&>()] = std::move(value);
    }  // a null has no place as a key
  });
  return out;
}

}  // namespace reprise::io::parquet
