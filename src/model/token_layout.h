// Tokens laid end to end, without padding: how rows go through a model that trains or scores. Sequences may continue a
// prefix that others continue too (the prompt of a group's completions): it is read once for all of them.
// Example: the prompt [1, 8, 20] with completions [7, 2] and [9, 9, 2] is
//   ids        [1, 8, 20, 7, 2, 9, 9, 2]
//   sequences  {0, 3, -1}, {3, 2, 0}, {5, 3, 0}
#pragma once

#include <cstdint>
#include <vector>

namespace reprise::model {

struct TokenSequence {
  int64_t first = 0;    // index of its first token in ids
  int64_t length = 0;   // at least 1
  int64_t prefix = -1;  // index of the sequence that it continues, which stands before it and has no prefix itself
};

struct TokenLayout {
  std::vector<int32_t> ids;
  std::vector<TokenSequence> sequences;  // in order, covering ids
  std::vector<int64_t> outputs;          // tokens whose hidden states are asked for; a token may stand here several times

  int64_t num_tokens() const { return static_cast<int64_t>(ids.size()); }
  int64_t prefix_length(const TokenSequence& s) const { return s.prefix < 0 ? 0 : sequences[static_cast<size_t>(s.prefix)].length; }
  // Appends a sequence and returns its index.
  int64_t add(const std::vector<int32_t>& tokens, int64_t prefix = -1) { return add(tokens.begin(), tokens.end(), prefix); }
  template <class Iterator>
  int64_t add(Iterator begin, Iterator end, int64_t prefix = -1) {
    sequences.push_back({num_tokens(), static_cast<int64_t>(end - begin), prefix});
    ids.insert(ids.end(), begin, end);
    return static_cast<int64_t>(sequences.size()) - 1;
  }
};

}  // namespace reprise::model
