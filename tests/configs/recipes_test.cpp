// Every recipe of the tree: it plans, its counts are the paper's, its model shapes are their publishers'. And what a
// recipe with a fault is told.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "model/model_config.h"
#include "pipeline/plan.h"
#include "stages/catalog_config.h"
#include "support/test_data.h"

namespace reprise {
namespace {

struct Planned {
  pipeline::Recipe recipe;
  std::vector<pipeline::PlannedStage> stages;
  std::vector<std::string> faults;

  const pipeline::StagePlan& operator[](const std::string& name) const {
    for (const auto& stage : stages) {
      if (stage.name == name) return stage.plan;
    }
    throw Error("no stage '" + name + "'");
  }
  int64_t total_updates() const {
    int64_t total = 0;
    for (const auto& stage : stages) total += stage.plan.num_updates;
    return total;
  }
};

Planned plan(const fs::path& file, const std::vector<std::string>& sets = {}) {
  Planned out;
  config::Problems problems;
  const auto hooks = stages::recipe_hooks();
  try {
    out.recipe = pipeline::read_recipe(file, sets, stages::stage_types(), hooks, problems, testing::source_folder());
    out.stages = pipeline::plan_recipe(out.recipe, hooks, problems);
    problems.throw_if_any();
  } catch (const config::ProblemsError& error) {
    out.faults = error.lines();
  } catch (const Error& error) {
    out.faults = {error.what()};
  }
  return out;
}

Planned plan_recipe_named(const std::string& name) { return plan(testing::source_folder() / "recipes" / (name + ".yaml")); }

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(testing::source_folder() / "recipes")) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Recipes, EachPlansWithCountsThatAreNotEmpty) {
  const auto names = recipe_names();
  EXPECT_GE(names.size(), 18u);
  for (const std::string& name : names) {
    const Planned planned = plan_recipe_named(name);
    ASSERT_TRUE(planned.faults.empty()) << name << ": " << planned.faults[0];
    EXPECT_EQ(planned.recipe.name, name);
    EXPECT_FALSE(planned.recipe.question.empty()) << name;
    for (const auto& stage : planned.stages) {
      if (stage.type == "contamination") continue;  // reads; no model, no samples
      EXPECT_GT(stage.plan.num_samples, 0) << name << " " << stage.name;
      EXPECT_GT(stage.plan.num_parameters, 0) << name << " " << stage.name;
      EXPECT_GT(stage.plan.flops, 0) << name << " " << stage.name;
      EXPECT_GT(stage.plan.peak_memory_bytes, 0) << name << " " << stage.name;
    }
    // One that cannot run here says so.
    const bool ran = name.starts_with("mini-r1") && name != "mini-r1-countdown";
    EXPECT_EQ(planned.recipe.status.starts_with("checked, not run"), !ran && name != "smollm2-gsm8k" && name != "rl-algorithms") << name;
  }
}

TEST(Recipes, TheTableNamesEachOnce) {
  const std::string table = read_file(testing::source_folder() / "recipes/README.md");
  for (const std::string& name : recipe_names()) {
    const std::string link = "(" + name + ".yaml)";
    const size_t found = table.find(link);
    EXPECT_NE(found, std::string::npos) << name;
    EXPECT_EQ(table.find(link, found + 1), std::string::npos) << name << " twice";
  }
}

