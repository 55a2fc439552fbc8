// What every operation for the card shares: element types, where it runs, and how a wrong shape is refused. An operation is
// four files: contract (.h), dispatch (.cpp), plain loops in double (_reference.cpp), kernels (_cuda.cu). Free of LibTorch:
// raw pointers, sizes, a stream. docs/kernels.md says what each moves and computes, and what it has been proved on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace reprise::kernels::ops {

enum class DType { float32, bfloat16 };
constexpr int64_t size_of(DType type) { return type == DType::float32 ? 4 : 2; }

// The upper half of a float32, rounded to nearest, ties to even.
struct Bf16 {
  uint16_t bits;
};
inline float float_of(float x) { return x; }
inline float float_of(Bf16 x) { return __builtin_bit_cast(float, uint32_t{x.bits} << 16); }
template <class T>
T rounded_to(float x);
template <>
inline float rounded_to<float>(float x) {
  return x;
}
template <>
inline Bf16 rounded_to<Bf16>(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {0x7fff};  // NaN, as the card writes it
  return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

// A cudaStream_t, told without CUDA's headers. Launchers return at once; what went wrong on the card shows at the next
// synchronisation.
using Stream = void*;

// Where an operation runs. Pointers are the host's for `reference`, the card's for `cuda`. Nothing falls back: asking a
// build without the CUDA half for `cuda` is an Error.
enum class Implementation { reference, cuda };
struct Target {
  Implementation implementation = Implementation::reference;
  Stream stream = nullptr;
};
// Throws Error where this build has no CUDA half.
void require_cuda_build(const char* op);

// Error "op: what" unless `holds`.
void require(bool holds, const char* op, const std::string& what);
// Whether 16 bytes can be read at once: the pointer and every row of `stride` elements lie on 16 bytes.
bool lies_on_16_bytes(const void* pointer, int64_t stride, DType type);

// Calls f with a null pointer of the element type.
template <class Function>
void with_type(DType type, Function&& f) {
  if (type == DType::float32) {
    f(static_cast<float*>(nullptr));
  } else {
    f(static_cast<Bf16*>(nullptr));
  }
}

}  // namespace reprise::kernels::ops
