// Files that lm-eval, lighteval (of three layouts) and datasets wrote, about problems of ours: tests/golden/make_harness_golden.py.
#include "evaluation/harness/recorded_formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "datasets/importers/importer.h"
#include "evaluation/harness/benchmark.h"
#include "evaluation/harness/problem_match.h"
#include "evaluation/harness/python_literal.h"
#include "evaluation/harness/recorded.h"
#include "io/jsonl.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using testing::fault_of;

const std::string kDate = "2026-11-26T10-00-00.000000";

fs::path golden(const std::string& name) { return testing::source_folder() / "tests/golden/harness" / name; }

// The invented problems as a benchmark of ours, in another order than the harnesses have them, and with what surrounds them.
const std::vector<data::Problem>& invented() {
  static const std::vector<data::Problem> problems = [] {
    std::vector<data::Problem> out;
    io::read_json_rows(golden("problems.jsonl"), [&](int64_t, const nlohmann::json& row) {
      data::Problem one{.id = "our-" + row.at("id").get<std::string>(), .prompt = row.at("problem"), .answer = row.at("answer"), .grader = "math", .metadata = "{}"};
      out.insert(out.begin(), std::move(one));
    });
    return out;
  }();
  return problems;
}

const std::vector<data::Problem>* problems_of(const std::string& benchmark) { return benchmark == "invented" ? &invented() : nullptr; }

std::vector<TaskName> names() { return {{"lm-eval", "invented_*", "invented", "exact_match,boxed"}, {"lm-eval", "invented_choice", "elsewhere", ""}, {"lighteval", "invented_sums*", "invented", ""}}; }

struct Read {
  ForeignSummary summary;
  std::vector<ForeignRow> rows;
};
Read read(const fs::path& file, const ForeignOptions& options = {}) {
  Read out;
  out.summary = read_foreign_recording(file, options, names(), problems_of, [&](const ForeignRow& row) { out.rows.push_back(row); });
  return out;
}

// What make_harness_golden.py has its model say.
const std::vector<std::string> kTulips = {"<think>\n7 * 12 = 84, 84 - 9 = 75.\n</think>\nThere remain \\boxed{75} tulips.", "It's 84 - 8, so \\boxed{76}.", "<think>\nSeven rows of twelve"};
const std::vector<std::string> kDivisors = {"1 + 2 + 4 + 7 + 14 = \\boxed{28}", "\tñandú \\boxed{28}\n", "\\boxed{27}"};

std::vector<std::string> completions_of(const Read& read, const std::string& problem) {
  std::vector<std::string> out;
  for (const ForeignRow& row : read.rows) {
    if (row.problem != problem) continue;
    EXPECT_EQ(row.sample, static_cast<int64_t>(out.size()));
    out.push_back(row.completion.value_or("none"));
  }
  return out;
}

TEST(LmEval, SeveralSamplesUnderSeveralFilters) {
  const Read got = read(golden("lm-eval/samples_invented_sums_" + kDate + ".jsonl"));
  EXPECT_EQ(got.summary.format, RecordedFormat::lm_eval);
  EXPECT_EQ(got.summary.task, "invented_sums");
  EXPECT_EQ(got.summary.benchmark, "invented");
  EXPECT_EQ(got.summary.model, "invented/scripted-1b");
  EXPECT_EQ(got.summary.harness_version, "0.4.13");
  EXPECT_EQ(got.summary.num_documents, 4);
  EXPECT_EQ(got.summary.num_samples, 12);
  EXPECT_EQ(got.summary.num_by_text, 4);
  EXPECT_EQ(got.summary.num_verdicts, 0);  // one value for three samples is no verdict on any
  EXPECT_THAT(got.summary.results_file, HasSubstr("results_" + kDate + ".json"));
  EXPECT_EQ(completions_of(got, "our-tulips"), kTulips);
  EXPECT_EQ(completions_of(got, "our-divisors"), kDivisors);
  const ForeignRow& row = got.rows[0];
  EXPECT_THAT(row.metrics, UnorderedElementsAre(Pair("exact_match,boxed", 1), Pair("exact_match,last-number", 1)));
  EXPECT_THAT(row.protocol, UnorderedElementsAre(Pair("temperature", "0.6"), Pair("top_p", "0.95"), Pair("max_completion_length", "512"), Pair("num_generations", "3"), Pair("num_shots", "0"), Pair("split", "test"),
                                                 Pair("system_prompt", "You are careful.")));
  EXPECT_EQ(row.gold, "75");
  EXPECT_TRUE(row.is_matched);
  EXPECT_THAT(row.prompt, HasSubstr("You are careful.Question: A gardener plants"));
  EXPECT_FALSE(row.finished);  // it is not stated
  EXPECT_FALSE(row.num_tokens);
}

