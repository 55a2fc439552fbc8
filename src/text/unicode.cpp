// A two-level table for classes, made once; NFC by decompose, reorder, compose (Unicode annex 15).
#include "text/unicode.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/strings.h"
#include "text/unicode_tables.h"

namespace reprise::text {
namespace {

constexpr char32_t kSBase = 0xAC00, kLBase = 0x1100, kVBase = 0x1161, kTBase = 0x11A7;
constexpr char32_t kLCount = 19, kVCount = 21, kTCount = 28, kSCount = kLCount * kVCount * kTCount;

std::unique_ptr<uint8_t[]> make_class_table() {
  auto table = std::make_unique<uint8_t[]>(0x110000);
  for (size_t i = 0; i < kClassRangesCount; ++i) {
    const uint32_t begin = kClassRanges[i] >> 3, end = i + 1 < kClassRangesCount ? kClassRanges[i + 1] >> 3 : 0x110000;
    std::fill(table.get() + begin, table.get() + end, static_cast<uint8_t>(kClassRanges[i] & 7));
  }
  return table;
}

uint8_t combining_class(char32_t c) {
  if (c < 0x300) return 0;
  const auto* end = kCombiningClasses + kCombiningClassesCount;
  const auto* found = std::lower_bound(kCombiningClasses, end, c, [](const CombiningClass& a, char32_t b) { return a.code_point < b; });
  return found != end && found->code_point == c ? found->value : 0;
}

void decompose(char32_t c, std::vector<char32_t>& out) {
  if (c >= kSBase && c < kSBase + kSCount) {
    const char32_t index = c - kSBase;
    out.push_back(kLBase + index / (kVCount * kTCount));
    out.push_back(kVBase + index % (kVCount * kTCount) / kTCount);
    if (index % kTCount) out.push_back(kTBase + index % kTCount);
    return;
  }
  const auto* end = kDecompositions + kDecompositionsCount;
  const auto* found = std::lower_bound(kDecompositions, end, c, [](const Decomposition& a, char32_t b) { return a.code_point < b; });
  if (c < 0xC0 || found == end || found->code_point != c) {
    out.push_back(c);
    return;
  }
  decompose(found->first, out);
  if (found->second) decompose(found->second, out);
}

// 0 when the pair does not compose.
char32_t compose(char32_t a, char32_t b) {
  if (a >= kLBase && a < kLBase + kLCount && b >= kVBase && b < kVBase + kVCount) return kSBase + ((a - kLBase) * kVCount + (b - kVBase)) * kTCount;
  if (a >= kSBase && a < kSBase + kSCount && (a - kSBase) % kTCount == 0 && b > kTBase && b < kTBase + kTCount) return a + (b - kTBase);
  const auto* end = kCompositions + kCompositionsCount;
  const auto* found = std::lower_bound(kCompositions, end, std::pair(a, b), [](const Composition& x, const std::pair<char32_t, char32_t>& y) {
    return std::pair<char32_t, char32_t>(x.first, x.second) < y;
  });
  return found != end && found->first == a && found->second == b ? found->composed : 0;
}

}  // namespace

CharClass char_class(char32_t c) {
  static const std::unique_ptr<uint8_t[]> table = make_class_table();
  return c < 0x110000 ? static_cast<CharClass>(table[c]) : CharClass::other;
}

std::string nfc(std::string_view text) {
  // Below U+0300 nothing combines and nothing decomposes under NFC.
  bool plain = true;
  for (size_t i = 0; i < text.size() && plain;) {
    if (static_cast<unsigned char>(text[i]) < 0xCC) {
      ++i;
      continue;
    }
    plain = next_code_point(text, i) < 0x300;
  }
  if (plain) return std::string(text);

  std::vector<char32_t> points;
  for (size_t i = 0; i < text.size();) decompose(next_code_point(text, i), points);
  for (size_t i = 0; i < points.size();) {  // canonical ordering of each run of marks
    size_t end = i;
    while (end < points.size() && combining_class(points[end]) != 0) ++end;
    if (end - i > 1) std::stable_sort(points.begin() + i, points.begin() + end, [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    i = end + 1;
  }
  std::vector<char32_t> out;
  size_t starter = SIZE_MAX;
  uint8_t last_class = 0;
  for (char32_t c : points) {
    const uint8_t k = combining_class(c);
    if (starter != SIZE_MAX) {
      const bool adjacent = out.size() == starter + 1;
      if (adjacent || last_class < k) {
        if (const char32_t composed = (adjacent || last_class != 0 || k != 0) ? compose(out[starter], c) : 0) {
          out[starter] = composed;
          continue;
        }
      }
    }
    if (k == 0) starter = out.size();
    last_class = k;
    out.push_back(c);
  }
  std::string result;
  for (char32_t c : out) append_utf8(result, c);
  return result;
}

}  // namespace reprise::text
