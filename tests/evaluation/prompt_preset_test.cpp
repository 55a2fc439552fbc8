// Presets against the harnesses that they stand for: tests/golden/prompts.json has what lm-evaluation-harness, lighteval, simple-evals and
// Qwen2.5-Math themselves make of three problems of each benchmark. And what a file of the user's may not say.
#include "evaluation/harness/prompt_preset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "datasets/importers/importer.h"
#include "evaluation/harness/benchmark.h"
#include "evaluation/harness/prompt_ask.h"
#include "grading/grader.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise::evaluation {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const PromptPresets& presets() {
  static const PromptPresets read = read_presets(testing::source_folder() / "evaluation/presets");
  return read;
}

data::Problem invented(const Json& row) {
  data::Problem problem{.id = row["id"], .prompt = row["question"], .answer = row["answer"], .solution = row.value("solution", ""), .grader = "choice"};
  Json metadata = row.value("metadata", Json::object());
  metadata["question"] = row["question"];
  metadata["options"] = row["options"];
  problem.metadata = metadata.dump();
  return problem;
}

const Json& golden_problems() {
  static const Json read = Json::parse(read_file(testing::source_folder() / "tests/golden/prompt_problems.json"));
  return read;
}

// Problems and pools by the importers; MMLU-Pro's pool by the invented ones.
class TestShots : public ShotSource {
 public:
  const std::vector<data::Problem>& problems(const std::string& id) {
    auto read = problems_.find(id);
    if (read == problems_.end()) {
      std::vector<data::Problem> fresh;
      if (golden_problems().contains(id)) {
        for (const Json& row : golden_problems()[id]) fresh.push_back(invented(row));
      } else {
        const Benchmark benchmark = read_benchmark(testing::source_folder() / "evaluation/benchmarks" / (id + ".yaml"));
        datasets::ImporterConfig config = benchmark.data;
        config.path = testing::data_folder() / config.path;
        fresh = datasets::import_problems(config).problems;
      }
      read = problems_.emplace(id, std::move(fresh)).first;
    }
    last_ = &read->second;
    return read->second;
  }
  const std::vector<data::Problem>& pool(const ShotPool& pool) const override {
    std::vector<data::Problem>& out = pools_[pool];
    if (!out.empty()) return out;
    if (pool.importer == "mmlu_pro") {
      for (const Json& row : golden_problems()["mmlu_pro_validation"]) out.push_back(invented(row));
    } else {
      out = datasets::import_problems({.importer = pool.importer, .path = testing::data_folder() / pool.path, .split = pool.split}).problems;
    }
    return out;
  }
  int64_t place(const data::Problem& problem) const override {
    const auto found = std::find_if(last_->begin(), last_->end(), [&](const auto& one) { return one.id == problem.id; });
    return found - last_->begin();
  }

 private:
  std::map<std::string, std::vector<data::Problem>> problems_;
  const std::vector<data::Problem>* last_ = nullptr;
  mutable std::map<ShotPool, std::vector<data::Problem>> pools_;
};

TEST(PromptPreset, AskAsTheHarnessesThemselves) {
  REPRISE_NEEDS_DATA("mmlu/mmlu.zip");
  const Json golden = Json::parse(read_file(testing::source_folder() / "tests/golden/prompts.json"));
  TestShots shots;
  std::map<std::string, int> checked;
  for (const Json& one : golden["prompts"]) {
    const std::string preset = one["preset"], name = one["task"], id = one["problem"], benchmark = one["benchmark"];
    const PromptTask* task = presets().find(preset).task(name);
    ASSERT_NE(task, nullptr) << preset << "/" << name;
    EXPECT_TRUE(task->asks(benchmark)) << preset << "/" << name << " " << benchmark;
    const auto& problems = shots.problems(benchmark);
    const auto problem = std::find_if(problems.begin(), problems.end(), [&](const auto& p) { return p.id == id; });
    ASSERT_NE(problem, problems.end()) << benchmark << " " << id;
    const AskedPrompt asked = ask(*task, *problem, shots, {.form = one["form"].get<std::string>()});
    const std::string text = canonical_text(asked);
    EXPECT_EQ(text.size(), one["bytes"].get<size_t>()) << one.dump();
    EXPECT_EQ(prompt_sha256(asked), one["sha256"].get<std::string>()) << one.dump() << "\n" << text;
    ++checked[preset];
  }
  EXPECT_EQ(checked.size(), 4u);
  for (const char* harness : {"lm_eval", "lighteval", "simple_evals", "qwen"}) EXPECT_GE(checked[harness], 15) << harness;
}

