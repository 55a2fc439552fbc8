// Small unsigned integers as Parquet packs them: the hybrid of runs and bit-packed groups (levels, dictionary indexes, truth
// values), and the older levels packed from each byte's highest bit. One value at a time; a run of two billion costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace reprise::io::parquet {

// Thrown inside of a page that has fewer values than it says, or none that make sense; the column turns it into an Error.
struct BadPage {
  const char* fault;
};

// `width` bits (at most 64) from bit `bit` on, lowest first; bits behind the end are zero.
inline uint64_t bits_at(std::span<const std::byte> bytes, size_t bit, int width) {
  if (width == 0) return 0;
  const size_t first = bit / 8;
  const int shift = static_cast<int>(bit % 8);
  uint64_t low = 0, high = 0;
  if (first + 9 <= bytes.size()) {
    std::memcpy(&low, bytes.data() + first, 8);
    high = static_cast<uint64_t>(bytes[first + 8]);
  } else {
    for (size_t i = 0; i < 8 && first + i < bytes.size(); ++i) low |= static_cast<uint64_t>(bytes[first + i]) << (8 * i);
  }
  uint64_t value = low >> shift;
  if (shift > 0) value |= high << (64 - shift);
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}

// An unsigned LEB128 number of at most 64 bits. Throws BadPage.
inline uint64_t take_varint(std::span<const std::byte> bytes, size_t& at) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (at >= bytes.size()) throw BadPage{"ends in the middle of a number"};
    const auto byte = static_cast<uint8_t>(bytes[at++]);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (!(byte & 0x80)) return value;
  }
  throw BadPage{"has a number that never ends"};
}

class HybridDecoder {
 public:
  HybridDecoder() = default;
  // width: 0 to 32 bits.
  HybridDecoder(std::span<const std::byte> bytes, int width) : bytes_(bytes), width_(width) {}

  // Throws BadPage at the end.
  uint32_t next() {
    if (left_ == 0) start_run();
    --left_;
    if (!packed_) return value_;
    const uint64_t value = bits_at(bytes_, bit_, width_);
    bit_ += static_cast<size_t>(width_);
    return static_cast<uint32_t>(value);
  }

 private:
  void start_run() {
    do {
      if (packed_) at_ = packed_end_;
      packed_ = false;
      const uint64_t head = take_varint(bytes_, at_);
      if (head & 1) {
        // Groups of eight; the last group of a page may be cut short by its writer.
        const uint64_t groups = head >> 1;
        if (groups > bytes_.size() / static_cast<size_t>(width_ > 0 ? width_ : 1) + 1 && width_ > 0) throw BadPage{"has a run that is longer than its bytes"};
        if (groups > UINT32_MAX) throw BadPage{"has a run that is too long"};
        packed_ = true;
        left_ = groups * 8;
        bit_ = at_ * 8;
        const size_t wanted = static_cast<size_t>(groups) * static_cast<size_t>(width_), there = bytes_.size() - at_;
        if (wanted > there) left_ = there * 8 / static_cast<size_t>(width_);
        packed_end_ = at_ + (wanted > there ? there : wanted);
      } else {
        left_ = head >> 1;
        const size_t size = static_cast<size_t>(width_ + 7) / 8;
        if (size > bytes_.size() - at_) throw BadPage{"ends in the middle of a run"};
        value_ = 0;
        for (size_t i = 0; i < size; ++i) value_ |= static_cast<uint32_t>(bytes_[at_ + i]) << (8 * i);
        at_ += size;
      }
    } while (left_ == 0);
  }

  std::span<const std::byte> bytes_;
  size_t at_ = 0, bit_ = 0, packed_end_ = 0;
  uint64_t left_ = 0;
  uint32_t value_ = 0;
  int width_ = 0;
  bool packed_ = false;
};

// Levels: none (all zero), the hybrid, or the deprecated packing.
class LevelDecoder {
 public:
  LevelDecoder() = default;
  static LevelDecoder hybrid(std::span<const std::byte> bytes, int width) {
    LevelDecoder out;
    out.kind_ = Kind::hybrid;
    out.hybrid_ = HybridDecoder(bytes, width);
    return out;
  }
  static LevelDecoder bit_packed(std::span<const std::byte> bytes, int width) {
    LevelDecoder out;
    out.kind_ = Kind::highest_first;
    out.bytes_ = bytes;
    out.width_ = width;
    return out;
  }

  uint32_t next() {
    if (kind_ == Kind::zero) return 0;
    if (kind_ == Kind::hybrid) return hybrid_.next();
    uint32_t value = 0;
    for (int i = 0; i < width_; ++i, ++bit_) {
      if (bit_ / 8 >= bytes_.size()) throw BadPage{"has fewer levels than values"};
      value = value << 1 | (static_cast<uint32_t>(bytes_[bit_ / 8]) >> (7 - bit_ % 8) & 1);
    }
    return value;
  }

 private:
  enum class Kind { zero, hybrid, highest_first } kind_ = Kind::zero;
  HybridDecoder hybrid_;
  std::span<const std::byte> bytes_;
  size_t bit_ = 0;
  int width_ = 0;
};

}  // namespace reprise::io::parquet
