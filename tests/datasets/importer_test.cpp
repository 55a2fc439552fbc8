// Every format of the published files: all rows arrive, and a reference answer is right by its own grader.
#include "datasets/importers/importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "grading/grader.h"
#include "support/test_data.h"

namespace reprise::datasets {
namespace {

using ::testing::HasSubstr;

struct Published {
  const char* importer;
  const char* file;
  size_t rows;          // as counted by the file's own publisher or by hand
  size_t bad_rows = 0;  // known faults of the file, left out on purpose: rows without an answer
  const char* split = "all";
  size_t undecided = 0;  // known faults of the file: a reference with a brace missing
};

constexpr Published kPublished[] = {
    {"gsm8k", "gsm8k/train.jsonl.gz", 7473},
    {"gsm8k", "gsm8k/test.jsonl", 1319},
    {"math", "math/math_train.jsonl.gz", 7498, 2},
    {"math", "math/math_test.jsonl.gz", 5000},
    {"math", "math/math12k_train.jsonl.gz", 11998, 2},
    {"math500", "math/math500_test.jsonl", 500},
    {"deepscaler", "math/deepscaler_math_train.json.gz", 7470, 4},
    {"deepscaler", "train_rl/simplerl_math_level3to5_8k.json.gz", 8521, 2},
    {"deepscaler", "train_rl/deepscaler_level1.json.gz", 7961},
    {"verl", "train_rl/one_shot_rlvr_dsr_sub.jsonl.gz", 1208, 1},
    {"aime", "aime/aime24.jsonl", 30},
    {"aime", "aime/aime24_qwq.jsonl", 30},
    {"aime", "aime/aime25.jsonl", 30},
    {"aime", "aime/aime_1983_2023_train.json.gz", 975},
    {"aime", "aime/aimo_validation_aime_2022_2024.jsonl", 90},
    {"amc23", "amc/amc23.jsonl", 40},
    {"amc23", "amc/aimo_validation_amc.jsonl", 83},
    {"minerva", "minerva/minerva_math.jsonl", 272},
    {"olympiadbench", "olympiadbench/olympiadbench_oe_to_maths_en_comp.jsonl", 675},
    {"knights_and_knaves", "train_rl/kk/3ppl_test.jsonl.gz", 100},
    {"knights_and_knaves", "train_rl/kk/5ppl_train.jsonl.gz", 900},
    {"reasoning_gym", "train_rl/reasoning_gym/countdown.jsonl", 1000},
    {"reasoning_gym", "train_rl/reasoning_gym/knights_knaves.jsonl", 200},
    {"reasoning_gym", "train_rl/reasoning_gym/maze.jsonl", 200},
    {"reasoning_gym", "train_rl/reasoning_gym/mini_sudoku.jsonl", 200},
    {"humaneval", "humaneval/HumanEval.jsonl.gz", 164},
    {"humaneval", "humaneval/HumanEvalPlus.jsonl.gz", 164},
    {"mbpp", "mbpp/mbpp.jsonl", 974},
    {"mbpp", "mbpp/mbpp.jsonl", 500, 0, "test"},
    {"mbpp", "mbpp/mbpp.jsonl", 90, 0, "validation"},
    {"mbpp", "mbpp/mbpp.jsonl", 374, 0, "train"},
    {"mbpp", "mbpp/sanitized-mbpp.json", 427},
    {"mbpp", "mbpp/MbppPlus.jsonl.gz", 378},
    {"codeforces", "code/codeforces_test_408.json.gz", 408},
    {"code_contests", "code/code_contests_test_165.json.gz", 165},
    {"apps", "code/apps_train_sample_5.jsonl", 5},
    {"livecodebench", "code/livecodebench_v5_prompts.jsonl.gz", 279},
    {"mmlu", "mmlu/mmlu.zip", 14042, 0, "test"},
    {"mmlu", "mmlu/mmlu.zip", 1531, 0, "validation"},
    {"mmlu", "mmlu/mmlu.zip", 285, 0, "train"},
    {"ifeval", "ifeval/ifeval.jsonl", 541},
};

class PublishedFiles : public ::testing::TestWithParam<Published> {};

TEST_P(PublishedFiles, ArriveWhole) {
  const Published& file = GetParam();
  REPRISE_NEEDS_DATA(file.file);
  ImporterConfig config;
  config.importer = file.importer;
  config.path = testing::data_folder() / file.file;
  config.split = file.split;
  config.skip_bad_rows = file.bad_rows > 0;
  const Imported imported = import_problems(config);
  EXPECT_EQ(imported.problems.size(), file.rows);
  EXPECT_EQ(imported.num_bad_rows, static_cast<int64_t>(file.bad_rows));
  const auto graders = grading::grader_names();
  size_t undecided = 0;
  for (const data::Problem& problem : imported.problems) {
    EXPECT_FALSE(problem.id.empty());
    EXPECT_FALSE(problem.prompt.empty());
    EXPECT_TRUE(nlohmann::json::accept(problem.metadata)) << problem.id;
    if (std::find(graders.begin(), graders.end(), problem.grader) == graders.end() || problem.grader == "code" || problem.grader == "ifeval") continue;  // programs: tests/e2e/judge.py; instructions have no reference answer
    const std::string answer = problem.grader == "math" ? "\\boxed{" + problem.answer + "}" : problem.answer;
    const auto verdict = grading::grade({problem, "<think>so</think><answer>" + answer + "</answer>"});
    if (verdict.kind == grading::VerdictKind::unverifiable) ++undecided;
    else EXPECT_EQ(verdict.kind, grading::VerdictKind::correct) << problem.id << ": " << problem.answer << ": " << verdict.reason;
  }
  EXPECT_EQ(undecided, file.undecided);
}

INSTANTIATE_TEST_SUITE_P(Files, PublishedFiles, ::testing::ValuesIn(kPublished), [](const auto& info) {
  std::string name = std::string(info.param.file) + "_" + info.param.split;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

class Importer : public ::testing::Test {
 protected:
  Imported import(const std::string& importer, const std::string& text, bool skip = false, const std::string& name = "f.jsonl") {
    write_file(folder_.path() / name, text);
    config_.importer = importer;
    config_.path = folder_.path() / name;
    config_.skip_bad_rows = skip;
    return import_problems(config_);
  }
  std::string fault(const std::string& importer, const std::string& text, const std::string& name = "f.jsonl") {
    try {
      import(importer, text, false, name);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  TemporaryFolder folder_;
  ImporterConfig config_;
};

constexpr const char* kGood = "{\"question\": \"q\", \"answer\": \"a #### 3\"}\n";

TEST_F(Importer, ReadsParquetWhereItReadsJsonLines) {
  ImporterConfig config;
  config.importer = "gsm8k";
  config.path = (testing::source_folder() / "tests/golden/parquet/gsm8k.parquet").string();
  const Imported imported = import_problems(config);
  ASSERT_EQ(imported.problems.size(), 3u);
  EXPECT_EQ(imported.problems[1].id, "gsm8k-2");
  EXPECT_EQ(imported.problems[1].answer, "1004");
}

TEST_F(Importer, LiveCodeBenchHasWindowsOfDates) {
  const auto row = [](const char* id, const char* date) { return std::string("{\"question_id\": \"") + id + "\", \"prompt\": \"p\", \"contest_date\": \"" + date + "\"}\n"; };
  const std::string text = row("a", "2024-07-31T00:00:00") + row("b", "2024-08-01T00:00:00") + row("c", "2025-01-31T12:00:00") + row("d", "2025-02-01");
  config_.first_date = "2024-08-01";
  EXPECT_EQ(import("livecodebench", text).problems.size(), 3u);
  config_.last_date = "2025-01-31";
  const auto both = import("livecodebench", text).problems;
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].id + both[1].id, "bc");
  EXPECT_THAT(fault("livecodebench", row("a", "July")), HasSubstr("f.jsonl:1: has no day"));
  config_.first_date = config_.last_date = "2030-01-01";
  EXPECT_THAT(fault("livecodebench", text), HasSubstr("within first_date and last_date"));
}

TEST_F(Importer, NamesTheLineOfABadRow) {
  EXPECT_THAT(fault("gsm8k", std::string(kGood) + "{\"question\": \"q\"}\n"), HasSubstr("f.jsonl:2: lacks 'answer'"));
  EXPECT_THAT(fault("gsm8k", std::string(kGood) + "\n{\"question\": \"q\", \"answer\": \"3\"}\n"), HasSubstr("f.jsonl:3: has an answer without ####"));
  EXPECT_THAT(fault("gsm8k", std::string(kGood) + "{\"question\": "), HasSubstr("f.jsonl:2: is not JSON"));
  EXPECT_THAT(fault("gsm8k", std::string(kGood) + "[1]\n"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(fault("gsm8k", "{\"question\": [], \"answer\": \"#### 3\"}\n"), HasSubstr("neither text nor a number"));
  EXPECT_THAT(fault("gsm8k", ""), HasSubstr("gave no problem"));
  EXPECT_THAT(fault("math", "{\"problem\": \"p\", \"solution\": \"no box\"}\n"), HasSubstr("without \\boxed"));
  EXPECT_THAT(fault("apps", "{\"question\": \"p\", \"input_output\": {\"inputs\": [1], \"outputs\": []}}\n"), HasSubstr("of one length"));
  EXPECT_THAT(fault("codeforces", "{\"problem\": \"p\", \"tests\": [{\"input\": 3}]}\n"), HasSubstr("wrong type"));
}

TEST_F(Importer, LeavesBadRowsOutWhenAsked) {
  const Imported imported = import("gsm8k", std::string("{\n") + kGood + "{\"answer\": \"#### 1\"}\n", true);
  EXPECT_EQ(imported.problems.size(), 1u);
  EXPECT_EQ(imported.problems[0].id, "gsm8k-2");
  EXPECT_EQ(imported.num_bad_rows, 2);
  EXPECT_THAT(imported.bad_rows.at(1), HasSubstr("f.jsonl:3"));
}

TEST_F(Importer, RefusesTheSameIdTwice) {
  config_.id_field = "id";
  EXPECT_THAT(fault("jsonl", "{\"id\": 1, \"prompt\": \"a\", \"answer\": \"b\"}\n{\"id\": 1, \"prompt\": \"c\", \"answer\": \"d\"}\n"), HasSubstr("a second time"));
}

TEST_F(Importer, MapsFieldsOfAnyJsonLines) {
  config_.prompt_field = "messages.0.content";
  config_.answer_field = "extra.final";
  config_.level_field = "level";
  config_.grader = "number";
  const auto problems = import("jsonl", "{\"messages\": [{\"content\": \"2+2?\"}], \"extra\": {\"final\": 4.0}, \"level\": \"Level 3\"}\n").problems;
  EXPECT_EQ(problems[0].prompt, "2+2?");
  EXPECT_EQ(problems[0].answer, "4");
  EXPECT_EQ(problems[0].level, 3);
  EXPECT_THAT(fault("jsonl", "{\"messages\": []}\n"), HasSubstr("lacks 'messages.0.content'"));
}

TEST_F(Importer, SplitsByHashShareNothing) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += kGood;
  size_t total = 0;
  for (const char* split : {"train", "validation", "test"}) {
    config_.split = split;
    const size_t rows = import("gsm8k", text).problems.size();
    EXPECT_NEAR(static_cast<double>(rows), std::string(split) == "train" ? 1750 : 125, 40);
    total += rows;
  }
  EXPECT_EQ(total, 2000u);
}

TEST_F(Importer, TellsAReasoningGymTaskThatNobodyCanGrade) {
  EXPECT_THAT(fault("reasoning_gym", "{\"task\": \"shortest_path\", \"question\": \"q\", \"answer\": \"up\", \"metadata\": {}}\n"), HasSubstr("no grader here can decide"));
}

TEST_F(Importer, ReadsOneMmluFile) {
  const auto problems = import("mmlu", "\"a, \"\"b\"\"\nc?\",1,2,3,4,B\nd?,1,2,3,4,D\n", false, "sport_test.csv").problems;
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].prompt, "a, \"b\"\nc?\nA. 1\nB. 2\nC. 3\nD. 4");
  EXPECT_EQ(problems[1].id, "sport_test-3");
  EXPECT_THAT(fault("mmlu", "q,1,2,3,4,E\n", "x_test.csv"), HasSubstr("none of A to D"));
  EXPECT_THAT(fault("mmlu", "q,1,2\n", "x_test.csv"), HasSubstr("has 3 fields"));
}

}  // namespace
}  // namespace reprise::datasets
