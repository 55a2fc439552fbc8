// What tests ask of the emulator without becoming kernel code themselves.
#pragma once

namespace reprise::emulator {
// From now on threads and blocks run in descending order.
void set_descending(bool descending);
}  // namespace reprise::emulator
