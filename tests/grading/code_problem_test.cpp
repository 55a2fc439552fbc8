// Publishers' rows, programs from completions, LiveCodeBench's pickled tests.
#include "grading/code/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/json.h"
#include "grading/code/livecodebench.h"

namespace reprise::grading::code {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using nlohmann::json;


TEST(Base64, FitsRfc4648) {
  const std::pair<const char*, const char*> cases[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  EXPECT_EQ(from_base64("Zm9v\r\nYmFy"), "foobar");
  EXPECT_THROW(from_base64("Zm9*"), Error);
}

TEST(Pickle, ReadsATextInThreeProtocols) {
  using namespace std::string_literals;
  EXPECT_EQ(text_of_pickle("\x80\x04\x95\x06\0\0\0\0\0\0\0\x8c\x02hi\x94."s), "hi");  // pickle.dumps("hi", 4)
  EXPECT_EQ(text_of_pickle("\x80\x02X\x02\0\0\0hiq\0."s), "hi");                      // protocol 2
  EXPECT_EQ(text_of_pickle("\x80\x03X\x00\0\0\0q\0."s), "");
}

TEST(Pickle, RefusesAllElse) {
  using namespace std::string_literals;
  for (const std::string& bytes : {"cos\nsystem\n(S'true'\ntR."s, "\x80\x04K\x01."s, ""s, "\x80\x04\x8c\xffhi."s, "\x80\x04\x8c\x02hi"s, "\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffx."s, "\x80\x04\x8c\x02hi\x8c\x02ho."s, "\x80\x04."s, "\x80\x04\x8c\x02hi.x"s}) {
    EXPECT_THROW(text_of_pickle(bytes), Error) << to_base64(bytes);
  }
}

TEST(LiveCodeBench, ReadsBothFormsOfTests) {
  const json tests = json::array({{{"input", "[1]\n2"}, {"output", "3"}, {"testtype", "functional"}}});
  const auto plain = livecodebench_tests({{"public_test_cases", tests.dump()}, {"private_test_cases", tests.dump()}, {"metadata", R"({"func_name": "f"})"}});
  EXPECT_EQ(plain.function, "f");
  EXPECT_EQ(plain.tests.size(), 2u);
  EXPECT_THROW(livecodebench_tests({{"public_test_cases", tests}}), Error);  // no func_name
  EXPECT_THROW(livecodebench_tests({{"public_test_cases", "[]"}}), Error);   // no tests
  EXPECT_THROW(livecodebench_tests({{"private_test_cases", "no base64!"}}), Error);
  EXPECT_THROW(livecodebench_tests({{"private_test_cases", to_base64("no zlib")}}), Error);
}

TEST(LiveCodeBench, KnowsItsErrata) {
  EXPECT_EQ(livecodebench_erratum("abc337_e", ""), "interactive");
  EXPECT_EQ(livecodebench_erratum("3227", "find-the-peaks"), "multi");
  EXPECT_EQ(livecodebench_erratum("abc400_a", "x"), "");
}

CodeProblem human_eval() {
  const json row = {{"task_id", "T/0"}, {"prompt", "import math\n\ndef f(x):\n    \"\"\"Says x.\"\"\"\n"}, {"entry_point", "f"}, {"canonical_solution", "    return x\n"}, {"test", "def check(c): assert c(1) == 1"}};
  return code_problem("humaneval", row, row.dump());
}

TEST(Program, OfHumanEvalContinuesThePromptOrReplacesIt) {
  const CodeProblem p = human_eval();
  EXPECT_EQ(program_of_completion(p, "    return x\n").source, p.prompt + "    return x\n");
  EXPECT_EQ(program_of_completion(p, "```python\n    return x\n```").source, p.prompt + "    return x\n");
  const std::string whole = program_of_completion(p, "<think>\n```\ndef f(x): return 2\n```\n</think>\nFirst:\n```\ny\n```\n```python\ndef f(x): return 1\n```\nand\n```\nz\n```").source;
  EXPECT_THAT(whole, StartsWith("import math"));
  EXPECT_THAT(whole, HasSubstr("def f(x): return 1\n"));
  EXPECT_EQ(program_of_completion(p, "<think> never ends").source, "");
}

TEST(Program, OfMbppStandsBetweenItsMarksOrInTheLastBlock) {
  const json row = {{"task_id", 1}, {"text", "t"}, {"code", "def f(): pass"}, {"test_list", {"assert f() == 1"}}};
  const CodeProblem p = code_problem("mbpp", row, row.dump());
  EXPECT_EQ(program_of_completion(p, "[BEGIN]\nx = 1\n[DONE]\nmore").source, "\nx = 1\n");
  EXPECT_EQ(program_of_completion(p, "a\n```\nx\n```\nb\n```python\ny\n```\n").source, "y\n");
  EXPECT_EQ(program_of_completion(p, "x = 1").source, "x = 1");
}

TEST(CodeProblem, TellsWhatIsMissing) {
  const auto fault = [](const char* benchmark, const json& row) -> std::string {
    try {
      code_problem(benchmark, row, row.dump());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(fault("humaneval", {{"task_id", "x"}, {"prompt", "p"}, {"entry_point", "f"}, {"canonical_solution", ""}}), HasSubstr("\"test\""));
  EXPECT_THAT(fault("mbpp", {{"task_id", 1}}), HasSubstr("test_list"));
  EXPECT_THAT(fault("humaneval_plus", {{"task_id", "x"}, {"prompt", "p"}, {"entry_point", "f"}, {"canonical_solution", ""}}), HasSubstr("base_input"));
  EXPECT_THAT(fault("stdin", {{"id", 1}}), HasSubstr("tests"));
  EXPECT_THAT(fault("stdin", {{"tests", json::array({{{"input", "1"}, {"output", "1"}}})}, {"time_limit", -1}}), HasSubstr("limit"));
  EXPECT_THAT(fault("apps2", {}), HasSubstr("not known"));
}

TEST(CodeProblem, ReadsAppsCalls) {
  const json row = {{"problem_id", 7}, {"input_output", R"({"fn_name": "f", "inputs": [[1, [2]]], "outputs": [[3]]})"}};
  const CodeProblem p = code_problem("stdin", row, row.dump());
  ASSERT_TRUE(p.python.has_value());
  const json problem = json::parse(p.python->problem);
  EXPECT_EQ(problem["fn_name"], "f");
  EXPECT_EQ(problem["tests"][0]["input"], "1\n[2]\n");
  EXPECT_EQ(problem["tests"][0]["output"], "3");
}

}  // namespace
}  // namespace reprise::grading::code
