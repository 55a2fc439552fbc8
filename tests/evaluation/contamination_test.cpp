// The stage `contamination` over stores, and what the report makes of it.
#include "evaluation/harness/contamination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "config/writer.h"
#include "data/overlap_file.h"
#include "data/store.h"
#include "evaluation/harness/contamination_config.h"
#include "evaluation/harness/report.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise::evaluation {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Context : public pipeline::StageContext {
 public:
  Context(fs::path folder, nlohmann::json keys) : folder_(std::move(folder)), keys_(std::move(keys)) { make_folders(folder_); }
  const std::string& name() const override { return name_; }
  const fs::path& folder() const override { return folder_; }
  uint64_t seed() const override { return 1; }
  const pipeline::HardwareConfig& hardware() const override { return hardware_; }
  fs::path resolve(const std::string& reference) const override { return folder_ / (reference + ".h5"); }
  const nlohmann::json& keys() const override { return keys_; }
  void begin_at(int64_t) override {}
  void record(int64_t, const pipeline::Metrics&) override {}
  void ledger(int64_t, const std::string& hash, const pipeline::Metrics&) override { ledger_hash = hash; }
  void progress(int64_t, int64_t, const pipeline::Metrics&) override {}
  void note(const std::string& line) override { notes.push_back(line); }
  bool stop_requested() const override { return stop; }

  std::string ledger_hash;
  std::vector<std::string> notes;
  bool stop = false;

 private:
  std::string name_ = "contamination";
  fs::path folder_;
  nlohmann::json keys_;
  pipeline::HardwareConfig hardware_;
};

std::string question(int i) { return "Gardener number " + std::to_string(i) + " waters row" + std::string(1, static_cast<char>('a' + i)) + " of the long green garden before noon and after dinner; how much is it?"; }

// Ten problems; the training store has two of them whole, and an example that quotes a third.
void write_stores(const fs::path& folder) {
  make_folders(folder);
  std::vector<data::Problem> held_out, training;
  for (int i = 0; i < 10; ++i) held_out.push_back({.id = "p" + std::to_string(100 + i), .prompt = question(i), .answer = "7", .grader = "number"});
  for (int i : {2, 5, 20, 21}) training.push_back({.id = "train-" + std::to_string(i), .prompt = question(i), .answer = "7", .grader = "number"});
  training[2].prompt = "What is the price of a lamp and of its oil?";
  training[3].prompt = "Which of the two rivers is the longer one?";
  data::write_problems(folder / "held-out.h5", held_out, {.name = "held-out"});
  data::write_problems(folder / "training.h5", training, {.name = "training"});
  data::write_examples(folder / "examples.h5", {{.id = "e1", .prompt = "", .completion = "They wrote of a rowg of the long green garden before noon and after dinner; how odd."}}, {.name = "examples"});
}

nlohmann::json keys() {
  ContaminationConfig config;
  config.training_stores = {"training", "examples"};
  config.evaluation_stores = {"held-out"};
  return config::to_json(config);
}

TEST(Contamination, FindsWhatTheStoresShare) {
  TemporaryFolder folder;
  write_stores(folder.path());
  Context context(folder.path(), keys());
  const nlohmann::json counts = run_contamination(context);
  EXPECT_EQ(counts["pairs"].size(), 2u);
  EXPECT_EQ(counts["pairs"][0]["problems_whole"], 2);
  EXPECT_EQ(counts["pairs"][1]["problems_hit"], 1);
  EXPECT_EQ(counts["benchmarks"][0]["problems_hit"], 3);
  EXPECT_EQ(counts["rows"], 5);
  EXPECT_THAT(data::hit_problems(folder.path() / "overlap.jsonl").at("held-out"), UnorderedElementsAre("p102", "p105", "p106"));
  EXPECT_THAT(context.notes.at(0), HasSubstr("held-out: 3 of 10 problems"));
  // Again: the same bits, and the same line in the ledger.
  const std::string before = read_file(folder.path() / "overlap.jsonl"), hash = context.ledger_hash;
  Context again(folder.path(), keys());
  run_contamination(again);
  EXPECT_EQ(read_file(folder.path() / "overlap.jsonl"), before);
  EXPECT_EQ(again.ledger_hash, hash);
  again.stop = true;
  EXPECT_THROW(run_contamination(again), Interrupted);
}

TEST(Contamination, OfAStoreThatIsNotThereIsOneClearLine) {
  TemporaryFolder folder;
  write_stores(folder.path());
  nlohmann::json missing = keys();
  missing["training_stores"] = {"nowhere"};
  Context context(folder.path(), missing);
  EXPECT_THAT(testing::fault_of([&] { run_contamination(context); }), HasSubstr("nowhere.h5"));
  EXPECT_FALSE(path_exists(folder.path() / "overlap.jsonl"));
}

