// Best-fit decreasing over an ordered multimap of the room left in each open row.
#include "training/packing.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace reprise::training {

std::vector<TrainingRow> pack_rows(const std::vector<TrainingRow>& rows, int64_t max_length) {
  std::vector<size_t> longest_first(rows.size());
  std::iota(longest_first.begin(), longest_first.end(), size_t{0});
  std::stable_sort(longest_first.begin(), longest_first.end(),
                   [&](size_t a, size_t b) { return rows[a].ids.size() > rows[b].ids.size(); });
  std::vector<TrainingRow> packed;
  std::multimap<int64_t, size_t> room;  // ids that still fit -> packed row; equal room in order of opening
  for (size_t index : longest_first) {
    const TrainingRow& row = rows[index];
    const int64_t length = static_cast<int64_t>(row.ids.size());
    auto place = room.lower_bound(length);
    if (place == room.end()) {
      packed.emplace_back();
      packed.back().order = static_cast<int64_t>(packed.size()) - 1;
      place = room.emplace(max_length, packed.size() - 1);
    }
    const size_t target = place->second;
    const int64_t left = place->first - length;
    room.erase(place);
    TrainingRow& out = packed[target];
    out.ids.insert(out.ids.end(), row.ids.begin(), row.ids.end());
    out.segment_lengths.push_back(length);
    out.segment_prompts.push_back(std::max<int64_t>(1, row.num_prompt_ids));
    room.emplace(left, target);
  }
  return packed;
}

}  // namespace reprise::training
