#include "evaluation/harness/evaluation_run.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/strings.h"
#include "config/writer.h"
#include "datasets/importers/importer.h"

namespace reprise::evaluation {

using nlohmann::json;

const std::vector<data::Problem>& LibraryShotSource::pool(const ShotPool& pool) const {
  if (const auto known = pools_.find(pool); known != pools_.end()) return known->second;
  datasets::ImporterConfig config;
  config.importer = pool.importer;
  config.split = pool.split;
  config.path = data_file(pool.path).string();
  return pools_.emplace(pool, datasets::import_problems(config).problems).first->second;
}

int64_t LibraryShotSource::place(const data::Problem& problem) const {
  if (benchmark_.empty()) return 0;
  const auto& known = library_.problems(benchmark_).by_id;
  const auto found = known.find(problem.id);
  return found == known.end() ? 0 : static_cast<int64_t>(found->second);
}

namespace {

// What of the sampling keys decides a sample: the rest is memory and limits of prompts.
json sampling_facts(const generation::SamplingConfig& sampling, int64_t seed) {
  json out = config::to_json(sampling);
  for (const char* name : {"generation_rows", "kv_cache_gigabytes", "max_prompt_length"}) out.erase(name);
  if (!sampling.forces()) {
    for (const char* name : {"max_thinking_length", "num_waits", "thinking_end", "wait_text"}) out.erase(name);
  }
  out["seed"] = seed;
  return out;
}

// What stands behind the problem's text in the question: the directive that published protocols name.
std::string suffix_of(const AskedPrompt& asked, const data::Problem& problem) {
  const std::string& question = asked.is_chat ? asked.messages.back().content : asked.text;
  const size_t at = question.rfind(problem.prompt);
  return at == std::string::npos || problem.prompt.empty() ? "" : std::string(trim(question.substr(at + problem.prompt.size())));
}

std::string system_of(const AskedPrompt& asked) { return asked.is_chat && asked.messages.front().role == "system" ? asked.messages.front().content : ""; }

std::vector<const data::Problem*> chosen_problems(const EvaluationRunConfig& config, const std::string& benchmark, BenchmarkLibrary& library) {
  std::vector<const data::Problem*> out;
  const BenchmarkProblems& all = library.problems(benchmark);
  if (!config.problem.empty()) {
    for (const std::string& id : config.problem) out.push_back(&library.problem(benchmark, id));
    return out;
  }
  const size_t most = config.num_problems > 0 ? static_cast<size_t>(config.num_problems) : all.problems.size();
  for (size_t i = 0; i < std::min(most, all.problems.size()); ++i) out.push_back(&all.problems[i]);
  return out;
}

}  // namespace

PlannedBenchmark plan_benchmark(const EvaluationRunConfig& config, const PromptPreset& preset, const std::string& benchmark, BenchmarkLibrary& library, serving::Backend& backend, SampleStore& store,
                                const std::function<void(generation::SamplingConfig&)>& given_sampling, const std::function<std::string(const std::vector<text::ChatMessage>&)>& turn_into_text) {
  const Benchmark& known = library.benchmark(benchmark);
  const PromptTask* task = config.task.empty() ? (known.prompt.own ? &*known.prompt.own : preset.task_for(benchmark, known.prompt.families)) : preset.task(config.task);
  if (!task) {
    throw Error("the preset '" + preset.id + "' does not ask " + (config.task.empty() ? "the benchmark '" + benchmark + "'" : "a task '" + config.task + "'"), "", "`reprise evaluate presets " + preset.id + "` shows what it asks");
  }
  if (!task->choices.empty() && config.num_generations > 1) throw Error("the preset '" + preset.id + "' compares how likely each option of '" + benchmark + "' is: there is one answer a problem", "num_generations", "set it to 1");
  const bool by_preset = task != (known.prompt.own ? &*known.prompt.own : nullptr);

  PlannedBenchmark plan{.benchmark = benchmark, .by_likelihood = !task->choices.empty()};
  if (task->sampling.temperature) plan.sampling.temperature = *task->sampling.temperature;
  if (task->sampling.top_p) plan.sampling.top_p = *task->sampling.top_p;
  if (task->sampling.max_tokens) plan.sampling.max_completion_length = *task->sampling.max_tokens;
  given_sampling(plan.sampling);
  if (plan.sampling.temperature == 0 && config.num_generations > 1) throw Error("draws the same answer each time", "temperature 0", "set num_generations to 1, or a temperature");

  AskOptions options;
  if (!config.form.empty()) options.form = config.form;
  if (config.num_shots >= 0) options.num_shots = config.num_shots;
  const LibraryShotSource shots(library, benchmark);
  const std::vector<const data::Problem*> problems = chosen_problems(config, benchmark, library);
  plan.num_problems = static_cast<int64_t>(problems.size());
  std::vector<AskedPrompt> asked;
  for (const data::Problem* problem : problems) asked.push_back(ask(*task, *problem, shots, options));

  json facts = backend.identity();
  facts["benchmark"] = {{"id", benchmark}, {"split", known.split}, {"data_sha256", library.problems(benchmark).data_sha256}};
  const int64_t num_shots = config.num_shots >= 0 ? config.num_shots : task->shots.num;
  facts["prompt"] = {{"preset", by_preset ? preset.id : "the benchmark's own"}, {"preset_version", by_preset ? preset.version : ""}, {"task", task->name}, {"form", asked.front().is_chat ? "chat" : "completion"},
                     {"num_shots", num_shots}, {"system", system_of(asked.front())}, {"suffix", suffix_of(asked.front(), *problems.front())}, {"answer_begins", asked.front().assistant_prefix}, {"stop", asked.front().stop_strings}};
  facts["sampling"] = task->choices.empty() ? sampling_facts(plan.sampling, config.seed) : json{{"likeliest_of", task->choices}};
  plan.protocol = store.add_protocol(facts);

  for (size_t p = 0; p < problems.size(); ++p) {
    serving::Task question{.problem = problems[p]->id, .problem_number = name_number(benchmark + "\n" + problems[p]->id), .is_chat = asked[p].is_chat};
    question.messages = asked[p].messages;
    question.text = asked[p].text;
    question.assistant_prefix = asked[p].assistant_prefix;
    question.stop_strings = asked[p].stop_strings;
    question.continuations = asked[p].continuations;
    if (question.is_chat && turn_into_text) {
      question.text = turn_into_text(question.messages);
      if (question.text.ends_with(question.assistant_prefix)) question.assistant_prefix.clear();
      question.is_chat = false;
      question.messages.clear();
    }
    const std::string prompt = backend.prompt_bytes(question), sha = sha256_hex(prompt);
    for (int64_t s = 0; s < config.num_generations; ++s) {
      std::string key = sample_key(plan.protocol, sha, question.problem, s);
      if (store.has(key)) {
        ++plan.num_there;
        continue;
      }
      question.sample_index = s;
      plan.tasks.push_back(question);
      plan.keys.push_back(std::move(key));
      plan.prompts.push_back(prompt);
    }
  }
  return plan;
}

void draw_planned(const PlannedBenchmark& plan, serving::Backend& backend, SampleStore& store, const std::function<void(int64_t, int64_t)>& progress, const std::function<bool()>& stop) {
  int64_t done = 0, tokens = 0;
  backend.draw(
      plan.tasks, plan.sampling,
      [&](serving::Drawn&& drawn) {
        StoredSample sample{.key = plan.keys[drawn.task], .protocol = plan.protocol, .problem = plan.tasks[drawn.task].problem, .index = plan.tasks[drawn.task].sample_index, .prompt = sha256_hex(plan.prompts[drawn.task])};
        sample.completion = std::move(drawn.completion);
        sample.reasoning = std::move(drawn.reasoning);
        sample.stop_reason = drawn.stop_reason;
        sample.num_prompt_tokens = drawn.num_prompt_tokens;
        sample.num_cached_tokens = drawn.num_cached_tokens;
        sample.num_tokens = drawn.num_tokens;
        sample.details = drawn.details.dump(-1, ' ', false, json::error_handler_t::replace);
        tokens += std::max<int64_t>(0, drawn.num_tokens);
        store.add(std::move(sample), plan.prompts[drawn.task]);
        progress(++done, tokens);
      },
      stop);
}

}  // namespace reprise::evaluation
