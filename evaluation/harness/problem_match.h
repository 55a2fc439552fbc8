// Which problem of a benchmark a text is about. Other harnesses number problems in their own ways and put their own words around
// them; what they share is the problem's text, up to white space, punctuation and the odd LaTeX command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/problem.h"

namespace reprise::evaluation {

enum class MatchKind { id, text, likeness };

struct ProblemMatch {
  // The problem, or several of one text, by their place in the list, in its order.
  std::vector<size_t> problems;
  MatchKind kind = MatchKind::text;
};

class ProblemIndex {
 public:
  // `problems` outlives the index.
  explicit ProblemIndex(const std::vector<data::Problem>& problems);

  // By the benchmark's own id, where `id` is one and not merely a number.
  std::optional<ProblemMatch> by_id(const std::string& id) const;
  // The problem whose letters and digits stand in `text`: all of it, or with a template's words around it. Of several the last
  // that is not a part of another. A problem of fewer than kShortest letters counts only where it fills whole lines.
  std::optional<ProblemMatch> by_text(std::string_view text) const;
  // The problem of which `text` holds most (kLeastShare of its runs of five letters), if it is so of one only: the same
  // problem in other words or other LaTeX. Who asks should ask for the same answer too.
  std::optional<ProblemMatch> by_likeness(std::string_view text) const;

  static constexpr size_t kShortest = 24;
  static constexpr double kLeastShare = 0.5, kLeastLead = 0.25;  // measured: docs/formats.md

 private:
  struct Group {
    std::string letters;           // of the problem: its letters and digits, lower case
    std::vector<size_t> problems;  // all that have them
  };
  const std::vector<data::Problem>& problems_;
  std::unordered_map<std::string, size_t> ids_;
  std::vector<Group> groups_;
  std::unordered_map<std::string, size_t> whole_;                                       // letters -> group
  std::map<size_t, std::unordered_map<uint64_t, std::vector<size_t>>> by_front_;        // length of the front -> its hash -> groups
  mutable std::vector<std::vector<uint64_t>> shingles_;                                 // of each group, sorted; made when first asked for
};

// Letters (ASCII's in lower case, all others as they are) and digits of a text.
std::string letters_of(std::string_view text);

}  // namespace reprise::evaluation
