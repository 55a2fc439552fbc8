// Rewards of many completions at once: the user's program and all the ways it can fail, and scaling.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "rewards/reward.h"
#include "support/fault_of.h"

namespace reprise::rewards {
namespace {

std::vector<RewardTerm> answers_of(const std::string& script, double timeout_seconds = 20) {
  static const data::Problem problem = [] {
    data::Problem p;
    p.id = "a \"quoted\" id";
    p.prompt = "3 plus 4 ?";
    p.answer = "7";
    p.grader = "number";
    return p;
  }();
  RewardConfig config;
  config.reward_program = {"python3", "-c", script};
  config.reward_program_timeout_seconds = timeout_seconds;
  const std::vector<RewardInput> inputs = {{problem, "one \xff\n", 3, true, false}, {problem, "seven", 5, false, false}, {problem, "", 0, true, false}};
  return ProgramReward(config).score(inputs);
}

TEST(ProgramReward, AnswersEveryCompletionInOrder) {
  const auto terms = answers_of("import sys, json\n"
                                "for line in sys.stdin:\n"
                                "    r = json.loads(line)\n"
                                "    assert r['answer'] == '7' and r['prompt'] == '3 plus 4 ?' and r['problem_id'] == 'a \"quoted\" id'\n"
                                "    print(json.dumps({'reward': len(r['completion']) + r['num_tokens'] / 10 + 100 * r['finished']}))\n");
  ASSERT_EQ(terms.size(), 3u);
  EXPECT_EQ(terms[1].value, 5.5);
  EXPECT_EQ(terms[2].value, 100);
  EXPECT_EQ(terms[0].value, 106.3 - 0) << "a broken byte comes as one replacement character";
  for (const auto& term : terms) EXPECT_FALSE(term.failed) << term.reason;
}

TEST(ProgramReward, WhatItDoesNotAnswerHasFailedAndSaysWhy) {
  const auto reasons = [](const std::vector<RewardTerm>& terms) {
    std::vector<std::string> out;
    for (const auto& term : terms) {
      EXPECT_EQ(term.value, term.failed ? 0 : term.value);
      out.push_back(term.failed ? term.reason : "ok");
    }
    return out;
  };
  using ::testing::ElementsAre;
  using ::testing::HasSubstr;
  EXPECT_THAT(reasons(answers_of("print('{\"reward\": 1}')")), ElementsAre("ok", HasSubstr("1 of 3"), HasSubstr("1 of 3")));
  EXPECT_THAT(reasons(answers_of("import sys; print('{\"reward\": 1}'); sys.exit('no luck')")), ElementsAre("ok", HasSubstr("no luck"), HasSubstr("exited with 1")));
  EXPECT_THAT(reasons(answers_of("print('{\"error\": \"judge is down\"}\\nnot json\\n{\"reward\": \"high\"}')")),
              ElementsAre("judge is down", HasSubstr("no JSON object"), HasSubstr("no number")));
  EXPECT_THAT(reasons(answers_of("print('{\"reward\": NaN}\\n{\"reward\": 1e999}\\n[1]')")), ElementsAre(HasSubstr("no JSON"), HasSubstr("no"), HasSubstr("no JSON object")));
  EXPECT_THAT(reasons(answers_of("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")), ElementsAre(HasSubstr("signal 9"), HasSubstr("signal 9"), HasSubstr("signal 9")));
  EXPECT_THAT(reasons(answers_of("print('{\"reward\": 1}', flush=True); import time; time.sleep(60)", 1.0)), ElementsAre("ok", HasSubstr("ran past 1.0 s"), HasSubstr("ran past")));
}

TEST(ProgramReward, ThatCannotBeStartedIsAnError) {
  RewardConfig config;
  config.reward_program = {"/no/such/program"};
  const data::Problem problem;
  EXPECT_THAT(testing::fault_of([&] { ProgramReward(config).score({{problem, "", 0, true, false}}); }), ::testing::HasSubstr("/no/such/program"));
}

TEST(ScoreCompletions, WantsTheBatchRewardsItNames) {
  RewardConfig config;
  config.reward_funcs = {"program"};
  data::Problem problem;
  problem.grader = "number";
  problem.answer = "7";
  EXPECT_THAT(testing::fault_of([&] { score_completion(config, {problem, "x", 1, true, false}); }), ::testing::HasSubstr("program"));
}

// Worked by hand: a group of 0, 1, 1, 2 has mean 1 and standard deviation sqrt(2/3).
TEST(ScaleRewards, CentresAndDividesEachTermInItsGroup) {
  RewardConfig config;
  config.reward_funcs = {"accuracy", "length"};
  config.reward_weights = {1, 0.5};
  const auto scored = [&](double a, double b, bool failed = false) {
    ScoredCompletion s;
    s.terms = {{"accuracy", a, false, ""}, {"length", b, failed, ""}};
    s.reward = a + 0.5 * b;
    return s;
  };
  std::vector<ScoredCompletion> all = {scored(0, 100), scored(1, 100), scored(1, 100), scored(2, 100), scored(5, 0), scored(5, 10), scored(5, 20), scored(5, 0, true)};
  const auto rewards = [&](const std::string& how) {
    config.reward_scaling = how;
    std::vector<ScoredCompletion> copy = all;
    std::vector<ScoredCompletion*> pointers;
    for (auto& s : copy) pointers.push_back(&s);
    scale_rewards(config, 4, pointers);
    std::vector<double> out;
    for (const auto& s : copy) out.push_back(s.reward);
    return out;
  };
  EXPECT_EQ(rewards("none")[3], 52);
  const auto group = rewards("group");
  const double deviation = std::sqrt(2.0 / 3.0) + 1e-4;
  EXPECT_NEAR(group[0], -1 / deviation, 1e-12) << "the flat term adds nothing";
  EXPECT_NEAR(group[1], 0, 1e-12);
  EXPECT_NEAR(group[3], 1 / deviation, 1e-12);
  EXPECT_NEAR(group[4], -0.5 * 10 / (10 + 1e-4), 1e-12);
  EXPECT_NEAR(group[6], 0.5 * 10 / (10 + 1e-4), 1e-12);
  EXPECT_NEAR(group[7], 0, 1e-12) << "what failed is neither high nor low";
  EXPECT_LT(rewards("batch")[0], rewards("batch")[4]) << "over the batch accuracy rules";
}

}  // namespace
}  // namespace reprise::rewards
