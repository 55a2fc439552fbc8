// `reprise data overlap`: what training stores share with benchmarks.
#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "cli/data_commands.h"
#include "config/compose.h"
#include "config/reader.h"
#include "data/foreign_store.h"
#include "data/overlap_file.h"
#include "data/row_stream.h"
#include "data/store.h"
#include "evaluation/harness/benchmark_library.h"

namespace reprise::cli {
namespace {

constexpr const char* kHelp =
    "usage: reprise data overlap --training STORE|FILE ... --benchmark ID|STORE ... [--out FILE.jsonl] [--show N] [--set key=value ...]\n\n"
    "Finds what training rows share with the problems of benchmarks: n-grams of 8, 10 and 13 words, whole questions, near-duplicates.\n"
    "A training file is a store, or JSON Lines or a JSON array of any format, plain or gzip: every text in a row counts. A benchmark is\n"
    "an id of evaluation/benchmarks (its file is found under REPRISE_DATA) or a store of problems. docs/contamination.md has the rules.\n"
    "--out writes one line a pair of row and problem; `reprise evaluate score --without-hits` then gives scores without those problems too.\n\n"
    "  reprise data overlap --training math-8k.h5 --benchmark math500 aime24 --show 5\n"
    "  reprise data overlap --training samples.jsonl.gz --benchmark gsm8k --out overlap.jsonl --set decision_ngram=13\n\n";

data::OverlapBenchmark read_benchmark(const std::string& word, evaluation::BenchmarkLibrary& library) {
  data::OverlapBenchmark out;
  std::vector<data::Problem> problems;
  if (is_file(word)) {
    if (!data::is_store(word)) throw Error("is no store", word, "give a benchmark's id, or import the file (`reprise data import`)");
    data::check_foreign_store(word);
    problems = data::read_problems(word);
    out.name = fs::path(word).stem().string();
  } else {
    problems = library.problems(word).problems;
    out.name = word;
  }
  for (data::Problem& problem : problems) out.problems.push_back({std::move(problem.id), std::move(problem.prompt), std::move(problem.solution)});
  return out;
}

// File names without their endings; the path itself where two would be the same.
std::vector<std::string> names_of(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  std::map<std::string, int> count;
  const auto stem = [](const std::string& path) {
    std::string name = fs::path(path).filename().string();
    for (const char* ending : {".gz", ".h5", ".jsonl", ".json"}) {
      if (name.ends_with(ending) && name.size() > std::string_view(ending).size()) name.resize(name.size() - std::string_view(ending).size());
    }
    return name;
  };
  for (const std::string& path : paths) ++count[stem(path)];
  for (const std::string& path : paths) out.push_back(count[stem(path)] > 1 ? path : stem(path));
  return out;
}

void print_table(const std::vector<data::OverlapPair>& pairs, const std::vector<int64_t>& sizes) {
  std::vector<std::vector<std::string>> rows = {{"training", "benchmark", "", "of"}};
  for (int64_t n : sizes) rows[0].push_back(std::to_string(n) + "-gram");
  for (const char* name : {"whole", "near-duplicate", "half covered", "hit"}) rows[0].emplace_back(name);
  for (const data::OverlapPair& pair : pairs) {
    std::vector<std::string> of_rows = {pair.training, pair.benchmark, "rows", format_count(pair.num_rows)};
    std::vector<std::string> of_problems = {"", "", "problems", format_count(pair.num_problems)};
    for (size_t i = 0; i < sizes.size(); ++i) {
      of_rows.push_back(format_count(pair.rows_by_n[i]));
      of_problems.push_back(format_count(pair.problems_by_n[i]));
    }
    for (int64_t count : {pair.rows_whole, pair.rows_near}) of_rows.push_back(format_count(count));
    of_rows.insert(of_rows.end(), {"", format_count(pair.rows_hit)});
    for (int64_t count : {pair.problems_whole, pair.problems_near, pair.problems_half_covered, pair.problems_hit}) of_problems.push_back(format_count(count));
    rows.push_back(std::move(of_rows));
    rows.push_back(std::move(of_problems));
  }
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      line += (i ? "  " : "") + (i < 3 ? row[i] + space : space + row[i]);
    }
    std::printf("%s\n", line.c_str());
  }
}

void print_notes(const data::OverlapIndex& index) {
  for (const data::OverlapBenchmarkFacts& facts : index.benchmarks()) {
    if (facts.from_template) {
      std::printf("\n%s is made from a template: %s %% of its problems have a word that no other has. There n-grams recur by themselves; whole texts and near-duplicates decide.\n",
                  facts.name.c_str(), format_fixed(100 * facts.own_words, 0).c_str());
    }
  }
}

