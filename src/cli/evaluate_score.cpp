// `reprise evaluate score` and `recorded`: samples in, scores, errors and verdicts out.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "cli/evaluate_commands.h"
#include "cli/evaluate_scores.h"
#include "data/overlap_file.h"
#include "evaluation/harness/html_text.h"

namespace reprise::cli {
namespace {


const std::vector<std::string>& verdicts() {
  static const std::vector<std::string> all = {"reproduced", "differs", "inconclusive", "protocol mismatch", "source conflict", "not comparable"};
  return all;
}

evaluation::Protocol declared(const std::vector<std::string>& words) {
  evaluation::Protocol out;
  const auto& names = evaluation::condition_names();
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (equals == std::string::npos) throw UsageError("--condition wants NAME=VALUE, not '" + word + "'", "", "for example --condition temperature=0.6");
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      const auto guess = nearest(name, names);
      throw UsageError("there is no condition '" + name + "'", "", guess ? "did you mean '" + *guess + "'?" : "there are: " + join(names, ", "));
    }
    out[name] = word.substr(equals + 1);
  }
  return out;
}

evaluation::PublishedComparison held_against(const evaluation::ScoreReport& report, const evaluation::ScoredSet& set, const evaluation::Score& score, const evaluation::PublishedNumber& published,
                                             const evaluation::Registry& registry, const evaluation::Protocol& conditions, const ScoreOptions& options) {
  evaluation::OwnNumber own{.model = published.model, .benchmark = set.benchmark, .metric = score.metric, .num_generations = score.num_generations, .best_of = options.best_of};
  own.estimate = {.value = score.value, .sampling_error = score.error_fixed.value_or(std::nan("")), .problem_error = score.error_problems.value_or(std::nan("")), .num_problems = score.num_problems};
  const evaluation::SetFacts* facts = report.facts_of(set);
  if (facts && facts->protocol.is_object()) {
    own.protocol = evaluation::conditions_of(facts->protocol, facts->rule.substr(0, facts->rule.find(' ')), published);
  } else {
    for (const std::string& name : evaluation::condition_names()) own.protocol[name] = evaluation::kAssumed;
  }
  own.protocol["num_generations"] = std::to_string(score.num_generations);
  for (const auto& [name, value] : conditions) own.protocol[name] = value;
  auto out = evaluation::compare(own, published, registry, options.margin);
  if (set.model != published.model) out.reasons.push_back("The samples call the model '" + set.model + "'; --against takes it for " + published.model + ".");
  return out;
}

// Without the problems that the benchmark's file calls wrong.
void leave_out_errata(Source& source, evaluation::BenchmarkLibrary& library) {
  for (evaluation::ScoredSet& set : source.sets) {
    const evaluation::Benchmark* known = library.find(set.benchmark);
    if (!known) continue;
    std::erase_if(set.problems, [&](const evaluation::ScoredProblem& problem) {
      return std::any_of(known->errata.begin(), known->errata.end(), [&](const auto& erratum) { return erratum.problem == problem.id; });
    });
    if (set.problems.empty()) throw Error("nothing is left of '" + set.benchmark + "' without the problems that have errata", source.name);
  }
}

