// The order in which rows are visited: every epoch a fresh shuffle, named by a random path, the same for any batch size
// and after any resume.
#pragma once

#include <cstdint>
#include <vector>

namespace reprise::data {

class Order {
 public:
  // num_rows > 0. path: (seed, stage, purpose). keys: empty, or one a row: a curriculum, each epoch then goes through the rows
  // in ascending order of their keys, shuffled among equals.
  Order(int64_t num_rows, std::vector<uint64_t> path, std::vector<int64_t> keys = {});
  // The row of the draw-th draw: epoch draw / num_rows, place draw % num_rows.
  int64_t at(int64_t draw) const;

 private:
  int64_t num_rows_;
  std::vector<uint64_t> path_;
  std::vector<int64_t> keys_;
  mutable int64_t epoch_ = -1;               // whose order is kept below
  mutable std::vector<int64_t> permutation_;
};

}  // namespace reprise::data