// The numbers are the publications', not ours: sources stand in each recipe.
TEST(Recipes, CountsAreThePublishedOnes) {
  const Planned zero = plan_recipe_named("r1-zero");
  EXPECT_EQ(zero.total_updates(), 10400);                                   // Nature 645, Methods
  EXPECT_EQ(zero["zero"].num_samples, 10400 * 512);
  EXPECT_EQ(zero["zero"].max_tokens, 512 * (8200LL * 32768 + 2200LL * 65536));  // the length limit doubles at step 8,200
  EXPECT_EQ(zero["eval-zero"].num_samples, 30 * 64);                        // k = 64 on AIME
  EXPECT_NEAR(zero["zero"].num_parameters / 1e9, 671, 1);                   // arXiv 2412.19437

  const Planned r1 = plan_recipe_named("r1");
  EXPECT_EQ(r1["r1"].num_updates, 1700);
  EXPECT_EQ(r1["r1"].num_samples, 1700 * 512);
  EXPECT_NEAR(static_cast<double>(r1["rejection-sampling"].num_rows), 600000, 20000);
  EXPECT_NEAR(r1["cold-start"].num_epochs, 3, 0.05);
  EXPECT_NEAR(static_cast<double>(r1["rejection-sft"].num_samples), 2 * 800000, 40000);  // 600,000 reasoning, 200,000 others
  EXPECT_NEAR(zero["zero"].num_epochs, 3.8, 0.05);  // the paper says 1.6; its own list of prompts says this
  EXPECT_EQ(r1["cold-start"].max_tokens % (128 * 32768), 0);

  const Planned distilled = plan_recipe_named("r1-distill-qwen-7b");
  EXPECT_EQ(distilled["distilled"].num_updates, 2 * 800000 / 64);

  const Planned dapo = plan_recipe_named("dapo-32b");
  EXPECT_EQ(dapo["zero"].num_samples, int64_t{5000} * 512);                 // 512 prompts x 16 feed 16 updates
  const Planned open_r1 = plan_recipe_named("openr1-distill-7b");
  EXPECT_EQ(open_r1["distilled"].num_updates, (5 * 349317 + 127) / 128);
  const Planned simple = plan_recipe_named("simplerl-zoo");
  EXPECT_EQ(simple["zero"].num_prompts, 100 * 1024);                        // 100 rollouts of 1,024
  const Planned deepscaler = plan_recipe_named("deepscaler");
  EXPECT_EQ(deepscaler["rl-8k"].num_prompts, 1040 * 128);
  EXPECT_EQ(deepscaler["rl-16k"].num_prompts, 480 * 128);
  const Planned countdown = plan_recipe_named("mini-r1-countdown");
  EXPECT_EQ(countdown["zero"].num_samples, 450 * 24);
  const Planned dr = plan_recipe_named("dr-grpo");
  EXPECT_NEAR(dr["zero"].num_epochs, 20, 0.05);
}

TEST(Recipes, DistillationsHaveTheirOwnLearningRates) {
  // arXiv 2501.12948v2, table 6.
  const std::map<std::string, double> rates = {{"qwen-1.5b", 1e-4}, {"qwen-7b", 8e-5}, {"qwen-14b", 7e-5}, {"qwen-32b", 6e-5}, {"llama-8b", 5e-5}, {"llama-70b", 2e-5}};
  for (const auto& [name, rate] : rates) {
    const Planned planned = plan_recipe_named("r1-distill-" + name);
    ASSERT_TRUE(planned.faults.empty()) << planned.faults[0];
    const auto& keys = planned.recipe.stage("distilled")->keys;
    EXPECT_EQ(keys["learning_rate"].get<double>(), rate) << name;
    EXPECT_EQ(keys["per_step_batch_size"].get<int64_t>(), 64);
    EXPECT_EQ(keys["max_length"].get<int64_t>(), 32768);
  }
}

TEST(Recipes, ShapesAreTheirPublishers) {
  REPRISE_NEEDS_DATA("model_configs/Qwen2.5-32B.config.json");
  const std::map<std::string, std::string> pairs = {{"r1-distill-llama-8b", "Llama-3.1-8B"}, {"r1-distill-qwen-14b", "Qwen2.5-14B"},
                                                    {"r1-distill-qwen-32b", "Qwen2.5-32B"}, {"simplerl-zoo", "Qwen2.5-7B"},
                                                    {"deepscaler", "DeepSeek-R1-Distill-Qwen-1.5B"}};
  for (const auto& [name, published] : pairs) {
    const Planned planned = plan_recipe_named(name);
    ASSERT_TRUE(planned.faults.empty()) << planned.faults[0];
    const auto ours = model::parse_model_config(planned.recipe.models.at(0).config_json, name);
    const auto theirs = model::read_model_config(testing::data_folder() / "model_configs" / (published + ".config.json"));
    EXPECT_EQ(ours.num_parameters(), theirs.num_parameters()) << published;
    EXPECT_EQ(ours.rope_theta, theirs.rope_theta) << published;
    EXPECT_EQ(ours.rope_scaling.rope_type, theirs.rope_scaling.rope_type) << published;
    EXPECT_EQ(ours.rms_norm_eps, theirs.rms_norm_eps) << published;
    EXPECT_EQ(ours.max_position_embeddings, theirs.max_position_embeddings) << published;
    EXPECT_EQ(ours.num_key_value_heads, theirs.num_key_value_heads) << published;
  }
}

class BadRecipe : public ::testing::Test {
 protected:
  std::vector<std::string> faults(const std::string& text) {
    const fs::path file = folder_.path() / "bad.yaml";
    write_file(file, text);
    return plan(file).faults;
  }
  std::string fault(const std::string& text) {
    const auto all = faults(text);
    return all.empty() ? "no fault" : all[0];
  }
  TemporaryFolder folder_;
};

const char* kHead = "name: bad\ndatasets:\n  d: {generator: last_digit_chains, size: 10}\n  t: {generator: last_digit_chains_textbook, size: 10}\n";

