// `reprise evaluate compare`: two models on the same problems, in pairs; Holm's correction over the benchmarks.
#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "cli/evaluate_commands.h"
#include "cli/evaluate_sources.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/paired.h"

namespace reprise::cli {
namespace {

using Json = nlohmann::ordered_json;

// The benchmarks of one side: of the model that was named, or of the only one. The source must live as long as what is returned.
std::vector<const evaluation::ScoredSet*> side(const Source& source, const std::string& model) {
  std::vector<const evaluation::ScoredSet*> out;
  std::vector<std::string> models;
  for (const auto& set : source.sets) {
    if (std::find(models.begin(), models.end(), set.model) == models.end()) models.push_back(set.model);
    if (model.empty() || set.model == model) out.push_back(&set);
  }
  if (model.empty() && models.size() > 1) throw UsageError(source.name + " has samples of " + join(models, ", "), "", "say which with --model-a or --model-b");
  if (out.empty()) throw Error("has no sample of '" + model + "'", source.name, "it has " + join(models, ", "));
  return out;
}

}  // namespace

int evaluate_compare(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> files, benchmark_files;
  std::string metric = "pass@1", model_a, model_b, output;
  SourceOptions options;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("metric", po::value(&metric)->value_name("NAME"), "pass@1 (the default), pass@8, cons@k, ...")("model-a", po::value(&model_a)->value_name("M"), "of the first file, where it has several")(
      "model-b", po::value(&model_b)->value_name("M"), "of the second")("output", po::value(&output)->value_name("FILE"), "the same as JSON")(
      "only", po::value(&options.only)->value_name("FACT=VALUE")->composing(), "of stores: samples drawn under this")("grader", po::value(&options.grader)->value_name("RULE"), "of stores: another rule than the benchmark's")(
      "benchmark-file", po::value(&benchmark_files)->value_name("FILE")->composing(), "a benchmark of your own: one YAML file; may be repeated");
  po::options_description all;
  all.add(shown).add_options()("file", po::value(&files));
  po::positional_options_description places;
  places.add("file", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise evaluate compare --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise evaluate compare A B [--metric pass@1]\n\n"
                 "Two models on the same problems; A and B are stores of samples, or files of lines as `reprise evaluate recorded --help` has them. Pairs take out what problems have in common, so much\n"
                 "smaller differences are seen than between two separate intervals. p: sign-flip permutation test over problems, exact up to 20 that differ;\n"
                 "p Holm: corrected for the number of benchmarks; detectable: the difference that as many problems find with 80 % power.\n\n"
                 "  reprise evaluate compare before.jsonl after.jsonl\n\n"
              << shown;
    return 0;
  }
  if (files.size() != 2) throw UsageError("wants two stores or files of samples", "", "see `reprise evaluate compare --help`");
  evaluation::BenchmarkLibrary library;
  for (const std::string& file : benchmark_files) library.add_file(file);
  const Source first = load_source(files[0], library, options), second = load_source(files[1], library, options);
  const auto a = side(first, model_a), b = side(second, model_b);
  std::vector<evaluation::PairedComparison> pairs;
  for (const auto* one : a) {
    for (const auto* other : b) {
      if (one->benchmark == other->benchmark) pairs.push_back(evaluation::compare_paired(*one, *other, metric));
    }
  }
  if (pairs.empty()) throw Error("the two files have no benchmark in common", files[0] + ", " + files[1], "");
  std::vector<double> p;
  for (const auto& pair : pairs) p.push_back(pair.test.p);
  const std::vector<double> adjusted = evaluation::holm(p);
  const double scale = metric == "mean_tokens" ? 1 : 100;
  std::printf("A: %s\nB: %s\n%s\n%-18s %5s %8s %8s %8s  %-18s %9s %9s %11s\n", a[0]->model.c_str(), b[0]->model.c_str(), metric.c_str(), "benchmark", "n", "A", "B", "A - B", "95 % interval", "p", "p Holm", "detectable");
  Json json = Json::array();
  for (size_t i = 0; i < pairs.size(); ++i) {
    auto& pair = pairs[i];
    pair.adjusted_p = adjusted[i];
    std::printf("%-18s %5lld %8.2f %8.2f %+8.2f  %-18s %8.4f%s %9.4f %11.2f\n", pair.benchmark.c_str(), static_cast<long long>(pair.num_problems), scale * pair.value_a, scale * pair.value_b, scale * pair.difference,
                evaluation::interval_text(pair.interval, scale, 2).c_str(), pair.test.p, pair.test.exact ? " " : "~", pair.adjusted_p, scale * pair.minimum_detectable);
    json.push_back(evaluation::pair_json(pair));
  }
  if (!output.empty()) write_file(output, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return 0;
}

}  // namespace reprise::cli
