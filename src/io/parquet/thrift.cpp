// The cursor: every byte is asked for before it is read.
#include "io/parquet/thrift.h"

#include "base/error.h"

namespace reprise::io::parquet {

void ThriftReader::fail(const char* fault) const { throw Error(fault, where_, "the file is damaged, or no Parquet file; fetch it again"); }

void ThriftReader::want(bool right) const {
  if (!right) fail("has metadata with a field of the wrong type");
}

void ThriftReader::enter() {
  if (++depth_ > kMaxDepth) fail("has metadata that is nested too deeply");
}

const std::byte* ThriftReader::take(uint64_t count) {
  if (count > bytes_.size() - at_) fail("has metadata that ends too early");
  const std::byte* start = bytes_.data() + at_;
  at_ += count;
  return start;
}

uint8_t ThriftReader::take_byte() { return static_cast<uint8_t>(*take(1)); }

uint64_t ThriftReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = take_byte();
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (!(byte & 0x80)) return value;
  }
  fail("has a number that never ends");
}

int64_t ThriftReader::zigzag() {
  const uint64_t value = varint();
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

ThriftReader::ListHead ThriftReader::list_head() {
  const uint8_t head = take_byte();
  const uint64_t count = head >> 4 == 15 ? varint() : head >> 4;
  // No element is smaller than a byte.
  if (count > bytes_.size() - at_) fail("has a list that is longer than what is left of it");
  return {static_cast<ThriftType>(head & 0x0F), count};
}

int64_t ThriftReader::integer(ThriftType type) {
  if (type == ThriftType::byte) return static_cast<int8_t>(take_byte());
  want(type == ThriftType::i16 || type == ThriftType::i32 || type == ThriftType::i64);
  return zigzag();
}

int32_t ThriftReader::integer32(ThriftType type) {
  const int64_t value = integer(type);
  if (value < INT32_MIN || value > INT32_MAX) fail("has metadata with a number out of range");
  return static_cast<int32_t>(value);
}

bool ThriftReader::flag(ThriftType type) {
  want(type == ThriftType::yes || type == ThriftType::no);
  return type == ThriftType::yes;
}

std::string_view ThriftReader::text(ThriftType type) {
  want(type == ThriftType::binary);
  const uint64_t length = varint();
  return {reinterpret_cast<const char*>(take(length)), length};
}

void ThriftReader::skip_element(ThriftType type) {
  // A truth value is a byte of its own in a list, and a part of the head in a struct.
  if (type == ThriftType::yes || type == ThriftType::no) take(1);
  else skip(type);
}

void ThriftReader::skip(ThriftType type) {
  switch (type) {
    case ThriftType::yes:
    case ThriftType::no: return;
    case ThriftType::byte: take(1); return;
    case ThriftType::i16:
    case ThriftType::i32:
    case ThriftType::i64: varint(); return;
    case ThriftType::real: take(8); return;
    case ThriftType::uuid: take(16); return;
    case ThriftType::binary: text(type); return;
    case ThriftType::list:
    case ThriftType::set: read_list(type, [&](ThriftType inner) { skip_element(inner); }); return;
    case ThriftType::structure: read_struct([](int, ThriftType) { return false; }); return;
    case ThriftType::map: {
      enter();
      const uint64_t count = varint();
      if (count > bytes_.size() - at_) fail("has a map that is longer than what is left of it");
      if (count > 0) {
        const uint8_t types = take_byte();
        for (uint64_t i = 0; i < count; ++i) {
          skip_element(static_cast<ThriftType>(types >> 4));
          skip_element(static_cast<ThriftType>(types & 0x0F));
        }
      }
      --depth_;
      return;
    }
    default: fail("has metadata with a field of an unknown type");
  }
}

}  // namespace reprise::io::parquet