TEST(LmEval, TheVerdictOnAnOnlySample) {
  const fs::path file = golden("lm-eval/samples_invented_sums_once_" + kDate + ".jsonl");
  const Read got = read(file);
  ASSERT_EQ(got.rows.size(), 4u);
  EXPECT_EQ(got.summary.num_verdicts, 4);
  EXPECT_EQ(got.rows[3].correct, true);
  EXPECT_EQ(got.rows[3].correct_by, "exact_match,boxed");
  const Read other = read(file, {.metric = "exact_match,last-number"});
  EXPECT_EQ(other.rows[3].correct, false);  // 7\sqrt{2} ends in a 2
  EXPECT_EQ(read(file, {.metric = "exact_match"}).summary.num_verdicts, 0);  // which of the two filters is not said
}

TEST(LmEval, ChoicesByLogProbability) {
  const Read got = read(golden("lm-eval/samples_invented_choice_" + kDate + ".jsonl"));
  ASSERT_EQ(got.rows.size(), 4u);
  EXPECT_EQ(got.summary.benchmark, "elsewhere");
  EXPECT_EQ(got.summary.num_unmatched, 4);  // there is no data of it: the documents keep their numbers
  const ForeignRow& row = got.rows[0];
  EXPECT_FALSE(row.completion);
  EXPECT_EQ(row.answer, "B");
  EXPECT_EQ(row.gold, "B");
  EXPECT_EQ(row.correct, true);
  EXPECT_EQ(row.correct_by, "acc");
  EXPECT_EQ(row.problem, "0");
  EXPECT_EQ(got.rows[3].correct, false);
  EXPECT_EQ(got.rows[3].gold, "A");
  const auto line = to_json(row);
  EXPECT_EQ(line.at("correct"), true);
  EXPECT_EQ(line.at("gold"), "B");
}

TEST(LmEval, WithoutItsResultsAndUnderAnotherName) {
  TemporaryFolder folder;
  write_file(folder.path() / "mine.jsonl", read_file(golden("lm-eval/samples_invented_sums_once_" + kDate + ".jsonl")));
  EXPECT_THAT(fault_of([&] { read(folder.path() / "mine.jsonl"); }), HasSubstr("mine.jsonl: does not say which benchmark it is of; say --benchmark ID"));
  EXPECT_THAT(fault_of([&] { read(folder.path() / "mine.jsonl", {.benchmark = "invented"}); }), HasSubstr("does not say which model wrote it; say --model NAME"));
  const Read got = read(folder.path() / "mine.jsonl", {.benchmark = "invented", .model = "m"});
  EXPECT_EQ(got.rows.size(), 4u);
  EXPECT_EQ(got.rows[0].model, "m");
  EXPECT_EQ(got.summary.results_file, "");
  // What stands in the rows themselves is still stated, the rest is not.
  EXPECT_THAT(got.rows[0].protocol, UnorderedElementsAre(Pair("temperature", "0.6"), Pair("top_p", "0.95"), Pair("max_completion_length", "512"), Pair("num_generations", "1")));
}

