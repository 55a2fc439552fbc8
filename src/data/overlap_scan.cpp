// A row: each of its texts is split into words, its runs are looked up, and what they point at is added up problem by problem.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/strings.h"
#include "data/overlap_index.h"
#include "data/overlap_words.h"

namespace reprise::data {
namespace {

constexpr size_t kLongestRun = 500;      // words that are counted of a shared run: a text that repeats itself may not cost more than a row of its length
constexpr size_t kTextCharacters = 200;  // of what is shared
constexpr size_t kAhead = 12;            // words: how far ahead tables are asked for
constexpr uint32_t kNone = HashTable::kNone;

// Cut to `most` characters, never within one.
std::string cut(std::string_view text, size_t most) {
  size_t count = 0, at = 0;
  while (at < text.size()) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && count++ == most) break;
    ++at;
  }
  return std::string(text.substr(0, at));
}

// More evidence first; the rest makes the order whole, so that which rows are kept does not depend on when they come.
auto evidence(const OverlapHit& hit) { return std::tuple(!hit.decides, !hit.whole, -hit.similarity, -hit.covered, -hit.shared_words, -hit.n); }
bool before(const OverlapHit& a, const OverlapHit& b) {
  const auto more = evidence(a) <=> evidence(b);
  return more != 0 ? more < 0 : std::tie(a.row, a.text, a.in_solution) < std::tie(b.row, b.text, b.in_solution);
}

// Distinct numbers, up to a few thousand of them, emptied in no time.
class NumberSet {
 public:
  void clear() {
    size_ = 0;
    if (++epoch_ == 0) {
      std::fill(epochs_.begin(), epochs_.end(), 0u);
      epoch_ = 1;
    }
  }
  bool insert(uint64_t number) {
    if (2 * (size_ + 1) > numbers_.size()) grow();
    size_t slot = place(number);
    while (epochs_[slot] == epoch_) {
      if (numbers_[slot] == number) return false;
      slot = (slot + 1) & (numbers_.size() - 1);
    }
    epochs_[slot] = epoch_;
    numbers_[slot] = number;
    ++size_;
    return true;
  }
  size_t size() const { return size_; }

 private:
  size_t place(uint64_t number) const { return (number ^ number >> 32) * 0x9E3779B97F4A7C15ULL >> 32 & (numbers_.size() - 1); }
  void grow() {
    std::vector<uint64_t> numbers;
    for (size_t i = 0; i < numbers_.size(); ++i) {
      if (epochs_[i] == epoch_) numbers.push_back(numbers_[i]);
    }
    const size_t room = std::max<size_t>(1024, 2 * numbers_.size());
    numbers_.assign(room, 0);
    epochs_.assign(room, 0);
    epoch_ = 1;
    size_ = 0;
    for (uint64_t number : numbers) insert(number);
  }
  std::vector<uint64_t> numbers_;
  std::vector<uint32_t> epochs_;
  uint32_t epoch_ = 1;
  size_t size_ = 0;
};

}  // namespace

struct OverlapScan::State {
  using Parts = OverlapIndex::Parts;

  // What the row at hand shares with one problem.
  struct Shared {
    uint32_t problem = 0;
    uint64_t sizes = 0;         // bit i: an n-gram of sizes[i] words
    bool whole = false;
    double similarity = 0;
    size_t run = 0;             // the longest run: words, and where it stands in the row
    bool run_in_solution = false;
    size_t text = 0, text_begin = 0, text_end = 0;  // bytes of texts[text]
    uint32_t last_part = kNone;                     // the run looked at last
    int64_t last_shift = 0;
    size_t last_end = 0;
    std::vector<uint32_t> decision;                 // runs of decision_ngram words
  };
  struct OfProblem {
    uint64_t sizes = 0;
    bool whole = false, near = false, hit = false, half_covered = false;
    bool full = false;             // as many rows are kept as there is room for, the last one with this much evidence:
    decltype(evidence(OverlapHit())) least;
    std::vector<OverlapHit> hits;  // the best ones, sorted
  };
  struct OfBenchmark {
    std::vector<int64_t> rows_by_n;
    int64_t rows_whole = 0, rows_near = 0, rows_hit = 0;
    // Of the row at hand.
    uint64_t sizes = 0;
    bool whole = false, near = false, hit = false;
  };