// The second publisher of LiveCodeBench's prompts (QwQ) has them written out: taken apart and asked again they are the same.
TEST(PromptPreset, LiveCodeBenchIsAskedAsQwQsFileHasIt) {
  REPRISE_NEEDS_DATA("code/livecodebench_v5_prompts.jsonl.gz");
  const auto problems = datasets::import_problems({.importer = "livecodebench", .path = testing::data_folder() / "code/livecodebench_v5_prompts.jsonl.gz"}).problems;
  const std::string head = "\n\nQuestion: ", plain = "\n\nRead the inputs from stdin solve", stub = "\n\nYou will use the following starter code", fence = "```python\n";
  int with_stub = 0;
  for (const data::Problem& written : problems) {
    data::Problem bare = written;
    const size_t start = written.prompt.find(head) + head.size(), cut = std::min(written.prompt.rfind(plain), written.prompt.rfind(stub));
    ASSERT_NE(cut, std::string::npos) << written.id;
    bare.prompt = written.prompt.substr(start, cut - start);
    if (written.prompt.rfind(stub) == cut) {
      const size_t code = written.prompt.find(fence, cut) + fence.size(), end = written.prompt.rfind("\n```");
      bare.metadata = Json{{"starter_code", written.prompt.substr(code, end - code)}}.dump();
      ++with_stub;
    }
    for (const char* preset : {"deepseek", "lighteval"}) {
      EXPECT_EQ(ask(presets().find(preset), "livecodebench", bare, NoShotSource()).messages.back().content, written.prompt) << written.id;
      EXPECT_EQ(ask(presets().find(preset), "livecodebench", written, NoShotSource()).messages.back().content, written.prompt) << written.id;
    }
  }
  EXPECT_EQ(problems.size(), 279u);
  EXPECT_GT(with_stub, 50);
}

std::string rendered(const char* file, const AskedPrompt& asked, const std::string& bos) {
  return text::ChatTemplate::parse(read_file(testing::data_folder() / "chat_templates" / file), file).render(asked.messages, true, bos, "");
}

// What Qwen2.5-Math and LiveCodeBench write with the special tokens in it, the models' own templates make of the messages.
TEST(PromptPreset, MessagesAreTheMarkupThatTheirHarnessesWrite) {
  REPRISE_NEEDS_DATA("chat_templates/Qwen-Qwen2.5-7B-Instruct.jinja");
  const data::Problem problem{.id = "p", .prompt = "What is 1+1?", .answer = "2", .metadata = "{}"};
  EXPECT_EQ(rendered("Qwen-Qwen2.5-7B-Instruct.jinja", ask(presets().find("qwen"), "math500", problem, NoShotSource()), ""),
            "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n<|im_start|>user\nWhat is 1+1?<|im_end|>\n<|im_start|>assistant\n");
  const AskedPrompt official = ask(*presets().find("deepseek").task("livecodebench_official"), problem, NoShotSource());
  const std::string text = rendered("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja", official, "<｜begin▁of▁sentence｜>");
  EXPECT_TRUE(text.starts_with("<｜begin▁of▁sentence｜>A conversation between User and Assistant. The user asks a question, and")) << text;
  EXPECT_NE(text.find("<answer> answer here </answer>.<｜User｜>You will be given a question"), std::string::npos) << text;
  EXPECT_NE(text.find("# YOUR CODE HERE\n```\n\n<｜Assistant｜>"), std::string::npos) << text;
}

