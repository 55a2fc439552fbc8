// Building the tables.
#include "data/overlap_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "data/overlap_words.h"

namespace reprise::data {

void PrefixHashes::of(std::span<const uint64_t> words) {
  if (powers_.empty()) powers_.push_back(1);
  while (powers_.size() <= words.size()) powers_.push_back(powers_.back() * kHashBase);
  prefix_.resize(words.size() + 1);
  prefix_[0] = 0;
  for (size_t i = 0; i < words.size(); ++i) prefix_[i + 1] = prefix_[i] * kHashBase + words[i];
}

void HashTable::reserve(size_t num_entries) {
  if (num_entries == 0) return;
  // A quarter to half full; sixteen to 32 bits an entry let one in sixteen through at most.
  const size_t slots = std::bit_ceil(std::max<size_t>(2 * num_entries, 64));
  slots_.assign(slots, {});
  slot_shift_ = 64 - std::countr_zero(slots);
  const size_t bits = 8 * slots;
  bits_.assign(bits / 64, 0);
  bit_shift_ = 64 - std::countr_zero(bits);
}

void HashTable::add(uint64_t hash, uint32_t value) {
  const uint64_t mixed = mix(hash);
  bits_[mixed >> bit_shift_ >> 6] |= uint64_t{1} << (mixed >> bit_shift_ & 63);
  size_t slot = mixed >> slot_shift_;
  while (slots_[slot].value != kNone) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = {hash, value};
}

class OverlapIndexBuilder {
 public:
  using Parts = OverlapIndex::Parts;
  OverlapIndexBuilder(Parts& parts, const std::vector<OverlapBenchmark>& benchmarks) : p_(parts), benchmarks_(benchmarks) {}

  void build() {
    const std::vector<int64_t> sizes = p_.config.sorted_sizes();
    p_.sizes.assign(sizes.begin(), sizes.end());
    const auto decision = std::find(p_.sizes.begin(), p_.sizes.end(), static_cast<size_t>(p_.config.decision_ngram));
    if (p_.sizes.empty() || decision == p_.sizes.end()) throw Error("decision_ngram is none of ngram_sizes", "", "add it to them");
    if (p_.sizes.size() > 16) throw Error("has more than 16 entries", "ngram_sizes");
    p_.decision = static_cast<size_t>(decision - p_.sizes.begin());
    for (const OverlapBenchmark& benchmark : benchmarks_) add_benchmark(benchmark);
    if (p_.problems.empty()) throw Error("there is no problem to look for", "", "name a benchmark");
    if (p_.words.size() >= HashTable::kNone) throw Error("the benchmarks have " + std::to_string(p_.words.size()) + " words, more than an index holds", "", "leave some out");
    for (size_t part = 0; part < p_.parts.size(); ++part) prefixes_.emplace_back().of(words_of(p_.parts[part]));
    p_.decision_gram.assign(p_.words.size(), HashTable::kNone);
    for (size_t i = 0; i < p_.sizes.size(); ++i) {
      p_.grams.push_back(grams_of(p_.sizes[i], [&](const Parts::Part& part) { return part.size >= p_.sizes[i] ? part.size - p_.sizes[i] + 1 : 0; }));
      leave_out_template(i);
    }
    add_shingles();
    add_wholes();
  }

 private:
  struct Entry {
    uint64_t hash;
    Parts::Place place;
  };

  std::span<const uint64_t> words_of(const Parts::Part& part) const { return {p_.words.data() + part.begin, part.size}; }

  void add_part(std::string_view text, uint32_t problem, bool solution) {
    split_into_words(text, scratch_);
    if (scratch_.size() == 0 || (solution && scratch_.size() < p_.sizes.front())) return;
    p_.parts.push_back({problem, static_cast<uint32_t>(p_.words.size()), static_cast<uint32_t>(scratch_.size()), solution});
    p_.words.insert(p_.words.end(), scratch_.hashes.begin(), scratch_.hashes.end());
    ++p_.problems.back().num_parts;
    if (!solution) p_.problems.back().prompt_size = static_cast<uint32_t>(scratch_.size());
  }