// Scores once more without the problems that training data share, by a file of `reprise data overlap` or of a run's stage `contamination`.
void leave_out_hits(Source& source, evaluation::BenchmarkLibrary& library, const std::string& file, const std::map<std::string, std::set<std::string>>& hits_of) {
  for (evaluation::ScoredSet& set : source.sets) {
    const auto found = hits_of.find(set.benchmark);
    auto facts = std::find_if(source.facts.begin(), source.facts.end(), [&](const auto& one) { return one.set == &set; });
    if (facts == source.facts.end()) {
      facts = source.facts.emplace(source.facts.end());
      facts->set = &set;
    }
    if (found == hits_of.end()) {
      facts->notes.push_back(file + " names no problem of " + set.benchmark + ": none was found, or it was not looked for");
      continue;
    }
    const std::set<std::string>& hits = found->second;
    const evaluation::Benchmark* known = library.find(set.benchmark);
    const evaluation::BenchmarkProblems* problems = known && !known->data.importer.empty() ? &library.problems(set.benchmark) : nullptr;
    evaluation::ScoredSet without = set;
    std::erase_if(without.problems, [&](const evaluation::ScoredProblem& one) {
      if (hits.contains(one.id)) return true;
      const data::Problem* problem = problems ? problems->find(one.id) : nullptr;  // a recording may have the publisher's ids
      return problem && hits.contains(problem->id);
    });
    if (without.problems.empty()) facts->notes.push_back(file + " names every problem of " + set.benchmark + " that was scored: nothing is left without them");
    else if (without.problems.size() == set.problems.size()) facts->notes.push_back("no problem that " + file + " names was scored");
    else facts->without_hits = std::move(without);
  }
}

void print_scores(const evaluation::ScoreReport& report) {
  size_t width = 12;
  for (const auto* set : report.sets) width = std::min<size_t>(48, std::max(width, set->model.size()));
  for (const auto& row : report.rows) {
    const auto& score = row.score;
    std::printf("%-*s  %-14s %-14s %9s", static_cast<int>(width), row.set->model.c_str(), row.set->benchmark.c_str(), score.metric.c_str(), score.is_share ? evaluation::percent_text(score.value).c_str() : evaluation::number_text(score.value, 1).c_str());
    if (score.is_share && score.error_fixed) std::printf("  ±%5.2f fixed", 100 * *score.error_fixed);
    if (score.is_share && score.error_problems) std::printf("  ±%5.2f problems", 100 * *score.error_problems);
    std::printf("   n %lld, k %lld\n", static_cast<long long>(score.num_problems), static_cast<long long>(score.num_generations));
  }
  for (const auto& facts : report.facts) {
    for (const std::string& note : facts.notes) std::printf("%s, %s: %s\n", facts.set->model.c_str(), facts.set->benchmark.c_str(), note.c_str());
    if (facts.without_hits) {
      const auto without = evaluation::score_of(*facts.without_hits, "pass@1");
      std::printf("%s, %s: without the %zu problems that training data share, pass@1 %s (n %lld)\n", facts.set->model.c_str(), facts.set->benchmark.c_str(), facts.set->problems.size() - facts.without_hits->problems.size(),
                  evaluation::percent_text(without.value).c_str(), static_cast<long long>(without.num_problems));
    }
    if (!facts.cost.empty()) std::printf("%s, %s: %s\n", facts.set->model.c_str(), facts.set->benchmark.c_str(), facts.cost.c_str());
  }
}

void print_comparison(const evaluation::ScoredRow& row, const evaluation::PublishedComparison& one) {
  std::printf("\n%s: %s %s, %s here, %s published (%s)\n", one.verdict.c_str(), row.set->benchmark.c_str(), row.score.metric.c_str(), evaluation::percent_text(row.score.value).c_str(), evaluation::printed_value(one.published).c_str(),
              one.published.source.c_str());
  for (const std::string& difference : one.differences) std::printf("  %s\n", difference.c_str());
  for (const std::string& reason : one.reasons) std::printf("  %s\n", reason.c_str());
}

}  // namespace

void add_score_options(boost::program_options::options_description& shown, ScoreOptions& options) {
  namespace po = boost::program_options;
  shown.add_options()("against", po::value(&options.against)->value_name("ID")->composing(), "a published number to be held against (`reprise published` lists them); may be repeated")(
      "margin", po::value(&options.margin)->value_name("SHARE"), "two scores closer than this count as the same (default 0.03)")(
      "condition", po::value(&options.conditions)->value_name("NAME=VALUE")->composing(), "how recorded samples were drawn: temperature=0.6, top_p=0.95, ...; what is not said is taken to be as published, and told. A store knows its own")(
      "best-of", po::value(&options.best_of)->value_name("N"), "checkpoints or runs among which this one was chosen by this score (default 1)")(
      "fail-on", po::value(&options.fail_on)->value_name("VERDICT"), "exit 1 where this verdict is given, for example differs")(
      "leave-out-errata", po::bool_switch(&options.leave_out_errata), "without the problems of which the benchmark's file says that they are wrong")(
      "without-hits", po::value(&options.without_hits)->value_name("FILE"), "scores once more without the problems that an overlap.jsonl names (`reprise data overlap`, or a run's stage contamination)")(
      "benchmarks", po::value(&options.benchmarks)->value_name("DIR"), "another folder than evaluation/benchmarks")("benchmark-file", po::value(&options.benchmark_files)->value_name("FILE")->composing(), "a benchmark of your own: one YAML file; may be repeated")(
      "registry", po::value(&options.registry)->value_name("DIR"), "another folder than evaluation/published");
}