TEST(PromptPreset, DeepSeeksHasNoSystemPromptAndOpensTheThought) {
  const data::Problem problem{.id = "p", .prompt = "What is 1+1?", .answer = "2", .metadata = "{}"};
  const AskedPrompt asked = ask(presets().find("deepseek"), "aime24", problem, NoShotSource());
  ASSERT_EQ(asked.messages.size(), 1u);
  EXPECT_EQ(asked.messages[0].role, "user");
  EXPECT_EQ(asked.messages[0].content, "What is 1+1?\nPlease reason step by step, and put your final answer within \\boxed{}.");
  EXPECT_EQ(asked.assistant_prefix, "<think>\n");
  // The template that the model was trained with (configs/templates), on what R1 is asked.
  const std::string trained = text::ChatTemplate::parse(read_file(testing::source_folder() / "configs/templates/r1-zero.jinja"), "r1-zero").render({asked.messages[0]}, true, "", "");
  EXPECT_EQ(ask(presets().find("r1_zero"), "aime24", problem, NoShotSource()).text, trained);
}

TEST(PromptPreset, EveryPresetNamesBenchmarksAndGradersThatThereAre) {
  std::vector<std::string> ids, graders = grading::grader_names();
  for (const Benchmark& one : read_benchmarks(testing::source_folder() / "evaluation/benchmarks")) {
    ids.push_back(one.id);
    graders.push_back(one.grader);
  }
  const auto has = [](const std::vector<std::string>& list, const std::string& word) { return std::find(list.begin(), list.end(), word) != list.end(); };
  for (const auto& [family, members] : presets().families) {
    for (const std::string& member : members) EXPECT_TRUE(has(ids, member)) << family << " " << member;
  }
  EXPECT_EQ(presets().presets.size(), 6u);
  for (const PromptPreset& preset : presets().presets) {
    for (const PromptTask& task : preset.tasks) {
      const std::string name = preset.id + "/" + task.name;
      EXPECT_FALSE(task.benchmarks.empty() && task.families.empty()) << name;
      for (const std::string& benchmark : task.benchmarks) EXPECT_TRUE(has(ids, benchmark)) << name << " " << benchmark;
      if (!task.grader.empty()) {
        EXPECT_TRUE(has(graders, task.grader)) << name << " " << task.grader;
      }
      EXPECT_FALSE(task.file.empty()) << name;
    }
  }
}

class PresetFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / "presets" / ::testing::UnitTest::GetInstance()->current_test_info()->name();  // tests run side by side
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "exemplars");
  }
  std::string write(const std::string& tasks, const std::string& head = "id: mine\ntitle: Mine\nproject: me\nversion: '1'\n") {
    write_file(folder_ / "mine.yaml", head + "tasks:\n" + tasks);
    return (folder_ / "mine.yaml").string();
  }
  std::string fault(const std::string& tasks) {
    const std::string file = write(tasks);
    return testing::fault_of([&] { read_preset(file, {{"mathematics", {"aime24"}}}); });
  }
  fs::path folder_;
};

TEST_F(PresetFile, FaultsAreToldWithTheirLine) {
  const std::string good = "  - name: a\n    form: chat\n    question: '{{prompt}}'\n";
  EXPECT_EQ(fault(good), "");
  EXPECT_NE(fault(good + "    questoin: x\n").find("mine.yaml:9: unknown key 'questoin'; did you mean 'question'?"), std::string::npos) << fault(good + "    questoin: x\n");
  EXPECT_NE(fault(good + "    form: chat\n").find("'form' stands twice"), std::string::npos);
  EXPECT_NE(fault("  - name: a\n    form: song\n    question: x\n").find("mine.yaml:7: 'form' should be one of chat, completion"), std::string::npos);
  EXPECT_NE(fault("  - name: a\n    form: chat\n").find("mine.yaml:6: the key 'question' is missing"), std::string::npos);
  EXPECT_NE(fault("  - name: a\n    form: chat\n    question: '{{prompt'\n").find("mine.yaml:8 (question)"), std::string::npos) << fault("  - name: a\n    form: chat\n    question: '{{prompt'\n");
  EXPECT_NE(fault(good + good).find("the task 'a' stands twice"), std::string::npos);
  EXPECT_NE(fault("  - name: b\n    like: c\n").find("mine.yaml:7: no task 'c' stands before"), std::string::npos);
  EXPECT_NE(fault("  - name: '../a'\n    form: chat\n    question: x\n").find("is no name"), std::string::npos);
  EXPECT_NE(fault(good + "    families: [mathematic]\n").find("did you mean 'mathematics'?"), std::string::npos);
  EXPECT_NE(fault(good + "    temperature: 0.5\n").find("no `sampling_evidence`"), std::string::npos);
  EXPECT_NE(fault(good + "    shots: {num: 3}\n").find("shots come from"), std::string::npos);
  EXPECT_NE(fault(good + "    shots: {num: 3, importer: gsm8k, path: x}\n").find("shots need an `answer`"), std::string::npos);
  EXPECT_NE(fault(good + "    shots: {num: 3000, importer: gsm8k, path: x}\n").find("'num' should be between"), std::string::npos);
  EXPECT_NE(fault(good + "    shots: {num: 1, importer: gsm8k, path: x, choose: ids}\n").find("belong together"), std::string::npos);
  EXPECT_NE(fault(good + "    shots: {num: 1, exemplars: ../../../etc/passwd}\n").find("is no name"), std::string::npos);
  EXPECT_NE(fault(good + "    shots: {num: 1, exemplars: nowhere}\n").find("there are no exemplars 'nowhere'"), std::string::npos);
  EXPECT_NE(testing::fault_of([&] { read_preset(write("  3\n")); }).find("`tasks` should be a list"), std::string::npos);
  EXPECT_NE(testing::fault_of([&] { read_presets(folder_ / "exemplars"); }).find("no preset is to be found"), std::string::npos);
}