  State(const OverlapIndex& index, std::string name) : p(*index.parts_), training(std::move(name)), of_problem(p.problems.size()), of_benchmark(p.facts.size()), place_of(p.problems.size(), kNone) {
    for (OfBenchmark& one : of_benchmark) one.rows_by_n.assign(p.sizes.size(), 0);
    marked.assign(p.shingles.count(), 0);
    decision_marked.assign(p.grams[p.decision].count(), 0);
    counted.assign(p.parts.size(), 0);
  }

  Shared& with(uint32_t problem) {
    if (place_of[problem] == kNone) {
      place_of[problem] = static_cast<uint32_t>(num_shared);
      if (num_shared == shared.size()) shared.emplace_back();
      Shared& fresh = shared[num_shared++];
      std::vector<uint32_t> room = std::move(fresh.decision);
      room.clear();
      fresh = {};
      fresh.problem = problem;
      fresh.decision = std::move(room);
    }
    return shared[place_of[problem]];
  }

  void look_at(size_t text_number, std::string_view text) {
    split_into_words(text, words);
    if (words.size() == 0) return;
    prefixes.of(words.hashes);
    look_for_ngrams(text_number);
    look_for_wholes(text_number);
    look_for_near_duplicates(text_number, text);
  }

  // In steps, each of which asks for the memory that the next one needs.
  void look_for_ngrams(size_t text_number) {
    const Parts::Grams& smallest = p.grams.front();
    candidates.clear();
    for (size_t at = 0; at + smallest.size <= words.size(); ++at) {
      if (at + kAhead + smallest.size <= words.size()) smallest.table.ask_for_bit(prefixes.run(at + kAhead, smallest.size));
      const uint64_t hash = prefixes.run(at, smallest.size);
      if (!smallest.table.may_have(hash)) continue;
      smallest.table.ask_for_slot(hash);
      candidates.push_back({0, static_cast<uint32_t>(at), hash});
    }
    matched.clear();
    const size_t num_smallest = candidates.size();
    size_t run = 0, next = 0;  // runs of the smallest size that matched one after the other: larger ones can only stand where enough of them do
    for (size_t i = 0; i < num_smallest; ++i) {
      const Candidate one = candidates[i];
      const uint32_t id = smallest.table.find(one.hash);
      if (id == kNone) continue;
      add_match(0, one.at, id);
      run = one.at == next ? run + 1 : 1;
      next = one.at + 1;
      for (size_t which = 1; which < p.sizes.size() && run > p.sizes[which] - smallest.size; ++which) {
        const size_t begin = next + smallest.size - 1 - p.sizes[which];
        const uint64_t hash = prefixes.run(begin, p.sizes[which]);
        p.grams[which].table.ask_for_bit(hash);
        candidates.push_back({static_cast<uint32_t>(which), static_cast<uint32_t>(begin), hash});
      }
    }
    candidates.erase(candidates.begin(), candidates.begin() + static_cast<int64_t>(num_smallest));
    std::erase_if(candidates, [&](const Candidate& one) {
      if (!p.grams[one.which].table.may_have(one.hash)) return true;
      p.grams[one.which].table.ask_for_slot(one.hash);
      return false;
    });
    for (const Candidate& one : candidates) {
      if (const uint32_t id = p.grams[one.which].table.find(one.hash); id != kNone) add_match(one.which, one.at, id);
    }
    for (const Match& one : matched) {
      const Parts::Grams& grams = p.grams[one.which];
      if (grams.first_place[one.id] < grams.places.size()) __builtin_prefetch(&grams.places[grams.first_place[one.id]]);
    }
    for (const Match& one : matched) found(text_number, one.which, one.id, one.at);
  }

  void add_match(uint32_t which, uint32_t at, uint32_t id) {
    __builtin_prefetch(&p.grams[which].first_place[id]);
    matched.push_back({which, at, id});
  }

  void found(size_t text_number, size_t which, uint32_t id, size_t at) {
    const Parts::Grams& grams = p.grams[which];
    for (uint32_t i = grams.first_place[id]; i < grams.first_place[id + 1]; ++i) {
      const Parts::Place& place = grams.places[i];
      const Parts::Part& part = p.parts[place.part];
      Shared& one = with(part.problem);
      one.sizes |= uint64_t{1} << which;
      if (which == p.decision && (one.decision.empty() || one.decision.back() != id)) one.decision.push_back(id);
      const int64_t shift = static_cast<int64_t>(at) - static_cast<int64_t>(place.at);
      if (one.last_part == place.part && one.last_shift == shift && at < one.last_end) continue;
      const uint64_t* there = p.words.data() + part.begin;
      size_t begin = at, end = at + grams.size;
      while (begin > 0 && static_cast<int64_t>(begin) > shift && end - begin < kLongestRun && words.hashes[begin - 1] == there[static_cast<int64_t>(begin) - 1 - shift]) --begin;
      while (end < words.size() && static_cast<int64_t>(end) - shift < static_cast<int64_t>(part.size) && end - begin < kLongestRun && words.hashes[end] == there[static_cast<int64_t>(end) - shift]) ++end;
      one.last_part = place.part;
      one.last_shift = shift;
      one.last_end = end;
      if (end - begin > one.run) {
        one.run = end - begin;
        one.run_in_solution = part.solution;
        one.text = text_number;
        one.text_begin = words.begin[begin];
        one.text_end = words.end[end - 1];
      }
    }
  }