void check_score_options(const ScoreOptions& options) {
  if (!(options.margin > 0 && options.margin < 1)) throw UsageError("--margin is a share above 0 and below 1", "", "0.03 stands for three points");
  if (options.best_of < 1) throw UsageError("--best-of should be at least 1", "", "");
  if (!options.fail_on.empty() && std::find(verdicts().begin(), verdicts().end(), options.fail_on) == verdicts().end()) {
    throw UsageError("there is no verdict '" + options.fail_on + "'", "", "there are: " + join(verdicts(), ", "));
  }
}

evaluation::BenchmarkLibrary open_library(const ScoreOptions& options) {
  evaluation::BenchmarkLibrary library(options.benchmarks);
  for (const std::string& file : options.benchmark_files) library.add_file(file);
  return library;
}

int score_sources(const std::vector<std::string>& paths, evaluation::BenchmarkLibrary& library, const SourceOptions& source_options, const ScoreOptions& options) {
  // Everything that can be wrong is found before anything is graded.
  std::optional<evaluation::Registry> registry;
  std::vector<const evaluation::PublishedNumber*> against;
  if (!options.against.empty()) {
    registry = open_registry(options.registry);
    for (const std::string& id : options.against) against.push_back(&published_number(*registry, id));
  }
  const evaluation::Protocol conditions = declared(options.conditions);
  const auto hits = options.without_hits.empty() ? std::map<std::string, std::set<std::string>>() : data::hit_problems(options.without_hits);
  std::deque<Source> sources;
  evaluation::ScoreReport report;
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    Source& source = sources.emplace_back(load_source(path, library, source_options));
    if (options.leave_out_errata) leave_out_errata(source, library);
    if (!options.without_hits.empty()) leave_out_hits(source, library, options.without_hits, hits);
    for (const auto& set : source.sets) report.sets.push_back(&set);
    for (const auto& facts : source.facts) report.facts.push_back(facts);
    report.num_samples += source.num_samples;
    report.num_graded += source.num_graded;
    names.push_back(source.name);
    if (paths.size() == 1) report.source_sha256 = source.sha256;
  }
  report.source = join(names, ", ");
  if (registry) report.registry_hash = registry->hash;
  for (const auto* set : report.sets) evaluation::add_scores(report, *set);
  for (const auto* published : against) {
    bool found = false;
    for (const auto* set : report.sets) {
      if (set->benchmark != published->benchmark) continue;
      found = true;
      auto row = std::find_if(report.rows.begin(), report.rows.end(), [&](const auto& one) { return one.set == set && one.score.metric == published->metric; });
      if (row == report.rows.end()) row = report.rows.insert(report.rows.end(), {set, evaluation::score_of(*set, published->metric), {}});
      row->comparisons.push_back(held_against(report, *set, row->score, *published, *registry, conditions, options));
    }
    if (!found) {
      std::vector<std::string> there;
      for (const auto* set : report.sets) there.push_back(set->benchmark);
      throw Error("'" + published->id + "' is a score of '" + published->benchmark + "', of which there is no sample", report.source, "it has samples of " + join(there, ", "));
    }
  }
  evaluation::add_pairs(report);
  evaluation::write_score_report(report, options.out);
  print_scores(report);
  bool failed = false;
  for (const auto& row : report.rows) {
    for (const auto& one : row.comparisons) {
      print_comparison(row, one);
      failed = failed || one.verdict == options.fail_on;
    }
  }
  std::printf("\n%s\n", (fs::path(options.out) / "report.html").c_str());
  return failed ? 1 : 0;
}

