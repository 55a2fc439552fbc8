// Sums wrap around, as the format wants: differences of 64-bit numbers do.
#include "io/parquet/delta_values.h"

#include <algorithm>
#include <string>

#include "io/parquet/runs.h"

namespace reprise::io::parquet {
namespace {

int64_t take_zigzag(std::span<const std::byte> bytes, size_t& at) {
  const uint64_t value = take_varint(bytes, at);
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

// DELTA_BINARY_PACKED, value by value.
class DeltaIntegers {
 public:
  DeltaIntegers() = default;
  // width: 32 or 64, the bits of the sums.
  DeltaIntegers(std::span<const std::byte> bytes, int width) : bytes_(bytes), width_(width) {
    const uint64_t block = take_varint(bytes_, at_), count = take_varint(bytes_, at_);
    left_ = take_varint(bytes_, at_);
    value_ = static_cast<uint64_t>(take_zigzag(bytes_, at_));
    if (block == 0 || block % 128 != 0 || block > (uint64_t{1} << 31) || count == 0 || block % count != 0 || (block / count) % 32 != 0) throw BadPage{"has delta blocks of an impossible size"};
    num_miniblocks_ = count;
    miniblock_size_ = block / count;
    miniblock_ = count;
  }

  bool at_end() const { return left_ == 0; }
  uint64_t left() const { return left_; }

  int64_t next() {
    if (left_ == 0) throw BadPage{"has fewer values than it says"};
    --left_;
    if (first_) {
      first_ = false;
    } else {
      if (in_miniblock_ == 0) start_miniblock();
      value_ += min_delta_ + bits_at(bytes_, bit_, bits_);
      bit_ += static_cast<size_t>(bits_);
      --in_miniblock_;
    }
    return width_ == 32 ? static_cast<int32_t>(static_cast<uint32_t>(value_)) : static_cast<int64_t>(value_);
  }

  // Where what follows begins, without reading the values. Only before the first next().
  size_t end() const {
    DeltaIntegers walk = *this;
    uint64_t left = walk.left_ > 0 ? walk.left_ - 1 : 0;
    while (left > 0) {
      walk.start_miniblock();
      left -= std::min(left, walk.miniblock_size_);
    }
    return walk.at_;
  }

 private:
  // The padding of the last miniblock may be missing: some writers cut it.
  void start_miniblock() {
    if (miniblock_ == num_miniblocks_) {
      min_delta_ = static_cast<uint64_t>(take_zigzag(bytes_, at_));
      if (num_miniblocks_ > bytes_.size() - at_) throw BadPage{"ends in the middle of a delta block"};
      widths_ = at_;
      at_ += num_miniblocks_;
      miniblock_ = 0;
    }
    bits_ = static_cast<int>(bytes_[widths_ + miniblock_]);
    if (bits_ > width_) throw BadPage{"has deltas of more bits than its values"};
    ++miniblock_;
    bit_ = at_ * 8;
    in_miniblock_ = miniblock_size_;
    const size_t size = static_cast<size_t>(miniblock_size_) / 8 * static_cast<size_t>(bits_), there = bytes_.size() - at_;
    if (size > there) {
      if (bits_ > 0) in_miniblock_ = there * 8 / static_cast<size_t>(bits_);
      if (in_miniblock_ == 0) throw BadPage{"ends in the middle of a delta block"};
      at_ = bytes_.size();
    } else {
      at_ += size;
    }
  }

  std::span<const std::byte> bytes_;
  size_t at_ = 0, bit_ = 0, widths_ = 0;
  uint64_t left_ = 0, value_ = 0, min_delta_ = 0, num_miniblocks_ = 0, miniblock_size_ = 0, miniblock_ = 0, in_miniblock_ = 0;
  int width_ = 64, bits_ = 0;
  bool first_ = true;
};

class IntegerDecoder : public ValueDecoder {
 public:
  IntegerDecoder(std::span<const std::byte> page, int width) : integers_(page, width) {}
  void next(Value& value) override { value.integer = integers_.next(); }

 private:
  DeltaIntegers integers_;
};

// DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes.
class Lengths {
 public:
  explicit Lengths(std::span<const std::byte> page) : lengths_(page, 32), bytes_(page.subspan(lengths_.end())) {}
  std::span<const std::byte> next() {
    const int64_t length = lengths_.next();
    if (length < 0 || static_cast<uint64_t>(length) > bytes_.size()) throw BadPage{"has a value that is longer than the page"};
    const auto out = bytes_.first(static_cast<size_t>(length));
    bytes_ = bytes_.subspan(static_cast<size_t>(length));
    return out;
  }

 private:
  DeltaIntegers lengths_;
  std::span<const std::byte> bytes_;
};

class LengthDecoder : public ValueDecoder {
 public:
  explicit LengthDecoder(std::span<const std::byte> page) : values_(page) {}
  void next(Value& value) override {
    const auto bytes = values_.next();
    value.bytes = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  Lengths values_;
};

// DELTA_BYTE_ARRAY: how much of the value before is kept, and what follows it.
class PrefixDecoder : public ValueDecoder {
 public:
  PrefixDecoder(int32_t fixed_length, std::span<const std::byte> page, size_t max_value_bytes)
      : fixed_length_(fixed_length), left_(max_value_bytes), prefixes_(page, 32), suffixes_(page.subspan(prefixes_.end())) {}
  void next(Value& value) override {
    const int64_t prefix = prefixes_.next();
    if (prefix < 0 || static_cast<uint64_t>(prefix) > current_.size()) throw BadPage{"has a value that shares more than the one before has"};
    const auto suffix = suffixes_.next();
    const size_t size = static_cast<size_t>(prefix) + suffix.size();
    if (fixed_length_ >= 0 && size != static_cast<size_t>(fixed_length_)) throw BadPage{"has a value of another length than its type"};
    if (size > left_) throw BadPage{"grows beyond what a page may"};
    left_ -= size;
    current_.resize(static_cast<size_t>(prefix));
    current_.append(reinterpret_cast<const char*>(suffix.data()), suffix.size());
    value.bytes = current_;
  }

 private:
  int32_t fixed_length_;
  size_t left_;
  DeltaIntegers prefixes_;
  Lengths suffixes_;
  std::string current_;
};

}  // namespace

std::unique_ptr<ValueDecoder> make_delta_integers(Stored stored, std::span<const std::byte> page) {
  return std::make_unique<IntegerDecoder>(page, stored.type == Physical::int32 ? 32 : 64);
}
std::unique_ptr<ValueDecoder> make_delta_lengths(std::span<const std::byte> page) { return std::make_unique<LengthDecoder>(page); }
std::unique_ptr<ValueDecoder> make_delta_bytes(int32_t fixed_length, std::span<const std::byte> page, size_t max_value_bytes) {
  return std::make_unique<PrefixDecoder>(fixed_length, page, max_value_bytes);
}

}  // namespace reprise::io::parquet
