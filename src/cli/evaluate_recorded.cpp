// `reprise evaluate recorded`: lines of samples in, scores, errors and verdicts out.
#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "cli/evaluate_commands.h"
#include "datasets/importers/importer.h"
#include "evaluation/harness/benchmark.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/recorded_report.h"
#include "evaluation/harness/report.h"

namespace reprise::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string file, out, registry, benchmarks, fail_on;
  std::vector<std::string> against, conditions;
  double margin = evaluation::kDefaultMargin;
  int64_t best_of = 1;
  bool leave_out_errata = false;
};

const std::vector<std::string>& verdicts() {
  static const std::vector<std::string> all = {"reproduced", "differs", "inconclusive", "protocol mismatch", "source conflict", "not comparable"};
  return all;
}

// The problems of the benchmarks that a recording names, read when the first completion asks for them.
class Benchmarks {
 public:
  explicit Benchmarks(const std::string& folder) : folder_(folder.empty() ? evaluation::published_folder().parent_path() / "benchmarks" : fs::path(folder)) {}

  const evaluation::Benchmark* find(const std::string& id) {
    if (!read_) {
      for (evaluation::Benchmark& one : evaluation::read_benchmarks(folder_)) known_[one.id] = std::move(one);
      read_ = true;
    }
    const auto found = known_.find(id);
    return found == known_.end() ? nullptr : &found->second;
  }

  const data::Problem* problem(const std::string& benchmark, const std::string& id) {
    auto known = problems_.find(benchmark);
    if (known == problems_.end()) known = problems_.emplace(benchmark, read(benchmark)).first;
    const auto found = known->second.problems.find(id);
    if (found == known->second.problems.end()) throw Error("the benchmark '" + benchmark + "' has no problem '" + id + "': its ids go from '" + known->second.first + "' to '" + known->second.last + "'");
    return &found->second;
  }

 private:
  struct Problems {
    std::map<std::string, data::Problem> problems;
    std::string first, last;  // ids, in the file's order
  };

  Problems read(const std::string& id) {
    const evaluation::Benchmark* benchmark = find(id);
    if (!benchmark) throw Error("no benchmark '" + id + "' is known in " + folder_.string());
    if (benchmark->grader == "code") throw Error("programs are judged by `reprise grade code`: record its verdict as \"correct\"");
    if (benchmark->importer.empty()) throw Error("the benchmark '" + id + "' has no reference answers here");
    datasets::ImporterConfig config;
    config.importer = benchmark->importer;
    config.path = benchmark->path;
    // These two files hold all splits; the others are of the split that the benchmark names.
    if (config.importer == "mmlu" || config.importer == "mbpp") config.split = id == "mbpp_plus" ? "all" : benchmark->split;
    if (!path_exists(config.path)) {
      const char* variable = std::getenv("REPRISE_DATA");
      const fs::path below = fs::path(variable && *variable ? variable : "data") / benchmark->path;
      const fs::path candidates[] = {folder_ / benchmark->path, below, below.string() + ".gz"};
      const auto there = std::find_if(std::begin(candidates), std::end(candidates), [](const fs::path& path) { return path_exists(path); });
      if (there == std::end(candidates)) throw Error("the reference answers of '" + id + "' are not there (" + below.string() + "): set REPRISE_DATA, or fetch them (`reprise data fetch`)");
      config.path = there->string();
    }
    Problems out;
    for (data::Problem& problem : datasets::import_problems(config).problems) {
      out.last = problem.id;
      if (out.first.empty()) out.first = problem.id;
      out.problems.emplace(out.last, std::move(problem));
    }
    return out;
  }

  fs::path folder_;
  bool read_ = false;
  std::map<std::string, evaluation::Benchmark> known_;
  std::map<std::string, Problems> problems_;
};

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

