// The stage `contamination` that a recipe has without saying so, and what it leaves alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "pipeline/plan.h"
#include "pipeline/stage_graph.h"
#include "stages/catalog_config.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

pipeline::Recipe read(const fs::path& file, const std::vector<std::string>& sets = {}) {
  config::Problems problems;
  const auto hooks = stages::recipe_hooks();
  pipeline::Recipe recipe = pipeline::read_recipe(file, sets, stages::stage_types(), hooks, problems, testing::source_folder());
  pipeline::plan_recipe(recipe, hooks, problems);
  problems.throw_if_any();
  return recipe;
}

pipeline::Recipe read_named(const std::string& name, const std::vector<std::string>& sets = {}) { return read(testing::source_folder() / "recipes" / (name + ".yaml"), sets); }

std::vector<std::string> texts(const nlohmann::ordered_json& list) { return list.get<std::vector<std::string>>(); }

class Written : public ::testing::Test {
 protected:
  pipeline::Recipe read_text(const std::string& text) {
    const fs::path file = folder_.path() / "r.yaml";
    write_file(file, text);
    return read(file);
  }
  std::string fault(const std::string& text) {
    try {
      read_text(text);
    } catch (const config::ProblemsError& error) {
      return error.lines().size() == 1 ? error.lines()[0] : std::to_string(error.lines().size()) + " faults, first " + error.lines()[0];
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  TemporaryFolder folder_;
};

constexpr const char* kHead = "name: r\ndatasets:\n  d: {generator: last_digit_chains, size: 10}\n  t: {generator: last_digit_chains_textbook, size: 10}\n"
                              "  e: {generator: last_digit_chains, split: test, size: 10}\nstages:\n"
                              "  - {stage: base, type: pretrain, tokenizer: \"words:last_digit_chains\", dataset_name: t, max_steps: 5}\n";
constexpr const char* kScore = "  - {stage: score, type: evaluate, from: base, dataset_name: e}\n";

TEST(DefaultStages, ComparesAllThatIsTrainedOnWithAllThatIsScored) {
  const auto recipe = read_named("mini-r1");
  const auto& last = recipe.stages.back();
  ASSERT_EQ(last.type->name, "contamination");
  EXPECT_EQ(last.name, "contamination");
  EXPECT_THAT(texts(last.keys["training_stores"]), ElementsAre("textbook", "web", "problems", "cold-start-traces", "rejection-sampling", "all-scenarios", "teacher-samples"));
  EXPECT_THAT(texts(last.keys["evaluation_stores"]), ElementsAre("held-out"));
  EXPECT_EQ(last.keys["decision_ngram"], 10);
}

TEST(DefaultStages, StandInEveryRecipeThatTrainsAndEvaluates) {
  int64_t num_recipes = 0;
  for (const auto& entry : fs::directory_iterator(testing::source_folder() / "recipes")) {
    if (entry.path().extension() != ".yaml") continue;
    const auto recipe = read(entry.path());
    EXPECT_EQ(recipe.stages.back().type->name, "contamination") << entry.path();
    ++num_recipes;
  }
  EXPECT_GE(num_recipes, 18);
}

TEST(DefaultStages, LeaveTheOthersAsTheyWere) {
  const auto with = read_named("mini-r1"), without = read_named("mini-r1", {"contamination=false"});
  ASSERT_EQ(with.stages.size(), without.stages.size() + 1);
  for (size_t i = 0; i < without.stages.size(); ++i) {
    EXPECT_EQ(with.stages[i].name, without.stages[i].name);
    std::map<std::string, std::string> inputs;
    for (const auto& reference : pipeline::references_of(with, with.stages[i])) inputs[reference.value] = "hash of " + reference.value;
    EXPECT_EQ(pipeline::stage_key(with, with.stages[i], inputs, "avx2"), pipeline::stage_key(without, without.stages[i], inputs, "avx2")) << with.stages[i].name;
  }
}

TEST_F(Written, ALockHasTheStagesThatItNames) {
  for (const std::string& extra : {std::string(), std::string("contamination: false\n")}) {
    const auto recipe = read_text(kHead + std::string(kScore) + extra);
    EXPECT_EQ(recipe.stages.size(), extra.empty() ? 3u : 2u);
    const fs::path lock = folder_.path() / "recipe.lock.yaml";
    write_file(lock, pipeline::lock_text(recipe));
    const auto again = read(lock);
    EXPECT_EQ(again.stages.size(), recipe.stages.size());
    EXPECT_EQ(pipeline::recipe_fingerprint(again), pipeline::recipe_fingerprint(recipe));
  }
  // The lock of a run from before there was such a stage: it runs what it says, and no more.
  auto old = read_text(kHead + std::string(kScore));
  old.stages.pop_back();
  write_file(folder_.path() / "old.lock.yaml", pipeline::lock_text(old));
  EXPECT_EQ(read(folder_.path() / "old.lock.yaml").stages.size(), 2u);
}

TEST_F(Written, OneOfTheRecipesOwnCountsInstead) {
  const auto recipe = read_text(kHead + std::string(kScore) + "  - {stage: leaks, type: contamination, decision_ngram: 13}\n");
  ASSERT_EQ(recipe.stages.size(), 3u);
  EXPECT_EQ(recipe.stages.back().name, "leaks");
  EXPECT_THAT(texts(recipe.stages.back().keys["training_stores"]), ElementsAre("t"));
  EXPECT_THAT(texts(recipe.stages.back().keys["evaluation_stores"]), ElementsAre("e"));
  const auto other = read_text(kHead + std::string(kScore) + "  - {stage: leaks, type: contamination, training_stores: d}\n");
  EXPECT_THAT(texts(other.stages.back().keys["training_stores"]), ElementsAre("d"));
}

TEST_F(Written, FaultsAreToldOnce) {
  EXPECT_THAT(fault(kHead + std::string("  - {stage: leaks, type: contamination}\n")), HasSubstr("'evaluation_stores' has nothing to compare"));
  EXPECT_THAT(fault(kHead + std::string(kScore) + "  - {stage: more, type: sft, from: base, dataset_name: dd, max_steps: 1}\n"), HasSubstr("'dataset_name' names 'dd'"));
  EXPECT_THAT(fault(kHead + std::string(kScore) + "  - {stage: leaks, type: contamination, ngram_sizes: [8], decision_ngram: 10}\n"), HasSubstr("'decision_ngram' is none of ngram_sizes"));
  EXPECT_THAT(fault(kHead + std::string(kScore) + "contamination: maybe\n"), HasSubstr("contamination"));
}

TEST_F(Written, ARecipeWithNothingToCompareHasNone) {
  EXPECT_EQ(read_text(kHead).stages.size(), 1u);
  EXPECT_EQ(read_text("name: r\ndatasets:\n  e: {generator: last_digit_chains, size: 10}\nmodels:\n  m: {path: nowhere}\nstages:\n  - {stage: s, type: evaluate, from: m, dataset_name: e}\n").stages.size(), 1u);
}

TEST_F(Written, ANameThatIsTakenIsNotTakenTwice) {
  std::string text = kHead + std::string(kScore);
  text.replace(text.find("stage: score"), 12, "stage: contamination");
  const auto recipe = read_text(text);
  EXPECT_EQ(recipe.stages.back().name, "contamination-2");
}

}  // namespace
}  // namespace reprise
