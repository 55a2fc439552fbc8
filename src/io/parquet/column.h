// One column of one row group, entry by entry: its levels, and its value where it has one. One page and the dictionary are
// in memory at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "io/parquet/metadata.h"
#include "io/parquet/page_bytes.h"
#include "io/parquet/runs.h"
#include "io/parquet/schema.h"
#include "io/parquet/values.h"

namespace reprise::io::parquet {

class ColumnReader {
 public:
  // `file`: the bytes before the footer. `leaf`, `budget` outlive the reader. Throws Error: a chunk outside of the file, an
  // unknown codec, a type that the schema does not have; so do next() and the constructor for damaged pages.
  ColumnReader(std::span<const std::byte> file, const ColumnChunk& chunk, const SchemaNode& leaf, Budget& budget, size_t max_page_bytes, std::string where);
  ~ColumnReader() { budget_.release(dictionary_memory_); }
  ColumnReader(const ColumnReader&) = delete;
  ColumnReader& operator=(const ColumnReader&) = delete;

  // The entry that is at hand, or none any more.
  bool at_end() const { return !has_entry_; }
  int repetition() const { return repetition_; }
  int definition() const { return definition_; }
  bool has_value() const { return definition_ == leaf_.definition_level; }
  // Its value, where has_value(); good until next().
  const Value& value() const { return value_; }
  void next();

  // Rows that have begun before the entry at hand.
  int64_t num_rows_begun() const { return num_rows_begun_; }
  const SchemaNode& leaf() const { return leaf_; }
  const std::string& where() const { return where_; }

 private:
  void read_entry();
  void read_page();
  void read_dictionary_page(const PageHeader& header, std::span<const std::byte> packed);
  void begin_data_page(const PageHeader& header, std::span<const std::byte> packed);
  void begin_data_page_v2(const PageHeader& header, std::span<const std::byte> packed);
  LevelDecoder take_levels(int max_level, int32_t encoding, int32_t num_values, std::span<const std::byte>& bytes) const;
  [[noreturn]] void fail(const std::string& fault) const;

  const SchemaNode& leaf_;
  Budget& budget_;
  size_t max_page_bytes_;
  std::string where_;
  Codec codec_ = Codec::uncompressed;
  std::span<const std::byte> chunk_;   // what of it is still unread
  int64_t left_ = 0, left_in_page_ = 0;  // entries
  PageBytes page_, dictionary_page_;
  Dictionary dictionary_;
  size_t dictionary_memory_ = 0;
  bool has_dictionary_ = false;
  LevelDecoder repetitions_, definitions_;
  int32_t encoding_ = 0;
  std::span<const std::byte> values_;
  std::unique_ptr<ValueDecoder> decoder_;  // made when the first value is asked for: a page of nulls may have none

  bool has_entry_ = false;
  int repetition_ = 0, definition_ = 0;
  Value value_;
  int64_t num_rows_begun_ = 0;
};

}  // namespace reprise::io::parquet
