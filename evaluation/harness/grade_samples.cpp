#include "evaluation/harness/grade_samples.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/strings.h"
#include "grading/grader.h"
#include "grading/language.h"
#include "grading/math/math_grader.h"
#include "text/loops.h"

namespace reprise::evaluation {

namespace {

bool same_answer(const std::string& a, const std::string& b, grading::math::Workspace& workspace) {
  if (a == b) return true;
  grading::math::MathOptions bare;
  bare.bare = true;
  return grade_math(a, b, workspace, bare).verdict == grading::VerdictKind::correct;
}

// Of a prompt that does not say its own: what most of its words are.
std::string language_of(const data::Problem& problem) {
  if (!problem.language.empty()) return problem.language;
  const auto counts = grading::count_words(problem.prompt);
  return counts.han_words > counts.latin_words ? "zh" : counts.latin_words >= counts.other_words ? "en" : "";
}

// Runs work(0 .. n-1) on several threads; the first Error is thrown when all have ended.
void for_all(size_t n, int num_threads, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::optional<Error> fault;
  const auto run = [&] {
    for (size_t i; (i = next++) < n;) {
      try {
        work(i);
      } catch (const Error& error) {
        const std::lock_guard lock(mutex);
        if (!fault) fault = error;
        next = n;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int t = 1; t < num_threads && static_cast<size_t>(t) < n; ++t) threads.emplace_back(run);
  run();
  for (std::thread& thread : threads) thread.join();
  if (fault) throw *fault;
}

constexpr const char* kRecorded = "recorded";

// What a recorder kept beside a sample.
struct Recorder {
  std::optional<bool> correct;
  std::string answer;
};

Recorder recorder_of(const StoredSample& sample) {
  Recorder out;
  if (sample.details.find("\"recorded_") == std::string::npos) return out;
  const auto details = nlohmann::json::parse(sample.details, nullptr, false);
  if (!details.is_object()) return out;
  if (details.contains("recorded_correct") && details["recorded_correct"].is_boolean()) out.correct = details["recorded_correct"].get<bool>();
  if (details.contains("recorded_answer") && details["recorded_answer"].is_string()) out.answer = details["recorded_answer"].get<std::string>();
  return out;
}

// The benchmark's problem; where it is only shown to people, it may be missing.
data::Problem problem_of(BenchmarkLibrary& library, const std::string& benchmark, const std::string& id, bool may_be_missing) {
  try {
    return library.problem(benchmark, id);
  } catch (const Error&) {
    if (!may_be_missing) throw;
    return {.id = id, .metadata = "{}"};
  }
}

}  // namespace

void unite_answers(ScoredProblem& problem) {
  grading::math::Workspace workspace;
  std::vector<std::string> classes;
  std::map<std::string, std::string> named;
  for (ScoredSample& sample : problem.samples) {
    if (sample.correct() || sample.answer.empty()) continue;
    if (const auto known = named.find(sample.answer); known != named.end()) {
      sample.answer = known->second;
      continue;
    }
    const auto same = std::find_if(classes.begin(), classes.end(), [&](const std::string& other) { return same_answer(other, sample.answer, workspace); });
    const std::string name = same == classes.end() ? sample.answer : *same;
    if (same == classes.end()) classes.push_back(name);
    named[sample.answer] = name;
    sample.answer = name;
  }
}

ScoredSample graded_sample(const SampleText& text, const StoredVerdict* known, StoredVerdict* fresh) {
  ScoredSample out;
  if (!known) {
    grading::Verdict verdict = grading::grade({.problem = text.problem, .completion = text.completion, .prompt_opened_think = text.prompt_opened_think, .finished = text.finished});
    *fresh = {verdict.kind, std::move(verdict.extracted), std::move(verdict.reason)};
    known = fresh;
  }
  out.verdict = known->kind;
  out.answer = known->answer;
  out.reason = known->reason;
  out.finished = text.finished;
  out.looped = text::ends_in_a_loop(text.completion.empty() ? text.reasoning : text.completion);
  const std::string language = language_of(text.problem);
  if (!language.empty()) out.mixed = grading::language_consistency(text.completion, language) < 1 || grading::language_consistency(text.reasoning, language) < 1;
  return out;
}

GradedSet grade_protocol(const SampleStore& store, const std::string& protocol, BenchmarkLibrary& library, const GradingOptions& options) {
  const nlohmann::json& facts = store.protocols().at(protocol).facts;
  const std::string benchmark = facts.at("benchmark").at("id").get<std::string>();
  GradedSet out;
  out.set.model = facts.at("model").at("name").get<std::string>();
  out.set.benchmark = benchmark;
  out.set.has_answers = true;
  const Benchmark* known_benchmark = library.find(benchmark);
  const bool verdicts_only = facts.value("/engine/verdicts_only"_json_pointer, false);
  if (verdicts_only && !options.grader.empty() && options.grader != kRecorded) throw Error("the recording kept verdicts and no completions: there is nothing to grade", benchmark, "leave --grader out");
  const std::string grader = verdicts_only ? kRecorded : !options.grader.empty() ? options.grader : known_benchmark ? known_benchmark->grader : "math";
  const bool believe = grader == kRecorded;
  out.rule = grader + (believe ? "" : " " + std::to_string(grading::kRulesVersion));
  std::vector<StoredSample> samples = store.samples(protocol);
  const auto known = store.verdicts(out.rule);
  const bool opened = facts.value("/prompt/answer_begins"_json_pointer, std::string()).find("<think>") != std::string::npos;
  // One rule for all: that of the benchmark, or the one that was asked for.
  std::map<std::string, data::Problem> problems;
  for (const StoredSample& sample : samples) {
    if (problems.contains(sample.problem)) continue;
    data::Problem problem{.id = sample.problem, .metadata = "{}"};
    const auto details = nlohmann::json::parse(sample.details, nullptr, false);
    if (details.is_object() && details.contains("gold") && details["gold"].is_string()) problem.answer = details["gold"].get<std::string>();  // the recording's own problem
    else if (!believe || (known_benchmark && known_benchmark->data.importer.size() > 0)) problem = problem_of(library, benchmark, sample.problem, believe);
    problem.grader = grader;
    problems.emplace(sample.problem, std::move(problem));
  }
  std::vector<ScoredSample> scored(samples.size());
  std::vector<StoredVerdict> fresh(samples.size());
  std::vector<char> is_fresh(samples.size()), recorded(samples.size()), otherwise(samples.size());
  std::atomic<int64_t> done{0};
  std::mutex progress;
  const int threads = options.num_threads > 0 ? options.num_threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  for_all(samples.size(), threads, [&](size_t i) {
    StoredSample& sample = samples[i];
    const auto found = known.find(sample.key);
    const Recorder recorder = recorder_of(sample);
    StoredVerdict theirs{recorder.correct.value_or(false) ? grading::VerdictKind::correct : grading::VerdictKind::incorrect, recorder.answer, "as recorded"};
    if (believe && !recorder.correct) throw Error("problem '" + sample.problem + "' sample " + std::to_string(sample.index) + " has no recorded verdict", benchmark, "grade it: leave --grader out");
    is_fresh[i] = !believe && found == known.end();
    scored[i] = graded_sample({.problem = problems.at(sample.problem), .completion = sample.completion, .reasoning = sample.reasoning, .prompt_opened_think = opened, .finished = sample.stop_reason != "length"},
                              believe ? &theirs : is_fresh[i] ? nullptr : &found->second, &fresh[i]);
    if (verdicts_only) scored[i].looped = scored[i].mixed = std::nullopt;
    recorded[i] = recorder.correct.has_value();
    otherwise[i] = recorder.correct && *recorder.correct != scored[i].correct();
    scored[i].index = sample.index;
    scored[i].num_tokens = sample.num_tokens;
    if (sample.stop_reason.empty()) scored[i].finished.reset();
    scored[i].completion = sample.reasoning.empty() ? std::move(sample.completion) : "<think>\n" + sample.reasoning + "\n</think>\n" + sample.completion;
    if (options.progress && (++done % 50 == 0 || done == static_cast<int64_t>(samples.size()))) {
      const std::lock_guard lock(progress);
      options.progress(done, static_cast<int64_t>(samples.size()));
    }
  });
  std::vector<char> scored_answers;
  for (size_t i = 0; i < samples.size(); ++i) {
    scored_answers.push_back(!scored[i].answer.empty());
    if (is_fresh[i]) {
      out.fresh.push_back(std::move(fresh[i]));
      out.fresh_keys.push_back(samples[i].key);
    }
    if (out.set.problems.empty() || out.set.problems.back().id != samples[i].problem) {
      const data::Problem& problem = problems.at(samples[i].problem);
      out.set.problems.push_back({.id = samples[i].problem, .prompt = problem.prompt, .reference = problem.answer});
    }
    out.set.problems.back().samples.push_back(std::move(scored[i]));
  }
  out.num_graded = static_cast<int64_t>(out.fresh.size());
  out.num_recorded = std::count(recorded.begin(), recorded.end(), 1);
  out.num_otherwise = std::count(otherwise.begin(), otherwise.end(), 1);
  // Without answers there is nothing to vote with.
  if (believe) out.set.has_answers = std::all_of(scored_answers.begin(), scored_answers.end(), [](char has) { return has; });
  for_all(out.set.problems.size(), threads, [&](size_t i) { unite_answers(out.set.problems[i]); });
  return out;
}

void keep_verdicts(SampleStore& store, const GradedSet& graded) {
  for (size_t i = 0; i < graded.fresh.size(); ++i) store.add_verdict(graded.fresh_keys[i], graded.rule, graded.fresh[i]);
}

}  // namespace reprise::evaluation
