// Sorts, pads and flattens rows into tiles.
#include "training/token_batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

namespace reprise::training {
namespace {

template <class T>
at::Tensor tensor_of(const std::vector<T>& values, at::ScalarType dtype, at::Device device) {
  at::Tensor host = at::empty({static_cast<int64_t>(values.size())}, at::TensorOptions().dtype(dtype));
  std::copy(values.begin(), values.end(), host.template data_ptr<T>());
  return device.is_cpu() ? host : host.to(device);
}

}  // namespace

int64_t TrainingRow::num_targets() const {
  if (segment_lengths.empty()) {
    return std::max<int64_t>(0, static_cast<int64_t>(ids.size()) - std::max<int64_t>(1, num_prompt_ids));
  }
  int64_t total = 0;
  for (size_t s = 0; s < segment_lengths.size(); ++s) total += std::max<int64_t>(0, segment_lengths[s] - std::max<int64_t>(1, segment_prompts[s]));
  return total;
}

std::vector<std::vector<int64_t>> cut_tiles(const std::vector<TrainingRow>& rows, int64_t tile_rows) {
  std::vector<int64_t> sorted(rows.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::stable_sort(sorted.begin(), sorted.end(), [&](int64_t a, int64_t b) {
    const auto key = [&](int64_t i) { return std::pair(rows[i].ids.size(), rows[i].order); };
    return key(a) < key(b);
  });
  std::vector<std::vector<int64_t>> tiles;
  for (size_t start = 0; start < sorted.size(); start += tile_rows) {
    const size_t end = std::min(sorted.size(), start + tile_rows);
    tiles.emplace_back(sorted.begin() + start, sorted.begin() + end);
  }
  return tiles;
}

TokenTile make_tile(const std::vector<TrainingRow>& rows, const std::vector<int64_t>& indices, at::Device device) {
  TokenTile tile;
  const int64_t B = static_cast<int64_t>(indices.size());
  int64_t T = 1;
  bool packed = false;
  for (int64_t i : indices) {
    T = std::max<int64_t>(T, rows[i].ids.size());
    packed |= !rows[i].segment_lengths.empty();
  }
  std::vector<int64_t> ids(B * T, 0), lengths(B), segments(packed ? B * T : 0, 0);
  std::vector<int64_t> source, target, row_of;
  std::vector<float> weight, advantage, behavior, old, reference, correction, value, returns;
  for (int64_t b = 0; b < B; ++b) {
    const TrainingRow& row = rows[indices[b]];
    const int64_t length = static_cast<int64_t>(row.ids.size());
    lengths[b] = length;
    tile.num_tokens += length;
    std::copy(row.ids.begin(), row.ids.end(), ids.begin() + b * T);
    const auto add_targets = [&](int64_t start, int64_t prompt, int64_t end) {
      for (int64_t t = start + std::max<int64_t>(1, prompt); t < end; ++t) {
        source.push_back(b * T + t - 1);
        target.push_back(row.ids[t]);
        row_of.push_back(b);
        weight.push_back(static_cast<float>(row.weight));
      }
    };
    if (row.segment_lengths.empty()) {
      add_targets(0, row.num_prompt_ids, length);
      if (packed) std::fill_n(segments.begin() + b * T, length, 1);
    } else {
      int64_t start = 0;
      for (size_t s = 0; s < row.segment_lengths.size(); ++s) {
        const int64_t end = start + row.segment_lengths[s];
        add_targets(start, row.segment_prompts[s], end);
        std::fill(segments.begin() + b * T + start, segments.begin() + b * T + end, static_cast<int64_t>(s) + 1);
        start = end;
      }
    }
    tile.row_targets.push_back(row.num_targets());
    const auto append = [](std::vector<float>& all, const std::vector<float>& of_row) { all.insert(all.end(), of_row.begin(), of_row.end()); };
    append(advantage, row.advantages);
    append(behavior, row.behavior_logprobs);
    append(old, row.old_logprobs.empty() ? row.behavior_logprobs : row.old_logprobs);
    append(reference, row.reference_logprobs);
    append(correction, row.corrections);
    append(value, row.values);
    append(returns, row.returns);
  }
  tile.row_indices = indices;
  tile.batch.ids_BT = tensor_of(ids, at::kLong, device).view({B, T});
  tile.batch.lengths_B = tensor_of(lengths, at::kLong, device);
  if (packed) tile.batch.segments_BT = tensor_of(segments, at::kLong, device).view({B, T});
  tile.source_N = tensor_of(source, at::kLong, device);
  tile.target_N = tensor_of(target, at::kLong, device);
  tile.row_N = tensor_of(row_of, at::kLong, device);
  tile.weight_N = tensor_of(weight, at::kFloat, device);
  tile.advantage_N = tensor_of(advantage, at::kFloat, device);
  tile.behavior_N = tensor_of(behavior, at::kFloat, device);
  tile.old_N = tensor_of(old, at::kFloat, device);
  tile.reference_N = tensor_of(reference, at::kFloat, device);
  tile.correction_N = tensor_of(correction, at::kFloat, device);
  tile.value_N = tensor_of(value, at::kFloat, device);
  tile.return_N = tensor_of(returns, at::kFloat, device);
  return tile;
}

}  // namespace reprise::training
