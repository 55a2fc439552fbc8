// Pages in their order: at most one dictionary first, then data of either version, each in an encoding of its own.
#include "io/parquet/column.h"

#include <zlib.h>

#include <bit>
#include <cstring>

#include "base/error.h"

namespace reprise::io::parquet {

namespace {
constexpr const char* kHint = "the file is damaged; fetch it again";
// So that the header of a page is not sought through a whole chunk: statistics in it are cut by all writers.
constexpr size_t kMaxPageHeaderBytes = size_t{16} << 20;
}  // namespace

void ColumnReader::fail(const std::string& fault) const { throw Error(fault, where_, kHint); }

ColumnReader::ColumnReader(std::span<const std::byte> file, const ColumnChunk& chunk, const SchemaNode& leaf, Budget& budget, size_t max_page_bytes, std::string where)
    : leaf_(leaf), budget_(budget), max_page_bytes_(max_page_bytes), where_(std::move(where)) {
  check_codec(chunk.codec, where_);
  codec_ = static_cast<Codec>(chunk.codec);
  if (chunk.type != static_cast<int32_t>(leaf.leaf.stored.type)) fail("has another type than the schema says");
  int64_t start = chunk.data_page_offset;
  // Some writers put 0 where there is no dictionary.
  if (chunk.dictionary_page_offset > 0 && chunk.dictionary_page_offset < start) start = chunk.dictionary_page_offset;
  const auto size = static_cast<int64_t>(file.size());
  if (start > size || chunk.total_compressed_size > size - start) fail("lies outside of the file");
  chunk_ = file.subspan(static_cast<size_t>(start), static_cast<size_t>(chunk.total_compressed_size));
  left_ = chunk.num_values;
  read_entry();
}

void ColumnReader::next() {
  num_rows_begun_ += repetition_ == 0;
  read_entry();
}

void ColumnReader::read_entry() {
  has_entry_ = false;
  if (left_ == 0) return;
  while (left_in_page_ == 0) read_page();
  try {
    repetition_ = static_cast<int>(repetitions_.next());
    definition_ = static_cast<int>(definitions_.next());
    if (repetition_ > leaf_.repetition_level || definition_ > leaf_.definition_level) throw BadPage{"has a level that its schema does not have"};
    if (has_value()) {
      if (!decoder_) decoder_ = make_decoder(encoding_, leaf_.leaf.stored, values_, has_dictionary_ ? &dictionary_ : nullptr, 16 * max_page_bytes_);
      decoder_->next(value_);
    }
  } catch (const BadPage& bad) {
    fail(std::string("has a page that ") + bad.fault);
  }
  --left_;
  --left_in_page_;
  has_entry_ = true;
}

void ColumnReader::read_page() {
  if (chunk_.empty()) fail("has fewer values than it says");
  size_t header_size = 0;
  const PageHeader header = read_page_header(chunk_.first(std::min(chunk_.size(), kMaxPageHeaderBytes)), where_, header_size);
  chunk_ = chunk_.subspan(header_size);
  if (static_cast<size_t>(header.compressed_size) > chunk_.size()) fail("has a page that goes beyond its column");
  if (static_cast<size_t>(header.uncompressed_size) > max_page_bytes_) {
    fail("has a page that claims to unpack to " + std::to_string(header.uncompressed_size) + " bytes, more than the " + std::to_string(max_page_bytes_) + " of a page");
  }
  const auto packed = chunk_.first(static_cast<size_t>(header.compressed_size));
  chunk_ = chunk_.subspan(packed.size());
  if (header.crc && crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(packed.data()), static_cast<uInt>(packed.size())) != *header.crc) fail("has a page whose checksum is another");
  const auto type = static_cast<PageType>(header.type);
  if (type == PageType::dictionary) return read_dictionary_page(header, packed);
  if (type != PageType::data && type != PageType::data_v2) return;  // an index, or a kind of the future
  if (header.num_values < 0 || header.num_values > left_) fail("has a page with more values than the column");
  decoder_.reset();
  page_ = PageBytes();  // before the next one is unpacked
  try {
    if (type == PageType::data) begin_data_page(header, packed);
    else begin_data_page_v2(header, packed);
  } catch (const BadPage& bad) {
    fail(std::string("has a page that ") + bad.fault);
  }
  encoding_ = header.encoding;
  left_in_page_ = header.num_values;
}

