// PLAIN, the dictionary, RLE for truth values, BYTE_STREAM_SPLIT. The deltas are in delta_values.cpp.
#include "io/parquet/values.h"

#include <cstring>

#include "io/parquet/delta_values.h"
#include "io/parquet/runs.h"

namespace reprise::io::parquet {
namespace {

std::string_view view_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Bytes of a value of fixed size; 0 for byte arrays and truth values.
size_t width_of(Stored stored) {
  switch (stored.type) {
    case Physical::int32:
    case Physical::real32: return 4;
    case Physical::int64:
    case Physical::real64: return 8;
    case Physical::int96: return 12;
    case Physical::fixed_bytes: return static_cast<size_t>(stored.length);
    default: return 0;
  }
}

void set_fixed(Value& value, Physical type, std::span<const std::byte> bytes) {
  switch (type) {
    case Physical::int32: {
      int32_t number;
      std::memcpy(&number, bytes.data(), sizeof number);
      value.integer = number;
      return;
    }
    case Physical::int64: std::memcpy(&value.integer, bytes.data(), 8); return;
    case Physical::real32: {
      float number;
      std::memcpy(&number, bytes.data(), sizeof number);
      value.real = number;
      return;
    }
    case Physical::real64: std::memcpy(&value.real, bytes.data(), 8); return;
    default: value.bytes = view_of(bytes); return;
  }
}

class PlainFixed : public ValueDecoder {
 public:
  PlainFixed(Stored stored, std::span<const std::byte> page) : type_(stored.type), width_(width_of(stored)), page_(page) {}
  void next(Value& value) override {
    if (width_ > page_.size()) throw BadPage{"has fewer values than it says"};
    set_fixed(value, type_, page_.first(width_));
    page_ = page_.subspan(width_);
  }

 private:
  Physical type_;
  size_t width_;
  std::span<const std::byte> page_;
};

class PlainBytes : public ValueDecoder {
 public:
  explicit PlainBytes(std::span<const std::byte> page) : page_(page) {}
  void next(Value& value) override {
    uint32_t length;
    if (page_.size() < sizeof length) throw BadPage{"has fewer values than it says"};
    std::memcpy(&length, page_.data(), sizeof length);
    if (length > page_.size() - sizeof length) throw BadPage{"has a value that is longer than the page"};
    value.bytes = view_of(page_.subspan(sizeof length, length));
    page_ = page_.subspan(sizeof length + length);
  }

 private:
  std::span<const std::byte> page_;
};

class PlainBooleans : public ValueDecoder {
 public:
  explicit PlainBooleans(std::span<const std::byte> page) : page_(page) {}
  void next(Value& value) override {
    if (bit_ / 8 >= page_.size()) throw BadPage{"has fewer values than it says"};
    value.integer = static_cast<int>(page_[bit_ / 8]) >> (bit_ % 8) & 1;
    ++bit_;
  }

 private:
  std::span<const std::byte> page_;
  size_t bit_ = 0;
};

class RunBooleans : public ValueDecoder {
 public:
  explicit RunBooleans(std::span<const std::byte> page) {
    uint32_t length;
    if (page.size() < sizeof length) throw BadPage{"has no values"};
    std::memcpy(&length, page.data(), sizeof length);
    if (length > page.size() - sizeof length) throw BadPage{"has runs that are longer than the page"};
    runs_ = HybridDecoder(page.subspan(sizeof length, length), 1);
  }
  void next(Value& value) override { value.integer = runs_.next() & 1; }

 private:
  HybridDecoder runs_;
};

class FromDictionary : public ValueDecoder {
 public:
  FromDictionary(const Dictionary& dictionary, std::span<const std::byte> page) : dictionary_(dictionary) {
    if (page.empty()) return;  // all of its values are null
    const int width = static_cast<int>(page[0]);
    if (width > 32) throw BadPage{"has dictionary indexes of more than 32 bits"};
    indexes_ = HybridDecoder(page.subspan(1), width);
  }
  void next(Value& value) override {
    const uint32_t index = indexes_.next();
    if (index >= dictionary_.size()) throw BadPage{"has an index that is outside of its dictionary"};
    value = dictionary_[index];
  }

