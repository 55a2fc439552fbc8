// Python's `random.Random(seed)`, draw by draw: what published evaluations shuffled their options and picked their examples with.
// Not for randomness of our own (base/random.h). Mersenne Twister MT19937 (Matsumoto & Nishimura 1998), seeded by its
// init_by_array from the words of the seed; getrandbits, _randbelow, shuffle, sample and choice as CPython 3.2 to 3.13 has them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace reprise {

class PythonRandom {
 public:
  // As random.Random(seed) for a whole number; Python takes its absolute value.
  explicit PythonRandom(int64_t seed) : PythonRandom(words_of(seed)) {}
  // The 32-bit words of a larger seed, lowest first, without zeros at the end (at least one word).
  explicit PythonRandom(const std::vector<uint32_t>& seed_words);

  // In [0, 1), 53 bits.
  double random();
  // Normal, by Box and Muller as Python has them: every second draw is the sine of the one before. Python's value to about 1e-15, the same
  // bits everywhere (base/fixed_math.h).
  double gauss(double mean, double deviation);
  // `bits` random bits, 0 to 64.
  uint64_t getrandbits(int bits);
  // In [0, bound), bound > 0: random._randbelow(bound), which is what randrange(bound) and choice draw.
  uint64_t randbelow(uint64_t bound);
  // In [low, high], both included.
  int64_t randint(int64_t low, int64_t high);

  template <class T>
  void shuffle(std::vector<T>& values) {
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[randbelow(i)]);
  }
  // sample(range(population), size): so many distinct indices in the order drawn; size at most population.
  std::vector<size_t> sample(size_t population, size_t size);
  // One of the values, which are not none.
  template <class T>
  const T& choice(const std::vector<T>& values) {
    return values[randbelow(values.size())];
  }

 private:
  static constexpr size_t kWords = 624;

  static std::vector<uint32_t> words_of(int64_t seed);
  uint32_t next();

  std::array<uint32_t, kWords> state_{};
  size_t at_ = kWords;
  std::optional<double> next_gauss_;
};

}  // namespace reprise
