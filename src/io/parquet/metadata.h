// What a Parquet file says about itself: the footer and the headers of pages, as the format's parquet.thrift numbers their
// fields (apache/parquet-format, version 2.12). Statistics, indexes and Bloom filters are passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace reprise::io::parquet {

enum class Physical : int32_t { boolean = 0, int32 = 1, int64 = 2, int96 = 3, real32 = 4, real64 = 5, byte_array = 6, fixed_bytes = 7 };
enum class Repetition : int32_t { required = 0, optional = 1, repeated = 2 };
enum class Encoding : int32_t {
  plain = 0,
  plain_dictionary = 2,
  rle = 3,
  bit_packed = 4,
  delta_binary_packed = 5,
  delta_length_byte_array = 6,
  delta_byte_array = 7,
  rle_dictionary = 8,
  byte_stream_split = 9
};
enum class Codec : int32_t { uncompressed = 0, snappy = 1, gzip = 2, lzo = 3, brotli = 4, lz4 = 5, zstd = 6, lz4_raw = 7 };
enum class PageType : int32_t { data = 0, index = 1, dictionary = 2, data_v2 = 3 };

const char* name_of(Physical type);

// The annotation of a column or group, from `logicalType` or the older `converted_type`.
enum class Logical { none, string, map, map_key_value, list, enumeration, decimal, date, time, timestamp, integer, null, json, bson, uuid, float16, interval };
enum class TimeUnit { millis, micros, nanos };

struct SchemaElement {
  std::string name;
  std::optional<int32_t> type;  // none: a group
  int32_t type_length = 0, num_children = 0;
  std::optional<int32_t> repetition;
  Logical logical = Logical::none;
  int32_t scale = 0, precision = 0;
  TimeUnit unit = TimeUnit::millis;
  bool is_utc = false, is_signed = true;
};

struct ColumnChunk {
  int32_t type = -1, codec = -1;
  int64_t num_values = -1, total_compressed_size = -1, data_page_offset = -1, dictionary_page_offset = -1;
};

struct RowGroup {
  std::vector<ColumnChunk> columns;
  int64_t num_rows = -1;
};

struct FileMetadata {
  std::vector<SchemaElement> schema;  // depth first, the root first
  std::vector<RowGroup> row_groups;
  int64_t num_rows = -1;
  std::string created_by;
};

struct PageHeader {
  int32_t type = -1, uncompressed_size = -1, compressed_size = -1;
  std::optional<uint32_t> crc;
  int32_t num_values = -1, encoding = -1;                                                  // of the page's own header
  int32_t definition_encoding = 3, repetition_encoding = 3;                                // of data pages of version 1
  int32_t num_nulls = -1, definition_bytes = -1, repetition_bytes = -1;                    // of data pages of version 2
  bool is_compressed = true;
};

// The footer of a whole file. Throws Error: no Parquet file, damaged, encrypted, columns in other files.
FileMetadata read_file_metadata(std::span<const std::byte> file, const std::string& where);

// The header at the front of `bytes`; `size` becomes its length. Throws Error.
PageHeader read_page_header(std::span<const std::byte> bytes, const std::string& where, size_t& size);

}  // namespace reprise::io::parquet