 private:
  const Dictionary& dictionary_;
  HybridDecoder indexes_;
};

// Byte j of value i stands at j * count + i.
class SplitStreams : public ValueDecoder {
 public:
  SplitStreams(Stored stored, std::span<const std::byte> page) : type_(stored.type), page_(page) {
    const size_t width = width_of(stored);
    if (page.size() % width != 0) throw BadPage{"has split streams of different lengths"};
    count_ = page.size() / width;
    if (count_ > 0) one_.resize(width);
  }
  void next(Value& value) override {
    if (at_ == count_) throw BadPage{"has fewer values than it says"};
    for (size_t j = 0; j < one_.size(); ++j) one_[j] = page_[j * count_ + at_];
    ++at_;
    set_fixed(value, type_, one_);
  }

 private:
  Physical type_;
  std::span<const std::byte> page_;
  std::vector<std::byte> one_;
  size_t count_ = 0, at_ = 0;
};

std::unique_ptr<ValueDecoder> make_plain(Stored stored, std::span<const std::byte> page) {
  if (stored.type == Physical::boolean) return std::make_unique<PlainBooleans>(page);
  if (stored.type == Physical::byte_array) return std::make_unique<PlainBytes>(page);
  return std::make_unique<PlainFixed>(stored, page);
}

}  // namespace

std::unique_ptr<ValueDecoder> make_decoder(int32_t encoding, Stored stored, std::span<const std::byte> page, const Dictionary* dictionary, size_t max_value_bytes) {
  const bool is_integer = stored.type == Physical::int32 || stored.type == Physical::int64;
  const bool is_bytes = stored.type == Physical::byte_array, is_fixed = stored.type == Physical::fixed_bytes;
  switch (static_cast<Encoding>(encoding)) {
    case Encoding::plain: return make_plain(stored, page);
    case Encoding::plain_dictionary:
    case Encoding::rle_dictionary:
      if (!dictionary) throw BadPage{"refers to a dictionary that is not there"};
      return std::make_unique<FromDictionary>(*dictionary, page);
    case Encoding::rle:
      if (stored.type == Physical::boolean) return std::make_unique<RunBooleans>(page);
      break;
    case Encoding::delta_binary_packed:
      if (is_integer) return make_delta_integers(stored, page);
      break;
    case Encoding::delta_length_byte_array:
      if (is_bytes) return make_delta_lengths(page);
      break;
    case Encoding::delta_byte_array:
      if (is_bytes || is_fixed) return make_delta_bytes(is_fixed ? stored.length : -1, page, max_value_bytes);
      break;
    case Encoding::byte_stream_split:
      if (width_of(stored) > 0 && stored.type != Physical::int96) return std::make_unique<SplitStreams>(stored, page);
      break;
    case Encoding::bit_packed: break;
    default: throw BadPage{"is in an encoding that is not known here"};
  }
  throw BadPage{"is in an encoding that is not for its type"};
}

Dictionary read_dictionary(Stored stored, std::span<const std::byte> page, int32_t num_values) {
  if (stored.type == Physical::boolean) throw BadPage{"has a dictionary of truth values"};
  // No entry is smaller than this, so the count is bounded by the page.
  const size_t least = stored.type == Physical::byte_array ? 4 : width_of(stored);
  if (num_values < 0 || static_cast<size_t>(num_values) > page.size() / least) throw BadPage{"has a dictionary with fewer entries than it says"};
  Dictionary out(static_cast<size_t>(num_values));
  const auto decoder = make_plain(stored, page);
  for (Value& value : out) decoder->next(value);
  return out;
}

}  // namespace reprise::io::parquet