TEST_F(PresetFile, LikeTakesWhatIsNotSaidFromAnotherTask) {
  const PromptPreset preset = read_preset(write("  - name: a\n    benchmarks: [gsm8k]\n    form: completion\n    question: 'Q {{prompt}}\n\n    A'\n    stop: [x]\n"
                                                "  - name: b\n    like: a\n    form: chat\n    stop: []\n"));
  const data::Problem problem{.id = "p", .prompt = "one", .metadata = "{}"};
  EXPECT_EQ(ask(preset, "gsm8k", problem, NoShotSource()).text, "Q one\nA");
  const AskedPrompt b = ask(*preset.task("b"), problem, NoShotSource());
  EXPECT_EQ(b.messages.at(0).content, "Q one\nA");
  EXPECT_TRUE(b.stop_strings.empty());
  EXPECT_NE(testing::fault_of([&] { ask(preset, "mmlu", problem, NoShotSource()); }).find("does not ask 'mmlu'"), std::string::npos);
}

TEST_F(PresetFile, ShotsFollowTheirRule) {
  write_file(folder_ / "exemplars" / "two.yaml", "id: two\nsource: nobody\nexemplars:\n  - {prompt: p1, solution: s1}\n  - {prompt: p2, solution: s2, answer: '2'}\n");
  const PromptPreset preset = read_preset(write("  - name: fixed\n    form: chat\n    system: S\n    question: 'Q{{prompt}}'\n    answer: 'A{{solution}}'\n    prefix: P\n    shots: {num: 2, exemplars: two}\n"
                                                "  - name: same\n    form: completion\n    question: 'Q{{prompt}}'\n    answer: '{{answer}}'\n    shots: {num: 1, importer: jsonl, path: x, same: subject}\n"
                                                "  - name: drawn\n    like: same\n    shots: {num: 2, importer: jsonl, path: x, choose: random, seed: 1234}\n"));
  class Pool : public ShotSource {
   public:
    const std::vector<data::Problem>& pool(const ShotPool&) const override { return problems; }
    int64_t place(const data::Problem&) const override { return at; }
    std::vector<data::Problem> problems;
    int64_t at = 0;
  } pool;
  for (int i = 0; i < 10; ++i) pool.problems.push_back({.id = std::to_string(i), .prompt = "p" + std::to_string(i), .answer = std::to_string(i), .metadata = i % 2 ? R"({"subject": "odd"})" : R"({"subject": "even"})"});
  const data::Problem problem = pool.problems[1];

  const AskedPrompt chat = ask(*preset.task("fixed"), problem, pool);
  ASSERT_EQ(chat.messages.size(), 6u);
  EXPECT_EQ(chat.messages[2].content, "As1");
  EXPECT_EQ(chat.messages[2].role, "assistant");
  EXPECT_EQ(chat.assistant_prefix, "P");
  EXPECT_EQ(ask(*preset.task("fixed"), problem, pool, {.form = "completion", .num_shots = 1}).text, "SQp1 As1\n\nQp1P");
  EXPECT_NE(testing::fault_of([&] { ask(*preset.task("fixed"), problem, pool, {.num_shots = 3}); }).find("wants 3 shots, and 2 are there"), std::string::npos);

  EXPECT_EQ(ask(*preset.task("same"), problem, pool).shot_ids, (std::vector<std::string>{"3"}));  // 1 is the problem itself, 0 and 2 are of another subject
  EXPECT_NE(testing::fault_of([&] { ask(*preset.task("same"), {.id = "x", .metadata = "{}"}, pool); }).find("has no 'subject'"), std::string::npos);
  EXPECT_NE(testing::fault_of([&] { ask(*preset.task("same"), problem, pool, {.num_shots = 5}); }).find("4 are there"), std::string::npos);

  // Python: r = random.Random(1234); [r.sample(range(10), 2) for _ in range(3)] is [[7, 1], [0, 1], [9, 0]]
  const std::vector<std::vector<std::string>> python = {{"7", "1"}, {"0", "1"}, {"9", "0"}};
  for (pool.at = 0; pool.at < 3; ++pool.at) EXPECT_EQ(ask(*preset.task("drawn"), problem, pool).shot_ids, python[static_cast<size_t>(pool.at)]);
}

