// Which option a completion chooses: as people write it, as adversaries do, and as publishers' patterns read it (tests/golden/make_choice_golden.py).
#include "grading/choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/random.h"
#include "grading/grader.h"
#include "grading/published_choices.h"
#include "io/jsonl.h"
#include "support/test_data.h"

namespace reprise::grading {
namespace {

using ::testing::HasSubstr;
using nlohmann::json;

const std::vector<std::string> kCities = {"Paris", "Rome", "Vitamin C", "$12.5\\text{ kg}$"};

std::string chosen(const std::string& completion, const std::vector<std::string>& options = kCities) {
  const Choice choice = chosen_option(completion, options);
  EXPECT_FALSE(choice.reason.empty());
  EXPECT_TRUE(!choice.ambiguous || choice.letter.empty());
  return choice.ambiguous ? "ambiguous" : choice.letter;
}

TEST(Choice, ReadsWhatPeopleWrite) {
  const std::pair<const char*, const char*> cases[] = {
      {"B", "B"}, {"(B)", "B"}, {"**B**", "B"}, {"B.", "B"}, {"b", "B"}, {"\\boxed{B", "B"}, {"The answer is B, C is wrong.", "B"}, {"选项B正确，故选B项", "B"}, {"B) Rome", "B"}, {"**B) Rome**", "B"}, {"B: because it is old", "B"}, {"Rome", "B"}, {"Rome.", "B"}, {"**Rome**", "B"},
      {"Answer: B", "B"}, {"answer: b", "B"}, {"Answer: b.", "B"}, {"ANSWER: (B)", "B"}, {"**Answer:** B", "B"}, {"**Answer: B**", "B"}, {"Answer: **B**", "B"}, {"Answer: $B$", "B"}, {"Answer: \\boxed{B}", "B"}, {"Answer: [B]", "B"},
      {"Answer: B) Rome", "B"}, {"Answer: Rome", "B"}, {"Answer: **Rome**.", "B"}, {"Answer: 12.5 kg", "D"}, {"Final answer: Option B", "B"}, {"Final Answer\n\n**B**", "B"}, {"The answer is:\n\n(B)", "B"}, {"### Answer: B. Rome", "B"},
      {"The answer is B", "B"}, {"The answer is (B).", "B"}, {"The correct answer is **B**.", "B"}, {"the answer is option (B), Rome", "B"}, {"The answer to the question is therefore B.", "B"}, {"the right answer would be B", "B"},
      {"The correct option is (C).", "C"}, {"The best choice is: C", "C"}, {"So (B) is correct.", "B"}, {"Thus B is the right answer.", "B"}, {"**B** is the correct answer", "B"},
      {"\\boxed{B}", "B"}, {"$\\boxed{\\text{B}}$", "B"}, {"\\boxed{\\textbf{(B)}\\ Rome}", "B"}, {"\\boxed{\\mathrm{B}}", "B"}, {"\\boxed{B. Rome}", "B"}, {"\\boxed{Rome}", "B"}, {"\\boxed{12.5 \\text{ kg}}", "D"}, {"\\fbox{C}", "C"}, {"\\[\\boxed{b}\\]", "B"},
      {"A is wrong, so (B).", "B"}, {"I'd go with C", "C"}, {"I pick B here", "B"}, {"So B.", "B"}, {"A: no. C: no.\nHence D", "D"}, {"We know A and B fail.\n(C)", "C"},
      {"The answer is A because it is old.", "A"}, {"The answer is A, not B.", "A"}, {"Answer: A", "A"}, {"答案是B", "B"}, {"答案：（C）", "C"}, {"故选D。", "D"},
      {"Answer: A\nWait, no.\nAnswer: B", "B"}, {"\\boxed{A}. Hmm, no: \\boxed{C}", "C"}, {"\\boxed{A}, I thought. The answer is C.", "C"}, {"\\boxed{C}, not B", "C"},
      {"Option A is wrong. Option B is wrong. The answer is C.", "C"}, {"The answer is not A. The answer is B.", "B"}, {"Answer: E", "E"}};
  for (const auto& [completion, letter] : cases) EXPECT_EQ(chosen(completion), letter) << completion << ": " << chosen_option(completion, kCities).reason;
}

TEST(Choice, NamesNothingWhereNothingIsChosen) {
  for (const char* completion : {"", "  \n", "I do not know", "A good answer is hard to find.", "The answer is not B.", "The answer can't be B.", "The incorrect answer is B.", "Wrong answer: B", "The answer is unclear", "Is the answer B?", "The answer is B?", "What is the answer: B?",
                                 "Take vitamin C daily.", "Hepatitis B is a disease", "Plan B failed", "I think so", "Option A is wrong", "Answer: A good approach would be to wait", "The answer is A-level physics", "The answer is I'd rather not", "Answers: none", "This answer isn't B",
                                 "B is incorrect", "B is not correct", "the answer is a tricky one", "D'accord", "\\boxed{}", "\\boxed{7}", "\\boxed{Bern}", "The answer is not (B).", "(B)?", "It can't be (B).", "Answer:", "answer is", "Carbon (C-14) decays"}) {
    EXPECT_EQ(chosen(completion), "") << completion << ": " << chosen_option(completion, kCities).reason;
  }
}

TEST(Choice, TakesNoTwoOptionsForOne) {
  for (const char* completion : {"Answer: A or B", "Answer: A, B", "Answer: A and C", "The answer is (A) or (B).", "The answer is **A** and **B**", "Answer: A/B", "\\boxed{A, B}", "\\boxed{A \\text{ or } B}", "\\boxed{A} or \\boxed{B}", "$\\boxed{A}$, $\\boxed{B}$", "A or B is correct", "(A) or (B) is correct",
                                 "Answer: B) Paris", "The answer is B: Paris.", "\\boxed{B) Paris}", "A) Paris\nB) Rome\nC) Vitamin C\nD) 12.5 kg", "A\nB", "maybe (A), maybe (B)", "so A, so B", "Answer: A & B", "Answer: A + B", "The answer is A, or B if it rains", "答案是A或B、答案: A, B"}) {
    EXPECT_EQ(chosen(completion), "ambiguous") << completion << ": " << chosen_option(completion, kCities).letter;
  }
  // Two options of one text: the text chooses neither.
  EXPECT_EQ(chosen("Answer: Rome", {"Rome", "Rome", "Bern"}), "");
}

TEST(Choice, GoesToJ) {
  const std::vector<std::string> ten = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
  EXPECT_EQ(chosen("The answer is (J).", ten), "J");
  EXPECT_EQ(chosen("\\boxed{I}", ten), "I");
  EXPECT_EQ(chosen("The answer is 10.", ten), "J");
  EXPECT_EQ(chosen("Answer: I think it is B", ten), "");
  EXPECT_EQ(chosen("so I", ten), "I");
  EXPECT_EQ(chosen("Answer: K", ten), "");
  EXPECT_EQ(chosen("Answer: B", {}), "B");  // without texts
  EXPECT_EQ(chosen("(J)", {"a", "b"}), "J");
}

TEST(Choice, AnAmbiguousAnswerIsWrong) {
  data::Problem p;
  p.grader = "choice";
  p.answer = "B";
  p.metadata = json{{"options", kCities}}.dump();
  const Verdict verdict = grade({p, "The answer is A or B."});
  EXPECT_EQ(verdict.kind, VerdictKind::incorrect);
  EXPECT_THAT(verdict.reason, HasSubstr("ambiguous: names A and B"));
  EXPECT_EQ(verdict.extracted, "");
  EXPECT_EQ(grade({p, "<think>A?</think>Rome"}).kind, VerdictKind::correct);
  EXPECT_EQ(grade({p, "who knows"}).kind, VerdictKind::no_answer);
}

// Whichever option is chosen in whichever form, no other one is right.
TEST(Choice, FormsChooseTheirOwnLetterAlone) {
  const char* forms[] = {"Answer: {}", "**Answer: {}**", "The answer is ({}).", "\\boxed{{}}", "$\\boxed{\\text{{}}}$", "So the correct option is **{}**.", "({})", "Let's see. A is 1, B is 2, C is 3, D is 4.\n\n**Final Answer**: {}", "A) no\nB) no\nC) no\nD) no\nThe answer is: {}", "I choose {}"};
  for (const char* form : forms) {
    for (char letter = 'A'; letter <= 'D'; ++letter) {
      std::string completion = form;
      completion.replace(completion.find("{}"), 2, std::string(1, letter));
      EXPECT_EQ(chosen(completion, {"one", "two", "three", "four"}), std::string(1, letter)) << completion;
    }
  }
}

TEST(PublishedChoices, ExtractAsPythonsPatterns) {
  int64_t checked = 0;
  io::read_json_rows(testing::source_folder() / "tests/golden/published_choices.jsonl", [&](int64_t, const json& row) {
    const std::string text = row["completion"].get<std::string>();
    EXPECT_EQ(simple_evals_letter(text), row["simple_evals"]) << row.dump();
    EXPECT_EQ(simple_evals_multilingual_letter(text), row["simple_evals_multilingual"]) << row.dump();
    EXPECT_EQ(mmlu_pro_letter(text), row["mmlu_pro"]) << row.dump();
    EXPECT_EQ(lm_eval_mmlu_pro_letter(text), row["lm_eval_mmlu_pro"]) << row.dump();
    EXPECT_EQ(lm_eval_flexible_choice(text, row["metadata"]["options"].get<std::vector<std::string>>()), row["lm_eval_flexible"]) << row.dump();
    ++checked;
  });
  EXPECT_GT(checked, 400);
}

TEST(PublishedChoices, DecideByTheirOwnLights) {
  data::Problem p;
  p.answer = "B";
  p.metadata = json{{"options", kCities}}.dump();
  const auto kind = [&](const char* grader, const std::string& completion) {
    p.grader = grader;
    return std::string(to_string(grade({p, completion}).kind));
  };
  EXPECT_EQ(kind("simple_evals", "Answer: B"), "correct");
  EXPECT_EQ(kind("simple_evals", "Answer: b"), "incorrect");  // found in any case, compared as it is
  EXPECT_EQ(kind("simple_evals", "Answer: A. No! Answer: B"), "incorrect");
  EXPECT_EQ(kind("simple_evals", "\\boxed{B}"), "no_answer");
  EXPECT_EQ(kind("simple_evals_multilingual", "**Answer:** $\\boxed{B}$"), "correct");
  EXPECT_EQ(kind("lm_eval_mmlu_pro", "The answer is Because"), "correct");
  EXPECT_EQ(kind("lm_eval_mmlu_pro", "Answer: B"), "no_answer");
  EXPECT_EQ(kind("lm_eval_flexible", "it is rome"), "correct");
  EXPECT_EQ(kind("lm_eval_flexible", "(A), no, (B)"), "correct");
  EXPECT_EQ(kind("mmlu_pro", "Big news"), "correct");
  // Python: random.seed(12345); random.randint(0, 3) is 3, random.randint(0, 9) is 6.
  EXPECT_EQ(kind("mmlu_pro", "nothing"), "incorrect");
  p.answer = "D";
  EXPECT_EQ(kind("mmlu_pro", "nothing"), "correct");
  p.answer = "G";
  p.metadata = "{}";
  EXPECT_EQ(kind("mmlu_pro", "nothing"), "correct");
}

TEST(Choice, HostileCompletionsTakeLinearTime) {
  data::Problem p;
  p.answer = "B";
  p.metadata = json{{"options", {std::string(3000, 'a'), "b", std::string(3000, ' ') + "c", ":"}}}.dump();
  const char* parts[] = {"answer:", "answer: ", "answer is ", "answer is not ", "Answer\n", "\\boxed{", "\\boxed", "\\boxed{A} or ", "{", "(", "(A", "A or ", "A, ", " is correct", "A is correct", ")))", "option ", "choice A ", "答案是", "答案", "****", "\n", "\nA\n", "A) \n", "a", " ", "$", "\\text{", "\xff", "answer" };
  for (const char* part : parts) {
    std::string text;
    while (text.size() < (1u << 18)) text += part;
    for (const char* grader : {"choice", "simple_evals", "simple_evals_multilingual", "mmlu_pro", "lm_eval_mmlu_pro", "lm_eval_flexible"}) {
      p.grader = grader;
      const auto start = std::chrono::steady_clock::now();
      EXPECT_FALSE(grade({p, text}).reason.empty());
      EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 20.0) << grader << " on " << part;
    }
  }
}

TEST(Choice, AnyBytesGetAVerdict) {
  RandomStream draw({2026, 12});
  const char* parts[] = {"answer", " is ", ":", "(", ")", "A", "B", "J", "\\boxed{", "}", "{", "**", "$", "or", " and ", ",", "/", "Paris", "Rome", "option", "\n", " ", "答案", "是", "：", "\xe7\xad", "\xff", "\\text{", "\\", "is correct", "?", ".", "not"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (uint64_t i = draw.below(16); i > 0; --i) text += parts[draw.below(std::size(parts))];
    const Choice choice = chosen_option(text, kCities);
    EXPECT_FALSE(choice.reason.empty());
    EXPECT_TRUE(choice.letter.empty() || (choice.letter.size() == 1 && choice.letter[0] >= 'A' && choice.letter[0] <= 'J')) << text;
  }
}

}  // namespace
}  // namespace reprise::grading