void ColumnReader::read_dictionary_page(const PageHeader& header, std::span<const std::byte> packed) {
  if (has_dictionary_) fail("has two dictionaries");
  if (header.encoding != static_cast<int32_t>(Encoding::plain) && header.encoding != static_cast<int32_t>(Encoding::plain_dictionary)) fail("has a dictionary in an encoding that is not known here");
  dictionary_page_ = unpack(codec_, packed, static_cast<size_t>(header.uncompressed_size), budget_, where_);
  try {
    if (header.num_values > 0) {
      // read_dictionary holds the count against the page before it makes room for the entries.
      const size_t most = std::min(static_cast<size_t>(header.num_values), dictionary_page_.bytes().size()) * sizeof(Value);
      budget_.hold(most, where_);
      dictionary_memory_ = most;
    }
    dictionary_ = read_dictionary(leaf_.leaf.stored, dictionary_page_.bytes(), header.num_values);
  } catch (const BadPage& bad) {
    fail(bad.fault);
  }
  has_dictionary_ = true;
}

// Levels of a page of version 1, at the front of `bytes`.
LevelDecoder ColumnReader::take_levels(int max_level, int32_t encoding, int32_t num_values, std::span<const std::byte>& bytes) const {
  if (max_level == 0) return {};
  const int width = std::bit_width(static_cast<unsigned>(max_level));
  if (encoding == static_cast<int32_t>(Encoding::rle)) {
    uint32_t length;
    if (bytes.size() < sizeof length) throw BadPage{"ends before its levels"};
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > bytes.size() - sizeof length) throw BadPage{"has levels that are longer than the page"};
    const LevelDecoder out = LevelDecoder::hybrid(bytes.subspan(sizeof length, length), width);
    bytes = bytes.subspan(sizeof length + length);
    return out;
  }
  if (encoding != static_cast<int32_t>(Encoding::bit_packed)) throw BadPage{"has levels in an encoding that is not known here"};
  const uint64_t size = (static_cast<uint64_t>(num_values) * static_cast<uint64_t>(width) + 7) / 8;  // they have no length of their own
  if (size > bytes.size()) throw BadPage{"ends before its levels"};
  const LevelDecoder out = LevelDecoder::bit_packed(bytes.first(size), width);
  bytes = bytes.subspan(size);
  return out;
}

void ColumnReader::begin_data_page(const PageHeader& header, std::span<const std::byte> packed) {
  page_ = unpack(codec_, packed, static_cast<size_t>(header.uncompressed_size), budget_, where_);
  values_ = page_.bytes();
  repetitions_ = take_levels(leaf_.repetition_level, header.repetition_encoding, header.num_values, values_);
  definitions_ = take_levels(leaf_.definition_level, header.definition_encoding, header.num_values, values_);
}

void ColumnReader::begin_data_page_v2(const PageHeader& header, std::span<const std::byte> packed) {
  if (header.repetition_bytes < 0 || header.definition_bytes < 0) throw BadPage{"does not say how long its levels are"};
  const uint64_t levels = static_cast<uint64_t>(header.repetition_bytes) + static_cast<uint64_t>(header.definition_bytes);
  if (levels > packed.size() || levels > static_cast<uint64_t>(header.uncompressed_size)) throw BadPage{"has levels that are longer than the page"};
  const auto level_decoder = [&](int max_level, std::span<const std::byte> bytes) {
    return max_level == 0 ? LevelDecoder() : LevelDecoder::hybrid(bytes, std::bit_width(static_cast<unsigned>(max_level)));
  };
  const auto repetition_bytes = static_cast<size_t>(header.repetition_bytes), definition_bytes = static_cast<size_t>(header.definition_bytes);
  repetitions_ = level_decoder(leaf_.repetition_level, packed.first(repetition_bytes));
  definitions_ = level_decoder(leaf_.definition_level, packed.subspan(repetition_bytes, definition_bytes));
  page_ = unpack(header.is_compressed ? codec_ : Codec::uncompressed, packed.subspan(levels), static_cast<size_t>(header.uncompressed_size) - levels, budget_, where_);
  values_ = page_.bytes();
}

}  // namespace reprise::io::parquet
