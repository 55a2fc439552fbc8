// What a grpo stage draws and by what it is judged: stores that join at a step, and a reward model from a folder.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "data/store.h"
#include "stages/prompt_stream.h"
#include "stages/reward_model.h"
#include "support/fault_of.h"
#include "support/golden_model.h"

namespace reprise::stages {
namespace {

// References are names of files in a folder.
class FolderContext : public pipeline::StageContext {
 public:
  explicit FolderContext(fs::path folder) : folder_(std::move(folder)) {}
  const std::string& name() const override { return name_; }
  const fs::path& folder() const override { return folder_; }
  uint64_t seed() const override { return 5; }
  const pipeline::HardwareConfig& hardware() const override { return hardware_; }
  fs::path resolve(const std::string& reference) const override { return folder_ / reference; }
  const nlohmann::json& keys() const override { return keys_; }
  void begin_at(int64_t) override {}
  void record(int64_t, const pipeline::Metrics&) override {}
  void ledger(int64_t, const std::string&, const pipeline::Metrics&) override {}
  void progress(int64_t, int64_t, const pipeline::Metrics&) override {}
  void note(const std::string& line) override { notes.push_back(line); }
  bool stop_requested() const override { return false; }
  std::vector<std::string> notes;

 private:
  std::string name_ = "rl";
  fs::path folder_;
  pipeline::HardwareConfig hardware_;
  nlohmann::json keys_;
};

std::vector<data::Problem> problems_of(const std::string& prefix, int count, const std::string& grader = "number") {
  std::vector<data::Problem> problems;
  for (int i = 0; i < count; ++i) {
    data::Problem p;
    p.id = prefix + std::to_string(i);
    p.prompt = "w5 w" + std::to_string(6 + i % 30);
    p.answer = "7";
    p.grader = grader;
    p.level = i % 3;
    p.metadata = "{}";
    problems.push_back(p);
  }
  return problems;
}

class RlInputs : public ::testing::Test {
 protected:
  RlInputs() : context_(folder_.path()) {
    data::StoreManifest manifest;
    manifest.kind = "problems";
    data::write_problems(folder_.path() / "first.h5", problems_of("a", 12), manifest);
    data::write_problems(folder_.path() / "second.h5", problems_of("b", 6), manifest);
    policy_.model = std::make_shared<model::Transformer>(testing::golden_model(std::string("llama_default")));
    policy_.tokenizer = testing::golden_tokenizer();
    config_.dataset_name = {"first.h5", "second.h5"};
    config_.prompt.chat_template = "none";
    config_.sampling.max_completion_length = 4;
  }
  PromptStream stream() {
    writer_ = std::make_unique<PromptWriter>(config_.prompt, policy_);
    return PromptStream(context_, config_, policy_, *writer_);
  }
  TemporaryFolder folder_;
  FolderContext context_;
  model::LoadedModel policy_;
  GrpoStageConfig config_;
  std::unique_ptr<PromptWriter> writer_;
};

TEST_F(RlInputs, AStoreJoinsAtItsStep) {
  config_.dataset_start_steps = {0, 10};
  config_.dataset_weights = {1, 1};
  const PromptStream stream_of_both = stream();
  const auto share_of_second = [&](int64_t step) {
    int64_t count = 0;
    for (int64_t i : stream_of_both.draw(40, 20, step)) count += stream_of_both.problems()[static_cast<size_t>(i)].id[0] == 'b';
    return count;
  };
  EXPECT_EQ(share_of_second(0), 0);
  EXPECT_EQ(share_of_second(9), 0);
  EXPECT_EQ(share_of_second(10), 10);
  EXPECT_EQ(stream_of_both.draw(40, 20, 9), stream().draw(40, 20, 9)) << "after a resume";
}

TEST_F(RlInputs, ACurriculumGoesUpThroughTheLevels) {
  config_.dataset_name = {"first.h5"};
  config_.curriculum = "level";
  const PromptStream levels = stream();
  for (int64_t part = 0; part < 3; ++part) {
    for (int64_t i : levels.draw(4 * part, 4, 0)) EXPECT_EQ(levels.problems()[static_cast<size_t>(i)].level, part);
  }
}

TEST_F(RlInputs, PassRatesAreMeasuredOnceAndFilter) {
  config_.pass_rate_generations = 2;
  config_.max_pass_rate = 0.5;
  EXPECT_EQ(stream().problems().size(), 18u) << "nothing is solved";
  ASSERT_TRUE(is_file(folder_.path() / "pass_rates.json"));
  // Rates as a stronger policy would have left them: the first store's are all solved but one.
  nlohmann::json rates = nlohmann::json::array();
  for (int i = 0; i < 18; ++i) rates.push_back(i == 3 ? 0.5 : i < 12 ? 1.0 : 0.0);
  write_file(folder_.path() / "pass_rates.json", nlohmann::json{{"rates", rates}}.dump());
  EXPECT_EQ(stream().problems().size(), 7u);
  EXPECT_THAT(context_.notes.back(), ::testing::HasSubstr("7 of 18"));
  config_.min_pass_rate = 0.1;
  EXPECT_THAT(testing::fault_of([&] { stream(); }), ::testing::HasSubstr("second.h5"));
}

TEST_F(RlInputs, ARewardModelScoresPromptAndCompletion) {
  const model::LoadedModel& policy = policy_;
  model::Transformer judge = model::Transformer::with_score_head(*policy.model, 1);
  {
    at::NoGradGuard guard;
    at::Tensor head = judge.weights().at("score.weight");
    head.copy_(at::linspace(-1, 1, head.numel()).view(head.sizes()));
  }
  write_folder(folder_.path() / "judge", [&](const fs::path& folder) { model::save_model(folder, judge, policy.tokenizer.get(), "", ""); });
  rewards::RewardConfig config;
  config.reward_model = "judge";
  const auto graded = problems_of("a", 1), open = problems_of("c", 1, "none");
  const std::string longer = "w9 w10 w11", far_too_long = [] {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "w9 ";
    return text;
  }();
  const std::vector<rewards::RewardInput> inputs = {{graded[0], "w9", 1, true, false}, {open[0], longer, 3, true, false}, {open[0], far_too_long, 100, true, false}};
  const auto terms = RewardModel(context_, config).score(inputs);
  ASSERT_EQ(terms.size(), 3u);
  for (size_t i = 0; i < 2; ++i) {
    const auto ids = policy.tokenizer->encode(inputs[i].problem.prompt + "\n" + std::string(inputs[i].completion), true);
    const model::Transformer plain = testing::plain(judge);
    const at::Tensor hidden = testing::hidden_of(plain, {std::vector<int64_t>(ids.begin(), ids.end())})[0];
    EXPECT_NEAR(terms[i].value, plain.head_scores(hidden)[-1][0].item<double>(), 1e-4) << i;
  }
  EXPECT_NE(terms[0].value, terms[1].value);
  EXPECT_TRUE(terms[2].failed);
  EXPECT_THAT(terms[2].reason, ::testing::HasSubstr("tokens"));
  config.reward_model_on = "ungraded";
  const auto some = RewardModel(context_, config).score(inputs);
  EXPECT_EQ(some[0].value, 0);
  EXPECT_EQ(some[1].value, terms[1].value);
  // A language model is no judge.
  write_folder(folder_.path() / "writer", [&](const fs::path& folder) { model::save_model(folder, *policy.model, policy.tokenizer.get(), "", ""); });
  config.reward_model = "writer";
  EXPECT_THAT(testing::fault_of([&] { RewardModel(context_, config); }), ::testing::HasSubstr("classifier"));
}

}  // namespace
}  // namespace reprise::stages
