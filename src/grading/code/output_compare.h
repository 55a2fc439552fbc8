// Whether a program's output is the expected one.
#pragma once

#include <string>
#include <string_view>

namespace reprise::grading::code {

enum class OutputRule {
  lines,   // LiveCodeBench: lines without the spaces around them; where both lines are numbers throughout, as exact decimals
  tokens,  // the words, parted by white space
  floats,  // words; where both are numbers, within 1e-6, absolutely or relatively
};

// "" when it is; otherwise the first difference in words (the expected output is cut to what a log may show).
std::string difference(std::string_view expected, std::string_view found, OutputRule rule);

}  // namespace reprise::grading::code
