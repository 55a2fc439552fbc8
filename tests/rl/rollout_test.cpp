// Rollouts on disk, and the signs of hacking.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "io/hdf5_file.h"
#include "rl/hacking_watch.h"
#include "rl/rollout_file.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise::rl {
namespace {

RecordedRollout some_rollout() {
  RecordedRollout rollout{12, "abc", {}};
  for (int i = 0; i < 3; ++i) {
    RecordedSample s;
    s.problem_id = "p" + std::to_string(i / 2);
    s.group = i / 2;
    s.sample_index = i % 2;
    s.prompt_ids = {1, 2, 70000 + i};
    s.completion_ids.assign(static_cast<size_t>(i), 5);
    for (int t = 0; t < i; ++t) s.behavior_logprobs.push_back(-0.1f * static_cast<float>(t + 1) / 3.0f);
    s.stop_reason = i == 1 ? generation::StopReason::length : generation::StopReason::eos;
    s.score.reward = 1.0 / 3.0 * i;
    s.score.terms = {{"accuracy", 1.0 / 7.0, false, ""}, {"program", 0, true, "it ran past \"60\" s"}};
    s.score.verdict.kind = i == 0 ? grading::VerdictKind::correct : grading::VerdictKind::no_answer;
    rollout.samples.push_back(s);
  }
  return rollout;
}

TEST(RolloutFile, ComesBackToTheBit) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / rollout_file_name(12);
  EXPECT_EQ(path.filename(), "rollout-000012.h5");
  const RecordedRollout written = some_rollout();
  write_rollout(path, written);
  const RecordedRollout read = read_rollout(path);
  EXPECT_EQ(read.number, 12);
  EXPECT_EQ(read.weights_hash, "abc");
  ASSERT_EQ(read.samples.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const RecordedSample &a = written.samples[i], &b = read.samples[i];
    EXPECT_EQ(a.problem_id, b.problem_id);
    EXPECT_EQ(a.group, b.group);
    EXPECT_EQ(a.prompt_ids, b.prompt_ids);
    EXPECT_EQ(a.completion_ids, b.completion_ids);
    EXPECT_EQ(a.behavior_logprobs, b.behavior_logprobs);
    EXPECT_EQ(a.stop_reason, b.stop_reason);
    EXPECT_EQ(a.score.reward, b.score.reward);
    EXPECT_EQ(a.score.verdict.kind, b.score.verdict.kind);
    EXPECT_EQ(a.score.terms[0].value, b.score.terms[0].value);
    EXPECT_EQ(a.score.terms[1].reason, b.score.terms[1].reason);
  }
}

TEST(RolloutFile, NamesWhatIsWrongWithIt) {
  const TemporaryFolder folder;
  const fs::path good = folder.path() / "good.h5", bad = folder.path() / "bad.h5";
  write_rollout(good, some_rollout());
  const auto fault = [&](auto&& change) {
    io::Hdf5Content content = io::read_hdf5(good);
    change(content);
    io::write_hdf5(bad, content);
    return testing::fault_of([&] { read_rollout(bad); });
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(fault([](auto& c) { c.attributes.erase("kind"); }), HasSubstr("kind"));
  EXPECT_THAT(fault([](auto& c) { c.text_columns.erase("terms"); }), HasSubstr("terms"));
  EXPECT_THAT(fault([](auto& c) { c.text_columns["terms"][1] = "{"; }), HasSubstr("broken JSON"));
  EXPECT_THAT(fault([](auto& c) { c.text_columns["reward"].pop_back(); }), HasSubstr("reward"));
  EXPECT_THAT(fault([](auto& c) { c.text_columns["completion_ids"][1] = "abc"; }), HasSubstr("completion_ids"));
  EXPECT_THAT(fault([](auto& c) { c.text_columns["behavior_logprobs"][2] = "abcd"; }), HasSubstr("log-prob"));
  EXPECT_THAT(fault([](auto& c) { c.text_columns["stop_reason"][2] = "tired"; }), HasSubstr("tired"));
  EXPECT_THAT(fault([](auto& c) { c.attributes["number"] = "x"; }), HasSubstr("number"));
  write_file(bad, "not hdf5");
  EXPECT_NE(testing::fault_of([&] { read_rollout(bad); }), "");
}

WatchedRollout rollout_of(double reward, double length, double accuracy_variance = 1, double format_variance = 1) {
  return {reward, length, {{"accuracy", accuracy_variance}, {"format", format_variance}}};
}

TEST(HackingWatch, SaysWhenLengthDriftsWithoutReward) {
  HackingWatch watch;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(watch.add(rollout_of(0.5, 100)).empty());
  std::vector<std::string> said;
  for (int i = 0; i < 30; ++i) {
    for (const auto& line : watch.add(rollout_of(0.5, 100 + 20 * i))) said.push_back(line);
  }
  ASSERT_EQ(said.size(), 1u) << "once";
  EXPECT_THAT(said[0], ::testing::HasSubstr("tokens"));
  HackingWatch earned;  // R1-Zero's own growth: reward rises with it
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(earned.add(rollout_of(0.1 + 0.01 * i, 100 + 20 * i)).empty());
}

TEST(HackingWatch, SaysWhenOneTermCarriesAll) {
  HackingWatch watch;
  std::vector<std::string> said;
  for (int i = 0; i < 40; ++i) {
    for (const auto& line : watch.add(rollout_of(0.5, 100, i < 15 ? 1 : 0.001, 1))) said.push_back(line);
  }
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], ::testing::HasSubstr("'format'"));
  HackingWatch accuracy;  // that accuracy carries all is how it should be
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(accuracy.add(rollout_of(0.5, 100, 1, 0)).empty());
}

TEST(HackingWatch, SaysWhenHeldOutAccuracyFallsAsRewardRisesAndGoesOnAfterAResume) {
  HackingWatch watch;
  const double accuracy[] = {0.5, 0.6, 0.55, 0.5, 0.45};
  std::vector<std::string> said;
  for (int e = 0; e < 5; ++e) {
    for (int i = 0; i < 3; ++i) watch.add(rollout_of(0.1 * e, 100));
    HackingWatch resumed;
    resumed.restore(nlohmann::json::parse(watch.state().dump()));
    for (const auto& line : resumed.add_evaluation(accuracy[e])) said.push_back(line);
    watch = resumed;
  }
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], ::testing::HasSubstr("held-out accuracy fell (0.600 to 0.500)"));
  EXPECT_EQ(watch.num_signs(), 1);
}

}  // namespace
}  // namespace reprise::rl
