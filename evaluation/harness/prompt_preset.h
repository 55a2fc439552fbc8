// How a benchmark is asked: evaluation/presets/*.yaml, one file a paper or harness. A score depends on it: a gap to a published number can be
// laid to the prompt only where the prompt is known to the byte. A preset's task is what a harness does with one benchmark: a system prompt, a
// question, shots, the words that an answer starts with, where it stops. Its templates are Jinja (text/chat_template.h); what they may name is
// in prompt_context(). How they become messages or text: ask().
// Example:  {name: gsm8k, benchmarks: [gsm8k], form: completion, question: "Question: {{prompt}}\nAnswer:", answer: "{{solution}}",
//            shots: {num: 5, importer: gsm8k, path: gsm8k/train.jsonl.gz, choose: random, seed: 1234}, stop: ["Question:"]}
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/json.h"
#include "data/problem.h"
#include "text/chat_template.h"

namespace reprise::evaluation {

// A template with its source. "" renders to nothing. A newline at its end stays, unlike in a chat template.
struct PromptTemplate {
  std::string source;
  std::optional<text::ChatTemplate> parsed;

  // Throws Error where a name is undefined: a question with a hole in it would be asked otherwise.
  std::string render(const nlohmann::ordered_json& context) const;
};

// A file that shots are drawn from, as importers read it (datasets/importers), below REPRISE_DATA.
struct ShotPool {
  std::string importer, path, split = "all";
  std::string same;  // a key of metadata in which shot and problem must agree ("subject"); "" for none

  bool operator<(const ShotPool& other) const;
};

// Which shots, and where they come from: fixed exemplars of a paper, or rows of the benchmark's own training data, which are not copied here.
struct ShotRule {
  int64_t num = 0;
  std::vector<data::Problem> exemplars;  // from presets/exemplars/NAME.yaml; prompt, solution and answer are set
  std::string exemplars_name, exemplars_source;
  ShotPool pool;
  // first: the pool's first `num`, the problem itself left out. ids: these. random: Python's random.Random(seed).sample(pool, num), drawn anew for
  // every problem in the benchmark's order, so that a problem's shots depend on its place.
  std::string choose = "first";
  std::vector<std::string> ids;
  int64_t seed = 0;
};

// What the harness samples with where nobody says otherwise; a thing not set is not stated by it.
struct AskedSampling {
  std::optional<double> temperature, top_p;
  std::optional<int64_t> max_tokens, num_generations;
  std::string evidence;
};

struct PromptTask {
  std::string name;
  std::vector<std::string> benchmarks;         // ids of evaluation/benchmarks
  std::vector<std::string> families;
  std::vector<std::string> family_benchmarks;  // ids that belong to them
  std::string form;                     // chat, completion: how the harness sends it by default
  PromptTemplate system;                // chat: the system message; completion: what the text starts with
  PromptTemplate question, answer;      // of the problem and of every shot; the answer of shots only
  std::string between = " ";            // completion: from a shot's question to its answer
  std::string after = "\n\n";           // completion: behind a shot's answer
  PromptTemplate prefix;                // what the answer starts with
  std::string shots_in = "turns";       // chat: turns (a message each) or message (all in the one user message, as in a completion)
  ShotRule shots;
  std::vector<std::string> stop;
  std::vector<std::string> choices;     // not empty: nothing is sampled, the likeliest of these continuations is the answer
  AskedSampling sampling;
  std::string grader;                   // the rule of docs/grading.md that stands for the harness's own
  std::string file;                     // where the harness has it
  std::string note;

  bool asks(const std::string& benchmark) const;
};

struct PromptPreset {
  std::string id, title, note;
  std::string project, version;  // of the harness or paper that this is
  std::vector<PromptTask> tasks;

  const PromptTask* task(const std::string& name) const;  // null where there is none
  // The first task that asks this benchmark, by name or by family; else the first of one of the families `of`; null where there is none.
  const PromptTask* task_for(const std::string& benchmark, const std::vector<std::string>& of = {}) const;
};

struct PromptPresets {
  std::vector<PromptPreset> presets;                         // by id
  std::map<std::string, std::vector<std::string>> families;  // family -> ids of benchmarks (presets/families.yaml)

  // Throws Error with the nearest id.
  const PromptPreset& find(const std::string& id) const;
};

// The section `prompt` of a benchmark's file: a task of its own, in a preset's form, or the families by whose tasks presets ask it.
//   prompt: {families: [mathematics]}          prompt: {form: chat, question: "{{prompt}}", ...}
struct PromptSection {
  std::vector<std::string> families;
  std::optional<PromptTask> own;
};

// Each throws Error naming file and line: unknown keys, wrong types, a template that is not valid, shots without a source.
PromptPreset read_preset(const std::filesystem::path& file, const std::map<std::string, std::vector<std::string>>& families = {});
PromptPresets read_presets(const std::filesystem::path& folder);
PromptSection read_prompt_section(const YAML::Node& node, const std::string& file, const std::string& benchmark);
// The presets that come with the program; "" where they are not to be found.
std::filesystem::path presets_folder();

}  // namespace reprise::evaluation