void write_run(const fs::path& run, int seed, bool everything_is_hit) {
  make_folders(run);
  write_file(run / "recipe.lock.yaml", "name: tiny\nseed: " + std::to_string(seed) +
                                           "\nstages:\n  - {stage: sft, type: sft, from: base, dataset_name: [training]}\n  - {stage: score, type: evaluate, from: sft, dataset_name: held-out}\n"
                                           "  - {stage: other, type: evaluate, from: sft, dataset_name: elsewhere}\n  - {stage: contamination, type: contamination}\n");
  std::vector<EvaluationSample> samples;
  for (int p = 0; p < 10; ++p) {
    for (int k = 0; k < 4; ++k) {
      EvaluationSample one;
      one.problem_id = "p" + std::to_string(100 + p);
      one.sample_index = k;
      // The three that were hit are always right; of the others one sample in four, or none.
      one.verdict = p == 2 || p == 5 || p == 6 || (k == 0 && p % 2 == 0) ? grading::VerdictKind::correct : grading::VerdictKind::incorrect;
      samples.push_back(one);
    }
  }
  make_folders(run / "stages/02-score");
  make_folders(run / "stages/03-other");
  write_samples(run / "stages/02-score/samples.jsonl", samples);
  write_samples(run / "stages/03-other/samples.jsonl", samples);
  const fs::path stage = run / "stages/04-contamination";
  write_stores(stage);
  if (everything_is_hit) data::write_problems(stage / "training.h5", data::read_problems(stage / "held-out.h5"), {.name = "training"});
  Context context(stage, keys());
  const nlohmann::json counts = run_contamination(context);
  write_file(stage / "done.json", nlohmann::json{{"stage", "contamination"}, {"type", "contamination"}, {"counts", counts}}.dump());
}

TEST(ContaminationReport, TellsTheScoreWithoutTheProblemsThatWereHit) {
  TemporaryFolder folder;
  write_run(folder.path() / "run", 1, false);
  write_report({folder.path() / "run"}, {}, folder.path() / "out");
  const auto json = nlohmann::json::parse(read_file(folder.path() / "out/report.json"))["contamination"];
  ASSERT_EQ(json["evaluations"].size(), 1u) << "the store of the other evaluation was not compared";
  const auto& one = json["evaluations"][0];
  EXPECT_EQ(one["num_hit"], 3);
  EXPECT_EQ(one["num_problems"], 10);
  EXPECT_DOUBLE_EQ(one["pass@1"]["value"].get<double>(), (3 + 3 * 0.25) / 10);   // problems 0, 4 and 8 have one of four
  EXPECT_DOUBLE_EQ(one["without"]["value"].get<double>(), 3 * 0.25 / 7);
  EXPECT_GE(one["without"]["interval"][0].get<double>(), 0);
  EXPECT_LT(one["without"]["interval"][1].get<double>(), 0.3);
  EXPECT_EQ(json["pairs"].size(), 2u);
  EXPECT_GE(json["examples"].size(), 3u);
  // The other two say the same.
  const std::string html = read_file(folder.path() / "out/report.html"), md = read_file(folder.path() / "out/report.md");
  for (const std::string& text : {html, md}) {
    EXPECT_THAT(text, HasSubstr("Contamination"));
    EXPECT_THAT(text, HasSubstr("3 of 10"));
    EXPECT_THAT(text, HasSubstr("37.5"));
    EXPECT_THAT(text, HasSubstr("10.7"));
    EXPECT_THAT(text, HasSubstr("train-5"));
  }
}

TEST(ContaminationReport, SaysWhenNothingIsLeftAndPoolsSeeds) {
  TemporaryFolder folder;
  write_run(folder.path() / "a", 1, true);
  write_run(folder.path() / "b", 2, false);
  write_report({folder.path() / "a"}, {}, folder.path() / "one");
  const auto one = nlohmann::json::parse(read_file(folder.path() / "one/report.json"))["contamination"];
  EXPECT_EQ(one["evaluations"][0]["num_hit"], 10);
  EXPECT_TRUE(one["evaluations"][0]["without"].is_null());
  EXPECT_THAT(read_file(folder.path() / "one/report.md"), HasSubstr("every problem was hit"));
  write_report({folder.path() / "b", folder.path() / "a"}, {}, folder.path() / "both");
  const auto both = nlohmann::json::parse(read_file(folder.path() / "both/report.json"))["contamination"];
  EXPECT_EQ(both["evaluations"][0]["num_hit"], 10) << "what is hit with one seed is left out with all";
  EXPECT_EQ(both["pairs"][0]["problems_hit"], (nlohmann::json{2, 10}));
  EXPECT_THAT(read_file(folder.path() / "both/report.md"), HasSubstr("2 to 10"));
}

TEST(ContaminationReport, IsSilentWithoutTheStageAndHonestBeforeItRan) {
  TemporaryFolder folder;
  write_run(folder.path() / "run", 1, false);
  fs::remove_all(folder.path() / "run/stages/04-contamination");
  write_report({folder.path() / "run"}, {}, folder.path() / "out");
  EXPECT_THAT(read_file(folder.path() / "out/report.md"), HasSubstr("has not run"));
  std::string lock = read_file(folder.path() / "run/recipe.lock.yaml");
  write_file(folder.path() / "run/recipe.lock.yaml", lock.substr(0, lock.find("  - {stage: contamination")));
  write_report({folder.path() / "run"}, {}, folder.path() / "out");
  EXPECT_EQ(read_file(folder.path() / "out/report.md").find("Contamination"), std::string::npos);
  EXPECT_FALSE(nlohmann::json::parse(read_file(folder.path() / "out/report.json")).contains("contamination"));
}

}  // namespace
}  // namespace reprise::evaluation
