// What training rows share with benchmarks, against brute force in Python (tests/golden/make_overlap_golden.py).
#include "data/overlap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "config/reader.h"
#include "data/overlap_file.h"
#include "data/overlap_words.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise::data {
namespace {

using nlohmann::json;
using testing::fault_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const json& golden() {
  static const json all = json::parse(read_file(testing::source_folder() / "tests/golden/overlap.json"));
  return all;
}

std::vector<std::string> words_of(std::string_view text) {
  OverlapWords words;
  split_into_words(text, words);
  std::vector<std::string> out;
  for (size_t i = 0; i < words.size(); ++i) out.emplace_back(words.word(i));
  return out;
}

TEST(OverlapWords, AreThoseOfTheSecondWriting) {
  ASSERT_GT(golden()["words"].size(), 40u);
  for (const json& one : golden()["words"]) {
    const std::string text = one["text"];
    // Words longer than the limit are cut; Python's are not.
    std::vector<std::string> expected = one["words"];
    for (std::string& word : expected) word.resize(std::min(word.size(), kMaxOverlapWordBytes));
    EXPECT_EQ(words_of(text), expected) << text;
    OverlapWords words;
    split_into_words(text, words);
    EXPECT_EQ(std::vector<int>(words.breaks.begin(), words.breaks.end()), one["breaks"].get<std::vector<int>>()) << text;
  }
}

TEST(OverlapWords, DoNotSeeMarkup) {
  EXPECT_EQ(words_of("What is $\\frac{1}{2}xy$?"), words_of("what is \\dfrac12 x y"));
  EXPECT_THAT(words_of("$\\triangle A B C$ has area $3\\sqrt{2}$"), ElementsAre("abc", "has", "area", "3", "sqrt", "2"));
  EXPECT_EQ(words_of("triangle $ABC$"), words_of("triangle $A B C$"));
  EXPECT_EQ(words_of("x² + π"), words_of("$x^{2}+\\pi$"));
}

TEST(OverlapWords, KnowTheirPlaceInTheText) {
  const std::string text = "Find $\\sqrt{x}$, Émile!";
  OverlapWords words;
  split_into_words(text, words);
  ASSERT_EQ(words.size(), 4u);
  EXPECT_EQ(text.substr(words.begin[1], words.end[1] - words.begin[1]), "\\sqrt");
  EXPECT_EQ(text.substr(words.begin[3], words.end[3] - words.begin[3]), "Émile");
}

TEST(OverlapWords, AnyBytesAreFine) {
  std::string bytes;
  uint32_t state = 1;
  for (int i = 0; i < 200000; ++i) {
    state = state * 1664525 + 1013904223;
    bytes += static_cast<char>(i % 3 ? state >> 24 : "\\{}$ .\n<a9"[(state >> 24) % 11]);
  }
  OverlapWords words;
  split_into_words(bytes, words);
  EXPECT_GT(words.size(), 1000u);
  ASSERT_EQ(words.breaks.size(), words.size() + 1);
  for (size_t i = 0; i < words.size(); ++i) {
    EXPECT_LT(words.begin[i], words.end[i]);
    EXPECT_LE(words.end[i], bytes.size());
    EXPECT_LE(words.word(i).size(), kMaxOverlapWordBytes);
  }
}

std::vector<OverlapBenchmark> golden_benchmarks() {
  std::vector<OverlapBenchmark> out;
  for (const json& one : golden()["benchmarks"]) {
    OverlapBenchmark& benchmark = out.emplace_back();
    benchmark.name = one[0];
    for (const json& problem : one[1]) benchmark.problems.push_back({problem[0], problem[1], problem[2]});
  }
  return out;
}

std::vector<OverlapPair> scanned(const OverlapIndex& index, bool backwards) {
  OverlapScan scan(index, "rows");
  std::vector<json> rows = golden()["rows"];
  if (backwards) std::reverse(rows.begin(), rows.end());
  for (const json& row : rows) {
    const std::vector<std::string> texts = row[1];
    scan.add_row(row[0].get<std::string>(), {texts.begin(), texts.end()});
  }
  return scan.pairs();
}

TEST(Overlap, IsWhatBruteForceFinds) {
  for (const json& one : golden()["cases"]) {
    const auto config = config::config_from_json<OverlapConfig>(one["config"]);
    const OverlapIndex index(golden_benchmarks(), config);
    const auto pairs = scanned(index, false);
    ASSERT_EQ(pairs.size(), one["pairs"].size());
    for (size_t b = 0; b < pairs.size(); ++b) {
      const OverlapPair& pair = pairs[b];
      const json& expected = one["pairs"][b];
      const OverlapBenchmarkFacts& facts = index.benchmarks()[b];
      SCOPED_TRACE(pair.benchmark + " " + one["config"].dump());
      EXPECT_DOUBLE_EQ(facts.own_words, expected["own_words"].get<double>());
      EXPECT_EQ(facts.from_template, expected["from_template"].get<bool>());
      for (size_t i = 0; i < config.ngram_sizes.size(); ++i) {
        const std::string n = std::to_string(config.ngram_sizes[i]);
        EXPECT_EQ(facts.num_ngrams[i], expected["num_ngrams"][n][0].get<int64_t>()) << n;
        EXPECT_EQ(facts.num_template_ngrams[i], expected["num_ngrams"][n][1].get<int64_t>()) << n;
        EXPECT_EQ(pair.rows_by_n[i], expected["rows_" + n].get<int64_t>()) << n;
        EXPECT_EQ(pair.problems_by_n[i], expected["problems_" + n].get<int64_t>()) << n;
      }
      EXPECT_EQ(pair.rows_whole, expected["rows_whole"].get<int64_t>());
      EXPECT_EQ(pair.problems_whole, expected["problems_whole"].get<int64_t>());
      EXPECT_EQ(pair.rows_near, expected["rows_near"].get<int64_t>());
      EXPECT_EQ(pair.problems_near, expected["problems_near"].get<int64_t>());
      EXPECT_EQ(pair.rows_hit, expected["rows_hit"].get<int64_t>());
      EXPECT_EQ(pair.problems_hit, expected["problems_hit"].get<int64_t>());
      EXPECT_EQ(pair.problems_half_covered, expected["problems_half_covered"].get<int64_t>());
      std::map<std::pair<std::string, std::string>, json> there;
      for (const json& hit : expected["hits"]) {
        if (hit["decides"] == true || !facts.from_template) there[{hit["row"], hit["problem"]}] = hit;
      }
      EXPECT_EQ(pair.hits.size(), there.size());
      for (const OverlapHit& hit : pair.hits) {
        const auto found = there.find({hit.row, hit.problem});
        ASSERT_NE(found, there.end()) << hit.row << " " << hit.problem;
        const json& other = found->second;
        SCOPED_TRACE(other.dump());
        EXPECT_EQ(hit.whole, other["whole"].get<bool>());
        EXPECT_EQ(hit.decides, other["decides"].get<bool>());
        EXPECT_EQ(hit.n, other["sizes"].empty() ? 0 : other["sizes"].back().get<int64_t>());
        EXPECT_DOUBLE_EQ(hit.similarity, other["similarity"].get<double>());
        EXPECT_DOUBLE_EQ(hit.covered, other["covered"].get<double>());
        EXPECT_EQ(hit.shared_words, other["shared_words"].get<int64_t>());
      }
    }
  }
}

TEST(Overlap, DoesNotDependOnTheOrderOfRows) {
  OverlapConfig config;
  config.hits_per_problem = 2;  // some are left out
  const OverlapIndex index(golden_benchmarks(), config);
  const std::string forwards = overlap_summary(index, scanned(index, false)).dump(), backwards = overlap_summary(index, scanned(index, true)).dump();
  EXPECT_EQ(forwards, backwards);
  TemporaryFolder folder;
  write_overlap_file(folder.path() / "a", scanned(index, false));
  write_overlap_file(folder.path() / "b", scanned(index, true));
  EXPECT_EQ(read_file(folder.path() / "a"), read_file(folder.path() / "b"));
}

OverlapPair pair_of(const std::vector<OverlapProblem>& problems, const std::vector<std::string>& rows, OverlapConfig config = {}) {
  const OverlapIndex index({{"b", problems}}, config);
  OverlapScan scan(index, "t");
  for (size_t i = 0; i < rows.size(); ++i) scan.add_row("r" + std::to_string(i), {rows[i]});
  return scan.pairs().at(0);
}

constexpr const char* kSuffix = " Please reason step by step, and put your final answer within \\boxed{}.";

TEST(Overlap, ASuffixOfEveryPromptIsNoHit) {
  const std::vector<OverlapProblem> problems = {{"a", std::string("How many rivers cross the northern border of the old kingdom in winter?") + kSuffix, ""},
                                                {"b", std::string("Tom sells nine copper baskets and buys four silver ladders for his garden today.") + kSuffix, ""},
                                                {"c", std::string("Which planet has seven moons and a ring made of stones and frozen dust?") + kSuffix, ""}};
  const OverlapPair pair = pair_of(problems, {std::string("What is two and two?") + kSuffix, std::string("Find the largest of three numbers.") + kSuffix});
  EXPECT_THAT(pair.problems_by_n, ElementsAre(0, 0, 0));
  EXPECT_EQ(pair.problems_hit, 0);
  EXPECT_TRUE(pair.hits.empty());
  // The questions themselves are found behind any other suffix.
  const OverlapPair leaked = pair_of(problems, {"User: HOW MANY rivers cross the northern border of the old kingdom in winter? Think hard. Assistant:"});
  EXPECT_EQ(leaked.problems_hit, 1);
  EXPECT_EQ(leaked.hits.at(0).problem, "a");
  EXPECT_THAT(leaked.hits.at(0).text, HasSubstr("HOW MANY rivers"));
}

TEST(Overlap, AShortProblemIsComparedWhole) {
  const std::vector<OverlapProblem> problems = {{"sin", "Compute $\\sin 60^\\circ$.", ""}, {"long", "A much longer question about gardens, rivers, stones, ladders, windows, letters and islands?", ""}};
  for (const char* row : {"Compute $\\sin 60^\\circ$.", "<|User|>Compute sin 60°<|Assistant|>", "Question: compute $\\sin{60}$?\nAnswer: ...", "First.\ncompute \\sin 60\nThen."}) {
    const OverlapPair pair = pair_of(problems, {row});
    EXPECT_EQ(pair.problems_whole, 1) << row;
    EXPECT_THAT(pair.problems_by_n, ElementsAre(1, 1, 1)) << row;
    EXPECT_EQ(pair.problems_hit, 1) << row;
  }
  // Within a sentence it is a phrase like any other.
  for (const char* row : {"We compute sin 60 degrees of freedom.", "compute sin 60 + sin 30", "Now compute sin 60.", "compute sin 6"}) {
    const OverlapPair pair = pair_of(problems, {row});
    EXPECT_EQ(pair.problems_hit, 0) << row;
  }
}

TEST(Overlap, InTemplatedProblemsOnlyWholeTextsCount) {
  std::vector<OverlapProblem> problems;
  for (int i = 0; i < 40; ++i) problems.push_back({"t" + std::to_string(i), "start " + std::to_string(i % 7) + " plus " + std::to_string(i % 5) + " times " + std::to_string(i % 8) + " minus " + std::to_string(i % 3) + " plus 4 ?", ""});
  const std::vector<std::string> rows = {"so start 1 plus 1 times 1 minus 1 plus 4 and more of it", "start 2 plus 2 times 2 minus 2 plus 4 ?"};
  const OverlapPair pair = pair_of(problems, rows);
  EXPECT_EQ(pair.problems_hit, 1);
  EXPECT_EQ(pair.problems_whole, 1);
  EXPECT_GE(pair.problems_by_n[1], 2);
  OverlapConfig never;
  never.min_own_words = 0;
  EXPECT_GE(pair_of(problems, rows, never).problems_hit, 2);
}

TEST(Overlap, OneChangedWordIsANearDuplicate) {
  const std::string question = "Bella bought stamps at the post office and gave eleven of them to her younger brother before dinner on Sunday";
  const std::string other = "Bella bought stamps at the post office and gave twelve of them to her younger brother before dinner on Sunday";
  OverlapConfig config;
  config.ngram_sizes = {13};
  config.decision_ngram = 13;
  config.near_duplicate_threshold = 0.65;
  const OverlapPair pair = pair_of({{"stamps", question, ""}}, {other}, config);
  ASSERT_EQ(pair.hits.size(), 1u);
  EXPECT_DOUBLE_EQ(pair.hits[0].similarity, 15.0 / 21);  // 18 shingles each, 3 of them changed
  EXPECT_STREQ(pair.hits[0].kind(), "near_duplicate");
  EXPECT_EQ(pair.problems_hit, 1);
}

TEST(Overlap, SolutionsAreComparedWhereAsked) {
  const std::vector<OverlapProblem> problems = {{"p", "How much is it?", "He pays nine coins for the lamp and then five more coins for the oil that it burns."}};
  const std::string row = "She says: he pays nine coins for the lamp and then five more coins, which is too much.";
  EXPECT_EQ(pair_of(problems, {row}).problems_hit, 1);
  EXPECT_TRUE(pair_of(problems, {row}).hits.at(0).in_solution);
  OverlapConfig questions;
  questions.with_solutions = false;
  EXPECT_EQ(pair_of(problems, {row}, questions).problems_hit, 0);
}

TEST(Overlap, KeepsTheBestRowsAndCountsAll) {
  const std::string question = "The baker sells seven round loaves and nine long loaves to every guest who comes before noon today";
  std::vector<std::string> rows(50, "It is known that the baker sells seven round loaves and nine long loaves to nobody.");
  rows[30] = question;
  const OverlapPair pair = pair_of({{"q", question, ""}}, rows);
  EXPECT_EQ(pair.rows_hit, 50);
  ASSERT_EQ(pair.hits.size(), 10u);
  EXPECT_EQ(pair.hits[0].row, "r30");
  EXPECT_TRUE(pair.hits[0].whole);
  EXPECT_DOUBLE_EQ(pair.hits[0].covered, 1);
}

TEST(Overlap, SharedTextIsCutToTwoHundredCharacters) {
  std::string question = "Начало";
  for (int i = 0; i < 60; ++i) question += " слово" + std::to_string(i) + " ещё";
  const OverlapPair pair = pair_of({{"q", question, ""}}, {question});
  size_t characters = 0;
  for (char c : pair.hits.at(0).text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  EXPECT_EQ(characters, 200u);
  EXPECT_TRUE(question.starts_with(pair.hits[0].text));
}

TEST(Overlap, ATextThatRepeatsItselfCostsLittle) {
  std::string repeated;
  for (int i = 0; i < 30000; ++i) repeated += "na ";
  const OverlapPair pair = pair_of({{"q", repeated.substr(0, 6000), ""}, {"empty", "?", ""}, {"other", "one two three four five six seven eight nine ten", ""}}, {repeated, "", "\\\\ $$"});
  EXPECT_EQ(pair.num_rows, 3);
  EXPECT_EQ(pair.problems_hit, 1);
}

TEST(Overlap, WantsADecisionAmongItsSizes) {
  config::Problems problems;
  OverlapConfig config;
  config::read(config::node_from_json({{"decision_ngram", 9}}, "test"), config, problems);
  EXPECT_THAT(fault_of([&] { problems.throw_if_any(); }), HasSubstr("decision_ngram"));
  OverlapConfig wrong;
  wrong.decision_ngram = 9;
  EXPECT_THAT(fault_of([&] { OverlapIndex({{"b", {{"p", "x", ""}}}}, wrong); }), HasSubstr("none of ngram_sizes"));
  EXPECT_THAT(fault_of([&] { OverlapIndex({{"b", {}}}, OverlapConfig()); }), HasSubstr("no problem"));
}

TEST(OverlapFile, ComesBackAndNamesTheProblemsThatWereHit) {
  const OverlapIndex index(golden_benchmarks(), OverlapConfig());
  const auto pairs = scanned(index, false);
  TemporaryFolder folder;
  const auto path = folder.path() / "overlap.jsonl";
  write_overlap_file(path, pairs);
  const auto lines = read_overlap_file(path);
  size_t count = 0;
  for (const OverlapPair& pair : pairs) {
    std::set<std::string> hit;
    for (const OverlapHit& one : pair.hits) {
      EXPECT_EQ(lines[count].hit.row, one.row);
      EXPECT_EQ(lines[count].hit.covered, one.covered);
      EXPECT_EQ(lines[count].hit.text, one.text);
      EXPECT_STREQ(lines[count].hit.kind(), one.kind());
      ++count;
      if (one.decides) hit.insert(one.problem);
    }
    EXPECT_EQ(static_cast<int64_t>(hit.size()), pair.problems_hit) << "each problem that counts has a line that decides";
    EXPECT_EQ(hit_problems(path)[pair.benchmark], hit);
  }
  EXPECT_EQ(count, lines.size());
  EXPECT_FALSE(hit_problems(path).contains("unknown"));
}

TEST(OverlapFile, ADamagedOneIsRefusedByLine) {
  TemporaryFolder folder;
  const auto path = folder.path() / "overlap.jsonl";
  const OverlapIndex index(golden_benchmarks(), OverlapConfig());
  write_overlap_file(path, scanned(index, false));
  const std::string good = read_file(path), first = good.substr(0, good.find('\n') + 1);
  for (const std::string& bad : {good.substr(0, good.size() - 3), first + "[]\n", first + "{}\n", first + std::string(100, '[') + "\n", first + "{\"training\":1}\n", first + "\n"}) {
    write_file(path, bad);
    EXPECT_NE(fault_of([&] { read_overlap_file(path); }), "") << bad;
  }
  write_file(path, first + "{\"training\":1}\n");
  EXPECT_THAT(fault_of([&] { read_overlap_file(path); }), HasSubstr("overlap.jsonl:2"));
}

}  // namespace
}  // namespace reprise::data
