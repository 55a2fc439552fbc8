// Rows through the layers, keys and values into pages.
#include "generation/cpu_decoder.h"

#include <algorithm>
#include <cstring>

#include "kernels/attention.h"
#include "kernels/parallel.h"
#include "kernels/row_ops.h"

namespace reprise::generation {

using namespace kernels;

KvPages::KvPages(const model::ModelConfig& config, int64_t page_positions, int64_t max_pages)
    : page_positions_(page_positions), max_pages_(max_pages), num_heads_(config.num_key_value_heads), head_dim_(config.head_dim),
      floats_(config.num_hidden_layers * config.num_key_value_heads * page_positions * config.head_dim) {}

double KvPages::bytes_of_page(const model::ModelConfig& config, int64_t page_positions) {
  return 2.0 * sizeof(float) * static_cast<double>(config.num_hidden_layers * config.num_key_value_heads * config.head_dim * page_positions);
}

KvPage* KvPages::take() {
  if (num_used_ == max_pages_) return nullptr;
  if (free_.empty()) {
    pages_.push_back(std::make_unique<KvPage>());
    pages_.back()->keys.resize(static_cast<size_t>(floats_));
    pages_.back()->values.resize(static_cast<size_t>(floats_ + kPanel));
    free_.push_back(pages_.back().get());
  }
  ++num_used_;
  KvPage* page = free_.back();
  free_.pop_back();
  return page;
}

void KvPages::give_back(KvPage* page) {
  --num_used_;
  free_.push_back(page);
}

bool KvSequence::reserve(int64_t positions) {
  if (pages_wanted(positions) > cache_->num_free()) return false;
  while (pages_wanted(positions) > 0) pages_.push_back(cache_->take());
  return true;
}

void KvSequence::clear() {
  for (KvPage* page : pages_) cache_->give_back(page);
  pages_.clear();
}

CpuDecoder::CpuDecoder(std::shared_ptr<const model::RowModel> model, const KvPages& cache, int64_t num_rows)
    : model_(std::move(model)), cache_(cache), num_rows_(num_rows) {
  const model::ModelConfig& c = model_->config();
  const auto buffer = [&](int64_t width) { return std::vector<float>(static_cast<size_t>(num_rows_ * width + kPanel)); };
  hidden_MD_ = buffer(c.hidden_size);
  normed_MD_ = buffer(c.hidden_size);
  qkv_MQ_ = buffer(model_->qkv_width());
  mixed_MO_ = buffer(model_->query_width());
  gate_up_MF_ = buffer(2 * c.intermediate_size);
  activated_MF_ = buffer(c.intermediate_size);
  chosen_MD_ = buffer(c.hidden_size);
  logits_MV_ = buffer(c.vocab_size);
}

// Must end for all rows before any attends.
void CpuDecoder::place_keys_and_values(size_t layer, std::span<const TokenRow> rows) {
  const int64_t E = model_->config().head_dim, K = model_->config().num_key_value_heads, Q = model_->qkv_width(), O = model_->query_width();
  for_rows(static_cast<int64_t>(rows.size()), 8 * Q, [&](int64_t m) {
    float* row = qkv_MQ_.data() + m * Q;
    const TokenRow& token = rows[static_cast<size_t>(m)];
    model_->turn_heads(model_->layers()[layer], token.position, row);
    const int64_t own = token.position - token.sequence->first_position_, place = own % cache_.page_positions();
    KvPage& page = *token.sequence->pages_[static_cast<size_t>(own / cache_.page_positions())];
    for (int64_t k = 0; k < K; ++k) {
      const int64_t base = cache_.key_offset(static_cast<int64_t>(layer), k);
      put_in_panels(row + O + k * E, place, E, page.keys.data() + base);
      std::memcpy(page.values.data() + base + place * E, row + O + (K + k) * E, sizeof(float) * static_cast<size_t>(E));
    }
  });
}

void CpuDecoder::attend(size_t layer, std::span<const TokenRow> rows) {
  const int64_t E = model_->config().head_dim, K = model_->config().num_key_value_heads, group = model_->config().num_attention_heads / K;
  const int64_t Q = model_->qkv_width(), O = model_->query_width(), width = group * E, per_page = cache_.page_positions();
  for_chunks(static_cast<int64_t>(runs_.size()) * K, 2, [&](int64_t begin, int64_t end) {
    std::vector<float> scores, queries, mixed;
    std::vector<KeyValues> parts;
    std::vector<int64_t> visible;
    for (int64_t item = begin; item < end; ++item) {
      const auto [first, last] = runs_[static_cast<size_t>(item / K)];
      const int64_t k = item % K, base = cache_.key_offset(static_cast<int64_t>(layer), k), count = last - first;
      const KvSequence& sequence = *rows[static_cast<size_t>(first)].sequence;
      parts.clear();
      const auto add_parts = [&](const KvSequence& of, int64_t positions) {
        for (int64_t p = 0; p * per_page < positions; ++p) {
          const KvPage& page = *of.pages_[static_cast<size_t>(p)];
          parts.push_back({std::min(per_page, positions - p * per_page), page.keys.data() + base, page.values.data() + base, E});
        }
      };
      if (sequence.prefix_) add_parts(*sequence.prefix_, sequence.first_position_);
      add_parts(sequence, rows[static_cast<size_t>(last - 1)].position - sequence.first_position_ + 1);
      visible.clear();
      for (int64_t m = first; m < last; ++m) visible.insert(visible.end(), static_cast<size_t>(group), rows[static_cast<size_t>(m)].position + 1);
      if (count == 1) {  // the heads of one token lie together already
        kernels::attend({group, E, qkv_MQ_.data() + first * Q + k * width, visible.data()}, parts, scores, mixed_MO_.data() + first * O + k * width);
        continue;
      }
      queries.resize(static_cast<size_t>(count * width + kPanel));
      mixed.resize(static_cast<size_t>(count * width));
      for (int64_t i = 0; i < count; ++i) std::memcpy(queries.data() + i * width, qkv_MQ_.data() + (first + i) * Q + k * width, sizeof(float) * static_cast<size_t>(width));
      kernels::attend({count * group, E, queries.data(), visible.data()}, parts, scores, mixed.data());
      for (int64_t i = 0; i < count; ++i) std::memcpy(mixed_MO_.data() + (first + i) * O + k * width, mixed.data() + i * width, sizeof(float) * static_cast<size_t>(width));
    }
  });
}

void CpuDecoder::forward(std::span<const TokenRow> rows) {
  constexpr int64_t kLongestRun = 24;
  const int64_t live = static_cast<int64_t>(rows.size()), D = model_->config().hidden_size;
  runs_.clear();
  for (int64_t m = 0; m < live; ++m) {
    const bool goes_on = !runs_.empty() && rows[static_cast<size_t>(runs_.back().first)].sequence == rows[static_cast<size_t>(m)].sequence && m - runs_.back().first < kLongestRun;
    if (goes_on) runs_.back().second = m + 1;
    else runs_.emplace_back(m, m + 1);
  }
  float *hidden = hidden_MD_.data(), *normed = normed_MD_.data();
  for (int64_t m = 0; m < live; ++m) model_->embed(rows[static_cast<size_t>(m)].id, hidden + m * D);
  for (size_t i = 0; i < model_->layers().size(); ++i) {
    const model::RowModel::Layer& layer = model_->layers()[i];
    model_->norm(layer.input_norm, hidden, live, normed);
    layer.qkv.forward(normed, live, qkv_MQ_.data());
    place_keys_and_values(i, rows);
    attend(i, rows);
    model_->finish_layer(layer, mixed_MO_.data(), hidden, live, hidden, normed, gate_up_MF_.data(), activated_MF_.data(), hidden);
  }
}

const float* CpuDecoder::logits(std::span<const int64_t> chosen) {
  const int64_t D = model_->config().hidden_size, count = static_cast<int64_t>(chosen.size());
  for (int64_t i = 0; i < count; ++i) {
    rms_norm_row(hidden_MD_.data() + chosen[static_cast<size_t>(i)] * D, model_->final_norm().values.data(), chosen_MD_.data() + i * D, D, model_->config().rms_norm_eps);
  }
  model_->head().forward(chosen_MD_.data(), count, logits_MV_.data());
  return logits_MV_.data();
}

}  // namespace reprise::generation
