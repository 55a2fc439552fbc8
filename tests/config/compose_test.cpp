// Composition: who wins, where a value says it comes from, and circles.
#include "config/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"

namespace reprise::config {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class Compose : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) {
    const fs::path path = folder_.path() / name;
    make_folders(path.parent_path());
    write_file(path, text);
    return path;
  }
  Node load(const fs::path& path) { return compose(path, fragment_folders(path), problems_); }
  TemporaryFolder folder_;
  Problems problems_;
};

TEST_F(Compose, OwnKeysWinOverFragmentsAndFragmentsOverTheBase) {
  write("configs/hardware/cpu.yaml", "hardware: {device: cpu, num_threads: 4}\n");
  write("recipes/base.yaml", "name: base\nseed: 1\nhardware: {device: cuda, torch_dtype: bfloat16, num_threads: 1}\n");
  const Node node = load(write("recipes/child.yaml", "extends: base.yaml\nuse: [hardware/cpu]\nname: child\nhardware:\n  num_threads: 2\n"));
  EXPECT_EQ(node_to_json(node), nlohmann::ordered_json::parse(
      R"({"name":"child","seed":1,"hardware":{"device":"cpu","torch_dtype":"bfloat16","num_threads":2}})"));
  EXPECT_THAT(node.find("hardware")->find("device")->origin.text(), EndsWith("configs/hardware/cpu.yaml:1"));
  EXPECT_THAT(node.find("hardware")->find("num_threads")->origin.text(), EndsWith("child.yaml:5"));
  EXPECT_THAT(node.find("seed")->origin.text(), EndsWith("base.yaml:2"));
}

TEST_F(Compose, StagesMergeByNameWhereTheyStand) {
  write("base.yaml", "stages:\n- {stage: a, type: sft, x: 1, y: 1}\n- {stage: b, type: grpo}\n");
  const Node node = load(write("child.yaml", "extends: base.yaml\nstages:\n- {stage: c, type: sft}\n- {stage: a, x: 2}\n"));
  EXPECT_EQ(node_to_json(*node.find("stages")), nlohmann::ordered_json::parse(
      R"([{"stage":"a","type":"sft","x":2,"y":1},{"stage":"b","type":"grpo"},{"stage":"c","type":"sft"}])"));
}

TEST_F(Compose, AStageTakesItsOwnFragments) {
  write("configs/optimizer/adamw.yaml", "learning_rate: 1e-4\nwarmup_ratio: 0.1\n");
  const Node node = load(write("recipe.yaml", "stages:\n- stage: a\n  use: optimizer/adamw.yaml\n  learning_rate: 2e-4\n"));
  const Node& stage = node.find("stages")->items[0];
  EXPECT_EQ(stage.find("learning_rate")->text, "2e-4");
  EXPECT_THAT(stage.find("warmup_ratio")->origin.text(), EndsWith("adamw.yaml:2"));
}

TEST_F(Compose, ACircleIsToldWithItsChain) {
  write("b.yaml", "extends: c.yaml\n");
  write("c.yaml", "use: [a.yaml]\n");
  try {
    load(write("a.yaml", "extends: b.yaml\n"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("includes itself: a.yaml -> b.yaml -> c.yaml -> a.yaml"));
  }
}

TEST_F(Compose, ATowerOfDoublingFragmentsIsStopped) {
  for (int i = 0; i < 30; ++i) {
    const std::string next = "f" + std::to_string(i + 1) + ".yaml";
    write("f" + std::to_string(i) + ".yaml", "a: {use: " + next + "}\nb: {use: " + next + "}\n");
  }
  write("f30.yaml", "x: 1\n");
  EXPECT_THROW(load(folder_.path() / "f0.yaml"), Error);
}

TEST_F(Compose, AMissingFragmentIsToldAtItsLineWithANeighbour) {
  write("configs/hardware/cpu.yaml", "{}\n");
  try {
    load(write("a.yaml", "name: a\nuse:\n- hardware/cpus.yaml\n"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("a.yaml:3: no such file: 'hardware/cpus.yaml'; did you mean 'cpu.yaml'?"));
  }
}

TEST_F(Compose, SetReachesStagesByNameAndMakesMaps) {
  Node node = load(write("a.yaml", "name: a\nstages:\n- {stage: zero, learning_rate: 1}\n"));
  apply_set(node, "stages.zero.learning_rate=1e-6", problems_);
  apply_set(node, "stages.0.names=[a, b]", problems_);
  apply_set(node, "hardware.num_threads=4", problems_);
  apply_set(node, "question=what=why", problems_);
  EXPECT_TRUE(problems_.empty());
  EXPECT_EQ(node_to_json(node), nlohmann::ordered_json::parse(
      R"({"name":"a","stages":[{"stage":"zero","learning_rate":1e-6,"names":["a","b"]}],"hardware":{"num_threads":4},"question":"what=why"})"));
  EXPECT_EQ(node.find("hardware")->find("num_threads")->origin.text(), "--set hardware.num_threads=4");
}

TEST_F(Compose, BadSetsAreProblems) {
  Node node = load(write("a.yaml", "name: a\nstages:\n- {stage: zero}\n"));
  for (const char* set : {"x", "=1", "stages.zeros.a=1", "name.b=1", "a..b=1", "stages.9.a=1", "a=[1"}) apply_set(node, set, problems_);
  EXPECT_EQ(problems_.size(), 7u);
  EXPECT_THAT(problems_.lines(), ::testing::Contains("--set stages.zeros.a=1: 'stages' has no element 'zeros'; did you mean 'zero'?"));
}

}  // namespace
}  // namespace reprise::config
