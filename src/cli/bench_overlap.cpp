// `bench overlap`: how fast training text goes by an index of benchmarks, on one thread, from memory; and what the parts of that cost.
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "cli/bench_overlap.h"
#include "data/overlap.h"
#include "data/overlap_words.h"
#include "data/row_stream.h"
#include "evaluation/harness/benchmark_library.h"

namespace reprise::cli {
namespace {

struct Rows {
  std::vector<std::vector<std::string>> texts;
  double num_bytes = 0;
};

Rows read_rows(const std::vector<std::string>& files) {
  Rows out;
  for (const std::string& file : files) {
    data::for_each_text_row(file, [&](std::string_view, const std::vector<std::string_view>& texts) {
      out.texts.emplace_back(texts.begin(), texts.end());
      for (const std::string_view text : texts) out.num_bytes += static_cast<double>(text.size());
    });
  }
  if (out.num_bytes == 0) throw Error("holds no text", files.front());
  return out;
}

// The fastest of `repeats` passes, in seconds.
double fastest(int repeats, const std::function<void()>& pass) {
  double best = 1e30;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    pass();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

}  // namespace

int bench_overlap(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> training, benchmarks;
  int repeats = 5;
  bool json = false;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("training", po::value(&training)->multitoken()->composing()->value_name("STORE|FILE"), "the text that goes by")(
      "benchmark", po::value(&benchmarks)->multitoken()->composing()->value_name("ID"), "what it is compared with")("repeats", po::value(&repeats)->default_value(repeats), "passes; the fastest is told")(
      "json", po::bool_switch(&json), "one JSON object");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(shown).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise bench overlap --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise bench overlap --training FILE ... --benchmark ID ... [options]\n\nbench/compare_overlap.py times the same work in plain Python, in turn.\n\n" << shown;
    return 0;
  }
  if (training.empty() || benchmarks.empty()) throw UsageError("wants --training and --benchmark", "", "see `reprise bench overlap --help`");
  if (repeats < 1) throw UsageError("--repeats must be at least 1");
  const Rows rows = read_rows(training);
  std::vector<data::OverlapBenchmark> named;
  evaluation::BenchmarkLibrary library;
  for (const std::string& id : benchmarks) {
    data::OverlapBenchmark& one = named.emplace_back();
    one.name = id;
    for (const data::Problem& problem : library.problems(id).problems) one.problems.push_back({problem.id, problem.prompt, problem.solution});
  }
  std::unique_ptr<data::OverlapIndex> index;
  const double build = fastest(1, [&] { index = std::make_unique<data::OverlapIndex>(named, data::OverlapConfig()); });
  const double split = fastest(repeats, [&] {
    data::OverlapWords words;
    for (const auto& texts : rows.texts) {
      for (const std::string& text : texts) data::split_into_words(text, words);
    }
  });
  int64_t num_rows_hit = 0;
  const double scan = fastest(repeats, [&] {
    data::OverlapScan one(*index, "training");
    std::vector<std::string_view> views;
    for (const auto& texts : rows.texts) {
      views.assign(texts.begin(), texts.end());
      one.add_row("row", views);
    }
    num_rows_hit = 0;
    for (const data::OverlapPair& pair : one.pairs()) num_rows_hit += pair.rows_hit;
  });
  const nlohmann::ordered_json out = {{"work", "overlap"},         {"rows", rows.texts.size()},  {"bytes", static_cast<int64_t>(rows.num_bytes)},
                                      {"rows_hit", num_rows_hit},  {"index_seconds", build},     {"index_bytes", index->num_bytes()},
                                      {"split_seconds", split},    {"seconds", scan},            {"megabytes_per_second", rows.num_bytes * 1e-6 / scan}};
  if (json) {
    std::printf("%s\n", out.dump().c_str());
    return 0;
  }
  std::printf("%s rows, %s of text: %.1f MB/s on one thread (%.3f s, of which splitting into words %.3f s); %s rows hit; index of %s in %.2f s\n", format_count(static_cast<int64_t>(rows.texts.size())).c_str(),
              format_bytes(rows.num_bytes).c_str(), rows.num_bytes * 1e-6 / scan, scan, split, format_count(num_rows_hit).c_str(), format_bytes(static_cast<double>(index->num_bytes())).c_str(), build);
  return 0;
}

}  // namespace reprise::cli
