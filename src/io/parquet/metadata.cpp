// One function a struct of parquet.thrift. What a struct must have is asked for here; what it may mean, in schema.cpp.
#include "io/parquet/metadata.h"

#include <cstring>

#include "base/error.h"
#include "io/parquet/thrift.h"

namespace reprise::io::parquet {
namespace {

constexpr size_t kMaxFooterBytes = size_t{64} << 20;
constexpr size_t kMaxSchemaElements = 100'000;
constexpr const char* kHint = "the file is truncated or damaged; fetch it again";

// The annotations of before 2017, by their numbers.
void apply_converted_type(SchemaElement& element, int32_t converted) {
  switch (converted) {
    case 0: element.logical = Logical::string; break;
    case 1: element.logical = Logical::map; break;
    case 2: element.logical = Logical::map_key_value; break;
    case 3: element.logical = Logical::list; break;
    case 4: element.logical = Logical::enumeration; break;
    case 5: element.logical = Logical::decimal; break;
    case 6: element.logical = Logical::date; break;
    case 7: element.logical = Logical::time, element.unit = TimeUnit::millis; break;
    case 8: element.logical = Logical::time, element.unit = TimeUnit::micros; break;
    case 9: element.logical = Logical::timestamp, element.unit = TimeUnit::millis, element.is_utc = true; break;
    case 10: element.logical = Logical::timestamp, element.unit = TimeUnit::micros, element.is_utc = true; break;
    case 11: case 12: case 13: case 14: element.logical = Logical::integer, element.is_signed = false; break;
    case 15: case 16: case 17: case 18: element.logical = Logical::integer; break;
    case 19: element.logical = Logical::json; break;
    case 20: element.logical = Logical::bson; break;
    case 21: element.logical = Logical::interval; break;
    default: break;  // an annotation of the future: the plain values
  }
}

void read_time_unit(ThriftReader& in, ThriftType type, SchemaElement& element) {
  in.read_struct(type, [&](int id, ThriftType) {
    if (id == 1) element.unit = TimeUnit::millis;
    if (id == 2) element.unit = TimeUnit::micros;
    if (id == 3) element.unit = TimeUnit::nanos;
    return false;
  });
}

// A union: the field that is there says which annotation it is.
void read_logical_type(ThriftReader& in, ThriftType type, SchemaElement& element) {
  in.read_struct(type, [&](int id, ThriftType inner) {
    switch (id) {
      case 1: element.logical = Logical::string; return false;
      case 2: element.logical = Logical::map; return false;
      case 3: element.logical = Logical::list; return false;
      case 4: element.logical = Logical::enumeration; return false;
      case 5:
        element.logical = Logical::decimal;
        in.read_struct(inner, [&](int part, ThriftType t) {
          if (part == 1) return element.scale = in.integer32(t), true;
          if (part == 2) return element.precision = in.integer32(t), true;
          return false;
        });
        return true;
      case 6: element.logical = Logical::date; return false;
      case 7:
      case 8:
        element.logical = id == 7 ? Logical::time : Logical::timestamp;
        in.read_struct(inner, [&](int part, ThriftType t) {
          if (part == 1) return element.is_utc = in.flag(t), true;
          if (part == 2) return read_time_unit(in, t, element), true;
          return false;
        });
        return true;
      case 10:
        element.logical = Logical::integer;
        in.read_struct(inner, [&](int part, ThriftType t) { return part == 2 ? (element.is_signed = in.flag(t), true) : false; });
        return true;
      case 11: element.logical = Logical::null; return false;
      case 12: element.logical = Logical::json; return false;
      case 13: element.logical = Logical::bson; return false;
      case 14: element.logical = Logical::uuid; return false;
      case 15: element.logical = Logical::float16; return false;
      default: return false;
    }
  });
}

SchemaElement read_schema_element(ThriftReader& in, ThriftType type) {
  SchemaElement element;
  std::optional<int32_t> converted;
  bool has_logical = false;
  in.read_struct(type, [&](int id, ThriftType t) {
    switch (id) {
      case 1: element.type = in.integer32(t); return true;
      case 2: element.type_length = in.integer32(t); return true;
      case 3: element.repetition = in.integer32(t); return true;
      case 4: element.name = in.text(t); return true;
      case 5: element.num_children = in.integer32(t); return true;
      case 6: converted = in.integer32(t); return true;
      case 7: element.scale = in.integer32(t); return true;
      case 8: element.precision = in.integer32(t); return true;
      case 10: has_logical = true; read_logical_type(in, t, element); return true;
      default: return false;
    }
  });
  if (converted && (!has_logical || element.logical == Logical::none)) apply_converted_type(element, *converted);
  return element;
}

void read_column_metadata(ThriftReader& in, ThriftType type, ColumnChunk& chunk) {
  in.read_struct(type, [&](int id, ThriftType t) {
    switch (id) {
      case 1: chunk.type = in.integer32(t); return true;
      case 4: chunk.codec = in.integer32(t); return true;
      case 5: chunk.num_values = in.integer(t); return true;
      case 7: chunk.total_compressed_size = in.integer(t); return true;
      case 9: chunk.data_page_offset = in.integer(t); return true;
      case 11: chunk.dictionary_page_offset = in.integer(t); return true;
      default: return false;
    }
  });
}

[[noreturn]] void encrypted(const std::string& where) { throw Error("is encrypted", where, "decrypt it first: its keys are not here"); }

ColumnChunk read_column_chunk(ThriftReader& in, ThriftType type, const std::string& where) {
  ColumnChunk chunk;
  bool has_metadata = false;
  in.read_struct(type, [&](int id, ThriftType t) {
    if (id == 1 && !in.text(t).empty()) throw Error("keeps its columns in other files", where, "read those, or write it as one file");
    if (id == 3) has_metadata = true, read_column_metadata(in, t, chunk);
    if (id == 8 || id == 9) encrypted(where);
    return id == 1 || id == 3;
  });
  if (!has_metadata || chunk.type < 0 || chunk.codec < 0 || chunk.num_values < 0 || chunk.total_compressed_size < 0 || chunk.data_page_offset < 0) {
    throw Error("has a column without the parts that it must have", where, kHint);
  }
  return chunk;
}

RowGroup read_row_group(ThriftReader& in, ThriftType type, const std::string& where) {
  RowGroup group;
  in.read_struct(type, [&](int id, ThriftType t) {
    if (id == 1) return in.read_list(t, [&](ThriftType inner) { group.columns.push_back(read_column_chunk(in, inner, where)); }), true;
    if (id == 3) return group.num_rows = in.integer(t), true;
    return false;
  });
  if (group.num_rows < 0) throw Error("has a row group that does not say how many rows it has", where, kHint);
  return group;
}

}  // namespace

const char* name_of(Physical type) {
  static constexpr const char* kNames[] = {"BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"};
  return kNames[static_cast<int32_t>(type)];
}

FileMetadata read_file_metadata(std::span<const std::byte> file, const std::string& where) {
  const auto magic_at = [&](size_t at) { return std::string_view(reinterpret_cast<const char*>(file.data()) + at, 4); };
  if (file.size() < 4 || (magic_at(0) != "PAR1" && magic_at(0) != "PARE")) throw Error("is not a Parquet file", where);
  if (magic_at(0) == "PARE" || (file.size() >= 8 && magic_at(file.size() - 4) == "PARE")) encrypted(where);
  if (file.size() < 12 || magic_at(file.size() - 4) != "PAR1") throw Error("does not end like a Parquet file", where, kHint);
  uint32_t length;
  std::memcpy(&length, file.data() + file.size() - 8, sizeof length);
  if (length > file.size() - 12) throw Error("says that its footer has " + std::to_string(length) + " bytes, more than the file", where, kHint);
  if (length > kMaxFooterBytes) throw Error("has a footer of " + std::to_string(length) + " bytes, more than the " + std::to_string(kMaxFooterBytes) + " that are read", where);
  ThriftReader in(file.subspan(file.size() - 8 - length, length), where);
  FileMetadata out;
  in.read_struct([&](int id, ThriftType type) {
    switch (id) {
      case 2:
        in.read_list(type, [&](ThriftType inner) {
          if (out.schema.size() == kMaxSchemaElements) throw Error("has a schema of more than " + std::to_string(kMaxSchemaElements) + " parts", where);
          out.schema.push_back(read_schema_element(in, inner));
        });
        return true;
      case 3: out.num_rows = in.integer(type); return true;
      case 4: in.read_list(type, [&](ThriftType inner) { out.row_groups.push_back(read_row_group(in, inner, where)); }); return true;
      case 6: out.created_by = in.text(type); return true;
      case 8: encrypted(where);
      default: return false;
    }
  });
  if (out.schema.empty() || out.num_rows < 0) throw Error("has a footer without the parts that it must have", where, kHint);
  return out;
}

PageHeader read_page_header(std::span<const std::byte> bytes, const std::string& where, size_t& size) {
  ThriftReader in(bytes, where);
  PageHeader header;
  in.read_struct([&](int id, ThriftType type) {
    switch (id) {
      case 1: header.type = in.integer32(type); return true;
      case 2: header.uncompressed_size = in.integer32(type); return true;
      case 3: header.compressed_size = in.integer32(type); return true;
      case 4: header.crc = static_cast<uint32_t>(in.integer32(type)); return true;
      case 5:
        in.read_struct(type, [&](int part, ThriftType t) {
          if (part == 1) return header.num_values = in.integer32(t), true;
          if (part == 2) return header.encoding = in.integer32(t), true;
          if (part == 3) return header.definition_encoding = in.integer32(t), true;
          if (part == 4) return header.repetition_encoding = in.integer32(t), true;
          return false;
        });
        return true;
      case 7:
        in.read_struct(type, [&](int part, ThriftType t) {
          if (part == 1) return header.num_values = in.integer32(t), true;
          if (part == 2) return header.encoding = in.integer32(t), true;
          return false;
        });
        return true;
      case 8:
        in.read_struct(type, [&](int part, ThriftType t) {
          if (part == 1) return header.num_values = in.integer32(t), true;
          if (part == 2) return header.num_nulls = in.integer32(t), true;
          if (part == 4) return header.encoding = in.integer32(t), true;
          if (part == 5) return header.definition_bytes = in.integer32(t), true;
          if (part == 6) return header.repetition_bytes = in.integer32(t), true;
          if (part == 7) return header.is_compressed = in.flag(t), true;
          return false;
        });
        return true;
      default: return false;
    }
  });
  size = in.position();
  if (header.type < 0 || header.uncompressed_size < 0 || header.compressed_size < 0) throw Error("has a page without the sizes that it must have", where, kHint);
  return header;
}

}  // namespace reprise::io::parquet
