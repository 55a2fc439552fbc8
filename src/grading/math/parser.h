// Text or LaTeX of one answer to a tree. What it cannot read it says: where, and what it met there.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "grading/math/expression.h"

namespace reprise::grading::math {

struct ParseLimits {
  size_t max_bytes = 20000;
  int max_depth = 100;      // brackets, fractions, signs inside one another
  int64_t max_nodes = 5000;
  size_t max_digits = 5000;  // of one number
  bool group_digits = true;        // read "1,234" as one number
  bool as_math_verify = false;     // its grammar: "1.6e-19" is 1.6 e - 19, numbers side by side multiply, \text{} is a name
  bool group_in_brackets = false;  // read "(1,234)" as a number with a separator, not as a pair
};

struct Parsed {
  std::optional<Expression> expression;  // nothing: `fault` says why
  std::string fault;                     // "after 'x +': an operand is missing"
};

// Never throws; time and memory are linear in the text.
Parsed parse_answer(std::string_view text, const ParseLimits& limits = {});

// The answer's text in one spelling: no layout commands, no dollar signs, Unicode symbols as LaTeX. Two texts that are
// equal here are the same answer.
std::string plain_source(std::string_view text);

}  // namespace reprise::grading::math
