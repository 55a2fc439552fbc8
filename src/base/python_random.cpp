// The twister and what Python draws from it.
#include "base/python_random.h"

#include <bit>
#include <set>

#include "base/fixed_math.h"

namespace reprise {

std::vector<uint32_t> PythonRandom::words_of(int64_t seed) {
  const uint64_t size = seed < 0 ? 0 - static_cast<uint64_t>(seed) : static_cast<uint64_t>(seed);
  std::vector<uint32_t> words = {static_cast<uint32_t>(size)};
  if (size >> 32) words.push_back(static_cast<uint32_t>(size >> 32));
  return words;
}

// init_genrand(19650218), then init_by_array: the constants are the authors'.
PythonRandom::PythonRandom(const std::vector<uint32_t>& key) {
  state_[0] = 19650218u;
  for (uint32_t i = 1; i < kWords; ++i) state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  size_t i = 1, j = 0;
  const auto step_to_next = [&] {
    if (++i < kWords) return;
    state_[0] = state_[kWords - 1];
    i = 1;
  };
  for (size_t k = kWords > key.size() ? kWords : key.size(); k > 0; --k) {
    state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1664525u)) + key[j] + static_cast<uint32_t>(j);
    if (++j == key.size()) j = 0;
    step_to_next();
  }
  for (size_t k = kWords - 1; k > 0; --k) {
    state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1566083941u)) - static_cast<uint32_t>(i);
    step_to_next();
  }
  state_[0] = 0x80000000u;
}

uint32_t PythonRandom::next() {
  if (at_ == kWords) {
    for (size_t i = 0; i < kWords; ++i) {
      const uint32_t joined = (state_[i] & 0x80000000u) | (state_[(i + 1) % kWords] & 0x7fffffffu);
      state_[i] = state_[(i + 397) % kWords] ^ (joined >> 1) ^ ((joined & 1) ? 0x9908b0dfu : 0u);
    }
    at_ = 0;
  }
  uint32_t y = state_[at_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

double PythonRandom::random() {
  const uint32_t high = next() >> 5, low = next() >> 6;  // 27 and 26 bits
  return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);
}

double PythonRandom::gauss(double mean, double deviation) {
  if (next_gauss_) {
    const double drawn = *next_gauss_;
    next_gauss_.reset();
    return mean + drawn * deviation;
  }
  const double turns = random();
  const double radius = fixed_sqrt(-2.0 * fixed_log(1.0 - random()));
  next_gauss_ = fixed_cos_turns(turns - 0.25) * radius;  // the sine
  return mean + fixed_cos_turns(turns) * radius * deviation;
}

uint64_t PythonRandom::getrandbits(int bits) {
  if (bits <= 0) return 0;
  if (bits <= 32) return next() >> (32 - bits);
  const uint64_t low = next();
  return low | (uint64_t{next() >> (64 - bits)} << 32);
}

// The width of the bound itself, not of the bound - 1, as Python has it.
uint64_t PythonRandom::randbelow(uint64_t bound) {
  const int bits = static_cast<int>(std::bit_width(bound));
  uint64_t drawn = getrandbits(bits);
  while (drawn >= bound) drawn = getrandbits(bits);
  return drawn;
}

int64_t PythonRandom::randint(int64_t low, int64_t high) {
  return static_cast<int64_t>(static_cast<uint64_t>(low) + randbelow(static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1));
}

std::vector<size_t> PythonRandom::sample(size_t population, size_t size) {
  // Python draws in one way where a list of the population is thought smaller than a set of the chosen, in another otherwise.
  size_t set_size = 21;
  if (size > 5) {
    size_t table = 1;
    while (table < 3 * size) table *= 4;
    set_size += table;
  }
  std::vector<size_t> out;
  out.reserve(size);
  if (population <= set_size) {
    std::vector<size_t> pool(population);
    for (size_t i = 0; i < population; ++i) pool[i] = i;
    for (size_t i = 0; i < size; ++i) {
      const size_t j = randbelow(population - i);
      out.push_back(pool[j]);
      pool[j] = pool[population - i - 1];
    }
    return out;
  }
  std::set<size_t> chosen;
  while (out.size() < size) {
    const size_t j = randbelow(population);
    if (chosen.insert(j).second) out.push_back(j);
  }
  return out;
}

}  // namespace reprise