  void add_benchmark(const OverlapBenchmark& benchmark) {
    if (benchmark.problems.size() > (size_t{1} << 24)) throw Error("has " + std::to_string(benchmark.problems.size()) + " problems, more than an index holds", benchmark.name, "is it a training store?");
    OverlapBenchmarkFacts facts;
    facts.name = benchmark.name;
    facts.num_problems = static_cast<int64_t>(benchmark.problems.size());
    std::vector<std::string>& ids = p_.ids.emplace_back();
    std::unordered_map<uint64_t, uint32_t> owner;  // of each word: the one problem that has it, or kNone for several
    const auto first = static_cast<uint32_t>(p_.problems.size());
    for (const OverlapProblem& problem : benchmark.problems) {
      const auto number = static_cast<uint32_t>(p_.problems.size());
      p_.problems.push_back({static_cast<uint32_t>(p_.ids.size() - 1), static_cast<uint32_t>(ids.size()), static_cast<uint32_t>(p_.parts.size()), 0, 0});
      ids.push_back(problem.id);
      add_part(problem.prompt, number, false);
      for (uint64_t word : scratch_.hashes) {
        const auto [at, fresh] = owner.emplace(word, number);
        if (!fresh && at->second != number) at->second = HashTable::kNone;
      }
      facts.num_short += p_.problems.back().prompt_size < p_.sizes[p_.decision];
      if (p_.config.with_solutions && !problem.solution.empty()) add_part(problem.solution, number, true);
    }
    std::vector<bool> has_own(ids.size());
    for (const auto& [word, number] : owner) {
      if (number != HashTable::kNone) has_own[number - first] = true;
    }
    const auto num_own = std::count(has_own.begin(), has_own.end(), true);
    facts.own_words = ids.empty() ? 1 : static_cast<double>(num_own) / static_cast<double>(ids.size());
    facts.from_template = facts.own_words < p_.config.min_own_words;
    p_.facts.push_back(std::move(facts));
  }

  // Every distinct run, with its first place in each part. count(part): how many runs start in it, from its first word on.
  template <class Count>
  Parts::Grams grams_of(size_t size, Count&& count) {
    Parts::Grams grams;
    grams.size = size;
    std::vector<Entry> entries;
    for (uint32_t part = 0; part < p_.parts.size(); ++part) {
      const size_t length = std::min<size_t>(size, p_.parts[part].size);
      const auto number = static_cast<uint32_t>(count(p_.parts[part]));
      for (uint32_t at = 0; at < number; ++at) entries.push_back({prefixes_[part].run(at, length), {part, at}});
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.hash, a.place.part, a.place.at) < std::tie(b.hash, b.place.part, b.place.at);
    });
    gram_at_.assign(p_.words.size(), HashTable::kNone);
    size_t num_distinct = 0;
    for (size_t i = 0; i < entries.size(); ++i) num_distinct += i == 0 || entries[i].hash != entries[i - 1].hash;
    grams.table.reserve(num_distinct);
    for (size_t i = 0; i < entries.size(); ++i) {
      const bool is_new = i == 0 || entries[i].hash != entries[i - 1].hash;
      if (is_new) {
        grams.table.add(entries[i].hash, static_cast<uint32_t>(grams.first_place.size()));
        grams.first_place.push_back(static_cast<uint32_t>(grams.places.size()));
      }
      const Parts::Place& place = entries[i].place;
      gram_at_[p_.parts[place.part].begin + place.at] = static_cast<uint32_t>(grams.first_place.size() - 1);
      if (is_new || place.part != entries[i - 1].place.part) grams.places.push_back(place);
    }
    grams.first_place.push_back(static_cast<uint32_t>(grams.places.size()));
    return grams;
  }

  // A run in too many problems of a benchmark keeps no place there.
  void leave_out_template(size_t which) {
    Parts::Grams& grams = p_.grams[which];
    std::vector<Parts::Place> kept;
    std::vector<uint32_t> first_kept;
    for (OverlapBenchmarkFacts& facts : p_.facts) {
      facts.num_ngrams.push_back(0);
      facts.num_template_ngrams.push_back(0);
    }
    std::vector<std::vector<uint32_t>> template_of(p_.facts.size());  // by benchmark: runs that do not count
    for (uint32_t id = 0; id + 1 < grams.first_place.size(); ++id) {
      first_kept.push_back(static_cast<uint32_t>(kept.size()));
      for (uint32_t begin = grams.first_place[id]; begin < grams.first_place[id + 1];) {
        const uint32_t benchmark = benchmark_of(grams.places[begin]);
        int64_t num_problems = 0;
        uint32_t end = begin, last = HashTable::kNone;
        for (; end < grams.first_place[id + 1] && benchmark_of(grams.places[end]) == benchmark; ++end) {
          const uint32_t problem = p_.parts[grams.places[end].part].problem;
          num_problems += problem != last;
          last = problem;
        }
        OverlapBenchmarkFacts& facts = p_.facts[benchmark];
        ++facts.num_ngrams.back();
        if (num_problems > 1 && static_cast<double>(num_problems) > p_.config.max_problem_share * static_cast<double>(facts.num_problems)) {
          ++facts.num_template_ngrams.back();
          template_of[benchmark].push_back(id);
        } else {
          kept.insert(kept.end(), grams.places.begin() + begin, grams.places.begin() + end);
        }
        begin = end;
      }
    }
    first_kept.push_back(static_cast<uint32_t>(kept.size()));
    grams.places = std::move(kept);
    grams.first_place = std::move(first_kept);
    if (which != p_.decision) return;
    for (const Parts::Part& part : p_.parts) {
      const auto& left_out = template_of[p_.problems[part.problem].benchmark];  // ascending
      for (uint32_t at = part.begin; at < part.begin + part.size; ++at) {
        if (!std::binary_search(left_out.begin(), left_out.end(), gram_at_[at])) p_.decision_gram[at] = gram_at_[at];
      }
    }
  }
  uint32_t benchmark_of(const Parts::Place& place) const { return p_.problems[p_.parts[place.part].problem].benchmark; }

  void add_shingles() {
    const auto size = static_cast<size_t>(p_.config.shingle_size);
    p_.shingles = grams_of(size, [&](const Parts::Part& part) { return part.size >= size ? part.size - size + 1 : 1; });
    for (Parts::Part& part : p_.parts) {
      p_.first_shingle.push_back(static_cast<uint32_t>(p_.shingle_list.size()));
      std::vector<uint32_t> own;
      for (uint32_t at = part.begin; at < part.begin + part.size; ++at) {
        if (gram_at_[at] != HashTable::kNone) own.push_back(gram_at_[at]);
      }
      std::sort(own.begin(), own.end());
      own.erase(std::unique(own.begin(), own.end()), own.end());
      part.num_shingles = static_cast<uint32_t>(own.size());
      p_.most_shingles = std::max(p_.most_shingles, part.num_shingles);
      p_.shingle_list.insert(p_.shingle_list.end(), own.begin(), own.end());
    }
    p_.first_shingle.push_back(static_cast<uint32_t>(p_.shingle_list.size()));
  }

  void add_wholes() {
    p_.wholes.reserve(p_.problems.size());
    p_.whole_starts.reserve(p_.problems.size());
    for (uint32_t problem = 0; problem < p_.problems.size(); ++problem) {
      const auto& info = p_.problems[problem];
      if (info.prompt_size == 0) continue;
      const uint32_t part = info.first_part;  // the question comes first
      const auto words = words_of(p_.parts[part]);
      const uint64_t hash = prefixes_[part].run(0, words.size());
      if (const uint32_t known = p_.wholes.find(hash); known != HashTable::kNone) {
        p_.whole_groups[known].push_back(problem);
        continue;
      }
      p_.wholes.add(hash, static_cast<uint32_t>(p_.whole_groups.size()));
      p_.whole_groups.push_back({problem});
      if (p_.has_whole_length.size() <= words.size()) p_.has_whole_length.resize(words.size() + 1);
      p_.has_whole_length[words.size()] = 1;
      if (words.size() < Parts::kWholeStart) continue;
      const uint64_t start = prefixes_[part].run(0, Parts::kWholeStart);
      if (p_.whole_starts.find(start) == HashTable::kNone) p_.whole_starts.add(start, 0);
    }
  }

  Parts& p_;
  const std::vector<OverlapBenchmark>& benchmarks_;
  OverlapWords scratch_;
  std::vector<PrefixHashes> prefixes_;  // of each part
  std::vector<uint32_t> gram_at_;       // of the runs made last: at each word, the one that starts there
};

