// Containment is found by a rolling hash of each problem's first letters and then compared letter by letter: one pass over a
// text, whatever the number of problems.
#include "evaluation/harness/problem_match.h"

#include <algorithm>

namespace reprise::evaluation {
namespace {

constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;
constexpr size_t kShingle = 5;
constexpr size_t kMostShingleProblems = 20'000;
constexpr size_t kMostText = size_t{1} << 20;  // of a prompt its end, where the problem stands
constexpr size_t kMostPlaces = 1'000;

bool is_letter(unsigned char c) { return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

uint64_t hash_of(std::string_view letters) {
  uint64_t hash = 0;
  for (const char c : letters) hash = hash * kMultiplier + static_cast<unsigned char>(c) + 1;
  return hash;
}

// Nothing but white space up to the line's end, or to the text's.
bool line_ends_at(std::string_view text, size_t at) {
  while (at < text.size() && text[at] != '\n' && !is_letter(static_cast<unsigned char>(text[at]))) ++at;
  return at == text.size() || text[at] == '\n';
}
bool line_begins_at(std::string_view text, size_t at) {
  while (at > 0 && text[at - 1] != '\n' && !is_letter(static_cast<unsigned char>(text[at - 1]))) --at;
  return at == 0 || text[at - 1] == '\n';
}

std::vector<uint64_t> shingles_of(std::string_view letters) {
  std::vector<uint64_t> out;
  for (size_t i = 0; i + kShingle <= letters.size(); ++i) out.push_back(hash_of(letters.substr(i, kShingle)));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

std::string letters_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_letter(static_cast<unsigned char>(c))) out += lower(c);
  }
  return out;
}

ProblemIndex::ProblemIndex(const std::vector<data::Problem>& problems) : problems_(problems) {
  for (size_t i = 0; i < problems.size(); ++i) {
    ids_.emplace(problems[i].id, i);
    const std::string letters = letters_of(problems[i].prompt);
    if (letters.empty()) continue;
    const auto [found, is_new] = whole_.emplace(letters, groups_.size());
    if (is_new) {
      groups_.push_back({letters, {}});
      const size_t front = std::min(letters.size(), kShortest);
      by_front_[front][hash_of(std::string_view(letters).substr(0, front))].push_back(found->second);
    }
    groups_[found->second].problems.push_back(i);
  }
}

std::optional<ProblemMatch> ProblemIndex::by_id(const std::string& id) const {
  if (id.find_first_not_of("0123456789") == std::string::npos) return std::nullopt;  // a number may be anybody's
  const auto found = ids_.find(id);
  if (found == ids_.end()) return std::nullopt;
  return ProblemMatch{{found->second}, MatchKind::id};
}

std::optional<ProblemMatch> ProblemIndex::by_text(std::string_view text) const {
  if (text.size() > kMostText) text.remove_prefix(text.size() - kMostText);
  std::string letters;
  std::vector<size_t> places;  // of each letter in the text
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_letter(static_cast<unsigned char>(text[i]))) continue;
    letters += lower(text[i]);
    places.push_back(i);
  }
  if (const auto whole = whole_.find(letters); whole != whole_.end()) return ProblemMatch{groups_[whole->second].problems, MatchKind::text};
  struct Place {
    size_t begin, end, group;
  };
  std::vector<Place> found;
  for (const auto& [front, table] : by_front_) {
    if (front > letters.size()) break;
    uint64_t hash = 0, out_weight = 1;
    for (size_t i = 0; i + 1 < front; ++i) out_weight *= kMultiplier;
    for (size_t end = 1; end <= letters.size(); ++end) {
      if (end > front) hash -= out_weight * (static_cast<unsigned char>(letters[end - front - 1]) + 1u);
      hash = hash * kMultiplier + static_cast<unsigned char>(letters[end - 1]) + 1;
      if (end < front) continue;
      const auto groups = table.find(hash);
      if (groups == table.end()) continue;
      const size_t begin = end - front;
      for (const size_t group : groups->second) {
        const std::string& wanted = groups_[group].letters;
        if (letters.compare(begin, wanted.size(), wanted) != 0) continue;
        const size_t last = begin + wanted.size();
        if (wanted.size() < kShortest && !(line_begins_at(text, places[begin]) && line_ends_at(text, places[last - 1] + 1))) continue;
        if (found.size() < kMostPlaces) found.push_back({begin, last, group});
      }
    }
  }
  const Place* best = nullptr;
  for (const Place& one : found) {
    const bool is_part = std::any_of(found.begin(), found.end(), [&](const Place& other) { return other.begin <= one.begin && one.end <= other.end && other.end - other.begin > one.end - one.begin; });
    if (!is_part && (!best || one.end > best->end)) best = &one;
  }
  if (!best) return std::nullopt;
  return ProblemMatch{groups_[best->group].problems, MatchKind::text};
}

std::optional<ProblemMatch> ProblemIndex::by_likeness(std::string_view text) const {
  if (text.size() > kMostText) text.remove_prefix(text.size() - kMostText);
  if (groups_.size() > kMostShingleProblems) return std::nullopt;
  if (shingles_.empty()) {
    for (const Group& group : groups_) shingles_.push_back(shingles_of(group.letters));
  }
  const std::vector<uint64_t> here = shingles_of(letters_of(text));
  double best = 0, second = 0;
  size_t best_group = 0;
  for (size_t g = 0; g < groups_.size(); ++g) {
    const auto& wanted = shingles_[g];
    if (wanted.size() < kShortest) continue;  // too little to tell one from another
    size_t shared = 0;
    for (auto a = wanted.begin(), b = here.begin(); a != wanted.end() && b != here.end();) {
      if (*a == *b) ++shared, ++a, ++b;
      else if (*a < *b) ++a;
      else ++b;
    }
    const double share = static_cast<double>(shared) / static_cast<double>(wanted.size());
    if (share > best) {
      second = best;
      best = share;
      best_group = g;
    } else {
      second = std::max(second, share);
    }
  }
  if (best < kLeastShare || best - second < kLeastLead) return std::nullopt;
  return ProblemMatch{groups_[best_group].problems, MatchKind::likeness};
}

}  // namespace reprise::evaluation