  void look_for_wholes(size_t text_number) {
    const size_t longest = p.has_whole_length.empty() ? 0 : p.has_whole_length.size() - 1;
    for (size_t at = 0; at < words.size(); ++at) {
      if (!words.breaks[at]) continue;
      for (size_t length = 1; length < Parts::kWholeStart && length <= longest; ++length) try_whole(text_number, at, length);
      if (at + Parts::kWholeStart > words.size()) continue;
      const uint64_t start = prefixes.run(at, Parts::kWholeStart);
      if (!p.whole_starts.may_have(start) || p.whole_starts.find(start) == kNone) continue;
      for (size_t length = Parts::kWholeStart; length <= std::min(longest, words.size() - at); ++length) try_whole(text_number, at, length);
    }
  }

  void try_whole(size_t text_number, size_t at, size_t length) {
    if (!p.has_whole_length[length] || at + length > words.size() || !words.breaks[at + length]) return;
    const uint32_t group = p.wholes.find(prefixes.run(at, length));
    if (group == kNone) return;
    for (uint32_t problem : p.whole_groups[group]) {
      Shared& one = with(problem);
      one.whole = true;
      for (size_t which = 0; which < p.sizes.size(); ++which) {
        if (length < p.sizes[which]) one.sizes |= uint64_t{1} << which;
      }
      if (length > one.run) {
        one.run = length;
        one.run_in_solution = false;
        one.text = text_number;
        one.text_begin = words.begin[at];
        one.text_end = words.end[at + length - 1];
      }
    }
  }

  // Exact: a text B can be as similar to this text A as is asked only where they share at least threshold * |A| shingles. Of A's shingles that the index has, all but
  // so many may be passed over, so the common ones are; what the rare ones point at is compared whole.
  void look_for_near_duplicates(size_t text_number, std::string_view text) {
    const double threshold = p.config.near_duplicate_threshold;
    const size_t most = static_cast<size_t>(static_cast<double>(p.most_shingles) / threshold + 1e-9);
    const size_t size = std::min(p.shingles.size, words.size()), num_runs = words.size() - size + 1;
    const auto most_unknown = static_cast<size_t>((1 - threshold) * static_cast<double>(num_runs) + 1e-9);  // of the distinct ones, which are num_runs at most
    distinct.clear();
    maybe_known.clear();
    known.clear();
    for (size_t at = 0; at < num_runs; ++at) {
      if (at + kAhead < num_runs) p.shingles.table.ask_for_bit(prefixes.run(at + kAhead, size));
      const uint64_t hash = prefixes.run(at, size);
      if (!distinct.insert(hash)) continue;
      if (distinct.size() > most) return;  // longer than any problem that could be like it
      if (p.shingles.table.may_have(hash)) maybe_known.push_back(hash);
      else if (distinct.size() - maybe_known.size() > most_unknown) return;
    }
    for (uint64_t hash : maybe_known) p.shingles.table.ask_for_slot(hash);
    for (uint64_t hash : maybe_known) {
      if (const uint32_t id = p.shingles.table.find(hash); id != kNone) known.push_back(id);
    }
    const double num_distinct = static_cast<double>(distinct.size());
    const auto needed = static_cast<size_t>(std::max(1.0, std::ceil(threshold * num_distinct - 1e-9)));
    if (known.size() < needed) return;
    const auto num_places = [&](uint32_t id) { return p.shingles.first_place[id + 1] - p.shingles.first_place[id]; };
    std::sort(known.begin(), known.end(), [&](uint32_t a, uint32_t b) { return std::tuple(num_places(a), a) < std::tuple(num_places(b), b); });
    ++mark;
    for (uint32_t id : known) marked[id] = mark;
    for (size_t i = 0; i + needed <= known.size(); ++i) {
      for (uint32_t at = p.shingles.first_place[known[i]]; at < p.shingles.first_place[known[i] + 1]; ++at) {
        const uint32_t number = p.shingles.places[at].part;
        if (counted[number] == mark) continue;
        counted[number] = mark;
        compare(text_number, text, number, num_distinct);
      }
    }
  }

