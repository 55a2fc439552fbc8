// GGUF files, versions 2 and 3: mapped, every count, length, type and offset checked before it is used. Block formats
// become float32 by dequantize().
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/files.h"

namespace reprise::io {

enum class GgmlType : uint32_t { f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, q4_k = 12, q5_k = 13, q6_k = 14, bf16 = 30 };

const char* ggml_type_name(GgmlType type);  // "Q4_1"

struct GgufTensor {
  std::string name;
  GgmlType type = GgmlType::f32;
  std::vector<int64_t> shape;  // row-major, outermost first (the file has them the other way round)
  std::span<const std::byte> bytes;
  int64_t num_elements() const;
};

using GgufValue = std::variant<bool, uint64_t, int64_t, double, std::string, std::vector<std::string>, std::vector<int64_t>, std::vector<double>>;

class GgufFile {
 public:
  explicit GgufFile(const std::filesystem::path& path);
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const GgufTensor* find(const std::string& name) const;
  const std::filesystem::path& path() const { return file_.path(); }

  // Metadata. The required forms throw Error when the key is missing or of another type.
  bool has(const std::string& key) const { return metadata_.contains(key); }
  std::string text(const std::string& key) const;
  int64_t integer(const std::string& key) const;
  double number(const std::string& key) const;
  bool flag(const std::string& key) const;
  const std::vector<std::string>& texts(const std::string& key) const;
  std::vector<int64_t> integers(const std::string& key) const;

 private:
  const GgufValue& value(const std::string& key) const;
  MappedFile file_;
  std::map<std::string, GgufValue> metadata_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string, size_t> index_;
};

// out.size() must be tensor.num_elements().
void dequantize(const GgufTensor& tensor, std::span<float> out);

}  // namespace reprise::io
