// The inside of OverlapIndex: the benchmarks' words end to end, and tables from the hash of a run of words to where it stands. Where n-grams and whole questions match
// in their hash they are compared word by word; of shingles 64 equal bits count as equal (with ten million of them one in 10^12 look-ups would be wrong). Included by overlap_index.cpp and overlap_scan.cpp only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/overlap.h"

namespace reprise::data {

// The hash of words [a, b) is sum of word_i * base^(b - 1 - i) modulo 2^64; from the hashes of all prefixes it takes one product.
constexpr uint64_t kHashBase = 0x9E6C63D0676A9A99ULL;

class PrefixHashes {
 public:
  void of(std::span<const uint64_t> words);
  uint64_t run(size_t begin, size_t size) const { return prefix_[begin + size] - prefix_[begin] * powers_[size]; }

 private:
  std::vector<uint64_t> prefix_, powers_;
};

// From hashes to small numbers. A bit a hash in front of it says no to most that are not in it. Look-ups in a large table wait for memory, so they are made in steps: ask for
// the bits of what comes, ask for the slots of what the bits let through, and then look.
class HashTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  void reserve(size_t num_entries);
  void add(uint64_t hash, uint32_t value);  // a hash once
  void ask_for_bit(uint64_t hash) const { __builtin_prefetch(&bits_[mix(hash) >> bit_shift_ >> 6]); }
  void ask_for_slot(uint64_t hash) const { __builtin_prefetch(&slots_[mix(hash) >> slot_shift_]); }
  bool may_have(uint64_t hash) const {
    const uint64_t mixed = mix(hash);
    return bits_[mixed >> bit_shift_ >> 6] >> (mixed >> bit_shift_ & 63) & 1;
  }
  uint32_t find(uint64_t hash) const {
    for (size_t slot = mix(hash) >> slot_shift_;; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].value == kNone || slots_[slot].hash == hash) return slots_[slot].value;
    }
  }
  size_t num_bytes() const { return bits_.size() * 8 + slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t value = kNone;
  };
  static uint64_t mix(uint64_t hash) {
    hash ^= hash >> 31;
    return hash * 0xD6E8FEB86659FD93ULL;
  }
  std::vector<uint64_t> bits_ = {0};
  std::vector<Slot> slots_ = {Slot()};
  int bit_shift_ = 58, slot_shift_ = 63;
};

struct OverlapIndex::Parts {
  // A question or a solution.
  struct Part {
    uint32_t problem = 0;
    uint32_t begin = 0, size = 0;  // in words
    bool solution = false;
    uint32_t num_shingles = 0;     // distinct
  };
  struct ProblemInfo {
    uint32_t benchmark = 0, index = 0;  // index in its benchmark
    uint32_t first_part = 0, num_parts = 0;
    uint32_t prompt_size = 0;           // words
  };
  struct Place {
    uint32_t part = 0, at = 0;     // `at` in words from the part's begin
  };
  // The distinct runs of one length. `places` of a run: its first place in each part that has it; empty where it is template.
  struct Grams {
    size_t size = 0;
    HashTable table;               // to a number, from 0 on
    std::vector<uint32_t> first_place;  // of each number: into places; one more at the end
    std::vector<Place> places;
    size_t count() const { return first_place.size() - 1; }
  };

  OverlapConfig config;
  std::vector<OverlapBenchmarkFacts> facts;
  std::vector<std::vector<std::string>> ids;  // by benchmark
  std::vector<ProblemInfo> problems;
  std::vector<Part> parts;
  std::vector<uint64_t> words;

  std::vector<size_t> sizes;       // ngram_sizes, ascending, each once
  std::vector<Grams> grams;        // one for each of `sizes`; the first has template runs too
  size_t decision = 0;             // place of decision_ngram in `sizes`
  std::vector<uint32_t> decision_gram;  // at each word of `words`: the run of decision_ngram words that starts there, or kNone; template runs are kNone

  Grams shingles;                  // of shingle_size words, and shorter texts whole; places of all
  std::vector<uint32_t> shingle_list, first_shingle;  // of each part: its distinct shingles, ascending
  uint32_t most_shingles = 0;

  HashTable wholes;                // whole questions, by their hash; values: groups of equal questions
  std::vector<std::vector<uint32_t>> whole_groups;  // problems
  HashTable whole_starts;          // the first kWholeStart words of whole questions
  std::vector<uint8_t> has_whole_length;  // by number of words
  static constexpr size_t kWholeStart = 3;
};

}  // namespace reprise::data
