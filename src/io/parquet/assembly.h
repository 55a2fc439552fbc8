// Rows out of columns: definition and repetition levels back into nested values (Melnik et al. 2010, "Dremel"). The leaves of
// a group must agree on what is there; where a hostile file's do not, that is an Error and not a guess.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "io/parquet/column.h"
#include "io/parquet/page_bytes.h"
#include "io/parquet/schema.h"

namespace reprise::io::parquet {

class RowAssembler {
 public:
  // One reader for each leaf of `root`, in order, of one row group. All outlive the assembler.
  RowAssembler(const SchemaNode& root, std::vector<std::unique_ptr<ColumnReader>>& columns, Budget& budget, size_t max_row_bytes, std::string where);

  // The next row, an object; false where it takes more than max_row_bytes (it is passed over, and `row` is of no use).
  // Throws Error: columns that disagree, or that end too early.
  bool next(nlohmann::json& row);
  // Throws Error where a column has values that belong to no row.
  void finish() const;

 private:
  struct RowTooLarge {};

  void charge(size_t bytes);
  nlohmann::json read_field(const SchemaNode& node, int repetition);
  nlohmann::json read_value(const SchemaNode& node, int repetition);
  nlohmann::json read_repeated(const SchemaNode& node, int repetition);
  nlohmann::json read_list(const SchemaNode& node, int repetition);
  nlohmann::json read_map(const SchemaNode& node, int repetition);
  nlohmann::json read_structure(const SchemaNode& node, int repetition);
  template <class Element>
  void for_each(const SchemaNode& repeated, int repetition, Element&& element);
  const ColumnReader& at(const SchemaNode& node) const { return *columns_[node.first_leaf]; }
  ColumnReader& entry(size_t leaf, int repetition);
  // Takes the entry that stands for a value that is not there, of each leaf below.
  void take_absent(const SchemaNode& node, int repetition);
  void skip_row();

  const SchemaNode& root_;
  std::vector<std::unique_ptr<ColumnReader>>& columns_;
  Budget& budget_;
  size_t max_row_bytes_, row_bytes_ = 0;
  std::string where_;
  int64_t num_rows_ = 0;
};

}  // namespace reprise::io::parquet
