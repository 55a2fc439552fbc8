// Draws rows from several stores by weight. Store and row of a draw depend on the sizes, weights and path alone: the same for
// any batch size and after any resume.
#pragma once

#include <cstdint>
#include <vector>

#include "data/order.h"

namespace reprise::data {

class Mixture {
 public:
  // sizes: rows of each store, all positive. weights: one a store, shares of the draws; empty draws each store in proportion
  // to its rows. keys: as Order's, over the rows of all stores one after the other; empty for none.
  Mixture(const std::vector<int64_t>& sizes, const std::vector<double>& weights, const std::vector<uint64_t>& path, const std::vector<int64_t>& keys = {});
  // The draw-th row, as an index into the rows of all stores one after the other.
  int64_t at(int64_t draw) const;

 private:
  std::vector<Order> orders_;
  std::vector<double> shares_;
  std::vector<int64_t> first_;               // of each store
  mutable int64_t next_ = 0;                 // draw that counts_ stands before
  mutable std::vector<int64_t> counts_;      // draws of each store so far
  mutable std::vector<int64_t> recent_;      // the rows drawn last, ending at next_ - 1
};

}  // namespace reprise::data
