// `reprise evaluate import`: generations of other harnesses into a store of samples.
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/strings.h"
#include "cli/evaluate_commands.h"
#include "evaluation/harness/import_recording.h"

namespace reprise::cli {

int evaluate_import(const Arguments& arguments) {
  namespace po = boost::program_options;
  evaluation::ForeignOptions options;
  std::vector<std::string> files, benchmark_files;
  std::string store_folder, benchmarks;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("store", po::value(&store_folder)->value_name("DIR"), "where the samples go; made where it is not there")(
      "format", po::value(&options.format)->value_name("NAME"), "lm-eval, lighteval, open-r1, plain; by the file's content where it is not given")(
      "benchmark", po::value(&options.benchmark)->value_name("ID"), "whose problems these are, where the task's name does not tell (evaluation/tasks.yaml)")(
      "model", po::value(&options.model)->value_name("NAME"), "who wrote them, where the file does not tell")("metric", po::value(&options.metric)->value_name("NAME"), "the harness's own verdict on a sample, where it has several")(
      "own-ids", po::bool_switch(&options.own_ids), "keep the file's own ids and reference answers: its problems need not be the benchmark's")(
      "problem-field", po::value(&options.problem_field)->value_name("PATH"), "plain: the problem's text")("completion-field", po::value(&options.completion_field)->value_name("PATH"), "plain: the completion, or a list of them")(
      "answer-field", po::value(&options.answer_field)->value_name("PATH"), "plain: the reference answer")("id-field", po::value(&options.id_field)->value_name("PATH"), "plain: the problem's id")(
      "correct-field", po::value(&options.correct_field)->value_name("PATH"), "plain: the recorder's verdict")("benchmark-file", po::value(&benchmark_files)->value_name("FILE")->composing(), "a benchmark of your own: one YAML file")(
      "benchmarks", po::value(&benchmarks)->value_name("DIR"), "another folder than evaluation/benchmarks");
  po::options_description all;
  all.add(shown).add_options()("file", po::value(&files));
  po::positional_options_description places;
  places.add("file", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise evaluate import --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise evaluate import FILE... --store DIR [--format NAME] [--benchmark ID] [--model NAME]\n\n"
                 "Generations that were recorded elsewhere, as samples of a store: lm-evaluation-harness (samples_*.jsonl, --log_samples), lighteval\n"
                 "(details_*.parquet), open-r1's data sets and scripts, lines as `reprise evaluate recorded` takes them, and plain JSON Lines or Parquet. Each keeps the\n"
                 "conditions that its file states; problems are matched with the benchmark's own; verdicts are given anew by `reprise evaluate score`, which says how often\n"
                 "the recorder decided otherwise. Field by field: docs/formats.md.\n\n"
                 "  reprise evaluate import samples_gsm8k_2026-01-01.jsonl --store samples\n"
                 "  reprise evaluate import mine.jsonl --format plain --problem-field q --completion-field outputs --answer-field a --benchmark math500 --model m --store samples\n"
                 "  reprise evaluate score samples --out scores\n\n"
              << shown;
    return 0;
  }
  if (files.empty()) throw UsageError("no file of generations", "", "see `reprise evaluate import --help`");
  if (store_folder.empty()) throw UsageError("no store for the samples", "", "give --store DIR");
  evaluation::BenchmarkLibrary library(benchmarks);
  for (const std::string& file : benchmark_files) library.add_file(file);
  evaluation::SampleStore store(store_folder, evaluation::SampleStore::Mode::write);
  for (const std::string& file : files) {
    const auto summary = evaluation::import_recording(file, options, library, store);
    std::printf("%s: %s%s%s: %s; %s samples, %s of them new, %s with the recorder's verdict\n", file.c_str(), summary.format.c_str(), summary.model.empty() ? "" : (", " + summary.model).c_str(),
                summary.benchmark.empty() ? "" : (" on " + summary.benchmark).c_str(), summary.told.c_str(), format_count(summary.num_samples).c_str(), format_count(summary.num_new).c_str(), format_count(summary.num_verdicts).c_str());
  }
  store.seal();
  return 0;
}

}  // namespace reprise::cli
