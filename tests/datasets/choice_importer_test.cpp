// Multiple-choice questions: MMLU-Pro's rows and GPQA's encrypted archive, with invented questions (tests/golden/make_gpqa_golden.py); what is wrong with
// a file is told once, with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "datasets/importers/importer.h"
#include "grading/grader.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using nlohmann::json;

class ChoiceImporter : public ::testing::Test {
 protected:
  static std::filesystem::path golden(const char* name) { return testing::source_folder() / "tests/golden" / name; }
  std::filesystem::path written(const std::string& text, const std::string& name = "file.jsonl") {
    write_file(folder_.path() / name, text);
    return folder_.path() / name;
  }
  std::vector<data::Problem> import(const std::string& importer, const std::filesystem::path& path, const std::string& password = "", const std::string& order = "simple_evals") {
    ImporterConfig config;
    config.importer = importer;
    config.path = path;
    config.password = password;
    config.option_order = order;
    return import_problems(config).problems;
  }
  std::string fault(const std::string& importer, const std::filesystem::path& path, const std::string& password = "") {
    return testing::fault_of([&] { import(importer, path, password); });
  }
  std::string fault_of_row(const json& row) { return fault("mmlu_pro", written(row.dump() + "\n")); }

  TemporaryFolder folder_;
};

TEST_F(ChoiceImporter, GpqaIsPermutedAsSimpleEvalsDoes) {
  const auto problems = import("gpqa_diamond", golden("gpqa_invented.zip"), "invented");
  ASSERT_EQ(problems.size(), 6u);
  // The script's output: Python's random.Random(0), one rng.sample(range(4), 4) a row.
  const std::pair<std::vector<int>, const char*> expected[] = {{{3, 1, 0, 2}, "C"}, {{3, 1, 2, 0}, "D"}, {{2, 3, 0, 1}, "C"}, {{2, 0, 3, 1}, "B"}, {{1, 3, 0, 2}, "C"}, {{2, 1, 0, 3}, "C"}};
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(json::parse(problems[i].metadata)["permutation"].get<std::vector<int>>(), expected[i].first) << i;
    EXPECT_EQ(problems[i].answer, expected[i].second) << i;
  }
  const json metadata = json::parse(problems[0].metadata);
  EXPECT_EQ(problems[0].id, "recA");
  EXPECT_EQ(metadata["option_order"], "simple_evals");
  EXPECT_EQ(metadata["domain"], "Biology");
  EXPECT_EQ(metadata["question"], "What does a glorp eat,\nif it is \"hungry\"?");
  EXPECT_EQ(metadata["options"][static_cast<size_t>(problems[0].answer[0] - 'A')], "moss \n") << "the authors' own spaces: harnesses send them";
  EXPECT_THAT(problems[0].prompt, HasSubstr(". moss\n"));
  EXPECT_THAT(problems[0].prompt, HasSubstr("\nA. "));
  EXPECT_EQ(problems[0].grader, "choice");
  for (const data::Problem& problem : problems) {
    EXPECT_EQ(to_string(grading::grade({problem, "So the answer is (" + problem.answer + ")."}).kind), std::string("correct")) << problem.id;
  }
}

TEST_F(ChoiceImporter, GpqaCanBeRotatedInstead) {
  const auto rotated = import("gpqa_diamond", golden("gpqa_invented.zip"), "invented", "rotated");
  std::set<std::string> letters;
  for (const data::Problem& problem : rotated) {
    const json order = json::parse(problem.metadata)["permutation"];
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(order[i], (order[0].get<int>() + static_cast<int>(i)) % 4);
    letters.insert(problem.answer);
  }
  EXPECT_GT(letters.size(), 1u);
  EXPECT_EQ(json::parse(rotated[1].metadata)["option_order"], "rotated");
}