// Lines of at most `width` characters, broken at spaces where there are some; `from` is the byte that must be among them.
std::vector<std::string> wrapped(std::string_view text, size_t from, size_t width, size_t most) {
  std::vector<std::string> lines;
  std::vector<size_t> starts;
  std::string line;
  size_t length = 0, line_start = 0, space = std::string::npos, space_at = 0;
  const auto end_line = [&](size_t next) {
    lines.push_back(std::move(line));
    starts.push_back(line_start);
    line.clear();
    length = 0;
    line_start = next;
    space = std::string::npos;
  };
  for (size_t at = 0; at < text.size();) {
    const size_t first = at;
    next_code_point(text, at);
    const bool is_space = at - first == 1 && (text[first] == ' ' || text[first] == '\t');
    if (text[first] == '\n' || text[first] == '\r') {
      end_line(at);
      continue;
    }
    if (length == width) {
      std::string rest;
      size_t rest_start = first;
      if (space != std::string::npos && space > 0) {
        rest = line.substr(space + 1);
        line.resize(space);
        rest_start = space_at + 1;
      }
      end_line(rest_start);
      line = rest;
      length = 0;
      for (char c : line) length += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }
    if (is_space) {
      space = line.size();
      space_at = first;
    }
    line += is_space ? " " : static_cast<unsigned char>(text[first]) < 0x20 ? "?" : std::string(text.substr(first, at - first));
    ++length;
  }
  if (!line.empty()) end_line(text.size());
  size_t begin = 0;
  while (begin + 1 < lines.size() && starts[begin + 1] <= from) ++begin;
  begin = begin > 1 ? begin - 1 : 0;
  std::vector<std::string> out(lines.begin() + static_cast<int64_t>(begin), lines.begin() + static_cast<int64_t>(std::min(lines.size(), begin + most)));
  if (begin > 0) out.insert(out.begin(), "...");
  if (begin + most < lines.size()) out.emplace_back("...");
  return out;
}

void print_side_by_side(const std::vector<std::string>& left, const std::vector<std::string>& right, size_t width) {
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const std::string a = i < left.size() ? left[i] : "", b = i < right.size() ? right[i] : "";
    size_t length = 0;
    for (char c : a) length += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    std::printf("  %s%s | %s\n", a.c_str(), std::string(width - std::min(width, length), ' ').c_str(), b.c_str());
  }
}

// Each problem's first row that decides, from the strongest to the weakest evidence: `count` of them, evenly spread over that range.
std::vector<const data::OverlapHit*> chosen(const data::OverlapPair& pair, size_t count) {
  std::vector<const data::OverlapHit*> best;
  std::set<std::string> seen;
  for (const data::OverlapHit& hit : pair.hits) {
    if (hit.decides && seen.insert(hit.problem).second) best.push_back(&hit);
  }
  std::stable_sort(best.begin(), best.end(), [](const auto* a, const auto* b) {
    return std::tuple(a->whole, a->similarity, a->covered, a->shared_words) > std::tuple(b->whole, b->similarity, b->covered, b->shared_words);
  });
  if (best.size() <= count) return best;
  std::vector<const data::OverlapHit*> out;
  for (size_t i = 0; i < count; ++i) out.push_back(best[count == 1 ? 0 : i * (best.size() - 1) / (count - 1)]);
  return out;
}

void show(const data::OverlapPair& pair, const std::string& file, const data::OverlapBenchmark& benchmark, size_t count) {
  constexpr size_t kWidth = 62, kLines = 14;
  const auto hits = chosen(pair, count);
  std::map<const data::OverlapHit*, std::string> texts;  // of each hit: the row's text that the shared words stand in
  if (!hits.empty()) {
    data::for_each_text_row(file, [&](std::string_view id, const std::vector<std::string_view>& parts) {
      for (const auto* hit : hits) {
        if (hit->row != id || texts.contains(hit)) continue;
        const auto part = std::find_if(parts.begin(), parts.end(), [&](std::string_view one) { return one.find(hit->text) != std::string_view::npos; });
        if (part != parts.end()) texts[hit] = *part;
      }
    });
  }
  for (const auto* hit : hits) {
    const auto problem = std::find_if(benchmark.problems.begin(), benchmark.problems.end(), [&](const auto& one) { return one.id == hit->problem; });
    std::printf("\n%s %s and %s %s: %s", pair.training.c_str(), hit->row.c_str(), pair.benchmark.c_str(), hit->problem.c_str(), hit->whole ? "the whole question" : hit->similarity > 0 ? "near-duplicate" : "n-gram");
    if (hit->similarity > 0) std::printf(", similarity %s", format_fixed(hit->similarity, 2).c_str());
    if (hit->n > 0) std::printf(", %lld words in a row, %s %% of the %s covered", static_cast<long long>(hit->shared_words), format_fixed(100 * hit->covered, 0).c_str(), hit->in_solution ? "solution" : "question");
    std::printf("\n");
    const std::string& row = texts[hit];
    const std::string& there = hit->in_solution ? problem->solution : problem->prompt;
    const size_t in_row = row.find(hit->text), in_problem = there.find(hit->text.substr(0, 24));
    print_side_by_side(wrapped(row, in_row == std::string::npos ? 0 : in_row, kWidth, kLines), wrapped(there, in_problem == std::string::npos ? 0 : in_problem, kWidth, kLines), kWidth);
  }
}

}  // namespace

