// One copy per tensor, in the wanted type.
#include "model/tensor_file.h"

#include <ATen/ATen.h>
#include <sys/mman.h>

#include "base/error.h"

namespace reprise::model {
namespace {

at::ScalarType scalar_type(io::Dtype dtype) {
  switch (dtype) {
    case io::Dtype::f64: return at::kDouble;
    case io::Dtype::f32: return at::kFloat;
    case io::Dtype::f16: return at::kHalf;
    case io::Dtype::bf16: return at::kBFloat16;
    case io::Dtype::i64: return at::kLong;
    case io::Dtype::i32: return at::kInt;
    case io::Dtype::i16: return at::kShort;
    case io::Dtype::i8: return at::kChar;
    case io::Dtype::u8: return at::kByte;
    case io::Dtype::boolean: return at::kBool;
  }
  return at::kFloat;
}

io::Dtype file_dtype(at::ScalarType type, const std::string& name) {
  switch (type) {
    case at::kDouble: return io::Dtype::f64;
    case at::kFloat: return io::Dtype::f32;
    case at::kHalf: return io::Dtype::f16;
    case at::kBFloat16: return io::Dtype::bf16;
    case at::kLong: return io::Dtype::i64;
    default: throw Error(std::string("has dtype ") + at::toString(type) + ", which cannot be saved", name);
  }
}

// Pages that were read once are not needed again: without this a mapped file counts towards memory in use.
void drop_pages(std::span<const std::byte> bytes) {
  constexpr uintptr_t kPage = 4096;
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(bytes.data()) + kPage - 1) / kPage * kPage;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size()) / kPage * kPage;
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace

at::Tensor to_tensor(const io::TensorView& view, at::ScalarType dtype, at::Device device) {
  const at::Tensor mapped = at::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape, at::TensorOptions().dtype(scalar_type(view.dtype)));
  at::Tensor copy = mapped.to(at::TensorOptions().dtype(dtype).device(device), false, true);
  drop_pages(view.bytes);
  return copy;
}

void write_tensor_file(const std::filesystem::path& file, const NamedTensors& tensors) {
  std::vector<io::TensorDeclaration> declarations;
  for (const auto& [name, tensor] : tensors) declarations.push_back({name, file_dtype(tensor.scalar_type(), name), tensor.sizes().vec()});
  io::SafetensorsWriter writer(file, declarations);
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor host = tensor.detach().cpu().contiguous();
    writer.append(host.const_data_ptr(), host.nbytes());
  }
  writer.finish();
}

NamedTensors read_tensor_file(const std::filesystem::path& file) {
  const io::SafetensorsFile mapped(file);
  NamedTensors tensors;
  for (const io::TensorView& view : mapped.tensors()) tensors[view.name] = to_tensor(view, scalar_type(view.dtype), at::kCPU);
  return tensors;
}

}  // namespace reprise::model