evaluation::PublishedComparison held_against(const evaluation::ScoredSet& set, const evaluation::Score& score, const evaluation::PublishedNumber& published, const evaluation::Registry& registry,
                                             const evaluation::Protocol& conditions, const Options& options) {
  evaluation::OwnNumber own{.model = published.model, .benchmark = set.benchmark, .metric = score.metric, .num_generations = score.num_generations, .best_of = options.best_of};
  own.estimate = {.value = score.value, .sampling_error = score.error_fixed.value_or(std::nan("")), .problem_error = score.error_problems.value_or(std::nan("")), .num_problems = score.num_problems};
  for (const std::string& name : evaluation::condition_names()) own.protocol[name] = evaluation::kAssumed;
  own.protocol["num_generations"] = std::to_string(score.num_generations);
  for (const auto& [name, value] : conditions) own.protocol[name] = value;
  auto out = evaluation::compare(own, published, registry, options.margin);
  if (set.model != published.model) out.reasons.push_back("The file calls the model '" + set.model + "'; --against takes it for " + published.model + ".");
  return out;
}

int run(const Options& options) {
  const evaluation::Registry registry = open_registry(options.registry);
  std::vector<const evaluation::PublishedNumber*> against;
  for (const std::string& id : options.against) against.push_back(&published_number(registry, id));
  const evaluation::Protocol conditions = declared(options.conditions);

  Benchmarks benchmarks(options.benchmarks);
  evaluation::Recorded recorded = evaluation::read_recorded(options.file, [&](const std::string& benchmark, const std::string& id) { return benchmarks.problem(benchmark, id); });
  if (options.leave_out_errata) {
    for (evaluation::ScoredSet& set : recorded.sets) {
      const evaluation::Benchmark* known = benchmarks.find(set.benchmark);
      if (!known) continue;
      std::erase_if(set.problems, [&](const evaluation::ScoredProblem& problem) {
        return std::any_of(known->errata.begin(), known->errata.end(), [&](const auto& erratum) { return erratum.problem == problem.id; });
      });
      if (set.problems.empty()) throw Error("nothing is left of '" + set.benchmark + "' without the problems that have errata", options.file);
    }
  }

  evaluation::RecordedReport report{.recorded = &recorded, .registry_hash = registry.hash, .source = fs::path(options.file).filename().string()};
  for (const evaluation::ScoredSet& set : recorded.sets) {
    for (evaluation::Score& score : evaluation::scores_of(set)) report.rows.push_back({&set, std::move(score), {}});
  }
  for (const auto* published : against) {
    bool found = false;
    for (const evaluation::ScoredSet& set : recorded.sets) {
      if (set.benchmark != published->benchmark) continue;
      found = true;
      auto row = std::find_if(report.rows.begin(), report.rows.end(), [&](const auto& one) { return one.set == &set && one.score.metric == published->metric; });
      if (row == report.rows.end()) row = report.rows.insert(report.rows.end(), {&set, evaluation::score_of(set, published->metric), {}});
      row->comparisons.push_back(held_against(set, row->score, *published, registry, conditions, options));
    }
    if (!found) {
      std::vector<std::string> there;
      for (const auto& set : recorded.sets) there.push_back(set.benchmark);
      throw Error("'" + published->id + "' is a score of '" + published->benchmark + "', of which there is no sample", options.file, "it has samples of " + join(there, ", "));
    }
  }
  evaluation::write_recorded_report(report, options.out);

  bool failed = false;
  for (const auto& row : report.rows) {
    const auto& score = row.score;
    std::printf("%-28s %-14s %-13s %9s", row.set->model.c_str(), row.set->benchmark.c_str(), score.metric.c_str(),
                score.is_share ? evaluation::percent_text(score.value).c_str() : evaluation::number_text(score.value, 1).c_str());
    if (score.is_share && score.error_fixed) std::printf("  ±%5.2f fixed", 100 * *score.error_fixed);
    if (score.is_share && score.error_problems) std::printf("  ±%5.2f problems", 100 * *score.error_problems);
    std::printf("   n %lld, k %lld\n", static_cast<long long>(score.num_problems), static_cast<long long>(score.num_generations));
  }
  for (const auto& row : report.rows) {
    for (const auto& one : row.comparisons) {
      std::printf("\n%s: %s %s, %s here, %s published (%s)\n", one.verdict.c_str(), row.set->benchmark.c_str(), row.score.metric.c_str(), evaluation::percent_text(row.score.value).c_str(),
                  evaluation::printed_value(one.published).c_str(), one.published.source.c_str());
      for (const std::string& reason : one.reasons) std::printf("  %s\n", reason.c_str());
      failed = failed || one.verdict == options.fail_on;
    }
  }
  std::printf("\n%s\n", (fs::path(options.out) / "report.html").c_str());
  return failed ? 1 : 0;
}

}  // namespace

