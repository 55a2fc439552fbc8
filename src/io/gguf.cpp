// A bounded cursor over the mapped file.
#include "io/gguf.h"

#include <cstring>
#include <functional>

#include "base/error.h"

namespace reprise::io {
namespace {

constexpr uint64_t kMaxEntries = 1 << 20;       // keys, tensors
constexpr uint64_t kMaxArray = 1 << 24;
constexpr uint64_t kMaxString = 64 << 20;
constexpr const char* kHint = "the file is truncated or not a GGUF file; fetch it again";

struct Layout {
  GgmlType type;
  const char* name;
  uint64_t block, bytes;
};
constexpr Layout kLayouts[] = {
    {GgmlType::f32, "F32", 1, 4},       {GgmlType::f16, "F16", 1, 2},       {GgmlType::bf16, "BF16", 1, 2},     {GgmlType::q4_0, "Q4_0", 32, 18},
    {GgmlType::q4_1, "Q4_1", 32, 20},   {GgmlType::q5_0, "Q5_0", 32, 22},   {GgmlType::q5_1, "Q5_1", 32, 24},   {GgmlType::q8_0, "Q8_0", 32, 34},
    {GgmlType::q4_k, "Q4_K", 256, 144}, {GgmlType::q5_k, "Q5_K", 256, 176}, {GgmlType::q6_k, "Q6_K", 256, 210}};

class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  template <class T>
  T take() {
    T value;
    std::memcpy(&value, need(sizeof(T)), sizeof(T));
    return value;
  }
  std::string text() {
    const uint64_t length = take<uint64_t>();
    if (length > kMaxString) throw Error("has a string of " + std::to_string(length) + " bytes", where_, kHint);
    const char* start = reinterpret_cast<const char*>(need(length));
    return {start, length};
  }
  uint64_t count(uint64_t most, const char* what) {
    const uint64_t n = take<uint64_t>();
    if (n > most || n > bytes_.size()) throw Error("says it has " + std::to_string(n) + " " + what, where_, kHint);
    return n;
  }
  size_t position() const { return at_; }

 private:
  const std::byte* need(uint64_t count) {
    if (count > bytes_.size() - at_) throw Error("ends in the middle of its header", where_, kHint);
    const std::byte* start = bytes_.data() + at_;
    at_ += count;
    return start;
  }
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  std::string where_;
};

double read_number(Cursor& in, uint32_t type, const std::string& where) {
  switch (type) {
    case 0: return in.take<uint8_t>();
    case 1: return in.take<int8_t>();
    case 2: return in.take<uint16_t>();
    case 3: return in.take<int16_t>();
    case 4: return in.take<uint32_t>();
    case 5: return in.take<int32_t>();
    case 6: return in.take<float>();
    case 7: return in.take<uint8_t>() != 0;
    case 10: return static_cast<double>(in.take<uint64_t>());
    case 11: return static_cast<double>(in.take<int64_t>());
    case 12: return in.take<double>();
    default: throw Error("has a value of unknown type " + std::to_string(type), where, kHint);
  }
}

// Integers of up to 32 bits are exact in a double; what a 64-bit one or a float cannot give is told.
int64_t as_integer(double number, const std::string& where) {
  if (!(number > -9.2e18 && number < 9.2e18)) throw Error("has an integer out of range", where, kHint);
  return static_cast<int64_t>(number);
}

GgufValue read_value(Cursor& in, uint32_t type, const std::string& where) {
  if (type == 8) return in.text();
  if (type == 7) return in.take<uint8_t>() != 0;
  if (type == 10) return in.take<uint64_t>();
  if (type == 11) return in.take<int64_t>();
  if (type == 9) {
    const uint32_t inner = in.take<uint32_t>();
    const uint64_t count = in.count(kMaxArray, "array elements");
    if (inner == 9) throw Error("has an array of arrays", where);
    if (inner == 8) {
      std::vector<std::string> values;
      for (uint64_t i = 0; i < count; ++i) values.push_back(in.text());
      return values;
    }
    std::vector<double> reals;
    std::vector<int64_t> integers;
    const bool real = inner == 6 || inner == 12;
    for (uint64_t i = 0; i < count; ++i) {
      const double number = read_number(in, inner, where);
      if (real) {
        reals.push_back(number);
      } else {
        integers.push_back(as_integer(number, where));
      }
    }
    if (real) return reals;
    return integers;
  }
  const double number = read_number(in, type, where);
  if (type == 6 || type == 12) return number;
  return as_integer(number, where);
}

}  // namespace

const char* ggml_type_name(GgmlType type) {
  for (const Layout& layout : kLayouts) {
    if (layout.type == type) return layout.name;
  }
  return "?";
}

int64_t GgufTensor::num_elements() const {
  int64_t n = 1;
  for (int64_t size : shape) n *= size;
  return n;
}

