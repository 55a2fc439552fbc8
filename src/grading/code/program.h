// The program in a completion.
#pragma once

#include <string>
#include <string_view>

namespace reprise::grading::code {

enum class Language { python, cpp };

struct Program {
  std::string source;  // "" when the completion has none
  Language language = Language::python;
};

// The last fenced block behind the thinking (```python, ```cpp, ```), as LiveCodeBench takes it; without fences the whole text. A C++ program is
// known by its fence, or by an #include at a line's start.
Program program_of(std::string_view completion);
// A bare solution.
Program program_from_source(std::string source);

}  // namespace reprise::grading::code
