// safetensors files: 8 bytes of header length (little endian), a JSON header {name: {dtype, shape, data_offsets}}, data.
// Reading maps the file and checks all of the header before any tensor is handed out: lengths, types, shapes, overlaps,
// holes. Writing declares every tensor first and then streams the bytes, so that a model is never held twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"

namespace reprise::io {

enum class Dtype { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };
const char* dtype_name(Dtype dtype);        // "F32", as in the file
size_t dtype_bytes(Dtype dtype);

struct TensorView {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;  // into the mapped file
};

class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  const std::vector<TensorView>& tensors() const { return tensors_; }  // in the order of their bytes
  const TensorView* find(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return file_.path(); }

 private:
  MappedFile file_;
  std::vector<TensorView> tensors_;
  std::map<std::string, size_t> index_;
  std::map<std::string, std::string> metadata_;
};

struct TensorDeclaration {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<int64_t> shape;
};

// Writes to `path` directly: put it inside write_folder. append() must be called once per declared tensor, in order.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::filesystem::path& path, const std::vector<TensorDeclaration>& tensors,
                    const std::map<std::string, std::string>& metadata = {{"format", "pt"}});
  ~SafetensorsWriter();
  void append(const void* data, size_t bytes);
  void finish();  // throws Error if a tensor is missing or the disk is full

 private:
  std::filesystem::path path_;
  std::unique_ptr<FILE, int (*)(FILE*)> file_;
  std::vector<size_t> sizes_;
  size_t next_ = 0;
};

// model.safetensors.index.json: tensor name -> file name (a plain name beside the index).
std::map<std::string, std::string> read_safetensors_index(const std::filesystem::path& path);
std::string write_safetensors_index(const std::map<std::string, std::string>& weight_map, int64_t total_bytes);

}  // namespace reprise::io