GgufFile::GgufFile(const std::filesystem::path& path) : file_(path) {
  const std::string where = path.string();
  const auto bytes = file_.bytes();
  Cursor in(bytes, where);
  if (bytes.size() < 24 || std::memcmp(bytes.data(), "GGUF", 4) != 0) throw Error("is not a GGUF file", where, kHint);
  in.take<uint32_t>();
  const uint32_t version = in.take<uint32_t>();
  if (version != 2 && version != 3) throw Error("is GGUF version " + std::to_string(version), where, "versions 2 and 3 are supported");
  const uint64_t num_tensors = in.count(kMaxEntries, "tensors"), num_keys = in.count(kMaxEntries, "keys");
  for (uint64_t i = 0; i < num_keys; ++i) {
    const std::string key = in.text();
    const uint32_t type = in.take<uint32_t>();
    if (!metadata_.emplace(key, read_value(in, type, where)).second) throw Error("has key '" + key.substr(0, 60) + "' twice", where);
  }
  struct Pending {
    uint64_t offset, size;
  };
  std::vector<Pending> pending;
  for (uint64_t i = 0; i < num_tensors; ++i) {
    GgufTensor tensor;
    tensor.name = in.text();
    const std::string tensor_where = where + ": tensor '" + tensor.name.substr(0, 80) + "'";
    const uint32_t num_dims = in.take<uint32_t>();
    if (num_dims < 1 || num_dims > 4) throw Error("has " + std::to_string(num_dims) + " dimensions", tensor_where, kHint);
    uint64_t elements = 1, row = 0;
    for (uint32_t d = 0; d < num_dims; ++d) {
      const uint64_t size = in.take<uint64_t>();
      if (size == 0 || size > (uint64_t{1} << 40) || elements > (uint64_t{1} << 40) / size) throw Error("has sizes that cannot be", tensor_where, kHint);
      elements *= size;
      if (d == 0) row = size;
      tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(size));
    }
    const uint32_t type = in.take<uint32_t>();
    const Layout* layout = nullptr;
    for (const Layout& known : kLayouts) {
      if (static_cast<uint32_t>(known.type) == type) layout = &known;
    }
    if (!layout) throw Error("has block type " + std::to_string(type), tensor_where, "F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K are supported");
    if (row % layout->block != 0) throw Error("has rows of " + std::to_string(row) + " values, not whole blocks of " + std::to_string(layout->block), tensor_where);
    tensor.type = layout->type;
    pending.push_back({in.take<uint64_t>(), elements / layout->block * layout->bytes});
    if (!index_.emplace(tensor.name, tensors_.size()).second) throw Error("is there twice", tensor_where);
    tensors_.push_back(std::move(tensor));
  }
  uint64_t alignment = 32;
  if (has("general.alignment")) {
    const int64_t wanted = integer("general.alignment");
    if (wanted < 8 || wanted > (1 << 20) || (wanted & (wanted - 1)) != 0) throw Error("has alignment " + std::to_string(wanted), where, kHint);
    alignment = static_cast<uint64_t>(wanted);
  }
  const uint64_t data = (in.position() + alignment - 1) / alignment * alignment;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Pending& p = pending[i];
    if (p.offset % alignment != 0 || data > bytes.size() || p.offset > bytes.size() - data || p.size > bytes.size() - data - p.offset) {
      throw Error("lies outside the file", where + ": tensor '" + tensors_[i].name.substr(0, 80) + "'", kHint);
    }
    tensors_[i].bytes = bytes.subspan(data + p.offset, p.size);
  }
}

const GgufTensor* GgufFile::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

const GgufValue& GgufFile::value(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) throw Error("lacks the key " + key, path().string());
  return found->second;
}

std::string GgufFile::text(const std::string& key) const {
  if (const auto* v = std::get_if<std::string>(&value(key))) return *v;
  throw Error("has key " + key + " that is not text", path().string());
}
int64_t GgufFile::integer(const std::string& key) const {
  if (const auto* v = std::get_if<int64_t>(&value(key))) return *v;
  if (const auto* v = std::get_if<uint64_t>(&value(key)); v && *v < (uint64_t{1} << 62)) return static_cast<int64_t>(*v);
  throw Error("has key " + key + " that is not an integer", path().string());
}
double GgufFile::number(const std::string& key) const {
  if (const auto* v = std::get_if<double>(&value(key))) return *v;
  return static_cast<double>(integer(key));
}
bool GgufFile::flag(const std::string& key) const {
  if (const auto* v = std::get_if<bool>(&value(key))) return *v;
  throw Error("has key " + key + " that is not true or false", path().string());
}
const std::vector<std::string>& GgufFile::texts(const std::string& key) const {
  if (const auto* v = std::get_if<std::vector<std::string>>(&value(key))) return *v;
  throw Error("has key " + key + " that is not a list of texts", path().string());
}
std::vector<int64_t> GgufFile::integers(const std::string& key) const {
  if (const auto* v = std::get_if<std::vector<int64_t>>(&value(key))) return *v;
  throw Error("has key " + key + " that is not a list of integers", path().string());
}

}  // namespace reprise::io