int data_overlap(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> training, benchmark_words, sets;
  std::string out;
  int64_t num_shown = 0;
  bool json = false;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("training", po::value(&training)->multitoken()->composing()->value_name("STORE|FILE"), "what a model was trained on")(
      "benchmark", po::value(&benchmark_words)->multitoken()->composing()->value_name("ID|STORE"), "what it is scored on")("out", po::value(&out)->value_name("FILE.jsonl"), "where the hits go")(
      "show", po::value(&num_shown)->value_name("N"), "print N hits of each pair with both texts, from the strongest to the weakest evidence")("json", po::bool_switch(&json), "print the counts as JSON")(
      "set", po::value(&sets)->composing()->value_name("key=value"), "change a rule: ngram_sizes, decision_ngram, ... (`reprise keys contamination`)");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(shown).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise data overlap --help`");
  }
  if (values.contains("help")) {
    std::cout << kHelp << shown;
    return 0;
  }
  if (training.empty() || benchmark_words.empty()) throw UsageError("wants --training and --benchmark", "", "see `reprise data overlap --help`");
  if (num_shown < 0) throw UsageError("--show is negative");
  config::Node keys = config::node_from_json(nlohmann::ordered_json::object(), "command line");
  config::Problems problems;
  for (const std::string& set : sets) config::apply_set(keys, set, problems);
  data::OverlapConfig config;
  config::read(keys, config, problems);
  problems.throw_if_any();

  for (const std::string& file : training) {
    if (!is_file(file)) throw Error("is not there, or is no file", file, "check the name");
  }
  std::vector<data::OverlapBenchmark> benchmarks;
  evaluation::BenchmarkLibrary library;
  for (const std::string& word : benchmark_words) {
    benchmarks.push_back(read_benchmark(word, library));
    for (size_t i = 0; i + 1 < benchmarks.size(); ++i) {
      if (benchmarks[i].name == benchmarks.back().name) throw UsageError("two benchmarks are called '" + benchmarks[i].name + "'", "", "give one of them another name");
    }
  }
  const data::OverlapIndex index(benchmarks, config);
  std::vector<data::OverlapPair> pairs;
  const std::vector<std::string> names = names_of(training);
  double seconds = 0;
  int64_t num_bytes = 0;
  for (size_t i = 0; i < training.size(); ++i) {
    if (data::is_store(training[i])) data::check_foreign_store(training[i]);
    data::OverlapScan scan(index, names[i]);
    const auto start = std::chrono::steady_clock::now();
    data::for_each_text_row(training[i], [&](std::string_view id, const std::vector<std::string_view>& texts) { scan.add_row(id, texts); });
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    num_bytes += scan.num_text_bytes();
    for (data::OverlapPair& pair : scan.pairs()) pairs.push_back(std::move(pair));
  }
  if (!out.empty()) data::write_overlap_file(out, pairs);
  if (json) {
    std::printf("%s\n", data::overlap_summary(index, pairs).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return 0;
  }
  print_table(pairs, config.sorted_sizes());
  print_notes(index);
  for (size_t i = 0; i < pairs.size() && num_shown > 0; ++i) show(pairs[i], training[i / benchmarks.size()], benchmarks[i % benchmarks.size()], static_cast<size_t>(num_shown));
  std::printf("\n%s of text in %s s, %s of index\n", format_bytes(static_cast<double>(num_bytes)).c_str(), format_fixed(seconds, 2).c_str(), format_bytes(static_cast<double>(index.num_bytes())).c_str());
  if (!out.empty()) std::printf("%s\n", out.c_str());
  return 0;
}

}  // namespace reprise::cli
