// Philox4x32-10 and the streams cut from it.
#include "base/random.h"

#include <utility>

#include "base/fixed_math.h"

namespace reprise {
namespace {

uint64_t splitmix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53u} * c[0];
    const uint64_t b = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(a)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

RandomStream::RandomStream(std::initializer_list<uint64_t> path) {
  uint64_t a = 0x243f6a8885a308d3ull, b = 0x13198a2e03707344ull;  // digits of pi
  for (uint64_t part : path) {
    a = splitmix64(a ^ splitmix64(part));
    b = splitmix64(b + splitmix64(part ^ 0xa4093822299f31d0ull));
  }
  key_ = {static_cast<uint32_t>(a), static_cast<uint32_t>(a >> 32)};
  upper_[0] = static_cast<uint32_t>(b);
  upper_[1] = static_cast<uint32_t>(b >> 32);
}

uint32_t RandomStream::word_at(uint64_t position) const {
  const uint64_t block = position / 4;
  return philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), upper_[0], upper_[1]},
                    key_)[position % 4];
}

void RandomStream::seek(uint64_t position) { position_ = position; }

uint32_t RandomStream::next_u32() { return word_at(position_++); }

uint64_t RandomStream::next_u64() {
  const uint64_t low = next_u32();
  return low | (uint64_t{next_u32()} << 32);
}

double RandomStream::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

double RandomStream::uniform_at(uint64_t position) const {
  const uint64_t low = word_at(2 * position);
  const uint64_t bits = low | (uint64_t{word_at(2 * position + 1)} << 32);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

uint64_t RandomStream::below(uint64_t bound) {
  const uint64_t reject_under = (0 - bound) % bound;  // 2^64 mod bound
  for (;;) {
    const uint64_t x = next_u64();
    if (x >= reject_under) return x % bound;
  }
}

double RandomStream::normal() {
  double u = uniform();
  if (u <= 0) u = 0x1p-54;
  const double v = uniform();
  return fixed_sqrt(-2.0 * fixed_log(u)) * fixed_cos_turns(v);
}

uint64_t name_number(std::string_view name) {
  uint64_t h = 0xcbf29ce484222325ull;
  for (unsigned char c : name) h = (h ^ c) * 0x100000001b3ull;
  return h;
}

}  // namespace reprise
