// The decode path on the CPU in float32: the trainer's own row functions (model/row_model.h) over a cache in pages. A row's
// bits depend on the token, its position and what it attends to, not on the other rows or how many there are, nor on the size
// of a page (tests: CpuDecoder.ARowDoesNotDependOnItsNeighbours, GenerationEngine.DrawsWhatTheTrainerScores).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/row_model.h"

namespace reprise::generation {

// Keys and values of some consecutive positions of one sequence, all layers and heads: keys in panels
// (kernels/attention.h), values [position][head_dim].
struct KvPage {
  std::vector<float> keys, values;
};

// The cache: at most max_pages pages of page_positions positions (a multiple of 32), made when first asked for and used again.
class KvPages {
 public:
  KvPages(const model::ModelConfig& config, int64_t page_positions, int64_t max_pages);

  int64_t page_positions() const { return page_positions_; }
  int64_t pages_for(int64_t positions) const { return (positions + page_positions_ - 1) / page_positions_; }
  int64_t num_free() const { return max_pages_ - num_used_; }
  int64_t num_used() const { return num_used_; }
  // Where a layer's head begins in a page's keys, and in its values.
  int64_t key_offset(int64_t layer, int64_t head) const { return (layer * num_heads_ + head) * page_positions_ * head_dim_; }
  static double bytes_of_page(const model::ModelConfig& config, int64_t page_positions);

  KvPage* take();  // null when there is none left
  void give_back(KvPage* page);

 private:
  int64_t page_positions_, max_pages_, num_used_ = 0, num_heads_, head_dim_, floats_;
  std::vector<std::unique_ptr<KvPage>> pages_;
  std::vector<KvPage*> free_;
};

// One sequence's pages. They go back to the cache when it ends.
class KvSequence {
 public:
  // `prefix`, when there is one, is full: this sequence begins behind it.
  explicit KvSequence(KvPages& cache, const KvSequence* prefix = nullptr, int64_t prefix_length = 0) : cache_(&cache), prefix_(prefix), first_position_(prefix_length) {}
  ~KvSequence() { clear(); }
  KvSequence(const KvSequence&) = delete;
  KvSequence& operator=(const KvSequence&) = delete;

  int64_t first_position() const { return first_position_; }
  // Pages to be taken so that `positions` of its own fit.
  int64_t pages_wanted(int64_t positions) const { return std::max<int64_t>(0, cache_->pages_for(positions) - static_cast<int64_t>(pages_.size())); }
  // Makes room for `positions` of its own; false, with nothing taken, when the cache has not enough pages.
  bool reserve(int64_t positions);
  void clear();

 private:
  friend class CpuDecoder;
  KvPages* cache_;
  const KvSequence* prefix_;
  int64_t first_position_;
  std::vector<KvPage*> pages_;
};

// One token to be read: its key and value go to `sequence`, where room must be reserved; it attends to the sequence's prefix
// and to the sequence up to itself.
struct TokenRow {
  int32_t id = 0;
  int64_t position = 0;
  KvSequence* sequence = nullptr;
};

class CpuDecoder {
 public:
  CpuDecoder(std::shared_ptr<const model::RowModel> model, const KvPages& cache, int64_t num_rows);

  int64_t num_rows() const { return num_rows_; }
  int64_t vocab_size() const { return model_->config().vocab_size; }
  // Reads at most num_rows tokens. Rows of one sequence must stand together in order of position.
  void forward(std::span<const TokenRow> rows);
  // Logits of chosen rows of the last forward, at most num_rows of them: row i of the result belongs to chosen[i].
  // Valid until the next call. [chosen.size(), V]
  const float* logits(std::span<const int64_t> chosen);

 private:
  void place_keys_and_values(size_t layer, std::span<const TokenRow> rows);
  void attend(size_t layer, std::span<const TokenRow> rows);

  std::shared_ptr<const model::RowModel> model_;
  const KvPages& cache_;
  int64_t num_rows_;
  std::vector<std::pair<int64_t, int64_t>> runs_;  // rows [begin, end) of one sequence
  // One row a token.
  std::vector<float> hidden_MD_, normed_MD_, qkv_MQ_, mixed_MO_, gate_up_MF_, activated_MF_, chosen_MD_, logits_MV_;
};

}  // namespace reprise::generation
