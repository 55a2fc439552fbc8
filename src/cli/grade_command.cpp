// `reprise grade math`: lines of references and answers to verdicts. The comparing is done by children that answer lines, because
// the libraries beneath cannot be interrupted: one that passes the deadline is killed, and its line asked again alone.
#include <algorithm>
#include <atomic>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/line_process.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/grade_code.h"
#include "cli/grade_with.h"
#include "grading/math/math_grader.h"
#include "grading/math/math_verify.h"
#include "grading/published_rules.h"
#include "io/jsonl.h"

namespace reprise::cli {
namespace {

using Json = nlohmann::ordered_json;
using grading::math::MathOptions;
using grading::math::MathVerdict;

constexpr double kDeadlineSeconds = 5, kAloneSeconds = 20;  // of one line: among others, and alone
constexpr size_t kAhead = 16;                               // lines given to a child before its answers are read
constexpr size_t kBatch = 4096;                             // lines held in memory

struct Options {
  std::string input, output, mode = "strict";
  int threads = 0;
  bool bare = false, worker = false, progress = true;
};

Json verdict_json(const MathVerdict& v) {
  Json out = {{"verdict", grading::to_string(v.verdict)}, {"status", grading::math::to_string(v.status)}, {"extracted", v.extracted}, {"reason", v.reason}};
  if (v.status == grading::math::Status::numerically_equal) out["bits"] = v.bits;
  return out;
}

// Publishers' own rules (grading/published_rules.h).
constexpr std::pair<const char*, grading::Verdict (*)(std::string_view, std::string_view)> kPublished[] = {
    {"gsm8k", grading::grade_gsm8k}, {"hendrycks_math", grading::grade_hendrycks_math}, {"minerva", grading::grade_minerva}, {"aime", grading::grade_aime}};

std::string dumped(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json graded(const nlohmann::json& row, const Options& options, grading::math::Workspace& workspace) {
  MathOptions how;
  how.bare = options.bare;
  if (row.contains("finished") && row["finished"].is_boolean()) how.extraction.finished = row["finished"].get<bool>();
  const std::string gold = row["gold"].get<std::string>(), answer = row["answer"].get<std::string>();
  for (const auto& [name, rule] : kPublished) {
    if (options.mode != name) continue;
    const grading::Verdict v = rule(gold, answer);
    return {{"verdict", grading::to_string(v.kind)}, {"status", v.kind == grading::VerdictKind::correct ? "proved_equal" : v.kind == grading::VerdictKind::incorrect ? "proved_different" : grading::to_string(v.kind)}, {"extracted", v.extracted}, {"reason", v.reason}};
  }
  if (options.mode == "math_verify") return verdict_json(grade_as_math_verify(gold, answer, workspace, options.bare));
  Json verdict = verdict_json(grade_math(gold, answer, workspace, how));
  if (options.mode == "both") {
    verdict["math_verify"] = grading::to_string(grade_as_math_verify(gold, answer, workspace, options.bare).verdict);
    verdict["modes_differ"] = (verdict["verdict"] == "correct") != (verdict["math_verify"] == "correct");
  }
  return verdict;
}

// A child: lines of {"gold", "answer"} on standard input, verdicts on standard output, each as soon as it is known.
int answer_lines(const Options& options) {
  grading::math::Workspace workspace;
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) std::cout << dumped(graded(nlohmann::json::parse(line), options, workspace)) << "\n" << std::flush;
  return 0;
}

struct Line {
  int64_t number = 0;
  nlohmann::ordered_json row;
  Json verdict;
};

Json over_budget(const std::string& reason) { return {{"verdict", "unverifiable"}, {"status", "over_budget"}, {"extracted", ""}, {"reason", reason}}; }

class Workers {
 public:
  explicit Workers(const Options& options) {
    command_ = {executable_folder() / "reprise", "grade", "math", "--worker", "--mode", options.mode};
    if (options.bare) command_.push_back("--bare");
    const int count = options.threads > 0 ? options.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    for (int i = 0; i < count; ++i) processes_.push_back(std::make_unique<LineProcess>(command_));
  }

