// Fibers: stacks by ucontext, switches by longjmp (no system call), except under AddressSanitizer, which wants to be told of
// every switch. A fiber lives on and takes the thread of the same number in the next block.
#include "kernel_ops/emulator.h"

#include <setjmp.h>
#include <ucontext.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace reprise::emulator {
namespace {

constexpr size_t kStack = 128 * 1024;
constexpr size_t kSharedLimit = 48 * 1024;
constexpr unsigned kWarp = 32;

struct Warp {
  uint64_t generation = 0;
  unsigned arrived = 0;
  std::array<std::array<unsigned char, 8>, kWarp> slots[2];
};

struct Fiber {
  ucontext_t context;
  jmp_buf jump;
  bool started = false;
  std::unique_ptr<char[]> stack = std::make_unique_for_overwrite<char[]>(kStack);
  Index thread;
  bool done = false;
  const uint64_t* waits_for = nullptr;  // a generation that must reach `until`
  uint64_t until = 0;
  void* fake_stack = nullptr;
};

struct Machine {
  ucontext_t scheduler;
  jmp_buf scheduler_jump;
  void* scheduler_fake_stack = nullptr;
  const void* scheduler_stack = nullptr;
  size_t scheduler_stack_bytes = 0;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<Warp> warps;
  Fiber* current = nullptr;
  size_t threads = 0;
  uint64_t generation = 0;
  size_t arrived = 0;
  Index block;
  Size grid, size;
  std::vector<unsigned char> shared;
  const std::function<void()>* body = nullptr;
  bool descending = false;
};

Machine& machine() {
  static Machine one;
  return one;
}

void leave_to_scheduler() {
  Machine& m = machine();
  Fiber* self = m.current;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&self->fake_stack, m.scheduler_stack, m.scheduler_stack_bytes);
  swapcontext(&self->context, &m.scheduler);
  __sanitizer_finish_switch_fiber(self->fake_stack, nullptr, nullptr);
#else
  if (_setjmp(self->jump) == 0) _longjmp(m.scheduler_jump, 1);
#endif
}

void life_of_fiber() {
  Machine& m = machine();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &m.scheduler_stack, &m.scheduler_stack_bytes);
#endif
  for (;;) {
    (*m.body)();
    m.current->done = true;
    leave_to_scheduler();
  }
}

void resume(Fiber& fiber) {
  Machine& m = machine();
  m.current = &fiber;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&m.scheduler_fake_stack, fiber.stack.get(), kStack);
  swapcontext(&m.scheduler, &fiber.context);
  __sanitizer_finish_switch_fiber(m.scheduler_fake_stack, nullptr, nullptr);
#else
  if (_setjmp(m.scheduler_jump) == 0) {
    if (fiber.started) _longjmp(fiber.jump, 1);
    fiber.started = true;
    setcontext(&fiber.context);
  }
#endif
  m.current = nullptr;
}

template <class Reset>
void arrive(uint64_t& generation, size_t arrived_now, size_t wanted, Reset reset) {
  if (arrived_now == wanted) {
    reset();
    ++generation;
    return;
  }
  Fiber* self = machine().current;
  self->waits_for = &generation;
  self->until = generation + 1;
  leave_to_scheduler();
}

void run_block(const std::string& name, unsigned threads) {
  Machine& m = machine();
  m.threads = threads;
  m.warps.assign(threads / kWarp, {});
  m.arrived = 0;
  for (unsigned t = 0; t < threads; ++t) {
    if (t < m.fibers.size()) {
      m.fibers[t]->done = false;
      continue;
    }
    m.fibers.push_back(std::make_unique<Fiber>());
    Fiber& fiber = *m.fibers.back();
    fiber.thread = {t, 0, 0};
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStack;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, life_of_fiber, 0);
  }
  for (size_t left = threads; left > 0;) {
    bool moved = false;
    for (unsigned i = 0; i < threads; ++i) {
      const unsigned t = m.descending ? threads - 1 - i : i;
      Fiber& fiber = *m.fibers[t];
      if (fiber.done || (fiber.waits_for && *fiber.waits_for < fiber.until)) continue;
      fiber.waits_for = nullptr;
      resume(fiber);
      moved = true;
      if (fiber.done) --left;
    }
    if (!moved) {
      m.fibers.clear();  // they stand in the middle of a kernel
      throw std::runtime_error(name + ": " + std::to_string(left) + " threads wait at a barrier that others never reach");
    }
  }
}

}  // namespace

const Index& thread_index() { return machine().current->thread; }
const Index& block_index() { return machine().block; }
const Size& block_size() { return machine().size; }
const Size& grid_size() { return machine().grid; }
void* dynamic_shared() { return machine().shared.data(); }
unsigned lane() { return machine().current->thread.x % kWarp; }
void set_descending(bool descending) { machine().descending = descending; }

void sync_block() {
  Machine& m = machine();
  ++m.arrived;
  arrive(m.generation, m.arrived, m.threads, [&] { m.arrived = 0; });
}

void sync_warp() {
  Machine& m = machine();
  Warp& warp = m.warps[m.current->thread.x / kWarp];
  ++warp.arrived;
  arrive(warp.generation, warp.arrived, kWarp, [&] { warp.arrived = 0; });
}

// Two sets of slots in turn: a lane can be one shuffle ahead of another, never two.
void shuffle(const void* value, void* result, size_t bytes, unsigned source) {
  Machine& m = machine();
  Warp& warp = m.warps[m.current->thread.x / kWarp];
  auto& slots = warp.slots[warp.generation % 2];
  if (bytes > 8 || source >= kWarp) std::terminate();
  std::memcpy(slots[lane()].data(), value, bytes);
  sync_warp();
  std::memcpy(result, slots[source].data(), bytes);
}

void run(const std::string& name, Size grid, unsigned block, size_t shared_bytes, const std::function<void()>& body) {
  Machine& m = machine();
  if (block == 0 || block > 1024 || block % kWarp != 0) throw std::runtime_error(name + ": a block of " + std::to_string(block) + " threads");
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) throw std::runtime_error(name + ": a grid that no card takes");
  if (shared_bytes > kSharedLimit) throw std::runtime_error(name + ": more than 48 KiB of shared memory");
  m.grid = grid;
  m.size = Size(block);
  m.body = &body;
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
  for (uint64_t i = 0; i < blocks; ++i) {
    const uint64_t b = m.descending ? blocks - 1 - i : i;
    m.block = {static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y), static_cast<unsigned>(b / grid.x / grid.y)};
    m.shared.assign(shared_bytes, 0xff);  // NaN until written
    run_block(name, block);
  }
}

}  // namespace reprise::emulator