namespace {

int score_command(const Arguments& arguments, const std::string& name) {
  namespace po = boost::program_options;
  const bool is_store = name == "score";
  ScoreOptions options;
  SourceOptions source;
  std::vector<std::string> paths;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("out", po::value(&options.out)->value_name("DIR"), "where scores.json, scores.md and report.html go");
  if (is_store) {
    shown.add_options()("grader", po::value(&source.grader)->value_name("RULE"), "another rule than the benchmark's: math, math_verify, gsm8k, minerva, ... (docs/grading.md)")(
        "only", po::value(&source.only)->value_name("FACT=VALUE")->composing(), "samples drawn under this: sampling.temperature=0.6, model.name=..., benchmark.id=...; may be repeated")(
        "each", po::bool_switch(&source.each), "several protocols of one model on one benchmark: each by itself, and against each other")("prices", po::value(&source.prices)->value_name("FILE"), "another price table than evaluation/prices.yaml");
  }
  add_score_options(shown, options);
  po::options_description all;
  all.add(shown).add_options()("path", po::value(&paths));
  po::positional_options_description places;
  places.add("path", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise evaluate " + name + " --help`");
  }
  if (values.contains("help")) {
    if (is_store) {
      std::cout << "usage: reprise evaluate score STORE... --out DIR [--grader RULE] [--against ID ...]\n\n"
                   "Scores the samples of a store (`reprise evaluate run`, `import`), or of several side by side, without drawing any. Verdicts are kept in the store under\n"
                   "their rule. Samples drawn under different conditions are never put together: --only chooses, --each scores them apart.\n\n"
                   "  reprise evaluate score samples --out scores --against r1-v1-t5-r1-distill-qwen-7b-aime24-p1\n"
                   "  reprise evaluate score samples --out by-math-verify --grader math_verify\n\n";
    } else {
      std::cout << "usage: reprise evaluate recorded FILE.jsonl --out DIR [--against ID ...] [--margin 0.03]\n\n"
                   "Scores samples that any harness recorded, one line each:\n"
                   "  {\"model\": \"m\", \"benchmark\": \"aime24\", \"problem\": \"60\", \"sample\": 0, \"correct\": true, \"answer\": \"204\", \"num_tokens\": 8120}\n"
                   "or with \"completion\" in place of \"correct\": then it is graded here, against \"gold\" in the line or the benchmark's own answers\n"
                   "(evaluation/benchmarks, found under REPRISE_DATA). \"answer\", \"num_tokens\" and \"finished\" may be left out. Files as lm-evaluation-harness, lighteval\n"
                   "and open-r1 write them: `reprise evaluate import`.\n\n"
                   "  reprise evaluate recorded samples.jsonl --out scores --against r1-v1-t5-r1-distill-qwen-7b-aime24-p1 --condition temperature=0.6\n\n";
    }
    std::cout << "The verdict against a published number: reproduced (an equivalence test within the margin), differs, inconclusive, protocol mismatch,\n"
                 "source conflict, not comparable; each with its reasons.\n\n"
              << shown;
    return 0;
  }
  if (paths.empty()) throw UsageError(is_store ? "no store" : "no file of samples", "", "see `reprise evaluate " + name + " --help`");
  if (options.out.empty()) throw UsageError("no folder for the scores", "", "give --out DIR");
  check_score_options(options);
  evaluation::BenchmarkLibrary library = open_library(options);
  return score_sources(paths, library, source, options);
}

}  // namespace

int evaluate_score(const Arguments& arguments) { return score_command(arguments, "score"); }
int evaluate_recorded(const Arguments& arguments) { return score_command(arguments, "recorded"); }

}  // namespace reprise::cli
