// Panels are shared among the threads; a chunk of rows stays in the cache while they go by.
#include "kernels/packed_linear.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "kernels/parallel.h"

namespace reprise::kernels {
namespace {

// A thread is worth waking for about 100,000 multiply-adds.
int64_t worthwhile(int64_t work_of_one) { return std::max<int64_t>(1, 100000 / std::max<int64_t>(1, work_of_one)); }

}  // namespace

void PackedWeights::Free::operator()(float* p) const { std::free(p); }

PackedWeights::PackedWeights(int64_t outputs, int64_t inputs) : outputs_(outputs), inputs_(inputs) {
  const size_t bytes = static_cast<size_t>(num_panels() * inputs * kPanel) * sizeof(float);
  void* memory = std::aligned_alloc(64, std::max<size_t>(64, (bytes + 63) / 64 * 64));
  if (!memory) throw std::bad_alloc();
  values_.reset(static_cast<float*>(memory));
  if (outputs_ % kPanel != 0) std::memset(values_.get() + (num_panels() - 1) * inputs_ * kPanel, 0, static_cast<size_t>(inputs_ * kPanel) * sizeof(float));
}

void PackedWeights::set_rows(int64_t first, const float* rows, int64_t count) {
  // Sixteen inputs at a time: a line of each row read is then written out whole.
  constexpr int64_t kBlock = 16;
  for_chunks((count + kPanel - 1) / kPanel, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      const int64_t last = std::min(count, (c + 1) * kPanel);
      for (int64_t k0 = 0; k0 < inputs_; k0 += kBlock) {
        for (int64_t i = c * kPanel; i < last; ++i) {
          float* panel = values_.get() + (first + i) / kPanel * inputs_ * kPanel + (first + i) % kPanel;
          for (int64_t k = k0; k < std::min(inputs_, k0 + kBlock); ++k) panel[k * kPanel] = rows[i * inputs_ + k];
        }
      }
    }
  });
}

void PackedWeights::set_columns(int64_t first, const float* rows, int64_t count) {
  for_chunks(num_panels(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      float* panel = values_.get() + (p * inputs_ + first) * kPanel;
      for (int64_t i = 0; i < count; ++i) std::memcpy(panel + i * kPanel, rows + i * outputs_ + p * kPanel, sizeof(float) * static_cast<size_t>(width(p)));
    }
  });
}

void packed_linear(const float* x, int64_t x_stride, int64_t rows, const PackedWeights& weights, float* y, int64_t y_stride, bool accumulate) {
  constexpr int64_t kRowsAtOnce = 192;
  const int64_t K = weights.inputs();
  for (int64_t start = 0; start < rows; start += kRowsAtOnce) {
    const int64_t count = std::min(kRowsAtOnce, rows - start);
    for_chunks(weights.num_panels(), worthwhile(count * K * kPanel), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        block_product({x + start * x_stride, x_stride, 1}, count, weights.panel(p), kPanel, K, y + start * y_stride + p * kPanel, y_stride, weights.width(p), accumulate);
      }
    });
  }
}

void add_weight_gradient(const float* dy, int64_t dy_stride, const float* x, int64_t x_stride, int64_t rows, int64_t N, int64_t K, float* gradient) {
  constexpr int64_t kRowsAtOnce = 256;
  const int64_t panels = (K + kPanel - 1) / kPanel;
  // Pieces of outputs too where there are few panels, so that every thread has work.
  const int64_t pieces = std::clamp<int64_t>(16 / panels, 1, (N + 47) / 48), height = (N + pieces - 1) / pieces;
  for_chunks(panels * pieces, worthwhile(rows * height * kPanel), [&](int64_t begin, int64_t end) {
    std::vector<float> packed(static_cast<size_t>(kRowsAtOnce * kPanel), 0.0f);
    for (int64_t start = 0; start < rows; start += kRowsAtOnce) {
      const int64_t count = std::min(kRowsAtOnce, rows - start);
      for (int64_t i = begin; i < end; ++i) {
        const int64_t p = i / pieces, first = i % pieces * height, width = std::min(kPanel, K - p * kPanel);
        if (first >= N) continue;
        for (int64_t m = 0; m < count; ++m) std::memcpy(packed.data() + m * kPanel, x + (start + m) * x_stride + p * kPanel, sizeof(float) * static_cast<size_t>(width));
        block_product({dy + start * dy_stride + first, 1, dy_stride}, std::min(height, N - first), packed.data(), kPanel, count, gradient + first * K + p * kPanel, K, width, true);
      }
    }
  });
}

}  // namespace reprise::kernels