  void grade(std::vector<Line>& lines) {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::vector<size_t> late;
    std::vector<std::thread> threads;
    for (auto& process : processes_) {
      threads.emplace_back([&, child = process.get()] {
        for (;;) {
          const size_t first = next.fetch_add(kAhead), last = std::min(lines.size(), first + kAhead);
          if (first >= last) return;
          for (size_t done = first; done < last;) {
            for (size_t i = done; i < last; ++i) {
              if (!child->write_line(request(lines[i]))) break;
            }
            for (; done < last; ++done) {
              const auto answer = child->read_line(kDeadlineSeconds);
              if (!answer) break;
              lines[done].verdict = Json::parse(*answer);
            }
            if (done < last) {  // this one hangs, or ended the child
              const std::lock_guard lock(mutex);
              late.push_back(done++);
              child->restart();
            }
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::sort(late.begin(), late.end());
    for (size_t i : late) {
      LineProcess& child = *processes_[0];
      child.write_line(request(lines[i]));
      const auto answer = child.read_line(kAloneSeconds);
      if (answer) {
        lines[i].verdict = Json::parse(*answer);
      } else {
        lines[i].verdict = over_budget(child.timed_out() ? "no verdict within " + format_fixed(kAloneSeconds, 0) + " s, asked alone" : "the grader ended twice on this line");
        child.restart();
      }
    }
  }

 private:
  static std::string request(const Line& line) {
    Json out = {{"gold", line.row["gold"]}, {"answer", line.row["answer"]}};
    if (line.row.contains("finished")) out["finished"] = line.row["finished"];
    return dumped(out);
  }

  std::vector<std::string> command_;
  std::vector<std::unique_ptr<LineProcess>> processes_;
};

// A reference or an answer may be a number in the file.
void make_text(nlohmann::json& row, const char* key, const std::string& file, int64_t line) {
  if (!row.contains(key)) throw Error(std::string("has no \"") + key + "\"", file + " line " + std::to_string(line), "each line is {\"gold\": ..., \"answer\": ...}");
  auto& value = row[key];
  if (value.is_number()) value = value.dump();
  if (!value.is_string()) throw Error(std::string("\"") + key + "\" is neither text nor a number", file + " line " + std::to_string(line));
}

int grade_file(const Options& options) {
  if (options.output.empty()) throw UsageError("no --output", "", "where the verdicts go: --output verdicts.jsonl");
  Workers workers(options);
  const std::string partial = options.output + ".part";
  std::ofstream out(partial, std::ios::binary);
  struct Partial {  // goes when an error leaves before the rename
    const std::string& path;
    ~Partial() {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
  } partial_goes{partial};
  if (!out) throw Error("cannot be written", partial);
  std::vector<Line> lines;
  std::map<std::string, int64_t> verdicts, statuses;
  int64_t count = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  double told = 0;
  const auto flush = [&] {
    workers.grade(lines);
    for (Line& line : lines) {
      ++verdicts[line.verdict["verdict"].get<std::string>()];
      ++statuses[line.verdict["status"].get<std::string>()];
      for (auto& [key, value] : line.verdict.items()) line.row[key] = value;
      out << dumped(line.row) << "\n";
    }
    count += static_cast<int64_t>(lines.size());
    lines.clear();
    if (seconds() - told > 5) {
      told = seconds();
      std::fprintf(stderr, "%s lines, %s a second\n", format_count(count).c_str(), format_count(static_cast<int64_t>(static_cast<double>(count) / told)).c_str());
    }
  };
  io::read_json_rows(options.input, [&](int64_t number, const nlohmann::json& row) {
    nlohmann::json copy = row;
    make_text(copy, "gold", options.input, number);
    make_text(copy, "answer", options.input, number);
    lines.push_back({number, nlohmann::ordered_json(copy), {}});
    if (lines.size() == kBatch) flush();
  });
  flush();
  out.flush();
  if (!out) throw Error("cannot be written to its end (is the disk full?)", partial);
  out.close();
  std::filesystem::rename(partial, options.output);
  const auto listed = [](const std::map<std::string, int64_t>& counts) {
    std::string text;
    for (const auto& [name, n] : counts) text += (text.empty() ? "" : ", ") + format_count(n) + " " + name;
    return text;
  };
  std::fprintf(stderr, "%s lines in %s: %s\n(%s)\n", format_count(count).c_str(), format_seconds(seconds()).c_str(), listed(verdicts).c_str(), listed(statuses).c_str());
  return 0;
}

int explain(const std::vector<std::string>& pair, const Options& options) {
  grading::math::Workspace workspace;
  MathOptions how;
  how.bare = options.bare;
  std::vector<std::string> lines;
  grade_math(pair[0], pair[1], workspace, how, &lines);
  if (options.mode == "math_verify" || options.mode == "both") {
    const MathVerdict theirs = grade_as_math_verify(pair[0], pair[1], workspace, options.bare);
    lines.push_back("Math-Verify 0.9.0: " + std::string(grading::to_string(theirs.verdict)) + " (" + theirs.reason + ")");
  }
  for (const std::string& line : lines) std::printf("%s\n", line.c_str());
  return 0;
}

}  // namespace

int grade_command(const Arguments& arguments) {
  if (!arguments.empty() && arguments[0] == "code") return grade_code({arguments.begin() + 1, arguments.end()});
  if (!arguments.empty() && arguments[0] == "rating") return grade_rating({arguments.begin() + 1, arguments.end()});
  if (!arguments.empty() && arguments[0] == "with") return grade_with({arguments.begin() + 1, arguments.end()});
  namespace po = boost::program_options;
  Options o;
  std::vector<std::string> words, pair;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("input", po::value(&o.input)->value_name("FILE"), "JSON Lines of {\"gold\", \"answer\"}; gzip too")(
      "output", po::value(&o.output)->value_name("FILE"), "the same lines with verdict, status, extracted, reason")(
      "mode", po::value(&o.mode)->default_value(o.mode), "strict: mathematics. math_verify: the decisions of Math-Verify 0.9.0. both: strict, and where the other differs. gsm8k, hendrycks_math, minerva, aime: the publishers' own rules, on completions")("bare", po::bool_switch(&o.bare), "answers are answers, not completions: nothing is extracted")(
      "threads", po::value(&o.threads)->value_name("N"), "processes that grade; as many as processors unless told")(
      "explain", po::value(&pair)->multitoken()->value_name("GOLD ANSWER"), "one pair: how both are read, and each step");
  po::options_description all;
  all.add(shown).add_options()("worker", po::bool_switch(&o.worker))("what", po::value(&words));
  po::positional_options_description places;
  places.add("what", -1);
  po::variables_map values;
  try {
    // Answers may begin with a minus sign: "--explain 5 -5".
    po::store(po::command_line_parser(arguments).options(all).positional(places).style(po::command_line_style::unix_style & ~po::command_line_style::allow_short & ~po::command_line_style::allow_guessing).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise grade --help`");
  }
  if (values.contains("help") || words.empty()) {
    std::cout << "usage: reprise grade math --input FILE --output FILE [options]\n"
                 "       reprise grade math --explain GOLD ANSWER [--bare]\n"
                 "       reprise grade code --help          programs against tests\n"
                 "       reprise grade rating --help        a rating as Codeforces gives one\n"
                 "       reprise grade with --help          any grader by name: choices, IFEval, puzzles, publishers' rules\n\n"
                 "Verdicts: correct, incorrect, unverifiable, no_answer; docs/grading.md has the rules.\n"
                 "  reprise grade math --explain '\\frac{1}{2}' 'So the answer is $0.5$.'\n\n"
              << shown;
    return words.empty() && !values.contains("help") ? 2 : 0;
  }
  if (words[0] != "math") throw UsageError("grades math, code, rating and with a named grader; '" + words[0] + "' is not known", "", "see `reprise grade --help`");
  bool known = o.mode == "strict" || o.mode == "math_verify" || o.mode == "both";
  for (const auto& [name, rule] : kPublished) known = known || o.mode == name;
  if (!known) throw UsageError("--mode " + o.mode + " is not known", "", "strict, math_verify, both, gsm8k, hendrycks_math, minerva, aime");
  if (o.worker) return answer_lines(o);
  if (!pair.empty()) {
    if (pair.size() != 2) throw UsageError("--explain wants two texts: the reference and the answer");
    return explain(pair, o);
  }
  if (o.input.empty()) throw UsageError("no --input", "", "see `reprise grade --help`");
  return grade_file(o);
}

}  // namespace reprise::cli
