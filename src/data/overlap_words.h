// A text as the words that are compared when one looks for overlaps. What differs only in markup has the same words: `$\frac{1}{2}$`, `\dfrac12` and "1/2" are
// "1" and "2"; "Café", "CAFÉ" and "cafe" are "cafe". The rule, in order:
//   a word is a maximal run of letters, or one of digits; lower-cased, marks (accents) dropped; all else separates, also bytes that are not UTF-8
//   single letters with nothing but spaces between them are one word, because "2 x y" is "2xy" and "A B C" is "ABC"
//   compatibility forms are their plain ones: full width, mathematical letters, ligatures; superscripts, subscripts and vulgar fractions are words of their own
//   Han characters and kana are words of their own, one each; so are Greek letters, by their names ("alpha"), where at most two stand together
//   zero-width characters and soft hyphens are not there
//   of LaTeX, functions and Greek letters (\sin, \pi) are words, every other \command separates, and after \frac or \binom each bare digit is a word;
//   the name after \begin and \end is not there, nor a group right behind \begin{...} (an array's columns)
// Lower case is known for Latin, Greek, Cyrillic and Armenian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::data {

struct OverlapWords {
  std::vector<uint64_t> hashes;   // of the words, in order; 64 bits, the same in every run
  std::vector<uint32_t> begin;    // where each stands in the text, in bytes
  std::vector<uint32_t> end;
  std::vector<uint32_t> letters_end;  // of each word in `letters`
  std::string letters;            // the words one after the other
  // breaks[i]: the text starts, or a line or sentence ends or a tag stands, right before word i; breaks[size()] stands for the text's end.
  std::vector<uint8_t> breaks;

  size_t size() const { return hashes.size(); }
  std::string_view word(size_t i) const {
    const size_t first = i ? letters_end[i - 1] : 0;
    return std::string_view(letters).substr(first, letters_end[i] - first);
  }
  void clear();
};

constexpr size_t kMaxOverlapTextBytes = size_t{1} << 31;  // of one text; what is behind is not read
constexpr size_t kMaxOverlapWordBytes = 64;               // of one word; what is behind is not read (blobs in base64)

// Fills `words` anew; its memory is kept.
void split_into_words(std::string_view text, OverlapWords& words);

}  // namespace reprise::data
