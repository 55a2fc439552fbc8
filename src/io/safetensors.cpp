// Header checks first, tensors after.
#include "io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/error.h"
#include "base/json.h"

namespace reprise::io {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are read as they lie");

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's own limit
constexpr int64_t kMaxSize = int64_t{1} << 48;

struct Kind {
  Dtype dtype;
  const char* name;
  size_t bytes;
};
constexpr Kind kKinds[] = {{Dtype::f64, "F64", 8}, {Dtype::f32, "F32", 4}, {Dtype::f16, "F16", 2}, {Dtype::bf16, "BF16", 2},
                           {Dtype::i64, "I64", 8}, {Dtype::i32, "I32", 4}, {Dtype::i16, "I16", 2}, {Dtype::i8, "I8", 1},
                           {Dtype::u8, "U8", 1},   {Dtype::boolean, "BOOL", 1}};

const Kind& kind_of(Dtype dtype) {
  for (const Kind& kind : kKinds) {
    if (kind.dtype == dtype) return kind;
  }
  return kKinds[0];
}

// Number of bytes of a shape, or an Error when the product does not fit.
uint64_t shape_bytes(const std::vector<int64_t>& shape, size_t element, const std::string& where) {
  uint64_t total = element;
  for (int64_t size : shape) {
    if (size < 0 || size > kMaxSize) throw Error("has a size that cannot be (" + std::to_string(size) + ")", where);
    if (size != 0 && total > static_cast<uint64_t>(kMaxSize) / static_cast<uint64_t>(size)) throw Error("is larger than any file", where);
    total *= static_cast<uint64_t>(size);
  }
  return total;
}

// A SAX parser that refuses a name given twice: the library keeps the last one silently.
class DuplicateKeys : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::string duplicate;
  int depth = 0;
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(int64_t) override { return true; }
  bool number_unsigned(uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(nlohmann::json::binary_t&) override { return true; }
  bool start_object(size_t) override { return ++depth <= 8; }
  bool end_object() override { return --depth, true; }
  bool start_array(size_t) override { return ++depth <= 8; }
  bool end_array() override { return --depth, true; }
  bool key(std::string& name) override {
    if (depth == 1 && !names_.insert(name).second) {
      duplicate = name;
      return false;
    }
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  std::set<std::string> names_;
};

}  // namespace

const char* dtype_name(Dtype dtype) { return kind_of(dtype).name; }
size_t dtype_bytes(Dtype dtype) { return kind_of(dtype).bytes; }

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(path) {
  const auto bytes = file_.bytes();
  const std::string where = path.string();
  const char* kTruncated = "the file is truncated or not a safetensors file; fetch it again";
  if (bytes.size() < 8) throw Error("has " + std::to_string(bytes.size()) + " bytes, too few for a header", where, kTruncated);
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), 8);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - 8) {
    throw Error("says its header has " + std::to_string(header_bytes) + " bytes, the file has " + std::to_string(bytes.size()), where, kTruncated);
  }
  const char* begin = reinterpret_cast<const char*>(bytes.data()) + 8;
  const char* end = begin + header_bytes;
  DuplicateKeys names;
  const bool parsed = nlohmann::json::sax_parse(begin, end, &names);
  if (!names.duplicate.empty()) throw Error("names tensor '" + names.duplicate + "' twice", where);
  if (!parsed) throw Error("has a header that is not JSON", where, kTruncated);
  const nlohmann::json header = nlohmann::json::parse(std::string_view(begin, static_cast<size_t>(end - begin)), nullptr, false);
  if (!header.is_object()) throw Error("has a header that is not a JSON object", where, kTruncated);

  const auto data = bytes.subspan(8 + header_bytes);
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) throw Error("has __metadata__ that is not an object", where);
      for (const auto& [key, value] : entry.items()) {
        if (value.is_string()) metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    const std::string tensor_where = where + ": tensor '" + name + "'";
    const bool complete = entry.is_object() && entry.contains("dtype") && entry["dtype"].is_string() && entry.contains("shape") &&
                          entry["shape"].is_array() && entry.contains("data_offsets") && entry["data_offsets"].is_array() &&
                          entry["data_offsets"].size() == 2;
    if (!complete) throw Error("lacks dtype, shape or data_offsets", tensor_where);
    TensorView view;
    view.name = name;
    const std::string dtype = entry["dtype"];
    const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return dtype == k.name; });
    if (kind == std::end(kKinds)) throw Error("has dtype '" + dtype + "', which is not supported", tensor_where, "F32, F16 and BF16 are");
    view.dtype = kind->dtype;
    for (const auto& size : entry["shape"]) {
      if (!size.is_number_unsigned()) throw Error("has a shape that is not made of sizes", tensor_where);
      view.shape.push_back(static_cast<int64_t>(std::min<uint64_t>(size.get<uint64_t>(), uint64_t{1} << 62)));
    }
    const auto& offsets = entry["data_offsets"];
    if (!offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) throw Error("has offsets that are not positions", tensor_where);
    const uint64_t from = offsets[0], to = offsets[1];
    if (from > to || to > data.size()) {
      throw Error("lies at bytes " + std::to_string(from) + " to " + std::to_string(to) + " of " + std::to_string(data.size()), tensor_where, kTruncated);
    }
    const uint64_t expected = shape_bytes(view.shape, kind->bytes, tensor_where);
    if (to - from != expected) {
      throw Error("has " + std::to_string(to - from) + " bytes, its shape needs " + std::to_string(expected), tensor_where);
    }
    view.bytes = data.subspan(from, to - from);
    tensors_.push_back(std::move(view));
  }
  std::stable_sort(tensors_.begin(), tensors_.end(), [](const TensorView& a, const TensorView& b) {
    return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
  });
  const std::byte* expected = data.data();
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const auto& view = tensors_[i];
    if (view.bytes.data() != expected && !(view.bytes.empty() && data.empty())) {
      throw Error(std::string(view.bytes.data() < expected ? "overlaps the tensor before it" : "leaves a hole in front of it"),
                  where + ": tensor '" + view.name + "'");
    }
    expected = view.bytes.data() + view.bytes.size();
    index_[view.name] = i;
  }
  if (!tensors_.empty() && expected != data.data() + data.size()) throw Error("has bytes that belong to no tensor", where, kTruncated);
}

