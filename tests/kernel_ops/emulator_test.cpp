// The emulator itself: that it finds what it is there to find.
#include "kernel_ops/emulator.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace reprise::kernels::ops::emulated {
namespace {

constexpr unsigned kAll = 0xffffffffu;

TEST(Emulator, ShufflesAcrossAWarp) {
  std::vector<int> out(64);
  emulator::run("test", 1, 64, 0, [&] {
    int value = static_cast<int>(threadIdx.x);
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(kAll, value, step);
    out[threadIdx.x] = value;
  });
  for (int i = 0; i < 64; ++i) EXPECT_EQ(out[static_cast<size_t>(i)], i < 32 ? 31 * 16 : 31 * 16 + 32 * 32) << i;
}

TEST(Emulator, ABarrierThatSomeThreadsSkipIsAFault) {
  EXPECT_THROW(emulator::run("test", 1, 32, 0, [] {
                 if (threadIdx.x < 16) __syncthreads();
               }),
               std::runtime_error);
  EXPECT_THROW(emulator::run("test", 1, 64, 0, [] {
                 if (threadIdx.x != 40) __shfl_xor_sync(kAll, 1, 1);
               }),
               std::runtime_error);
  // And the next launch is as good as new.
  int threads = 0;
  emulator::run("test", 2, 96, 0, [&] {
    __syncthreads();
    ++threads;
  });
  EXPECT_EQ(threads, 192);
}

// Without a barrier a thread reads what its neighbour has not written yet, or has: the two orders differ.
TEST(Emulator, AMissingBarrierShowsInTheOtherOrder) {
  const auto run = [](emulator::Order order, bool barrier) {
    std::vector<int> shared(32, -1), out(32);
    emulator::set_order(order);
    emulator::run("test", 1, 32, 0, [&] {
      shared[threadIdx.x] = static_cast<int>(threadIdx.x);
      if (barrier) __syncthreads();
      out[threadIdx.x] = shared[(threadIdx.x + 1) % 32];
    });
    emulator::set_order(emulator::Order::ascending);
    return out;
  };
  EXPECT_EQ(run(emulator::Order::ascending, true), run(emulator::Order::descending, true));
  EXPECT_NE(run(emulator::Order::ascending, false), run(emulator::Order::descending, false));
}

// A scratch that is used again one barrier later: only a warp that gets ahead of another shows it.
TEST(Emulator, AScratchUsedAgainTooSoonShows) {
  const auto run = [](emulator::Order order, int scratches) {
    std::vector<std::vector<int>> scratch(2, std::vector<int>(2));
    std::vector<int> out(64);
    emulator::set_order(order);
    emulator::run("test", 1, 64, 0, [&] {
      for (int turn = 0; turn < 2; ++turn) {
        auto& here = scratch[static_cast<size_t>(turn % scratches)];
        const int one = __shfl_xor_sync(kAll, turn, 1);
        if (threadIdx.x % 32 == 0) here[threadIdx.x / 32] = 10 * one + static_cast<int>(threadIdx.x);
        __syncthreads();
        out[threadIdx.x] += here[0] + here[1];
      }
    });
    emulator::set_order(emulator::Order::ascending);
    return out;
  };
  EXPECT_EQ(run(emulator::Order::ascending, 2), run(emulator::Order::descending, 2));
  EXPECT_NE(run(emulator::Order::ascending, 1), run(emulator::Order::descending, 1));
}

TEST(Emulator, RefusesWhatNoCardTakes) {
  EXPECT_THROW(emulator::run("test", 1, 2048, 0, [] {}), std::runtime_error);
  EXPECT_THROW(emulator::run("test", emulator::Size(1, 70000), 32, 0, [] {}), std::runtime_error);
  EXPECT_THROW(emulator::run("test", 1, 32, 50000, [] {}), std::runtime_error);
}

}  // namespace
}  // namespace reprise::kernels::ops::emulated
