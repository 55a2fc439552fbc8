// Work shared among the threads, in chunks that are dealt out as threads get free: what is computed must not depend on
// who computes it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>

namespace reprise::kernels {

// Calls f(begin, end) for consecutive chunks of [0, count), each of at most `grain`. Returns when all are done; the first
// exception is thrown again.
template <class Function>
void for_chunks(int64_t count, int64_t grain, Function&& f) {
  const int64_t chunks = (count + grain - 1) / grain;
  std::exception_ptr fault;
#pragma omp parallel for schedule(dynamic, 1) if (chunks > 1)
  for (int64_t c = 0; c < chunks; ++c) {
    try {
      f(c * grain, std::min(count, (c + 1) * grain));
    } catch (...) {
#pragma omp critical(reprise_for_chunks)
      if (!fault) fault = std::current_exception();
    }
  }
  if (fault) std::rethrow_exception(fault);
}

// f(i) for every i in [0, count); `work` is about how many operations one takes.
template <class Function>
void for_rows(int64_t count, int64_t work, Function&& f) {
  // About 65,000 operations are worth a thread's while, and sixteen chunks are enough to even the threads out.
  const int64_t grain = std::max({int64_t{1}, 65536 / std::max<int64_t>(1, work), (count + 15) / 16});
  for_chunks(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i);
  });
}

}  // namespace reprise::kernels
