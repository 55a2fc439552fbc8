// The generated tables' shapes (letter_case_tables.cpp). Use letter_case.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reprise::text {

// Every stride-th code point from first to last: what to add for its small form, or its case (1 capital, 2 small, 3 title).
struct LetterRun {
  uint32_t first, last;
  int32_t stride, value;
};
struct LetterPair {
  uint32_t letter, other;
};

extern const LetterRun kSmallForms[];
extern const size_t kSmallFormsCount;
extern const LetterRun kLetterCases[];
extern const size_t kLetterCasesCount;
extern const LetterPair kEqualLetters[];
extern const size_t kEqualLettersCount;
extern const uint32_t kDecimalZeros[];  // each followed by its nine others
extern const size_t kDecimalZerosCount;

}  // namespace reprise::text
