// Runs kernel files as plain C++: every thread of a block is a fiber, blocks run one after the other. It is strict where a
// card is silent: a barrier or a shuffle that not all threads reach, a launch beyond the card's limits and a narrow access to
// an odd address (under sanitizers) are faults. It knows nothing of memory that other threads see late, of speed, or of
// nvcc: what passes here has its logic right, not its timing. Threads and blocks run in an order that is asked for: equal bits
// in every order mean that no result hangs on a missing barrier that one of them would show.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

#include "kernel_ops/emulator_control.h"
#include "kernels/ops/op.h"

namespace reprise::emulator {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};
struct Size {
  unsigned x = 1, y = 1, z = 1;
  Size(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(16) Quad {
  uint32_t x, y, z, w;
};

// Of the thread that runs now.
const Index& thread_index();
const Index& block_index();
const Size& block_size();
const Size& grid_size();
void* dynamic_shared();
void sync_block();
void sync_warp();
// Lays down `bytes` (at most 8) of this lane's value and, when the whole warp has, takes up those of `source`.
void shuffle(const void* value, void* result, size_t bytes, unsigned source);
unsigned lane();

// Every thread of every block calls body(). Throws std::runtime_error on a fault.
void run(const std::string& name, Size grid, unsigned block, size_t shared_bytes, const std::function<void()>& body);

}  // namespace reprise::emulator

#define REPRISE_KERNEL_SPACE emulated
#define __global__
#define __device__
#define __launch_bounds__(...)
#define __shared__ static
#define __align__(n) __attribute__((aligned(n)))
#define REPRISE_DYNAMIC_SHARED(type, name) type* name = static_cast<type*>(::reprise::emulator::dynamic_shared())
#define threadIdx (::reprise::emulator::thread_index())
#define blockIdx (::reprise::emulator::block_index())
#define blockDim (::reprise::emulator::block_size())
#define gridDim (::reprise::emulator::grid_size())

namespace reprise::kernels::ops {
using dim3 = emulator::Size;
using uint4 = emulator::Quad;

template <class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), dim3 grid, unsigned block, size_t shared_bytes, Stream, const Arguments&... arguments) {
  emulator::run(name, grid, block, shared_bytes, [&] { kernel(arguments...); });
}

namespace emulated {
inline void __syncthreads() { emulator::sync_block(); }
inline void __syncwarp() { emulator::sync_warp(); }
template <class T>
T __shfl_xor_sync(unsigned, T value, int lane_mask) {
  T result;
  emulator::shuffle(&value, &result, sizeof(T), emulator::lane() ^ static_cast<unsigned>(lane_mask));
  return result;
}
template <class T>
T __shfl_sync(unsigned, T value, int source) {
  T result;
  emulator::shuffle(&value, &result, sizeof(T), static_cast<unsigned>(source));
  return result;
}
// Fibers take turns only at barriers, so a plain addition is atomic.
template <class T>
T atomicAdd(T* target, T value) {
  static_assert(std::is_integral_v<T>, "floats are never summed in an order that the card chooses");
  const T before = *target;
  *target += value;
  return before;
}
inline float __uint_as_float(uint32_t bits) { return __builtin_bit_cast(float, bits); }
inline uint32_t __float_as_uint(float x) { return __builtin_bit_cast(uint32_t, x); }
inline uint32_t __umulhi(uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t{a} * b) >> 32); }
using ::expf, ::logf, ::sqrtf, ::sqrt, ::log, ::fmaf, ::fmaxf, ::fminf;
}  // namespace emulated
}  // namespace reprise::kernels::ops