// The layout of before 0.4.5: arguments as lists, metrics not listed, no filter named.
TEST(LmEval, OlderLines) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "samples_invented_sums_2024-02-03T04-05-06.jsonl";
  write_file(file, R"({"doc_id": 7, "doc": {"question": "Find the sum of all positive divisors of 28 that are smaller than 28.", "answer": "1+2 ... #### 28"}, "target": "1+2 ... #### 28", "arguments": [["Question: ...", {"until": ["\n"], "do_sample": false}]], "resps": [["it is 28"]], "filtered_resps": ["28"], "exact_match": 1.0})" "\n");
  const Read got = read(file, {.model = "m"});
  ASSERT_EQ(got.rows.size(), 1u);
  EXPECT_EQ(got.rows[0].problem, "our-divisors");
  EXPECT_EQ(got.rows[0].gold, "28");
  EXPECT_EQ(got.rows[0].correct, true);
  EXPECT_EQ(got.rows[0].protocol.at("temperature"), "0");
}

class LightevalVersions : public ::testing::TestWithParam<std::string> {};

TEST_P(LightevalVersions, SeveralSamplesARow) {
  const bool is_new = GetParam() == "0.13.0";
  const Read got = read(golden("lighteval-" + GetParam() + "/details/invented/scripted-1b/" + kDate + "/details_" + (is_new ? "" : "custom|") + "invented_sums|0_" + kDate + ".parquet"));
  EXPECT_EQ(got.summary.format, RecordedFormat::lighteval);
  EXPECT_EQ(got.summary.task, "invented_sums");
  EXPECT_EQ(got.summary.model, "invented/scripted-1b");
  EXPECT_EQ(got.summary.num_documents, 4);
  EXPECT_EQ(got.summary.num_samples, 12);
  EXPECT_EQ(got.summary.num_by_text, 4);
  EXPECT_EQ(got.summary.num_verdicts, 0);
  EXPECT_THAT(got.summary.results_file, HasSubstr("lighteval-" + GetParam() + "/results/invented/scripted-1b/results_" + kDate + ".json"));
  EXPECT_EQ(completions_of(got, "our-tulips"), kTulips);
  EXPECT_EQ(completions_of(got, "our-divisors"), kDivisors);
  for (const ForeignRow& row : got.rows) {
    EXPECT_EQ(row.protocol.at("num_generations"), "3");
    EXPECT_EQ(row.protocol.at("num_shots"), "0");
    EXPECT_EQ(row.protocol.at("split"), "test");
    EXPECT_THAT(row.prompt, HasSubstr("<user>Solve the following"));
    EXPECT_EQ(row.gold, row.problem == "our-tulips" ? "75" : row.problem == "our-quotient" ? "13" : row.problem == "our-divisors" ? "28" : "7\\sqrt{2}");
  }
  const auto tulips = std::find_if(got.rows.begin(), got.rows.end(), [](const ForeignRow& row) { return row.problem == "our-tulips"; });
  EXPECT_EQ(tulips->num_tokens, 24);  // a third of its characters, says the model
  EXPECT_EQ(tulips->metrics.size(), is_new ? 2u : 1u);
  EXPECT_NEAR(tulips->metrics.begin()->second, 1.0 / 3, 1e-12);
  if (is_new) {
    EXPECT_EQ(tulips->finished, false);  // 24 tokens, where the run was given 20
    EXPECT_EQ((tulips + 1)->finished, std::nullopt);
    EXPECT_EQ(tulips->protocol.at("max_completion_length"), "20");
    EXPECT_EQ(tulips->protocol.at("temperature"), "0.6");
    EXPECT_EQ(tulips->protocol.at("system_prompt"), "You are careful.");
  } else {
    EXPECT_EQ(tulips->protocol.at("max_completion_length"), "512");
    EXPECT_EQ(tulips->protocol.contains("temperature"), GetParam() == "0.8.1");  // 0.6 did not write it down
    EXPECT_FALSE(tulips->finished);
  }
}
INSTANTIATE_TEST_SUITE_P(Layouts, LightevalVersions, ::testing::Values("0.13.0", "0.8.1", "0.6.2"), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

TEST(Lighteval, TheVerdictOnAnOnlySample) {
  const Read got = read(golden("lighteval-0.13.0/details/invented/scripted-1b/" + kDate + "/details_invented_sums_once|0_" + kDate + ".parquet"));
  ASSERT_EQ(got.rows.size(), 4u);
  EXPECT_EQ(got.summary.num_verdicts, 4);
  for (const ForeignRow& row : got.rows) {
    EXPECT_EQ(row.correct_by, "pass@k:k=1");
    // lighteval 0.13 itself calls 7\sqrt{2} wrong here: the reference has no $ around it, and is not read as LaTeX.
    EXPECT_EQ(row.correct, row.problem != "our-roots") << row.problem;
  }
}

TEST(OpenR1, ItsDataSetsOfGenerations) {
  const Read math = read(golden("open-r1/openr1-math.parquet"), {.benchmark = "invented", .model = "r1"});
  EXPECT_EQ(math.summary.format, RecordedFormat::open_r1);
  EXPECT_EQ(math.summary.num_samples, 12);
  EXPECT_EQ(math.summary.num_verdicts, 12);
  EXPECT_EQ(completions_of(math, "our-divisors"), kDivisors);
  EXPECT_EQ(math.rows[0].correct, true);
  EXPECT_EQ(math.rows[0].correct_by, "math_verify");
  EXPECT_EQ(math.rows[1].correct, false);
  EXPECT_EQ(math.rows[0].finished, true);
  EXPECT_EQ(math.rows[2].finished, false);
  EXPECT_EQ(math.rows[3].finished, std::nullopt);  // finish_reasons is null there
  const Read unmatched = read(golden("open-r1/openr1-math.parquet"), {.benchmark = "openr1-math", .model = "r1"});
  EXPECT_EQ(unmatched.rows[0].problem, "00000000-0000-5000-8000-000000000000");
  EXPECT_EQ(to_json(unmatched.rows[0]).at("gold"), "75");

  const Read code = read(golden("open-r1/codeforces-cots.parquet"), {.benchmark = "codeforces", .model = "r1"});
  ASSERT_EQ(code.rows.size(), 3u);
  EXPECT_EQ(code.summary.num_documents, 2);
  EXPECT_EQ(code.rows[1].problem, "1/A");
  EXPECT_EQ(code.rows[1].sample, 1);
  EXPECT_EQ(code.rows[1].num_tokens, 101);
  EXPECT_EQ(code.rows[1].finished, true);
  EXPECT_EQ(code.rows[2].finished, false);

  const Read script = read(golden("open-r1/generate_reasoning.jsonl"), {.benchmark = "invented", .model = "r1"});
  EXPECT_EQ(completions_of(script, "our-tulips"), kTulips);
  EXPECT_EQ(script.rows[2].num_tokens, 12);
  EXPECT_EQ(script.rows[2].finished, false);

  const Read distilabel = read(golden("open-r1/distilabel.parquet"), {.benchmark = "invented"});
  EXPECT_EQ(distilabel.summary.model, "invented/scripted-1b");
  EXPECT_EQ(completions_of(distilabel, "our-tulips"), kTulips);
  EXPECT_EQ(distilabel.rows[0].num_tokens, 12);
}

class PlainRows : public ::testing::Test {
 protected:
  fs::path file(const std::string& text) {
    write_file(path_, text);
    return path_;
  }
  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "plain.jsonl";
  ForeignOptions options_{.benchmark = "invented", .model = "m", .problem_field = "q", .completion_field = "out.texts"};
};

TEST_F(PlainRows, FieldsByTheirNames) {
  const fs::path rows = file(R"({"q": "Compute $\\sqrt{50} + \\sqrt{8}$  in simplest form.", "out": {"texts": ["a", null, "b"]}, "ok": [true, null, false]})" "\n"
                             R"({"q": "Compute $\\sqrt{50} + \\sqrt{8}$ in simplest form.", "out": {"texts": "c"}, "ok": 1})" "\n");
  options_.correct_field = "ok";
  const Read got = read(rows, options_);
  ASSERT_EQ(got.rows.size(), 3u);
  EXPECT_EQ(got.summary.num_missing, 1);
  EXPECT_EQ(got.rows[1].correct, false);
  EXPECT_EQ(got.rows[1].correct_by, "ok");
  EXPECT_EQ(got.rows[2].problem, "our-roots");
}

TEST_F(PlainRows, FaultsNameTheLine) {
  const auto fault = [&](const std::string& text, ForeignOptions options) { return fault_of([&] { read(file(text), options); }); };
  EXPECT_THAT(fault("{\"q\": \"x\"}\n", options_), HasSubstr("plain.jsonl:1: lacks 'out.texts'"));
  EXPECT_THAT(fault("{\"q\": \"x\", \"out\": {\"texts\": 5}}\n", options_), HasSubstr("has a completion that is no text at 'out.texts'"));
  EXPECT_THAT(fault("{\"q\": \"What is nowhere to be found in it?\", \"out\": {\"texts\": \"a\"}}\n", options_),
              HasSubstr("1 of 1 documents are no problem of 'invented', the first being number 1, 'What is nowhere to be found in it?'; is it another benchmark"));
  EXPECT_THAT(fault("{\"q\": \"x\"}\n", {}), HasSubstr("is no recording that is known: its rows have q; name the fields"));
  EXPECT_THAT(fault("{\"model\": \"m\", \"benchmark\": \"b\", \"problem\": \"p\", \"sample\": 0}\n", {}), HasSubstr("is in our own recorded form already"));
  EXPECT_THAT(fault("", {}), HasSubstr("has no row"));
  EXPECT_THAT(fault("{}\n", {.format = "helm"}), HasSubstr("there is no format 'helm'"));
  EXPECT_THAT(fault("{\"generations\": [\"a\", \"b\"], \"finish_reasons\": [\"stop\"]}\n", {.benchmark = "b", .model = "m"}), HasSubstr("plain.jsonl:1: has 2 generations and 1 'finish_reasons'; it was taken for a file of open-r1"));
  EXPECT_THAT(fault("{\"predictions\": \"[open(1)]\", \"full_prompt\": \"p\"}\n", {.benchmark = "b", .model = "m"}), HasSubstr("has 'predictions' that are no list"));
  // Two documents with different ids and one problem's text.
  options_.id_field = "id";
  const std::string text = "Find the sum of all positive divisors of 28 that are smaller than 28.";
  EXPECT_THAT(fault("{\"id\": \"x\", \"q\": \"" + text + "\", \"out\": {\"texts\": \"a\"}}\n{\"id\": \"y\", \"q\": \"" + text + "\", \"out\": {\"texts\": \"a\"}}\n", options_),
              HasSubstr("plain.jsonl:2: document 'y' is problem 'our-divisors' of 'invented', and so is document 'x'"));
}

// What comes out is read by the recorded form's own reader, and graded to what the model wrote.
TEST(ForeignRows, AreOurRecordedForm) {
  TemporaryFolder folder;
  std::string lines;
  for (const char* version : {"0.13.0", "0.8.1", "0.6.2"}) {
    const bool is_new = std::string(version) == "0.13.0";
    ForeignOptions options;
    options.model = version;
    read_foreign_recording(golden(std::string("lighteval-") + version + "/details/invented/scripted-1b/" + kDate + "/details_" + (is_new ? "" : "custom|") + "invented_sums|0_" + kDate + ".parquet"), options, names(), problems_of,
                           [&](const ForeignRow& row) { lines += to_json(row).dump() + "\n"; });
  }
  write_file(folder.path() / "rows.jsonl", lines);
  const Recorded recorded = read_recorded(folder.path() / "rows.jsonl", [](const std::string&, const std::string& id) -> const data::Problem* {
    for (const data::Problem& one : invented()) {
      if (one.id == id) return &one;
    }
    return nullptr;
  });
  ASSERT_EQ(recorded.sets.size(), 3u);
  for (const ScoredSet& set : recorded.sets) {
    int right = 0;
    for (const ScoredProblem& problem : set.problems) {
      for (const ScoredSample& sample : problem.samples) right += sample.correct();
    }
    EXPECT_EQ(right, 6) << set.model;  // 1 + 2 + 2 + 1
    EXPECT_EQ(set.num_samples(), 12);
  }
}

TEST(PythonLiteral, WhatReprWrites) {
  EXPECT_EQ(parse_python_literal("['a', \"it's\", 'tab\\there', '\\xe9\\u017c\\U0001f422', None, True]"), nlohmann::json({"a", "it's", "tab\there", "éż🐢", nullptr, true}));
  EXPECT_EQ(parse_python_literal("{'acc': 0.5, 'n': (1, -2,), 'x': nan, 'y': []}"), nlohmann::json({{"acc", 0.5}, {"n", {1, -2}}, {"x", "NaN"}, {"y", nlohmann::json::array()}}));
  EXPECT_EQ(parse_python_literal("1e-06"), nlohmann::json(1e-06));
  for (const char* text : {"", "[", "['a'", "'a", "'\\q'", "open('x')", "[1] 2", "{1: 2}", "tensor([1])", "'\\x9'"}) EXPECT_FALSE(parse_python_literal(text)) << text;
  EXPECT_FALSE(parse_python_literal(std::string(1000, '[')));
  EXPECT_EQ(parse_python_literal("'\\ud800'"), nlohmann::json("\xEF\xBF\xBD"));
}

TEST(ProblemMatching, TemplatesSpellingAndShortOnes) {
  const std::vector<data::Problem> problems = {{.id = "long", .prompt = "How many of the first 30 integers are prime?"}, {.id = "longer", .prompt = "How many of the first 30 integers are prime? Of those, how many are odd?"},
                                               {.id = "short", .prompt = "Compute $3!$."}, {.id = "twice-1", .prompt = "Which of these integers is the largest one?"}, {.id = "twice-2", .prompt = "Which of these integers is the largest one?"}};
  const ProblemIndex index(problems);
  const auto found = [&](std::string_view text) {
    std::vector<std::string> out;
    if (const auto match = index.by_text(text)) {
      for (const size_t i : match->problems) out.push_back(problems[i].id);
    }
    return out;
  };
  EXPECT_THAT(found("how many of  the first 30 integers are prime"), ElementsAre("long"));
  EXPECT_THAT(found("Q: How many of the first 30 integers are prime? Of those, how many are odd?\nA:"), ElementsAre("longer"));
  // Examples come before the question.
  EXPECT_THAT(found("Q: How many of the first 30 integers are prime? Of those, how many are odd? A: 9\n\nQ: How many of the first 30 integers are prime? A:"), ElementsAre("long"));
  EXPECT_THAT(found("Solve.\n\n Compute $3!$.\n\nThink."), ElementsAre("short"));
  EXPECT_THAT(found("Do not compute 3!, but 4!"), IsEmpty());
  EXPECT_THAT(found("Which of these integers is the largest one?"), ElementsAre("twice-1", "twice-2"));
  EXPECT_THAT(found(""), IsEmpty());
  EXPECT_TRUE(index.by_id("short"));
  EXPECT_FALSE(index.by_id("7"));
}

// What letters and digits do not tell apart: signs, answers, subjects; and then the order.
TEST_F(PlainRows, ProblemsOfTheSameLetters) {
  const std::vector<data::Problem> problems = {{.id = "plus", .prompt = "What is the smallest root of $x^2 + 3x = 0$ over the integers?", .answer = "-3"}, {.id = "minus", .prompt = "What is the smallest root of $x^2 - 3x = 0$ over the integers?", .answer = "0"},
                                               {.id = "law-1", .prompt = "Which of the following is not the case?", .answer = "A", .metadata = R"({"subject": "law"})"}, {.id = "law-2", .prompt = "Which of the following is not the case?", .answer = "B", .metadata = R"({"subject": "law"})"},
                                               {.id = "law-3", .prompt = "Which of the following is not the case?", .answer = "B", .metadata = R"({"subject": "law"})"}};
  options_.id_field = "id";
  options_.answer_field = "gold";
  std::vector<std::string> ids;
  const auto there = [&](const std::string&) { return &problems; };
  const auto keep = [&](const ForeignRow& row) { ids.push_back(row.problem); };
  read_foreign_recording(file(R"({"id": "a", "q": "What is the smallest root of $x^2-3x=0$ over the integers?", "out": {"texts": "x"}, "gold": "0"})" "\n"
                              R"({"id": "b", "q": "What is the smallest root of $x^2 / 3x = 0$, over the integers?", "out": {"texts": "x"}, "gold": "-3"})" "\n"
                              R"({"id": "c", "q": "Which of the following is not the case?", "out": {"texts": "x"}, "gold": "B"})" "\n"
                              R"({"id": "d", "q": "Which of the following is not the case?", "out": {"texts": "x"}, "gold": "A"})" "\n"
                              R"({"id": "e", "q": "Which of the following is not the case?", "out": {"texts": "x"}, "gold": "B"})" "\n"),
                         options_, {}, there, keep);
  EXPECT_THAT(ids, ElementsAre("minus", "plus", "law-2", "law-1", "law-3"));
}

// Two publishers' spellings of the same thirty problems, of which 11 (AIME 2025) and 2 (AIME 2024) differ by more than signs.
TEST(ProblemMatching, OtherPublishersSpellings) {
  REPRISE_NEEDS_DATA("aime/aime25_qwq.jsonl");
  for (const char* name : {"aime24", "aime25"}) {
    datasets::ImporterConfig config;
    config.importer = "aime";
    config.path = (testing::data_folder() / "aime" / (std::string(name) + ".jsonl")).string();
    const auto problems = datasets::import_problems(config).problems;
    const auto problems_there = [&](const std::string&) { return &problems; };
    TemporaryFolder folder;
    std::string lines;
    std::map<std::string, std::string> answers;
    io::read_json_rows(testing::data_folder() / "aime" / (std::string(name) + "_qwq.jsonl"), [&](int64_t, const nlohmann::json& row) {
      lines += nlohmann::json({{"problem", row.at("prompt")}, {"answer", row.at("answer")}, {"generation", "x"}}).dump() + "\n";
    });
    write_file(folder.path() / "rows.jsonl", lines);
    const std::vector<TaskName> none;
    std::set<std::string> seen;
    const auto summary = read_foreign_recording(folder.path() / "rows.jsonl", {.benchmark = name, .model = "m"}, none, problems_there, [&](const ForeignRow& row) {
      const auto problem = std::find_if(problems.begin(), problems.end(), [&](const data::Problem& one) { return one.id == row.problem; });
      ASSERT_NE(problem, problems.end());
      EXPECT_EQ(std::stoi(problem->answer), std::stoi(row.gold));
      seen.insert(row.problem);
    });
    EXPECT_EQ(seen.size(), 30u);
    EXPECT_EQ(summary.num_by_likeness, std::string(name) == "aime24" ? 2 : 11);
  }
  // Of the 90 problems of three years, the 60 of other years are no problem of 2024's, however alike they sound.
  datasets::ImporterConfig config;
  config.importer = "aime";
  config.path = (testing::data_folder() / "aime/aime24.jsonl").string();
  const auto problems = datasets::import_problems(config).problems;
  const ProblemIndex index(problems);
  int num_found = 0;
  io::read_json_rows(testing::data_folder() / "aime/aimo_validation_aime_2022_2024.jsonl", [&](int64_t, const nlohmann::json& row) {
    const std::string text = row.at("question");
    num_found += index.by_text(text).has_value() || index.by_likeness(text).has_value();
  });
  EXPECT_EQ(num_found, 30);
}

// Every problem of a large benchmark is found inside of a prompt, and found as itself.
TEST(ProblemMatching, AWholeBenchmarkInATemplate) {
  REPRISE_NEEDS_DATA("math/math_test.jsonl.gz");
  datasets::ImporterConfig config;
  config.importer = "math";
  config.path = (testing::data_folder() / "math/math_test.jsonl.gz").string();
  const auto problems = datasets::import_problems(config).problems;
  const ProblemIndex index(problems);
  size_t wrong = 0;
  for (size_t i = 0; i < problems.size(); ++i) {
    const auto match = index.by_text("Solve the following math problem efficiently and clearly. The last line should be boxed.\n\n" + problems[i].prompt + "\n\nThink step by step.");
    wrong += !match || std::find(match->problems.begin(), match->problems.end(), i) == match->problems.end();
  }
  EXPECT_EQ(wrong, 0u);
}

TEST(TaskNames, TheTableOfTheSourceTree) {
  const auto names = read_task_names(testing::source_folder() / "evaluation/tasks.yaml");
  std::set<std::string> benchmarks;
  for (const Benchmark& one : read_benchmarks(testing::source_folder() / "evaluation/benchmarks")) benchmarks.insert(one.id);
  for (const TaskName& one : names) EXPECT_TRUE(benchmarks.contains(one.benchmark)) << one.task;
  const auto benchmark_of = [&](const char* harness, const char* task) { return find_task(names, harness, task) ? find_task(names, harness, task)->benchmark : ""; };
  EXPECT_EQ(benchmark_of("lm-eval", "mmlu_anatomy"), "mmlu");
  EXPECT_EQ(benchmark_of("lm-eval", "mmlu_pro_law"), "mmlu_pro");  // the longer name wins
  EXPECT_EQ(benchmark_of("lm-eval", "minerva_math500"), "math500");
  EXPECT_EQ(benchmark_of("lm-eval", "minerva_math_algebra"), "math");
  EXPECT_EQ(benchmark_of("lighteval", "gpqa:diamond"), "gpqa_diamond");
  EXPECT_EQ(benchmark_of("lighteval", "gpqa:extended"), "");
  EXPECT_EQ(benchmark_of("lm-eval", "gsm8k_platinum"), "");
  TemporaryFolder folder;
  const auto fault = [&](const std::string& text) {
    write_file(folder.path() / "tasks.yaml", text);
    return fault_of([&] { read_task_names(folder.path() / "tasks.yaml"); });
  };
  EXPECT_THAT(fault("tasks:\n  - {harness: lm-eval, task: \"a*b\", benchmark: c}\n"), HasSubstr("tasks.yaml:2: the '*' of 'a*b' is not at its end"));
  EXPECT_THAT(fault("tasks:\n  - {harness: lm_eval, task: a, benchmark: c}\n"), HasSubstr("should be one of lm-eval, lighteval"));
  EXPECT_THAT(fault("tasks:\n  - {harness: lm-eval, task: a, benchmark: c}\n  - {harness: lm-eval, task: a, benchmark: d}\n"), HasSubstr("tasks.yaml:3: the task 'a' stands twice"));
}

}  // namespace
}  // namespace reprise::evaluation
