// Each draw goes to the store that is furthest behind its share.
#include "data/mixture.h"

#include <numeric>

#include "base/error.h"

namespace reprise::data {
namespace {

constexpr size_t kRecent = 1 << 16;  // a caller goes back at most one batch

}  // namespace

Mixture::Mixture(const std::vector<int64_t>& sizes, const std::vector<double>& weights, const std::vector<uint64_t>& path, const std::vector<int64_t>& keys) {
  if (!weights.empty() && weights.size() != sizes.size()) {
    throw Error("has " + std::to_string(weights.size()) + " weights for " + std::to_string(sizes.size()) + " stores", "dataset_weights");
  }
  // One store, or stores in proportion: one order over all rows.
  const bool one = sizes.size() == 1 || weights.empty();
  const int64_t total = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  int64_t first = 0;
  for (size_t s = 0; s < (one ? 1 : sizes.size()); ++s) {
    const int64_t size = one ? total : sizes[s];
    auto own_path = path;
    if (!one) own_path.push_back(s);
    const std::vector<int64_t> own_keys = keys.empty() ? keys : std::vector<int64_t>(keys.begin() + first, keys.begin() + first + size);
    orders_.emplace_back(size, std::move(own_path), own_keys);
    shares_.push_back(one ? 1 : weights[s]);
    first_.push_back(first);
    first += size;
  }
  const double sum = std::accumulate(shares_.begin(), shares_.end(), 0.0);
  if (!(sum > 0)) throw Error("are all zero", "dataset_weights");
  for (double& share : shares_) share /= sum;
  counts_.assign(shares_.size(), 0);
}

int64_t Mixture::at(int64_t draw) const {
  if (shares_.size() == 1) return orders_[0].at(draw);
  const int64_t kept = static_cast<int64_t>(recent_.size());
  if (draw < next_ && draw >= next_ - kept) return recent_[static_cast<size_t>(draw - (next_ - kept))];
  if (draw < next_) {
    next_ = 0;
    counts_.assign(shares_.size(), 0);
    recent_.clear();
  }
  int64_t row = 0;
  for (; next_ <= draw; ++next_) {
    size_t best = 0;
    double most = -1e300;
    for (size_t s = 0; s < shares_.size(); ++s) {
      const double behind = shares_[s] * static_cast<double>(next_ + 1) - static_cast<double>(counts_[s]);
      if (shares_[s] > 0 && behind > most + 1e-9) {
        most = behind;
        best = s;
      }
    }
    row = first_[best] + orders_[best].at(counts_[best]++);
    if (recent_.size() >= 2 * kRecent) recent_.erase(recent_.begin(), recent_.begin() + kRecent);
    recent_.push_back(row);
  }
  return row;
}

}  // namespace reprise::data