TEST(PromptAsk, AHoleInTheQuestionIsAnError) {
  PromptTask task{.name = "t", .form = "chat"};
  task.question = {.source = "{{options[0]}}", .parsed = text::ChatTemplate::parse("{{options[0]}}", "t")};
  EXPECT_NE(testing::fault_of([&] { ask(task, {.id = "p", .prompt = "x", .metadata = "{}"}, NoShotSource()); }).find("'options' is undefined"), std::string::npos);
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_NE(testing::fault_of([&] { ask(task, {.id = "p", .prompt = "x", .metadata = deep}, NoShotSource()); }).find("nested too deeply"), std::string::npos);
}

TEST(PromptAsk, OptionsAreTakenFromTheEndOfThePrompt) {
  const auto context = prompt_context({.id = "p", .prompt = "Pick.\nA. no option\nA. one\nB. two\n\nC. three\nD. ", .answer = "A", .grader = "choice", .metadata = "{}"});
  EXPECT_EQ(context["question"], "Pick.\nA. no option");
  EXPECT_EQ(context["options"], (Json{"one", "two\n", "three", ""}));
  EXPECT_FALSE(prompt_context({.id = "p", .prompt = "no options", .grader = "choice", .metadata = "{}"}).contains("options"));
}

TEST(PromptAsk, CanonicalTextTellsPartsApart) {
  const AskedPrompt one{.is_chat = true, .messages = {{"user", "a"}, {"assistant", "b"}}}, two{.is_chat = true, .messages = {{"user", "a\nassistant 1\nb"}}};
  EXPECT_EQ(canonical_text(one), "user 1\na\nassistant 1\nb\n");
  EXPECT_NE(prompt_sha256(one), prompt_sha256(two));
}

TEST(PromptSection, IsATaskOrFamilies) {
  const auto read = [](const std::string& yaml) { return read_prompt_section(YAML::Load(yaml), "b.yaml", "mine"); };
  EXPECT_EQ(read("families: [mathematics]").families, (std::vector<std::string>{"mathematics"}));
  const PromptSection own = read("form: chat\nquestion: 'Say {{prompt}}'");
  ASSERT_TRUE(own.own.has_value());
  EXPECT_EQ(ask(*own.own, {.id = "p", .prompt = "hi", .metadata = "{}"}, NoShotSource()).messages.at(0).content, "Say hi");
  EXPECT_NE(testing::fault_of([&] { read("famlies: [x]"); }).find("did you mean 'families'?"), std::string::npos);
  EXPECT_NE(testing::fault_of([&] { read("{}"); }).find("`prompt` says nothing"), std::string::npos);
  EXPECT_NE(testing::fault_of([&] { read("x"); }).find("`prompt` should be a map"), std::string::npos);
  const PromptPreset& deepseek = presets().find("deepseek");
  EXPECT_EQ(deepseek.task_for("mine"), nullptr);
  EXPECT_EQ(deepseek.task_for("mine", {"mathematics"}), deepseek.task("mathematics"));
}

}  // namespace
}  // namespace reprise::evaluation
