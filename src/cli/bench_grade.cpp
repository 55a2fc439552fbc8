// `bench grade`: how fast the math grader is on one thread, and how long the worst of hostile inputs takes.
#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "cli/engine_commands.h"
#include "grading/math/math_grader.h"
#include "io/jsonl.h"

namespace reprise::cli {
namespace {

using grading::math::MathOptions;
using grading::math::Workspace;

double seconds_of(const std::string& gold, const std::string& answer, Workspace& workspace, const MathOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  (void)grade_math(gold, answer, workspace, options);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What has stopped other graders: towers of powers, roots in roots, brackets without end.
std::vector<std::pair<const char*, std::string>> hostile() {
  std::string roots = "2", fractions = "1", sum = "\\sqrt2", powers = "x", nested_sum = "1";
  for (int i = 0; i < 40; ++i) roots = "\\sqrt{2+" + roots + "}";
  for (int i = 0; i < 90; ++i) fractions = "\\frac{1}{1+" + fractions + "}";
  for (int i = 3; i < 300; ++i) sum += "+\\sqrt{" + std::to_string(i) + "}";
  for (int i = 0; i < 20; ++i) powers = "(" + powers + "+y+1)^{9}";
  for (int i = 2; i < 9; ++i) nested_sum = "\\sqrt[" + std::to_string(i) + "]{" + std::to_string(i) + "+" + nested_sum + "}";
  return {{"9^9^9^9", "9^{9^{9^9}}"}, {"factorial of 10^10", "(10^{10})!"}, {"binomial of 10^9", "\\binom{10^9}{10^8}"}, {"exp of exp", "e^{e^{e^{e^{10}}}}"}, {"10 MB of braces", std::string(10 << 20, '{')},
          {"10 MB of \\boxed{", [] { std::string s; while (s.size() < (10u << 20)) s += "\\boxed{"; return s; }()}, {"10 MB of dollars", std::string(10 << 20, '$')}, {"roots in roots", roots},
          {"roots of all degrees", nested_sum}, {"fractions in fractions", fractions}, {"a sum of 300 roots", sum}, {"powers of sums", powers}, {"20,000 digits", std::string(20000, '9')}, {"sine of a tower", "\\sin(10^{10^{10}})"}, {"10 MB of prose", [] { std::string s; while (s.size() < (10u << 20)) s += "the answer is not known and "; return s; }()}};
}

}  // namespace

int bench_grade(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::string input;
  bool json = false, bare = false;
  int repeats = 5;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("input", po::value(&input)->value_name("FILE"), "JSON Lines of {\"gold\", \"answer\"}; without it only the hostile inputs are timed")(
      "bare", po::bool_switch(&bare), "answers are answers, not completions")("repeats", po::value(&repeats)->default_value(repeats), "passes over the file; the fastest is told, and each pair's fastest")(
      "json", po::bool_switch(&json), "one JSON object");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(shown).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise bench grade --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise bench grade [--input FILE] [options]\n\nbench/compare_math_verify.py times the same pairs in Math-Verify, in turn.\n\n" << shown;
    return 0;
  }
  if (repeats < 1) throw UsageError("--repeats must be at least 1");
  Workspace workspace;
  nlohmann::ordered_json out = {{"work", "grade"}};
  if (!input.empty()) {
    MathOptions options;
    options.bare = bare;
    std::vector<std::pair<std::string, std::string>> pairs;
    io::read_json_rows(input, [&](int64_t line, const nlohmann::json& row) {
      if (!row.contains("gold") || !row.contains("answer") || !row["gold"].is_string() || !row["answer"].is_string()) throw Error("has no texts \"gold\" and \"answer\"", input + " line " + std::to_string(line));
      pairs.emplace_back(row["gold"].get<std::string>(), row["answer"].get<std::string>());
    });
    if (pairs.empty()) throw Error("has no lines", input);
    std::vector<double> latency(pairs.size(), 1e30);
    double fastest = 1e30;
    for (int r = 0; r < repeats; ++r) {
      double whole = 0;
      for (size_t i = 0; i < pairs.size(); ++i) {
        const double seconds = seconds_of(pairs[i].first, pairs[i].second, workspace, options);
        latency[i] = std::min(latency[i], seconds);
        whole += seconds;
      }
      fastest = std::min(fastest, whole);
    }
    std::sort(latency.begin(), latency.end());
    out["pairs"] = pairs.size();
    out["seconds"] = fastest;
    out["pairs_per_second"] = static_cast<double>(pairs.size()) / fastest;
    out["p50_microseconds"] = 1e6 * latency[latency.size() / 2];
    out["p99_microseconds"] = 1e6 * latency[latency.size() * 99 / 100];
    out["max_microseconds"] = 1e6 * latency.back();
  }
  double worst = 0;
  for (const auto& [name, text] : hostile()) {
    double seconds = 0;
    for (const std::string& other : {std::string("5"), std::string("x + \\sqrt{5}"), text.size() < 30000 ? text + "+1" : std::string("0")}) {
      seconds = std::max({seconds, seconds_of(other, text, workspace, {}), seconds_of(text.size() < 30000 ? text : std::string("5"), other, workspace, {})});
    }
    out["hostile_milliseconds"][name] = 1e3 * seconds;
    worst = std::max(worst, seconds);
  }
  out["hostile_worst_milliseconds"] = 1e3 * worst;
  if (json) {
    std::printf("%s\n", out.dump().c_str());
    return 0;
  }
  if (out.contains("pairs")) {
    std::printf("%s pairs in %.3f s on one thread: %s a second; p50 %.1f, p99 %.1f, max %.1f microseconds\n", format_count(out["pairs"].get<int64_t>()).c_str(), out["seconds"].get<double>(),
                format_count(static_cast<int64_t>(out["pairs_per_second"].get<double>())).c_str(), out["p50_microseconds"].get<double>(), out["p99_microseconds"].get<double>(), out["max_microseconds"].get<double>());
  }
  for (const auto& [name, milliseconds] : out["hostile_milliseconds"].items()) std::printf("%8.2f ms  %s\n", milliseconds.get<double>(), name.c_str());
  return 0;
}

}  // namespace reprise::cli