TEST_F(BadRecipe, IsToldEveryFaultWithItsLineAndASuggestion) {
  const auto all = faults(std::string(kHead) +
                          "stages:\n"
                          "  - {stage: base, type: pretrain, tokenizer: \"words:last_digit_chains\", dataset_name: t, max_steps: 5, hiden_size: 32}\n"
                          "  - {stage: zero, type: grpo, from: bas, dataset_name: d, max_steps: -1}\n"
                          "  - {stage: again, type: gpro, from: base}\n");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_NE(all[0].find("bad.yaml:6: unknown key 'hiden_size'; did you mean 'hidden_size'?"), std::string::npos) << all[0];
  EXPECT_NE(all[1].find("bad.yaml:7:"), std::string::npos) << all[1];
  EXPECT_NE(all[1].find("max_steps"), std::string::npos) << all[1];
  EXPECT_NE(all[2].find("bad.yaml:7: 'from' names 'bas', which is no earlier stage, dataset, model or path; did you mean 'base'?"), std::string::npos) << all[2];
  EXPECT_NE(all[3].find("bad.yaml:8: unknown stage type 'gpro'; did you mean 'grpo'?"), std::string::npos) << all[3];
}

TEST_F(BadRecipe, MayNotGoInACircle) {
  const std::string text = fault(std::string(kHead) +
                                 "stages:\n  - {stage: a, type: sft, from: b, dataset_name: t, num_train_epochs: 1}\n"
                                 "  - {stage: b, type: sft, from: a, dataset_name: t, num_train_epochs: 1}\n");
  EXPECT_NE(text.find("bad.yaml:6: 'from' names stage 'b', which comes later"), std::string::npos) << text;
}

TEST_F(BadRecipe, MayNotExtendItself) {
  EXPECT_NE(fault("extends: bad.yaml\nname: bad\n").find("bad.yaml"), std::string::npos);
}

TEST_F(BadRecipe, MayNotSayAKeyTwiceOrExplode) {
  EXPECT_NE(fault("name: bad\nname: worse\nstages: []\n").find("'name'"), std::string::npos);
  std::string bomb = "name: bad\na0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 12; ++i) {
    std::string list;
    for (int k = 0; k < 10; ++k) list += (k ? "," : "") + std::string("*a") + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + list + "]\n";
  }
  EXPECT_NE(fault(bomb).find("alias"), std::string::npos) << fault(bomb);
}

TEST_F(BadRecipe, ClaimsSpeakOfStagesThatAreThere) {
  const auto all = faults(std::string(kHead) +
                          "models:\n  m: {path: nowhere, config: {model_type: llama, vocab_size: 8, hidden_size: 8, intermediate_size: 8, "
                          "num_hidden_layers: 1, num_attention_heads: 1}}\n"
                          "stages:\n  - {stage: eval-a, type: evaluate, from: m, dataset_name: d}\n"
                          "claims:\n  - {claim: c, says: x, metric: pass@1, higher: eval-b, lower: eval-a}\n");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_NE(all[0].find("bad.yaml:10: claim 'c' speaks of a stage 'eval-b' that is not there; did you mean 'eval-a'?"), std::string::npos) << all[0];
}

TEST_F(BadRecipe, NamesATemplateThatIsThere) {
  const std::string text = fault(std::string(kHead) +
                                 "models:\n  m: {path: nowhere}\n"
                                 "stages:\n  - {stage: e, type: evaluate, from: m, dataset_name: d, chat_template: templates/r2.jinja}\n");
  EXPECT_NE(text.find("'chat_template' names the file 'templates/r2.jinja', which is not there"), std::string::npos) << text;
}

TEST_F(BadRecipe, CountsOfAModelAreWrongInOneLine) {
  const std::string text = fault(std::string(kHead) + "models:\n  m: {path: nowhere, config: {model_type: mamba}}\n"
                                                      "stages:\n  - {stage: e, type: evaluate, from: m, dataset_name: d}\n");
  EXPECT_NE(text.find("model_type 'mamba' is not supported"), std::string::npos) << text;
}

TEST(Recipe, ReadsBackFromItsLock) {
  for (const std::string& name : recipe_names()) {
    const Planned planned = plan_recipe_named(name);
    TemporaryFolder folder;
    write_file(folder.path() / "recipe.lock.yaml", pipeline::lock_text(planned.recipe));
    const Planned again = plan(folder.path() / "recipe.lock.yaml");
    ASSERT_TRUE(again.faults.empty()) << name << ": " << again.faults[0];
    EXPECT_EQ(pipeline::recipe_fingerprint(again.recipe), pipeline::recipe_fingerprint(planned.recipe)) << name;
  }
}

}  // namespace
}  // namespace reprise
