// `reprise evaluate plan`: how many samples a problem tell whether a number was reproduced.
#include <boost/program_options.hpp>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/strings.h"
#include "cli/evaluate_commands.h"
#include "cli/evaluate_sources.h"
#include "evaluation/harness/paired.h"

namespace reprise::cli {
namespace {

// Mean over problems of p (1 - p), without bias, from a pilot's samples.
double variance_of(const std::string& file, const std::string& benchmark) {
  evaluation::BenchmarkLibrary library;
  const Source source = load_source(file, library, {});
  for (const auto& set : source.sets) {
    if (!benchmark.empty() && set.benchmark != benchmark) continue;
    std::vector<std::pair<int64_t, int64_t>> correct_of;
    for (const auto& problem : set.problems) {
      int64_t correct = 0;
      for (const auto& sample : problem.samples) correct += sample.correct();
      correct_of.emplace_back(correct, static_cast<int64_t>(problem.samples.size()));
    }
    double sum = 0;
    for (const auto& [correct, count] : correct_of) {
      if (count < 2) throw Error("has one sample of a problem: no variance can be had", file, "record at least two samples of each problem");
      const double k = static_cast<double>(count), rate = static_cast<double>(correct) / k;
      sum += rate * (1 - rate) * k / (k - 1);
    }
    return sum / static_cast<double>(correct_of.size());
  }
  throw Error("has no sample of '" + benchmark + "'", file, "");
}

}  // namespace

int evaluate_plan(const Arguments& arguments) {
  namespace po = boost::program_options;
  evaluation::PlanQuestion question;
  std::string against, from, folder;
  double value = 0.5, variance = 0;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("against", po::value(&against)->value_name("ID"), "the published number (`reprise published` lists them)")(
      "problems", po::value(&question.num_problems)->value_name("N"), "without --against: problems of the benchmark")("value", po::value(&value)->value_name("SHARE"), "the score that is expected (default: the published one, or 0.5)")(
      "variance", po::value(&variance)->value_name("V"), "mean over problems of p (1 - p), where it is known; otherwise its bound value (1 - value) stands in")(
      "from", po::value(&from)->value_name("FILE"), "a pilot's samples (a store, or a file as for `evaluate recorded`), from which the variance is taken")(
      "margin", po::value(&question.margin)->value_name("SHARE"), "two scores closer than this count as the same (default 0.03)")("power", po::value(&question.power)->value_name("P"), "chance of \"reproduced\" where it is true (default 0.8)")(
      "registry", po::value(&folder)->value_name("DIR"), "another folder than evaluation/published");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(shown).positional({}).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise evaluate plan --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise evaluate plan --against ID [--margin 0.03] [--power 0.8] [--from PILOT.jsonl]\n\n"
                 "The least number of samples a problem, k, with which two sides of the same true score are told equal within the margin, with the power asked\n"
                 "for. The published number's own samples and rounding count: where they alone are too coarse, no k is enough, and that is said.\n\n"
                 "  reprise evaluate plan --against r1-v1-t5-r1-distill-qwen-7b-aime24-p1 --margin 0.05\n"
                 "  reprise evaluate plan --problems 500 --value 0.9 --margin 0.02\n\n"
              << shown;
    return 0;
  }
  std::string benchmark;
  if (!against.empty()) {
    const evaluation::Registry registry = open_registry(folder);
    const auto& number = published_number(registry, against);
    if (evaluation::unit_of(number.metric) != std::string("percent")) throw Error("'" + number.id + "' is a rating: no share of samples", "", "");
    benchmark = number.benchmark;
    if (!values.contains("value")) value = number.value;
    if (!question.num_problems) question.num_problems = number.num_problems;
    question.rounding = number.rounding;
    question.their_error = number.standard_error;
    if (const auto k = parse_int(number.protocol.at("num_generations")); k && *k > 0) question.their_num_generations = *k;
    std::printf("%s: %s, %s %s, %s %%\n", number.id.c_str(), number.model.c_str(), number.benchmark.c_str(), number.metric.c_str(), evaluation::printed_value(number).c_str());
  }
  if (question.num_problems < 1) throw UsageError("how many problems?", "", "give --against ID or --problems N");
  if (!(value >= 0 && value <= 1) || !(question.margin > 0 && question.margin < 1) || !(question.power > 0 && question.power < 1)) {
    throw UsageError("--value, --margin and --power are shares between 0 and 1", "", "0.03 stands for three points");
  }
  question.variance = values.contains("variance") ? variance : !from.empty() ? variance_of(from, benchmark) : value * (1 - value);
  if (!(question.variance >= 0 && question.variance <= 0.25)) throw UsageError("--variance lies between 0 and 0.25", "", "it is a mean of p (1 - p)");
  std::printf("%lld problems, margin %.2f points, power %.2f, variance of a sample %.4f (%s)\n\n", static_cast<long long>(question.num_problems), 100 * question.margin, question.power, question.variance,
              values.contains("variance") ? "given" : !from.empty() ? "from the pilot" : "the bound value (1 - value): the true one is smaller");
  std::printf("%8s %8s   chance of \"reproduced\" where it is true\n", "k", "samples");
  for (int64_t k : {1, 2, 4, 8, 16, 32, 64, 128, 256}) {
    std::printf("%8lld %8lld   %.3f\n", static_cast<long long>(k), static_cast<long long>(k * question.num_problems), evaluation::power_of_equivalence(question, k));
  }
  const evaluation::PlanAnswer answer = evaluation::plan_samples(question);
  if (answer.num_generations == 0) {
    std::printf("\nno k is enough: ever so many samples of ours give a chance of %.3f, for the published number's own error and rounding stay. Take a wider margin.\n", answer.best_power);
    return 1;
  }
  std::printf("\nk = %lld: %lld samples; standard errors %.2f points (ours) and %.2f (theirs); chance %.3f\n", static_cast<long long>(answer.num_generations),
              static_cast<long long>(answer.num_generations * question.num_problems), 100 * answer.error_ours, 100 * answer.error_theirs, answer.power);
  return 0;
}

}  // namespace reprise::cli
