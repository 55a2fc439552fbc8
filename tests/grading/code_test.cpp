// Finding the program, and comparing what it wrote.
#include <gtest/gtest.h>

#include "grading/code/output_compare.h"
#include "grading/code/program.h"

namespace reprise::grading::code {
namespace {

TEST(ProgramOf, TakesTheLastFenceBehindTheThinking) {
  EXPECT_EQ(program_of("<think>```python\nno\n```</think>```python\nyes\n```\nas asked").source, "yes\n");
  EXPECT_EQ(program_of("```\nfirst\n```\n```python\nsecond\n```").source, "second\n");
  EXPECT_EQ(program_of("```python\ncut off").source, "cut off");
  EXPECT_EQ(program_of("print(1)").source, "print(1)");
  EXPECT_EQ(program_of("<think>```python\nx\n```").source, "");
  EXPECT_EQ(program_of("```cpp\nint main(){}\n```").language, Language::cpp);
  EXPECT_EQ(program_of("```\n#include <cstdio>\nint main(){}\n```").language, Language::cpp);
  EXPECT_EQ(program_of("```python\nx = 1\n```").language, Language::python);
}

TEST(Difference, LinesIgnoreSpacesAroundThemAndCompareDecimalsExactly) {
  EXPECT_EQ(difference("1\n2\n", "1 \r\n 2", OutputRule::lines), "");
  EXPECT_EQ(difference("1.50 -0", "01.5 0.0", OutputRule::lines), "");
  EXPECT_NE(difference("1.5", "1.5000001", OutputRule::lines), "");
  EXPECT_NE(difference("1 2", "1\n2", OutputRule::lines), "");
  EXPECT_NE(difference("1\n2", "1", OutputRule::lines), "");
  EXPECT_EQ(difference("a  b", "a  b", OutputRule::lines), "");
  EXPECT_NE(difference("Yes", "YES", OutputRule::lines), "");
}

TEST(Difference, TokensAndFloats) {
  EXPECT_EQ(difference("1 2\n3", "1\n2 3\n", OutputRule::tokens), "");
  EXPECT_NE(difference("1.5", "1.50", OutputRule::tokens), "");
  EXPECT_EQ(difference("1.5 x", "1.5000001 x", OutputRule::floats), "");
  EXPECT_EQ(difference("1000000", "1000000.5", OutputRule::floats), "");
  EXPECT_NE(difference("1.5", "1.51", OutputRule::floats), "");
  EXPECT_NE(difference("1.5", "nan", OutputRule::floats), "");
  EXPECT_NE(difference("1 2", "1", OutputRule::floats), "");
}

}  // namespace
}  // namespace reprise::grading::code
