// Keeps the current epoch's permutation only.
#include "data/order.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/random.h"

namespace reprise::data {

Order::Order(int64_t num_rows, std::vector<uint64_t> path, std::vector<int64_t> keys) : num_rows_(num_rows), path_(std::move(path)), keys_(std::move(keys)) {
  if (num_rows_ <= 0) throw Error("there are no rows to draw from");
}

int64_t Order::at(int64_t draw) const {
  const int64_t epoch = draw / num_rows_;
  if (epoch != epoch_) {
    uint64_t key = 0;
    for (uint64_t part : path_) key = RandomStream({key, part}).next_u64();
    RandomStream stream({key, static_cast<uint64_t>(epoch)});
    permutation_.resize(num_rows_);
    std::iota(permutation_.begin(), permutation_.end(), int64_t{0});
    shuffle(permutation_, stream);
    if (!keys_.empty()) {
      std::stable_sort(permutation_.begin(), permutation_.end(), [&](int64_t a, int64_t b) { return keys_[static_cast<size_t>(a)] < keys_[static_cast<size_t>(b)]; });
    }
    epoch_ = epoch;
  }
  return permutation_[draw % num_rows_];
}

}  // namespace reprise::data
