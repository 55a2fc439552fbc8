#include "grading/language.h"

#include <gtest/gtest.h>

namespace reprise::grading {
namespace {

TEST(Language, CountsWordsByScript) {
  const LanguageCounts counts = count_words("Let us see 我们 看 x = 3 \\frac{1}{2} привет мир don't");
  EXPECT_EQ(counts.latin_words, 4);  // Let us see don't; x is a variable, \frac a command
  EXPECT_EQ(counts.han_words, 3);
  EXPECT_EQ(counts.other_words, 2);
}

TEST(Language, TagsAreNoWords) {
  EXPECT_EQ(count_words("<think>答案</think><answer>三</answer>").latin_words, 0);
  EXPECT_EQ(count_words("if a < bb and cc > dd").latin_words, 5);
}

TEST(Language, ShareOfTheTargetsWords) {
  EXPECT_DOUBLE_EQ(language_consistency("one two 三 四", "en"), 0.5);
  EXPECT_DOUBLE_EQ(language_consistency("one two three 四", "zh"), 0.25);
  EXPECT_DOUBLE_EQ(language_consistency("3 + 4 = 7", "zh"), 1);
  EXPECT_DOUBLE_EQ(language_consistency("", "en"), 1);
  EXPECT_DOUBLE_EQ(language_consistency("one", ""), 1);
}

TEST(Language, BrokenUtf8IsCountedToo) { EXPECT_EQ(count_words("ab\xff\xfe" "cd\xe4\xb8").latin_words, 2); }

}  // namespace
}  // namespace reprise::grading
