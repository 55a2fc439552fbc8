// Sorts rows, cuts them into tiles and lays a tile's tokens end to end.
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

namespace {

// A shared prompt must be worth the trouble, and a group must not make a tile too large: longer ones are cut, wherever the
// tiles are cut, so that no sum depends on the budget.
constexpr int64_t kShortestSharedPrompt = 8, kLongestFamily = 2048;

bool same_prompt(const TrainingRow& a, const TrainingRow& b) {
  return a.segment_lengths.empty() && b.segment_lengths.empty() && a.num_prompt_ids >= kShortestSharedPrompt && a.num_prompt_ids == b.num_prompt_ids &&
         static_cast<int64_t>(std::min(a.ids.size(), b.ids.size())) > a.num_prompt_ids && std::equal(a.ids.begin(), a.ids.begin() + a.num_prompt_ids, b.ids.begin());
}

// Consecutive rows of `sorted` that share a prompt.
struct Family {
  size_t begin = 0, end = 0;
  int64_t num_tokens = 0;  // the prompt once
};

std::vector<Family> families_of(const std::vector<TrainingRow>& rows, const std::vector<int64_t>& sorted) {
  std::vector<Family> families;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const TrainingRow& row = rows[static_cast<size_t>(sorted[i])];
    const int64_t length = static_cast<int64_t>(row.ids.size());
    if (!families.empty() && same_prompt(rows[static_cast<size_t>(sorted[families.back().begin])], row) &&
        families.back().num_tokens + length - row.num_prompt_ids <= kLongestFamily) {
      families.back().end = i + 1;
      families.back().num_tokens += length - row.num_prompt_ids;
    } else {
      families.push_back({i, i + 1, length});
    }
  }
  return families;
}

}  // namespace

std::vector<std::vector<int64_t>> cut_tiles(const std::vector<TrainingRow>& rows, int64_t tile_tokens, bool batch_invariant) {
  std::vector<int64_t> sorted(rows.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::stable_sort(sorted.begin(), sorted.end(), [&](int64_t a, int64_t b) {
    const auto key = [&](int64_t i) { return std::pair(batch_invariant ? size_t{0} : rows[i].ids.size(), rows[i].order); };
    return key(a) < key(b);
  });
  std::vector<std::vector<int64_t>> tiles;
  int64_t filled = 0;
  const auto put = [&](size_t begin, size_t end, bool fits, int64_t num_tokens) {
    if (tiles.empty() || !fits) {
      tiles.emplace_back();
      filled = 0;
    }
    tiles.back().insert(tiles.back().end(), sorted.begin() + static_cast<int64_t>(begin), sorted.begin() + static_cast<int64_t>(end));
    filled += num_tokens;
  };
  if (batch_invariant) {
    for (const Family& family : families_of(rows, sorted)) put(family.begin, family.end, filled + family.num_tokens <= tile_tokens, family.num_tokens);
  } else {
    for (size_t i = 0; i < sorted.size(); ++i) {
      // Sorted by length: this row would be the longest.
      const int64_t length = static_cast<int64_t>(rows[static_cast<size_t>(sorted[i])].ids.size());
      put(i, i + 1, !tiles.empty() && static_cast<int64_t>(tiles.back().size() + 1) * length <= tile_tokens, length);
    }
  }
  return tiles;
}

TokenTile make_tile(const std::vector<TrainingRow>& rows, const std::vector<int64_t>& indices, at::Device device, bool batch_invariant) {
  TokenTile tile;
  std::vector<int64_t> target, row_of;
  std::vector<float> weight, advantage, behavior, old, reference, correction, value, returns;
  std::vector<Family> families = families_of(rows, indices);
  for (size_t f = 0, b = 0; b < indices.size(); ++b) {
    const TrainingRow& row = rows[static_cast<size_t>(indices[b])];
    tile.num_tokens += static_cast<int64_t>(row.ids.size());
    const auto add_target = [&](int64_t before, int32_t id) {
      tile.layout.outputs.push_back(before);
      target.push_back(id);
      row_of.push_back(static_cast<int64_t>(b));
      weight.push_back(static_cast<float>(row.weight));
    };
    // Tokens [begin, end) of the row as a sequence, of which those from `prompt` on are targets.
    const auto add_sequence = [&](int64_t begin, int64_t prompt, int64_t end) {
      const int64_t first = tile.layout.num_tokens();
      tile.layout.add(row.ids.begin() + begin, row.ids.begin() + end);
      for (int64_t t = begin + std::max<int64_t>(1, prompt); t < end; ++t) add_target(first + t - begin - 1, row.ids[static_cast<size_t>(t)]);
    };
    const int64_t length = static_cast<int64_t>(row.ids.size());
    while (families[f].end <= b) ++f;
    if (!row.segment_lengths.empty()) {
      int64_t start = 0;
      for (size_t s = 0; s < row.segment_lengths.size(); start += row.segment_lengths[s], ++s) add_sequence(start, row.segment_prompts[s], start + row.segment_lengths[s]);
    } else if (!batch_invariant || families[f].end - families[f].begin < 2) {
      add_sequence(0, row.num_prompt_ids, length);
    } else {
      const int64_t prompt = row.num_prompt_ids;
      if (b == families[f].begin) tile.layout.add(row.ids.begin(), row.ids.begin() + prompt);
      const int64_t prefix = static_cast<int64_t>(tile.layout.sequences.size()) - 1 - static_cast<int64_t>(b - families[f].begin);
      const model::TokenSequence& shared = tile.layout.sequences[static_cast<size_t>(prefix)];
      const int64_t last = shared.first + shared.length - 1, first = tile.layout.num_tokens();
      tile.layout.add(row.ids.begin() + prompt, row.ids.end(), prefix);
      for (int64_t t = prompt; t < length; ++t) add_target(t == prompt ? last : first + t - prompt - 1, row.ids[static_cast<size_t>(t)]);
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
