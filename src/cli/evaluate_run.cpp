// `reprise evaluate run`: benchmarks in, samples into a store, scores out.
#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "cli/evaluate_commands.h"
#include "cli/evaluate_scores.h"
#include "cli/flag_fields.h"
#include "evaluation/harness/evaluation_run.h"
#include "evaluation/harness/prices.h"
#include "evaluation/harness/report.h"
#include "pipeline/progress.h"
#include "pipeline/stop_flag.h"
#include "serving/engine_backend.h"
#include "serving/openai_backend.h"

namespace reprise::cli {
namespace {

struct RunOptions {
  std::vector<std::string> benchmarks;
  std::string store, prices;
  bool draw_only = false, dry_run = false;
  evaluation::EvaluationRunConfig run;
  serving::EngineOptions engine;
  serving::OpenAiOptions openai;
};

std::unique_ptr<serving::Backend> open_backend(const RunOptions& options) {
  const uint64_t seed = static_cast<uint64_t>(options.run.seed);
  if (options.openai.url.empty()) return std::make_unique<serving::EngineBackend>(options.engine, seed);
  std::optional<serving::Price> price;
  const fs::path table = options.prices.empty() ? evaluation::published_folder().parent_path() / "prices.yaml" : fs::path(options.prices);
  if (path_exists(table)) price = evaluation::price_of(table, options.openai.api_model);
  if (!price && !options.prices.empty()) throw Error("has no price of '" + options.openai.api_model + "'", options.prices, "add it: - {model: " + options.openai.api_model + ", input: ..., output: ...}");
  return std::make_unique<serving::OpenAiBackend>(options.openai, seed, price);
}

// With an API that takes text, messages become what the model's own template makes of them.
std::function<std::string(const std::vector<text::ChatMessage>&)> writer_of_text(const RunOptions& options) {
  if (options.openai.url.empty() || options.openai.api != "completions" || options.engine.model.empty()) return {};
  const auto text = std::make_shared<const text::ModelText>(text::read_model_text(options.engine.model));
  return [text](const std::vector<text::ChatMessage>& messages) { return text::render_conversation(*text, messages); };
}

void draw(const RunOptions& options, evaluation::BenchmarkLibrary& library, const FlagFields<generation::SamplingConfig>& sampling_flags, const boost::program_options::variables_map& values,
          std::vector<std::string>& protocols) {
  const evaluation::PromptPresets presets = evaluation::read_presets(evaluation::presets_folder());
  const evaluation::PromptPreset& preset = presets.find(options.run.preset);
  const auto backend = open_backend(options);
  const auto turn_into_text = writer_of_text(options);
  evaluation::SampleStore store(options.store, evaluation::SampleStore::Mode::write);
  std::vector<evaluation::PlannedBenchmark> plans;
  for (const std::string& benchmark : options.benchmarks) {
    plans.push_back(evaluation::plan_benchmark(options.run, preset, benchmark, library, *backend, store, [&](generation::SamplingConfig& sampling) { sampling_flags.read(values, sampling); }, turn_into_text));
    const auto& plan = plans.back();
    protocols.push_back(plan.protocol);
    const std::string how = plan.by_likelihood ? "the likeliest option is the answer"
                                               : "k " + std::to_string(options.run.num_generations) + ", temperature " + format_double(plan.sampling.temperature) + ", top_p " + format_double(plan.sampling.top_p) + ", up to " +
                                                     format_count(plan.sampling.max_completion_length) + " tokens";
    std::printf("%s: %s problems, %s; %s samples are there, %s to be drawn\n", benchmark.c_str(), format_count(plan.num_problems).c_str(), how.c_str(), format_count(plan.num_there).c_str(),
                format_count(static_cast<int64_t>(plan.tasks.size())).c_str());
    std::fflush(stdout);
  }
  if (options.dry_run) return;
  const pipeline::StopSignals signals("\nstopping; what was drawn is kept (again: at once)\n");
  for (const auto& plan : plans) {
    if (plan.tasks.empty()) continue;
    pipeline::Progress progress(pipeline::standard_progress());
    progress.begin_stage(plan.benchmark);
    const auto begun = std::chrono::steady_clock::now();
    const int64_t all = static_cast<int64_t>(plan.tasks.size());
    evaluation::draw_planned(
        plan, *backend, store,
        [&](int64_t done, int64_t tokens) {
          const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
          progress.update(done, all, {{"tokens_per_second", static_cast<double>(tokens) / std::max(1e-3, seconds)}});
        },
        [] { return pipeline::StopSignals::requested(); });
  }
  store.seal();
  if (const auto* api = dynamic_cast<const serving::OpenAiBackend*>(backend.get())) {
    const auto& t = api->totals();
    std::printf("%s requests, %s of them again; %s prompt tokens (%s cached), %s of answers%s\n", format_count(t.requests).c_str(), format_count(t.retries).c_str(), format_count(t.prompt_tokens).c_str(), format_count(t.cached_tokens).c_str(),
                format_count(t.completion_tokens).c_str(), t.uncounted ? ("; the server did not count " + format_count(t.uncounted)).c_str() : "");
  }
}

}  // namespace

int evaluate_run(const Arguments& arguments) {
  namespace po = boost::program_options;
  RunOptions options;
  ScoreOptions score;
  SourceOptions source;
  const FlagFields<evaluation::EvaluationRunConfig> run_flags;
  const FlagFields<serving::EngineOptions> engine_flags({"generation_rows", "kv_cache_gigabytes"});
  const FlagFields<serving::OpenAiOptions> openai_flags;
  const FlagFields<generation::SamplingConfig> sampling_flags({"max_prompt_length"});
  po::options_description shown("options"), run_shown("what is asked"), sampling_shown("sampling: what is not given is the preset's"), engine_shown("the engine beside this program"), openai_shown("a server that speaks OpenAI's protocol"), score_shown("scores");
  shown.add_options()("help,h", "this text")("store", po::value(&options.store)->value_name("DIR"), "where samples are kept; made where it is not there")("model", po::value(&options.engine.model)->value_name("MODEL"), "a Hugging Face folder or a .gguf file")(
      "dry-run", po::bool_switch(&options.dry_run), "say what would be drawn")("draw-only", po::bool_switch(&options.draw_only), "do not score")(
      "out", po::value(&score.out)->value_name("DIR"), "where scores.json, scores.md and report.html go [STORE/report]")("grader", po::value(&source.grader)->value_name("RULE"), "another rule than the benchmark's")(
      "prices", po::value(&options.prices)->value_name("FILE"), "another price table than evaluation/prices.yaml");
  run_flags.add_to(run_shown);
  sampling_flags.add_to(sampling_shown, false);
  engine_flags.add_to(engine_shown);
  openai_flags.add_to(openai_shown);
  add_score_options(score_shown, score);
  po::options_description all;
  all.add(shown).add(run_shown).add(sampling_shown).add(engine_shown).add(openai_shown).add(score_shown).add_options()("benchmark", po::value(&options.benchmarks));
  po::positional_options_description places;
  places.add("benchmark", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise evaluate run --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise evaluate run BENCHMARK... --store DIR (--model MODEL | --url URL --api-model NAME) [-- options]\n\n"
                 "Asks the benchmarks as a preset does, draws k samples of each problem, keeps every one in the store the moment it is whole, scores them. A run that was\n"
                 "killed goes on where it was; a larger --num-generations later draws those that are missing; scoring again draws none.\n\n"
                 "  reprise evaluate run gsm8k --num-problems 100 --num-generations 4 --model models/SmolLM2-135M-Instruct.Q4_1.gguf --store samples \\\n"
                 "    --preset qwen --temperature 0.6 --max-completion-length 256\n"
                 "  reprise evaluate run aime24 math500 --num-generations 64 --url https://api.deepseek.com/v1 --api-model deepseek-reasoner \\\n"
                 "    --api-key-env DEEPSEEK_API_KEY --concurrency 32 --max-cost 20 --store samples --against r1-v1-t4-deepseek-r1-aime24-p1\n\n"
              << shown << "\n" << run_shown << "\n" << sampling_shown << "\n" << engine_shown << "\n" << openai_shown << "\n" << score_shown;
    return 0;
  }
  run_flags.read(values, options.run);
  engine_flags.read(values, options.engine);
  openai_flags.read(values, options.openai);
  generation::SamplingConfig checked;
  sampling_flags.read(values, checked);
  options.engine.generation_rows = checked.generation_rows;
  if (checked.kv_cache_gigabytes > 0) options.engine.kv_cache_gigabytes = checked.kv_cache_gigabytes;
  if (options.benchmarks.empty() && score.benchmark_files.empty()) throw UsageError("no benchmark", "", "for example `reprise evaluate run gsm8k ...`; evaluation/benchmarks has those that are known");
  if (options.store.empty()) throw UsageError("no store for the samples", "", "give --store DIR");
  if (options.openai.url.empty() == options.engine.model.empty() && (options.openai.url.empty() || options.openai.api != "completions")) {
    throw UsageError(options.openai.url.empty() ? "neither a model nor a server" : "both a model and a server", "", "give --model MODEL, or --url URL (with --api completions, --model is the tokenizer and template)");
  }
  check_score_options(score);
  source.prices = options.prices;
  evaluation::BenchmarkLibrary library(score.benchmarks);
  for (const std::string& file : score.benchmark_files) {
    const std::string id = library.add_file(file);
    if (std::find(options.benchmarks.begin(), options.benchmarks.end(), id) == options.benchmarks.end()) options.benchmarks.push_back(id);
  }
  for (const std::string& id : options.benchmarks) library.benchmark(id);
  if (!score.against.empty()) {
    const auto registry = open_registry(score.registry);
    for (const std::string& id : score.against) published_number(registry, id);
  }
  std::vector<std::string> protocols;
  draw(options, library, sampling_flags, values, protocols);
  if (options.draw_only || options.dry_run) return 0;
  if (score.out.empty()) score.out = (fs::path(options.store) / "report").string();
  source.protocols = protocols;
  std::printf("\n");
  return score_sources({options.store}, library, source, score);
}

}  // namespace reprise::cli
