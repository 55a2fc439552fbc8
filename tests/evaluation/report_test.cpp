// Samples, claims, published numbers and the page, on run folders built here.
#include "evaluation/harness/report.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "evaluation/harness/svg_plot.h"
#include "support/test_data.h"

namespace reprise::evaluation {
namespace {

using grading::VerdictKind;

// num_correct of 8 samples right on each of `num_problems` problems, the rest "8".
std::vector<EvaluationSample> samples_of(int num_problems, int num_correct, const std::string& completion = "<think> x </think>") {
  std::vector<EvaluationSample> samples;
  for (int p = 0; p < num_problems; ++p) {
    for (int k = 0; k < 8; ++k) {
      EvaluationSample one;
      one.problem_id = "p" + std::to_string(100 + p);
      one.sample_index = k;
      one.level = 1 + p % 2;
      // Problems differ a little, so that nothing is constant.
      const bool right = k < num_correct + (p % 3 == 0 ? 1 : 0) - (p % 3 == 1 ? 1 : 0);
      one.verdict = right ? VerdictKind::correct : VerdictKind::incorrect;
      one.extracted = right ? "7" : "8";
      one.completion = completion;
      samples.push_back(one);
    }
  }
  return samples;
}

void write_run(const fs::path& run, int seed, const std::string& claims, const std::string& completion = "<think> x </think>") {
  make_folders(run / "stages/01-base");
  write_file(run / "recipe.lock.yaml", "name: tiny\nquestion: Does <b>it</b> work?\nseed: " + std::to_string(seed) +
                                           "\nstages:\n  - {stage: zero, type: grpo, from: base}\n  - {stage: eval-a, type: evaluate, from: base}\n"
                                           "  - {stage: eval-b, type: evaluate, from: zero}\nclaims:\n" + claims);
  std::string rows;
  for (int step = 1; step <= 20; ++step) rows += "{\"step\":" + std::to_string(step) + ",\"reward\":0.5,\"accuracy\":" + std::to_string(0.04 * step) + ",\"kl\":null}\n";
  make_folders(run / "stages/02-zero");
  write_file(run / "stages/02-zero/metrics.jsonl", rows + "{\"step\":21,\"rew");
  make_folders(run / "stages/03-eval-a");
  make_folders(run / "stages/04-eval-b");
  write_samples(run / "stages/03-eval-a/samples.jsonl", samples_of(30, 2, completion));
  write_samples(run / "stages/04-eval-b/samples.jsonl", samples_of(30, 6));
}

std::string fault(auto&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Samples, ComeBackAsTheyWere) {
  TemporaryFolder folder;
  write_samples(folder.path() / "s.jsonl", samples_of(3, 4));
  const auto read = read_samples(folder.path() / "s.jsonl");
  ASSERT_EQ(read.size(), 24u);
  EXPECT_EQ(read[9].problem_id, "p101");
  EXPECT_EQ(read[9].sample_index, 1);
  EXPECT_TRUE(read[9].correct());
}

TEST(Samples, RefuseADamagedFileByLine) {
  TemporaryFolder folder;
  const fs::path path = folder.path() / "s.jsonl";
  write_samples(path, samples_of(2, 4));
  const std::string good = read_file(path);
  const std::string first = good.substr(0, good.find('\n') + 1);
  for (const std::string& bad : {good.substr(0, good.size() - 5), good + "[]\n", good + "\xff\n", good + first, good + "{}\n",
                                 std::string("{\"problem_id\":3}\n")}) {
    write_file(path, bad);
    EXPECT_THROW(read_samples(path), Error);
  }
  std::string huge = first;
  huge.replace(huge.find("\"level\":1"), 9, "\"level\":99999999999999999999");
  write_file(path, huge);
  EXPECT_NE(fault([&] { read_samples(path); }).find("s.jsonl:1"), std::string::npos);
}

TEST(Samples, RefuseARepeatedSampleWhenWriting) {
  TemporaryFolder folder;
  auto twice = samples_of(1, 4);
  twice.push_back(twice.back());
  EXPECT_THROW(write_samples(folder.path() / "s.jsonl", twice), Error);
  EXPECT_FALSE(fs::exists(folder.path() / "s.jsonl"));
}

TEST(ClaimVerdict, FollowsTheWholeInterval) {
  EXPECT_EQ(verdict_of({0.1, 0.3}, 0.05, true), ClaimVerdict::reproduced);
  EXPECT_EQ(verdict_of({0.1, 0.3}, 0.5, true), ClaimVerdict::not_reproduced);
  EXPECT_EQ(verdict_of({0.1, 0.3}, 0.2, true), ClaimVerdict::inconclusive);
  EXPECT_EQ(verdict_of({0.1, 0.3}, 0.5, false), ClaimVerdict::reproduced);
  EXPECT_EQ(verdict_of({0.1, 0.3}, 0.1, true), ClaimVerdict::inconclusive);
  EXPECT_EQ(verdict_of({std::nan(""), std::nan("")}, 0, true), ClaimVerdict::inconclusive);
}

ClaimResult judged(const std::string& claim, int num_seeds = 1) {
  TemporaryFolder folder;
  std::vector<RunData> runs;
  for (int seed = 1; seed <= num_seeds; ++seed) {
    const fs::path run = folder.path() / ("run" + std::to_string(seed));
    write_run(run, seed, "  - {claim: c, " + claim + "}\n");
    runs.push_back(read_run(run));
  }
  return make_report_data(runs, {}).claims.at(0);
}

TEST(Claims, EveryFormIsJudged) {
  const ClaimResult higher = judged("metric: pass@1, higher: eval-b, lower: eval-a, margin: 0.2");
  EXPECT_EQ(higher.verdict, ClaimVerdict::reproduced);
  EXPECT_NEAR(higher.estimate, 0.5, 1e-12);
  // The difference is the same on all 30 problems, and yet keeps the doubt that 30 problems leave.
  EXPECT_NEAR(higher.interval.low, 0.5 - (1 - std::pow(0.025, 1.0 / 30)), 1e-12);
  EXPECT_EQ(judged("metric: pass@1, higher: eval-b, lower: eval-a, margin: 0.4").verdict, ClaimVerdict::inconclusive);
  EXPECT_EQ(judged("metric: pass@1, stage: eval-b, at_least: 0.6").verdict, ClaimVerdict::reproduced);
  EXPECT_EQ(judged("metric: pass@1, stage: eval-b, at_most: 0.6").verdict, ClaimVerdict::not_reproduced);
  EXPECT_EQ(judged("metric: pass@1, lower: eval-a, than: 0.4").verdict, ClaimVerdict::reproduced);
  EXPECT_EQ(judged("metric: pass@1, higher: eval-a, than: 0.1, margin: 0.05").verdict, ClaimVerdict::reproduced);
  EXPECT_EQ(judged("metric: cons@k, minus: pass@1, stage: eval-b").verdict, ClaimVerdict::reproduced);
  EXPECT_EQ(judged("metric: cons@k, minus: pass@1, stage: eval-a").verdict, ClaimVerdict::not_reproduced);
  EXPECT_EQ(judged("metric: pass@1, stage: eval-b, at_least: 0.6", 3).verdict, ClaimVerdict::reproduced);
  // A stage is not faster than itself by ten steps.
  EXPECT_EQ(judged("faster: zero, slower: zero, margin: 10").verdict, ClaimVerdict::not_reproduced);
}

TEST(Claims, PartsDecideAsDeclared) {
  const std::string good = "{metric: pass@1, stage: eval-b, at_least: 0.6}", bad = "{metric: pass@1, stage: eval-a, at_least: 0.6}";
  EXPECT_EQ(judged("all_of: [" + good + ", " + bad + "]").verdict, ClaimVerdict::not_reproduced);
  EXPECT_EQ(judged("any_of: [" + good + ", " + bad + "]").verdict, ClaimVerdict::reproduced);
  EXPECT_EQ(judged("all_of: [" + good + ", " + good + "]").verdict, ClaimVerdict::reproduced);
  EXPECT_EQ(judged("any_of: [" + bad + ", " + bad + "]").verdict, ClaimVerdict::not_reproduced);
}

TEST(Claims, AClaimThatIsNoFormIsRefusedWithItsLine) {
  for (const char* claim : {"metric: pass@1, higher: eval-b", "metric: pas@1, higher: eval-b, lower: eval-a", "metric: pass@1, stage: eval-b",
                            "metric: pass@1, stage: eval-b, at_least: 0.1, at_most: 0.2", "hihger: eval-b", "faster: zero", "any_of: []",
                            "metric: pass@1, stage: eval-b, at_least: nan"}) {
    EXPECT_THROW(judged(claim), Error) << claim;
  }
  EXPECT_NE(fault([] { judged("hihger: eval-b"); }).find("did you mean 'higher'"), std::string::npos);
}

TEST(Report, TellsWhatTheRunsSayAndEscapesWhatModelsWrote) {
  TemporaryFolder folder;
  std::vector<fs::path> runs;
  for (int seed : {1, 2}) {
    runs.push_back(folder.path() / ("run" + std::to_string(seed)));
    write_run(runs.back(), seed, "  - {claim: works, says: It works, metric: pass@1, stage: eval-b, at_least: 0.6}\n", "<script>alert(1)</script> <think>\x01");
  }
  EXPECT_EQ(write_report(runs, testing::source_folder() / "evaluation/published", folder.path() / "out"), "1 reproduced");
  const std::string html = read_file(folder.path() / "out/report.html");
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos) << "the page must open offline";
  EXPECT_NE(html.find("Does &lt;b&gt;it&lt;/b&gt; work?"), std::string::npos);
  EXPECT_NE(html.find("<span class=\"tag\">&lt;think&gt;</span>"), std::string::npos);
  const auto json = nlohmann::json::parse(read_file(folder.path() / "out/report.json"));
  ASSERT_EQ(json["claims"].size(), 1u);
  EXPECT_EQ(json["claims"][0]["verdict"], "reproduced");
  EXPECT_EQ(json["claims"][0]["by_seed"].size(), 2u);
  EXPECT_EQ(json["evaluations"].size(), 2u);
  EXPECT_TRUE(fs::exists(folder.path() / "out/report.md"));
}

TEST(Plot, ACurveFlatButForRoundingIsNotBlownUp) {
  LinePlot plot{.title = "format", .percent = true};
  plot.series.push_back({"", {{1, 0.97}, {2, 0.97 + 1e-15}, {3, 0.97}}, 0, false});
  const std::string svg = line_plot(plot);
  EXPECT_NE(svg.find(">100<"), std::string::npos) << svg;
}

TEST(Report, RefusesWhatIsNoRunAndASeedTwice) {
  TemporaryFolder folder;
  EXPECT_THROW(read_run(folder.path()), Error);
  write_run(folder.path() / "a", 1, "");
  write_run(folder.path() / "b", 1, "");
  EXPECT_NE(fault([&] { write_report({folder.path() / "a", folder.path() / "b"}, {}, folder.path() / "out"); }).find("seed 1"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder.path() / "out"));
  write_file(folder.path() / "a/recipe.lock.yaml", "a: &x [1]\nb: *x\n");
  EXPECT_NE(fault([&] { read_run(folder.path() / "a"); }).find("alias"), std::string::npos);
}

TEST(Published, EveryShippedNumberHasItsConditions) {
  const auto numbers = read_published_folder(testing::source_folder() / "evaluation/published").numbers;
  EXPECT_GT(numbers.size(), 500u);
}

TEST(Published, IsComparedOnlyUnderItsOwnConditions) {
  const auto numbers = read_published_folder(testing::source_folder() / "evaluation/published").numbers;
  const auto found = std::find_if(numbers.begin(), numbers.end(), [](const auto& n) { return n.id == "r1-v1-t5-r1-distill-qwen-7b-aime24-p1"; });
  ASSERT_NE(found, numbers.end());
  OwnNumber own{found->model, "aime24", "pass@1", {.value = 0.56, .sampling_error = 0.008, .num_problems = 30}, found->protocol, 64};
  EXPECT_EQ(compare(own, *found).verdict, "reproduced");
  own.estimate.value = 0.4;
  EXPECT_EQ(compare(own, *found).verdict, "differs");
  own.estimate.value = 0.535;
  EXPECT_EQ(compare(own, *found).verdict, "inconclusive");
  own.protocol["temperature"] = "0.60";
  EXPECT_TRUE(compare(own, *found).comparable);
  own.protocol["temperature"] = "1";
  own.protocol.erase("grader");
  const PublishedComparison other = compare(own, *found);
  EXPECT_EQ(other.verdict, "protocol mismatch");
  ASSERT_EQ(other.differences.size(), 2u);
  EXPECT_EQ(other.differences[0], "temperature: '1' here, '0.6' there");
}

TEST(Published, ANumberWithoutConditionsIsRefused) {
  TemporaryFolder folder;
  write_file(folder.path() / "x.yaml", "source: {title: T}\nprotocols: {}\nnumbers:\n  - {id: a, model: m, benchmark: gsm8k, metric: pass@1, value: 3, num_problems: 5, protocol: p, evidence: primary}\n");
  EXPECT_NE(fault([&] { read_published_folder(folder.path()); }).find("no conditions"), std::string::npos);
  write_file(folder.path() / "x.yaml", "source: {title: T}\nprotocols: {p: {temperature: 1}}\nnumbers: []\n");
  EXPECT_NE(fault([&] { read_published_folder(folder.path()); }).find("does not say"), std::string::npos);
}

}  // namespace
}  // namespace reprise::evaluation