OverlapIndex::OverlapIndex(const std::vector<OverlapBenchmark>& benchmarks, OverlapConfig config) : parts_(std::make_unique<Parts>()) {
  parts_->config = std::move(config);
  OverlapIndexBuilder(*parts_, benchmarks).build();
}
OverlapIndex::~OverlapIndex() = default;
OverlapIndex::OverlapIndex(OverlapIndex&&) noexcept = default;

const OverlapConfig& OverlapIndex::config() const { return parts_->config; }
const std::vector<OverlapBenchmarkFacts>& OverlapIndex::benchmarks() const { return parts_->facts; }

int64_t OverlapIndex::num_bytes() const {
  size_t bytes = parts_->words.size() * (8 + 4) + parts_->parts.size() * sizeof(Parts::Part) + parts_->problems.size() * sizeof(Parts::ProblemInfo);
  const auto add = [&](const Parts::Grams& grams) {
    bytes += grams.table.num_bytes() + grams.places.size() * sizeof(Parts::Place) + grams.first_place.size() * 4;
  };
  for (const auto& grams : parts_->grams) add(grams);
  add(parts_->shingles);
  bytes += parts_->shingle_list.size() * 4 + parts_->wholes.num_bytes() + parts_->whole_starts.num_bytes();
  return static_cast<int64_t>(bytes);
}

}  // namespace reprise::data
