// An evaluation as it is drawn: benchmarks asked by a preset, samples from a backend, each kept in the store the moment it is whole. Started again it draws
// what is missing; with a larger k it draws that many more.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/field.h"
#include "evaluation/harness/benchmark_library.h"
#include "evaluation/harness/prompt_ask.h"
#include "evaluation/harness/prompt_preset.h"
#include "evaluation/harness/sample_store.h"
#include "generation/sampling_config.h"
#include "serving/backend.h"

namespace reprise::evaluation {

struct EvaluationRunConfig {
  std::string preset = "deepseek";
  std::string task;
  std::string form;
  int64_t num_shots = -1;
  int64_t num_generations = 1;
  int64_t num_problems = 0;
  std::vector<std::string> problem;
  int64_t seed = 0;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("preset", preset, "How the questions are put: `reprise evaluate presets` lists them.");
    v.field("task", task, "The preset's task by name, where it asks a benchmark in several ways.");
    v.field("form", form, "chat or completion, where it should not be the preset's own.");
    v.field("num_shots", num_shots, "Worked examples in front of the question; -1: as the preset has it.", at_least(-1));
    v.field("num_generations", num_generations, "k, samples of each problem. More later are drawn beside those that are there.", at_least(1));
    v.field("num_problems", num_problems, "Problems from the front of the benchmark; 0 takes all.", at_least(0));
    v.field("problem", problem, "These problems alone, by id.");
    v.field("seed", seed, "Of the draws. Another seed is another set of samples.", at_least(0));
  }
};

// One benchmark, ready to be drawn.
struct PlannedBenchmark {
  std::string benchmark;
  std::string protocol;                      // its id in the store
  generation::SamplingConfig sampling;
  std::vector<serving::Task> tasks;          // those that are missing
  std::vector<std::string> keys, prompts;    // of each
  int64_t num_problems = 0, num_there = 0;   // problems asked; samples that are there
  bool by_likelihood = false;                // the likeliest option is the answer: nothing is sampled
};

// Shots from the benchmarks' own training data, read when they are asked for. benchmark: that of the problems asked; "" for problems of the user's own.
class LibraryShotSource : public ShotSource {
 public:
  LibraryShotSource(BenchmarkLibrary& library, std::string benchmark) : library_(library), benchmark_(std::move(benchmark)) {}
  const std::vector<data::Problem>& pool(const ShotPool& pool) const override;
  int64_t place(const data::Problem& problem) const override;

 private:
  BenchmarkLibrary& library_;
  std::string benchmark_;
  mutable std::map<ShotPool, std::vector<data::Problem>> pools_;
};

// Puts every question, says in the store under what the samples are drawn, and leaves out what is there. given_sampling: writes the keys that the
// user gave over those that the preset brings. turn_into_text: makes text of messages, where the backend wants text.
PlannedBenchmark plan_benchmark(const EvaluationRunConfig& config, const PromptPreset& preset, const std::string& benchmark, BenchmarkLibrary& library, serving::Backend& backend, SampleStore& store,
                                const std::function<void(generation::SamplingConfig&)>& given_sampling, const std::function<std::string(const std::vector<text::ChatMessage>&)>& turn_into_text = {});

// Draws what a plan says is missing. progress(done, tokens) after each sample.
void draw_planned(const PlannedBenchmark& plan, serving::Backend& backend, SampleStore& store, const std::function<void(int64_t, int64_t)>& progress, const std::function<bool()>& stop);

}  // namespace reprise::evaluation
