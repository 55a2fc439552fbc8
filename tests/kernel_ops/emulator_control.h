// What tests ask of the emulator without becoming kernel code themselves.
#pragma once

namespace reprise::emulator {
// In which order threads and blocks run from now on. A missing barrier is hidden by some orders and shown by others: the
// third is the one in which a warp's first thread is neither the first nor the last to pass a barrier.
enum class Order { ascending, descending, lanes_descending };
void set_order(Order order);
}  // namespace reprise::emulator
