// Apache Thrift's compact protocol, as much of it as reading Parquet's metadata asks for: a cursor over bytes that nobody
// trusts. Lengths are held against what is left before they are used; structs and lists nest to a fixed depth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace reprise::io::parquet {

enum class ThriftType : uint8_t { stop = 0, yes = 1, no = 2, byte = 3, i16 = 4, i32 = 5, i64 = 6, real = 7, binary = 8, list = 9, set = 10, map = 11, structure = 12, uuid = 13 };

class ThriftReader {
 public:
  // `where` names the file and the part of it in faults.
  ThriftReader(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  // Bytes read so far.
  size_t position() const { return at_; }

  // Calls field(id, type) for every field of the struct that begins here. A field of which `field` returns false is passed
  // over; of one of which it returns true it has read the value. Throws Error, as all of them do: bytes that end too
  // early, a value of another type than asked for, nesting beyond kMaxDepth.
  template <class Field>
  void read_struct(Field&& field) {
    enter();
    int64_t id = 0;
    for (;;) {
      const uint8_t head = take_byte();
      const auto type = static_cast<ThriftType>(head & 0x0F);
      if (type == ThriftType::stop) break;
      id = head >> 4 ? id + (head >> 4) : zigzag();
      if (id < INT16_MIN || id > INT16_MAX) fail("has a field with a number out of range");
      if (!field(static_cast<int>(id), type)) skip(type);
    }
    --depth_;
  }
  template <class Field>
  void read_struct(ThriftType type, Field&& field) {
    want(type == ThriftType::structure);
    read_struct(field);
  }

  // Calls element(type) for every element of a list; it must read each.
  template <class Element>
  void read_list(ThriftType type, Element&& element) {
    want(type == ThriftType::list || type == ThriftType::set);
    enter();
    const auto [inner, count] = list_head();
    for (uint64_t i = 0; i < count; ++i) element(inner);
    --depth_;
  }

  int64_t integer(ThriftType type);  // of any width
  int32_t integer32(ThriftType type);
  bool flag(ThriftType type);        // of a struct's field
  std::string_view text(ThriftType type);
  void skip(ThriftType type);

 private:
  static constexpr int kMaxDepth = 24;  // Parquet's own structs nest seven deep

  struct ListHead {
    ThriftType inner;
    uint64_t count;
  };
  [[noreturn]] void fail(const char* fault) const;
  void want(bool right) const;
  void enter();
  uint8_t take_byte();
  const std::byte* take(uint64_t count);
  uint64_t varint();
  int64_t zigzag();
  ListHead list_head();
  void skip_element(ThriftType type);

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string where_;
};

}  // namespace reprise::io::parquet
