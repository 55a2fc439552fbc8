// Fibers: on x86-64 a switch of stacks in a dozen instructions (swapcontext makes a system call, and a sanitizer clears the
// whole stack at each), elsewhere ucontext. AddressSanitizer is told of every switch. A fiber lives on and takes the thread of
// the same number in the next block.
#include "kernel_ops/emulator.h"

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)
// Puts what a call must preserve on this stack, its address into *save, and goes on where another stack left off.
extern "C" void reprise_emulator_switch(void** save, void* load);
asm(R"(
.text
.type reprise_emulator_switch,@function
reprise_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size reprise_emulator_switch, .-reprise_emulator_switch
)");
#endif

namespace reprise::emulator {
namespace {

// Where a suspended flow of control stands.
#if defined(__x86_64__)
struct Context {
  void* stack_pointer = nullptr;
};
void switch_context(Context& from, Context& to) { reprise_emulator_switch(&from.stack_pointer, to.stack_pointer); }
void begin_context(Context& context, char* stack, size_t bytes, void (*entry)()) {
  void** top = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(stack + bytes) / 16 * 16);
  top[-1] = nullptr;  // where entry would return to
  top[-2] = reinterpret_cast<void*>(entry);
  for (int i = 3; i <= 8; ++i) top[-i] = nullptr;  // the registers
  context.stack_pointer = top - 8;
}
#else
struct Context {
  ucontext_t context;
};
void switch_context(Context& from, Context& to) { swapcontext(&from.context, &to.context); }
void begin_context(Context& context, char* stack, size_t bytes, void (*entry)()) {
  getcontext(&context.context);
  context.context.uc_stack.ss_sp = stack;
  context.context.uc_stack.ss_size = bytes;
  context.context.uc_link = nullptr;
  makecontext(&context.context, entry, 0);
}
#endif

constexpr size_t kStack = 128 * 1024;
constexpr size_t kSharedLimit = 48 * 1024;
constexpr unsigned kWarp = 32;

struct Warp {
  uint64_t generation = 0;
  unsigned arrived = 0;
  std::array<std::array<unsigned char, 8>, kWarp> slots[2];
};

struct Fiber {
  Context context;
  std::unique_ptr<char[]> stack = std::make_unique_for_overwrite<char[]>(kStack);
  Index thread;
  bool done = false;
  const uint64_t* waits_for = nullptr;  // a generation that must reach `until`
  uint64_t until = 0;
  void* fake_stack = nullptr;
};

struct Machine {
  Context scheduler;
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
  Order order = Order::ascending;
};

Machine& machine() {
  static Machine one;
  return one;
}

#if defined(__SANITIZE_ADDRESS__)
void leaving(void** fake_stack, const void* stack, size_t bytes) { __sanitizer_start_switch_fiber(fake_stack, stack, bytes); }
void arrived_back(void* fake_stack, const void** stack, size_t* bytes) { __sanitizer_finish_switch_fiber(fake_stack, stack, bytes); }
#else
void leaving(void**, const void*, size_t) {}
void arrived_back(void*, const void**, size_t*) {}
#endif

void leave_to_scheduler() {
  Machine& m = machine();
  Fiber* self = m.current;
  leaving(&self->fake_stack, m.scheduler_stack, m.scheduler_stack_bytes);
  switch_context(self->context, m.scheduler);
  arrived_back(self->fake_stack, nullptr, nullptr);
}

void life_of_fiber() {
  Machine& m = machine();
  arrived_back(nullptr, &m.scheduler_stack, &m.scheduler_stack_bytes);
  for (;;) {
    (*m.body)();
    m.current->done = true;
    leave_to_scheduler();
  }
}

void resume(Fiber& fiber) {
  Machine& m = machine();
  m.current = &fiber;
  leaving(&m.scheduler_fake_stack, fiber.stack.get(), kStack);
  switch_context(m.scheduler, fiber.context);
  arrived_back(m.scheduler_fake_stack, nullptr, nullptr);
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
    begin_context(fiber.context, fiber.stack.get(), kStack, life_of_fiber);
  }
  // A warp runs as far as it can before the next one does: the more a warp gets ahead, the more a missing barrier shows.
  const unsigned warps = threads / kWarp;
  for (size_t left = threads; left > 0;) {
    bool moved = false;
    for (unsigned i = 0; i < warps; ++i) {
      const unsigned warp = m.order == Order::descending ? warps - 1 - i : i;
      for (bool again = true; again;) {
        again = false;
        for (unsigned j = 0; j < kWarp; ++j) {
          Fiber& fiber = *m.fibers[warp * kWarp + (m.order == Order::ascending ? j : kWarp - 1 - j)];
          if (fiber.done || (fiber.waits_for && *fiber.waits_for < fiber.until)) continue;
          fiber.waits_for = nullptr;
          resume(fiber);
          again = moved = true;
          if (fiber.done) --left;
        }
      }
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
void set_order(Order order) { machine().order = order; }

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
    const uint64_t b = m.order == Order::descending ? blocks - 1 - i : i;
    m.block = {static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y), static_cast<unsigned>(b / grid.x / grid.y)};
    m.shared.assign(shared_bytes, 0xff);  // NaN until written
    run_block(name, block);
  }
}

}  // namespace reprise::emulator