int evaluate_recorded(const Arguments& arguments) {
  namespace po = boost::program_options;
  Options options;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("out", po::value(&options.out)->value_name("DIR"), "where scores.json, scores.md and report.html go")(
      "against", po::value(&options.against)->value_name("ID")->composing(), "a published number to be held against (`reprise published` lists them); may be repeated")(
      "margin", po::value(&options.margin)->value_name("SHARE"), "two scores closer than this count as the same (default 0.03)")(
      "condition", po::value(&options.conditions)->value_name("NAME=VALUE")->composing(), "how the samples were drawn: temperature=0.6, top_p=0.95, ...; what is not said is taken to be as published, and told")(
      "best-of", po::value(&options.best_of)->value_name("N"), "checkpoints or runs among which this one was chosen by this score (default 1)")(
      "fail-on", po::value(&options.fail_on)->value_name("VERDICT"), "exit 1 where this verdict is given, for example differs")(
      "leave-out-errata", po::bool_switch(&options.leave_out_errata), "without the problems of which the benchmark's file says that they are wrong")(
      "benchmarks", po::value(&options.benchmarks)->value_name("DIR"), "another folder than evaluation/benchmarks")(
      "registry", po::value(&options.registry)->value_name("DIR"), "another folder than evaluation/published");
  po::options_description all;
  all.add(shown).add_options()("file", po::value(&options.file));
  po::positional_options_description places;
  places.add("file", 1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise evaluate recorded --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise evaluate recorded FILE.jsonl --out DIR [--against ID ...] [--margin 0.03]\n\n"
                 "Scores samples that any harness recorded, one line each:\n"
                 "  {\"model\": \"m\", \"benchmark\": \"aime24\", \"problem\": \"60\", \"sample\": 0, \"correct\": true, \"answer\": \"204\", \"num_tokens\": 8120}\n"
                 "or with \"completion\" in place of \"correct\": then it is graded here, against \"gold\" in the line or the benchmark's own answers\n"
                 "(evaluation/benchmarks, found under REPRISE_DATA). \"answer\", \"num_tokens\" and \"finished\" may be left out.\n\n"
                 "The verdict against a published number: reproduced (an equivalence test within the margin), differs, inconclusive, protocol mismatch,\n"
                 "source conflict, not comparable; each with its reasons.\n\n"
                 "  reprise evaluate recorded samples.jsonl --out scores --against r1-v1-t5-r1-distill-qwen-7b-aime24-p1 --condition temperature=0.6\n\n"
              << shown;
    return 0;
  }
  if (options.file.empty()) throw UsageError("no file of samples", "", "see `reprise evaluate recorded --help`");
  if (options.out.empty()) throw UsageError("no folder for the scores", "", "give --out DIR");
  if (!(options.margin > 0 && options.margin < 1)) throw UsageError("--margin is a share above 0 and below 1", "", "0.03 stands for three points");
  if (options.best_of < 1) throw UsageError("--best-of should be at least 1", "", "");
  if (!options.fail_on.empty() && std::find(verdicts().begin(), verdicts().end(), options.fail_on) == verdicts().end()) {
    throw UsageError("there is no verdict '" + options.fail_on + "'", "", "there are: " + join(verdicts(), ", "));
  }
  return run(options);
}

}  // namespace reprise::cli
