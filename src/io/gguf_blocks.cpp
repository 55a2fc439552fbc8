// The block formats, one function each, from ggml's published layouts: y = d * q (+ or - m).
#include <cstring>

#include "base/error.h"
#include "io/gguf.h"
#include "io/half.h"

namespace reprise::io {
namespace {

using Bytes = const uint8_t*;

float half_at(Bytes b) {
  uint16_t bits;
  std::memcpy(&bits, b, 2);
  return f16_to_float(bits);
}

// 16 bytes of nibbles: the low ones are values 0..15, the high ones 16..31.
int nibble(Bytes quants, int i) { return i < 16 ? quants[i] & 15 : quants[i - 16] >> 4; }

void q4_0(Bytes b, float* y) {
  const float d = half_at(b);
  for (int i = 0; i < 32; ++i) y[i] = d * static_cast<float>(nibble(b + 2, i) - 8);
}
void q4_1(Bytes b, float* y) {
  const float d = half_at(b), m = half_at(b + 2);
  for (int i = 0; i < 32; ++i) y[i] = d * static_cast<float>(nibble(b + 4, i)) + m;
}
int fifth_bit(Bytes high, int i) {
  uint32_t bits;
  std::memcpy(&bits, high, 4);
  return static_cast<int>(bits >> i & 1) << 4;
}
void q5_0(Bytes b, float* y) {
  const float d = half_at(b);
  for (int i = 0; i < 32; ++i) y[i] = d * static_cast<float>((nibble(b + 6, i) | fifth_bit(b + 2, i)) - 16);
}
void q5_1(Bytes b, float* y) {
  const float d = half_at(b), m = half_at(b + 2);
  for (int i = 0; i < 32; ++i) y[i] = d * static_cast<float>(nibble(b + 8, i) | fifth_bit(b + 4, i)) + m;
}
void q8_0(Bytes b, float* y) {
  const float d = half_at(b);
  for (int i = 0; i < 32; ++i) y[i] = d * static_cast<float>(static_cast<int8_t>(b[2 + i]));
}

// Eight 6-bit scales and minimums in 12 bytes.
void scale_and_minimum(Bytes s, int j, float& scale, float& minimum) {
  if (j < 4) {
    scale = static_cast<float>(s[j] & 63);
    minimum = static_cast<float>(s[j + 4] & 63);
  } else {
    scale = static_cast<float>((s[j + 4] & 15) | (s[j - 4] >> 6) << 4);
    minimum = static_cast<float>((s[j + 4] >> 4) | (s[j] >> 6) << 4);
  }
}
void q4_k(Bytes b, float* y) {
  const float d = half_at(b), dmin = half_at(b + 2);
  for (int j = 0; j < 8; ++j) {
    float scale, minimum;
    scale_and_minimum(b + 4, j, scale, minimum);
    const Bytes q = b + 16 + 32 * (j / 2);
    for (int i = 0; i < 32; ++i) {
      const int v = j % 2 ? q[i] >> 4 : q[i] & 15;
      y[32 * j + i] = d * scale * static_cast<float>(v) - dmin * minimum;
    }
  }
}
void q5_k(Bytes b, float* y) {
  const float d = half_at(b), dmin = half_at(b + 2);
  const Bytes high = b + 16;
  for (int j = 0; j < 8; ++j) {
    float scale, minimum;
    scale_and_minimum(b + 4, j, scale, minimum);
    const Bytes q = b + 48 + 32 * (j / 2);
    for (int i = 0; i < 32; ++i) {
      const int v = (j % 2 ? q[i] >> 4 : q[i] & 15) | (high[i] >> j & 1) << 4;
      y[32 * j + i] = d * scale * static_cast<float>(v) - dmin * minimum;
    }
  }
}
void q6_k(Bytes b, float* y) {
  const float d = half_at(b + 208);
  for (int half = 0; half < 2; ++half) {
    const Bytes low = b + 64 * half, high = b + 128 + 32 * half;
    const auto* scales = reinterpret_cast<const int8_t*>(b + 192 + 8 * half);
    float* out = y + 128 * half;
    for (int i = 0; i < 32; ++i) {
      for (int k = 0; k < 4; ++k) {
        const int four = k < 2 ? low[i + 32 * k] & 15 : low[i + 32 * (k - 2)] >> 4;
        const int v = (four | (high[i] >> (2 * k) & 3) << 4) - 32;
        out[i + 32 * k] = d * static_cast<float>(scales[i / 16 + 2 * k]) * static_cast<float>(v);
      }
    }
  }
}

struct Block {
  GgmlType type;
  int values, bytes;
  void (*decode)(Bytes, float*);
};
constexpr Block kBlocks[] = {{GgmlType::q4_0, 32, 18, q4_0},   {GgmlType::q4_1, 32, 20, q4_1},   {GgmlType::q5_0, 32, 22, q5_0},
                             {GgmlType::q5_1, 32, 24, q5_1},   {GgmlType::q8_0, 32, 34, q8_0},   {GgmlType::q4_k, 256, 144, q4_k},
                             {GgmlType::q5_k, 256, 176, q5_k}, {GgmlType::q6_k, 256, 210, q6_k}};

}  // namespace

void dequantize(const GgufTensor& tensor, std::span<float> out) {
  if (static_cast<int64_t>(out.size()) != tensor.num_elements()) throw Error("has another number of values", tensor.name);
  const auto* bytes = reinterpret_cast<Bytes>(tensor.bytes.data());
  if (tensor.type == GgmlType::f32) {
    std::memcpy(out.data(), bytes, out.size() * 4);
    return;
  }
  if (tensor.type == GgmlType::f16 || tensor.type == GgmlType::bf16) {
    for (size_t i = 0; i < out.size(); ++i) {
      uint16_t bits;
      std::memcpy(&bits, bytes + 2 * i, 2);
      out[i] = tensor.type == GgmlType::f16 ? f16_to_float(bits) : bf16_to_float(bits);
    }
    return;
  }
  for (const Block& block : kBlocks) {
    if (block.type != tensor.type) continue;
    const size_t count = out.size() / static_cast<size_t>(block.values);
    for (size_t i = 0; i < count; ++i) block.decode(bytes + i * static_cast<size_t>(block.bytes), out.data() + i * static_cast<size_t>(block.values));
  }
}

}  // namespace reprise::io
