// The generated tables' shapes (unicode_tables.cpp). Use unicode.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reprise::text {

struct CombiningClass {
  uint32_t code_point;
  uint8_t value;
};
struct Decomposition {
  uint32_t code_point, first, second;  // second 0: a singleton
};
struct Composition {
  uint32_t first, second, composed;
};

// Start of each run of one class, (code point << 3) | class, ascending.
extern const uint32_t kClassRanges[];
extern const size_t kClassRangesCount;
extern const CombiningClass kCombiningClasses[];
extern const size_t kCombiningClassesCount;
extern const Decomposition kDecompositions[];
extern const size_t kDecompositionsCount;
extern const Composition kCompositions[];
extern const size_t kCompositionsCount;

}  // namespace reprise::text