  void compare(size_t text_number, std::string_view text, uint32_t number, double num_distinct) {
    const Parts::Part& part = p.parts[number];
    // No more than the smaller set can be shared.
    const double a = num_distinct, b = static_cast<double>(part.num_shingles);
    if (std::min(a, b) < p.config.near_duplicate_threshold * std::max(a, b) - 1e-9) return;
    int64_t num_shared_shingles = 0;
    for (uint32_t i = p.first_shingle[number]; i < p.first_shingle[number + 1]; ++i) num_shared_shingles += marked[p.shingle_list[i]] == mark;
    const auto both = static_cast<double>(num_shared_shingles);
    const double similarity = both / (a + b - both);
    if (similarity < p.config.near_duplicate_threshold) return;
    Shared& one = with(part.problem);
    if (one.run == 0 && similarity > one.similarity) {  // no n-gram is shared: the text itself is shown
      one.run_in_solution = part.solution;
      one.text = text_number;
      one.text_begin = words.begin[0];
      one.text_end = std::min<size_t>(text.size(), words.end[words.size() - 1]);
    }
    one.similarity = std::max(one.similarity, similarity);
  }

  // The larger share of question and solution that the row's runs of decision_ngram words cover.
  double covered(const Shared& one) {
    if (one.decision.empty()) return 0;
    ++decision_mark;
    for (uint32_t id : one.decision) decision_marked[id] = decision_mark;
    const Parts::ProblemInfo& info = p.problems[one.problem];
    double most = 0;
    for (uint32_t number = info.first_part; number < info.first_part + info.num_parts; ++number) {
      const Parts::Part& part = p.parts[number];
      uint32_t count = 0, covered_until = 0;
      for (uint32_t at = 0; at < part.size; ++at) {
        const uint32_t id = p.decision_gram[part.begin + at];
        if (id != kNone && decision_marked[id] == decision_mark) covered_until = at + static_cast<uint32_t>(p.sizes[p.decision]);
        count += at < covered_until;
      }
      most = std::max(most, static_cast<double>(count) / static_cast<double>(part.size));
    }
    return most;
  }

  void finish_row(std::string_view id, const std::vector<std::string_view>& texts) {
    touched.clear();
    for (size_t i = 0; i < num_shared; ++i) {
      Shared& one = shared[i];
      place_of[one.problem] = kNone;
      const Parts::ProblemInfo& info = p.problems[one.problem];
      OverlapHit hit;
      hit.whole = one.whole;
      hit.similarity = one.similarity;
      hit.shared_words = static_cast<int64_t>(one.run);
      hit.covered = covered(one);
      hit.in_solution = one.run_in_solution;
      for (size_t which = 0; which < p.sizes.size(); ++which) {
        if (one.sizes >> which & 1) hit.n = static_cast<int64_t>(p.sizes[which]);
      }
      const bool shares = (one.sizes >> p.decision & 1) && hit.covered >= p.config.decision_covered && !p.facts[info.benchmark].from_template;
      hit.decides = one.whole || one.similarity > 0 || shares;

      OfProblem& problem = of_problem[one.problem];
      problem.sizes |= one.sizes;
      problem.whole = problem.whole || one.whole;
      problem.near = problem.near || one.similarity > 0;
      problem.hit = problem.hit || hit.decides;
      problem.half_covered = problem.half_covered || one.whole || one.similarity > 0 || hit.covered >= 0.5;
      OfBenchmark& benchmark = of_benchmark[info.benchmark];
      if (!benchmark.sizes && !benchmark.whole && !benchmark.near) touched.push_back(info.benchmark);
      benchmark.sizes |= one.sizes;
      benchmark.whole = benchmark.whole || one.whole;
      benchmark.near = benchmark.near || one.similarity > 0;
      benchmark.hit = benchmark.hit || hit.decides;
      // Every row has n-grams of a template: they are counted, and not written down.
      if (hit.decides || !p.facts[info.benchmark].from_template) keep(problem, std::move(hit), id, texts, one);
    }
    for (uint32_t number : touched) {
      OfBenchmark& benchmark = of_benchmark[number];
      for (size_t which = 0; which < p.sizes.size(); ++which) benchmark.rows_by_n[which] += benchmark.sizes >> which & 1;
      benchmark.rows_whole += benchmark.whole;
      benchmark.rows_near += benchmark.near;
      benchmark.rows_hit += benchmark.hit;
      benchmark.sizes = 0;
      benchmark.whole = benchmark.near = benchmark.hit = false;
    }
    num_shared = 0;
  }