TEST_F(ChoiceImporter, GpqasPlainFileGivesTheSame) {
  const auto packed = import("gpqa_diamond", golden("gpqa_invented.zip"), "invented");
  std::string csv = "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,Record ID\n";
  for (const char* row : {"q,1,2,3,4,recA", "\"q\nr\",1,2,3,4,recB"}) csv += std::string(row) + "\n";
  const auto plain = import("gpqa_diamond", written(csv, "gpqa_diamond.csv"));
  ASSERT_EQ(plain.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(json::parse(plain[i].metadata)["permutation"], json::parse(packed[i].metadata)["permutation"]);
}

TEST_F(ChoiceImporter, WhatIsWrongWithAnArchiveIsTold) {
  EXPECT_THAT(fault("gpqa_diamond", golden("gpqa_invented.zip")), HasSubstr("password"));  // that of the authors
  EXPECT_THAT(fault("gpqa_diamond", golden("gpqa_invented.zip"), "wrong"), HasSubstr("password"));
  EXPECT_THAT(fault("gpqa_diamond", golden("gpqa_other.zip"), "invented"), HasSubstr("holds no gpqa_diamond.csv"));
  EXPECT_THAT(fault("gpqa_diamond", folder_.path() / "none.zip"), HasSubstr("none.zip"));
  const std::string bytes = read_file(golden("gpqa_invented.zip"));
  const size_t directory = bytes.find("PK\1\2");  // behind it stands nothing that is read
  for (size_t length = 0; length < bytes.size(); length += 13) {
    const auto cut = written(bytes.substr(0, length), "cut.zip");
    if (length < directory - 60) {
      EXPECT_THAT(fault("gpqa_diamond", cut, "invented"), HasSubstr("cut.zip")) << length;  // named, whatever is wrong with it
    } else if (fault("gpqa_diamond", cut, "invented").empty()) {
      EXPECT_EQ(import("gpqa_diamond", cut, "invented").size(), 6u) << length;
    }
  }
  std::string broken = bytes;
  for (size_t i = 60; i < broken.size(); i += 97) broken[i] = static_cast<char>(broken[i] ^ 0x55);
  EXPECT_THAT(fault("gpqa_diamond", written(broken, "broken.zip"), "invented"), HasSubstr("broken.zip"));
}

TEST_F(ChoiceImporter, WhatIsWrongWithATableIsTold) {
  const std::string header = "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,Record ID\n";
  EXPECT_THAT(fault("gpqa_diamond", written("a,b\n1,2\n", "x.csv")), HasSubstr("x.csv:1: lacks the column 'Question'"));
  EXPECT_THAT(fault("gpqa_diamond", written(header, "x.csv")), HasSubstr("gave no problem"));
  EXPECT_THAT(fault("gpqa_diamond", written(header + "q,1,2,3,4\n", "x.csv")), HasSubstr("has 5 fields where the header has 6"));
  EXPECT_THAT(fault("gpqa_diamond", written(header + "q,1,2,,4,r\n", "x.csv")), HasSubstr("empty 'Incorrect Answer 2'"));
  EXPECT_THAT(fault("gpqa_diamond", written(header + "q,1,2,3,4,r\nq,1,2,3,4,r\n", "x.csv")), HasSubstr("'r' a second time"));
  EXPECT_THAT(fault("gpqa_diamond", written(header + "\"q,1,2,3,4,r\n", "x.csv")), HasSubstr("never closes"));
  EXPECT_THAT(fault("gpqa_diamond", written(header + "q\xff,1,2,3,4,r\n", "x.csv")), HasSubstr("x.csv:2"));
  EXPECT_EQ(import("gpqa_diamond", written("permutation," + header + "x,q,1,2,3,4,r\n", "x.csv")).size(), 1u);
}

TEST_F(ChoiceImporter, MmluProHasUpToTenOptions) {
  const json ten = {{"question_id", 70}, {"question", "Which?"}, {"options", {"a", "b", "c", "d", "e", "f", "g", "h", " i", "j"}}, {"answer", "I"}, {"answer_index", 8}, {"cot_content", "A: Let's think. The answer is (I)."}, {"category", "business"}, {"src", "x"}};
  const json four = {{"question_id", 71}, {"question", "How?"}, {"options", {"a", "b", "c", "d", "N/A", "N/A"}}, {"answer", "D"}, {"answer_index", 3}, {"category", "law"}, {"src", "y"}};
  const auto problems = import("mmlu_pro", written(ten.dump() + "\n" + four.dump() + "\n"));
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].id, "70");
  EXPECT_EQ(problems[0].answer, "I");
  EXPECT_THAT(problems[0].prompt, HasSubstr("Which?\nA. a\n"));
  EXPECT_THAT(problems[0].prompt, HasSubstr("\nI. i\nJ. j"));
  EXPECT_EQ(problems[1].prompt, "How?\nA. a\nB. b\nC. c\nD. d");
  EXPECT_EQ(json::parse(problems[1].metadata)["options"].size(), 4u);
  EXPECT_EQ(json::parse(problems[0].metadata)["options"][8], " i") << "as it was published: harnesses send it so";
  EXPECT_EQ(problems[0].solution, "A: Let's think. The answer is (I).");
  EXPECT_EQ(json::parse(problems[0].metadata)["category"], "business");
  EXPECT_EQ(to_string(grading::grade({problems[0], "the answer is (I)."}).kind), std::string("correct"));
}

TEST_F(ChoiceImporter, WhatIsWrongWithAQuestionIsTold) {
  const json good = {{"question_id", 1}, {"question", "q"}, {"options", {"a", "b", "c"}}, {"answer", "B"}, {"answer_index", 1}};
  const auto with = [&](const char* key, const json& value) {
    json row = good;
    row[key] = value;
    return row;
  };
  EXPECT_EQ(fault_of_row(good), "");
  EXPECT_THAT(fault_of_row(with("options", "a")), HasSubstr("lacks the list 'options'"));
  EXPECT_THAT(fault_of_row(with("options", {"a", "N/A"})), HasSubstr("1 options"));
  EXPECT_THAT(fault_of_row(with("options", json(std::vector<std::string>(11, "x")))), HasSubstr("11 options"));
  EXPECT_THAT(fault_of_row(with("answer", "D")), HasSubstr("none of its 3"));
  EXPECT_THAT(fault_of_row(with("answer", "")), HasSubstr("empty 'answer'"));
  EXPECT_THAT(fault_of_row(with("answer_index", 2)), HasSubstr("differ"));
  EXPECT_THAT(fault_of_row(with("answer_index", "1")), HasSubstr("differ"));
  EXPECT_THAT(fault_of_row(with("options", {"N/A", "b", "c"})), HasSubstr("before the right one"));
  EXPECT_THAT(fault_of_row(with("options", {{"x"}, "b"})), HasSubstr("neither text nor a number"));
  EXPECT_THAT(fault_of_row(with("question_id", nullptr)), HasSubstr("lacks 'question_id'"));
}

}  // namespace
}  // namespace reprise::datasets