const TensorView* SafetensorsFile::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path, const std::vector<TensorDeclaration>& tensors,
                                     const std::map<std::string, std::string>& metadata)
    : path_(path), file_(std::fopen(path.c_str(), "wb"), &std::fclose) {
  if (!file_) throw Error(std::string("cannot be written (") + std::strerror(errno) + ")", path.string());
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const TensorDeclaration& tensor : tensors) {
    const uint64_t bytes = shape_bytes(tensor.shape, dtype_bytes(tensor.dtype), path.string() + ": tensor '" + tensor.name + "'");
    header[tensor.name] = {{"dtype", dtype_name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
    sizes_.push_back(bytes);
  }
  std::string text = header.is_null() ? "{}" : header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const uint64_t length = text.size();
  if (std::fwrite(&length, 1, 8, file_.get()) != 8 || std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) {
    throw Error("cannot be written (disk full?)", path.string());
  }
}

SafetensorsWriter::~SafetensorsWriter() = default;

void SafetensorsWriter::append(const void* data, size_t bytes) {
  if (next_ >= sizes_.size() || sizes_[next_] != bytes) throw Error("tensor " + std::to_string(next_) + " was declared with another size", path_.string());
  ++next_;
  if (bytes && std::fwrite(data, 1, bytes, file_.get()) != bytes) {
    throw Error(std::string("cannot be written (") + std::strerror(errno) + ")", path_.string(), "free some space or choose another folder");
  }
}

void SafetensorsWriter::finish() {
  if (next_ != sizes_.size()) throw Error("lacks " + std::to_string(sizes_.size() - next_) + " declared tensors", path_.string());
  if (std::fflush(file_.get()) != 0) throw Error(std::string("cannot be written (") + std::strerror(errno) + ")", path_.string());
  file_.reset();
}

std::map<std::string, std::string> read_safetensors_index(const std::filesystem::path& path) {
  const nlohmann::json json = nlohmann::json::parse(read_file(path, 256u << 20), nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    throw Error("is not a safetensors index (no weight_map)", path.string());
  }
  std::map<std::string, std::string> map;
  for (const auto& [name, file] : json["weight_map"].items()) {
    if (!file.is_string()) throw Error("names no file for tensor '" + name + "'", path.string());
    const std::string value = file;
    if (value.empty() || value.find('/') != std::string::npos || value == "." || value == "..") {
      throw Error("names a file outside its folder ('" + value + "')", path.string());
    }
    map[name] = value;
  }
  if (map.empty()) throw Error("lists no tensors", path.string());
  return map;
}

std::string write_safetensors_index(const std::map<std::string, std::string>& weight_map, int64_t total_bytes) {
  nlohmann::ordered_json json;
  json["metadata"] = {{"total_size", total_bytes}};
  json["weight_map"] = weight_map;
  return json.dump(2) + "\n";
}

}  // namespace reprise::io