  void keep(OfProblem& problem, OverlapHit hit, std::string_view id, const std::vector<std::string_view>& texts, const Shared& one) {
    const auto room = static_cast<size_t>(p.config.hits_per_problem);
    if (problem.full && evidence(hit) > problem.least) return;
    hit.row = id;
    hit.text = cut(texts[one.text].substr(one.text_begin, one.text_end - one.text_begin), kTextCharacters);
    if (problem.full && !before(hit, problem.hits.back())) return;
    if (problem.full) problem.hits.pop_back();
    problem.hits.insert(std::upper_bound(problem.hits.begin(), problem.hits.end(), hit, before), std::move(hit));
    problem.full = problem.hits.size() == room;
    problem.least = evidence(problem.hits.back());
  }

  const Parts& p;
  std::string training;
  std::vector<OfProblem> of_problem;
  std::vector<OfBenchmark> of_benchmark;
  int64_t num_rows = 0, num_text_bytes = 0;

  // Of the row at hand; memory is kept from row to row.
  OverlapWords words;
  PrefixHashes prefixes;
  std::vector<Shared> shared;
  size_t num_shared = 0;
  std::vector<uint32_t> place_of;  // of each problem in `shared`
  std::vector<uint32_t> touched;
  NumberSet distinct;
  std::vector<uint64_t> maybe_known;
  std::vector<uint32_t> known;
  // A run of sizes[which] words from word `at` on: one that the index may have, and one that it has.
  struct Candidate {
    uint32_t which, at;
    uint64_t hash;
  };
  struct Match {
    uint32_t which, at, id;
  };
  std::vector<Candidate> candidates;
  std::vector<Match> matched;
  std::vector<uint64_t> marked, counted, decision_marked;
  uint64_t mark = 0, decision_mark = 0;
};

OverlapScan::OverlapScan(const OverlapIndex& index, std::string training) : state_(std::make_unique<State>(index, std::move(training))) {}
OverlapScan::~OverlapScan() = default;

void OverlapScan::add_row(std::string_view id, const std::vector<std::string_view>& texts) {
  State& s = *state_;
  ++s.num_rows;
  for (size_t i = 0; i < texts.size(); ++i) {
    s.num_text_bytes += static_cast<int64_t>(texts[i].size());
    s.look_at(i, texts[i]);
  }
  s.finish_row(id, texts);
}

int64_t OverlapScan::num_rows() const { return state_->num_rows; }
int64_t OverlapScan::num_text_bytes() const { return state_->num_text_bytes; }

std::vector<OverlapPair> OverlapScan::pairs() const {
  const State& s = *state_;
  std::vector<OverlapPair> out(s.p.facts.size());
  for (size_t b = 0; b < out.size(); ++b) {
    OverlapPair& pair = out[b];
    const State::OfBenchmark& benchmark = s.of_benchmark[b];
    pair.training = s.training;
    pair.benchmark = s.p.facts[b].name;
    pair.num_rows = s.num_rows;
    pair.num_problems = s.p.facts[b].num_problems;
    pair.rows_by_n = benchmark.rows_by_n;
    pair.problems_by_n.assign(s.p.sizes.size(), 0);
    pair.rows_whole = benchmark.rows_whole;
    pair.rows_near = benchmark.rows_near;
    pair.rows_hit = benchmark.rows_hit;
  }
  for (size_t number = 0; number < s.p.problems.size(); ++number) {
    const auto& info = s.p.problems[number];
    const State::OfProblem& problem = s.of_problem[number];
    OverlapPair& pair = out[info.benchmark];
    for (size_t which = 0; which < s.p.sizes.size(); ++which) pair.problems_by_n[which] += problem.sizes >> which & 1;
    pair.problems_whole += problem.whole;
    pair.problems_near += problem.near;
    pair.problems_hit += problem.hit;
    pair.problems_half_covered += problem.half_covered;
    for (OverlapHit hit : problem.hits) {
      hit.problem = s.p.ids[info.benchmark][info.index];
      pair.hits.push_back(std::move(hit));
    }
  }
  return out;
}

}  // namespace reprise::data
