// `reprise grade with GRADER`: lines of completions with what decides them in, the same lines with verdicts out. One process, in order: the rules
// but those of mathematics take microseconds, and mathematics on files has a command of its own with deadlines.
#include "cli/grade_with.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fstream>
#include <iostream>
#include <map>

#include "base/error.h"
#include "base/strings.h"
#include "grading/grader.h"
#include "io/jsonl.h"

namespace reprise::cli {
namespace {

using Json = nlohmann::ordered_json;

int run(const std::string& grader, const std::string& input, const std::string& output) {
  std::ofstream out(output, std::ios::binary | std::ios::trunc);
  if (!out) throw Error("cannot be written", output, "check the folder and its rights");
  std::map<std::string, int64_t> counts;
  io::read_json_texts(
      input,
      [&](int64_t line, const nlohmann::json& row, std::string_view text) {
        const std::string where = input + ":" + std::to_string(line);
        const auto text_at = [&](const char* key) {
          if (!row.contains(key) || !row[key].is_string()) throw Error(std::string("lacks the text \"") + key + "\"", where, "see `reprise grade with --help`");
          return row[key].get<std::string>();
        };
        data::Problem problem;
        problem.id = where;
        problem.grader = grader;
        if (row.contains("gold")) problem.answer = text_at("gold");
        problem.metadata = row.contains("metadata") ? row["metadata"].dump() : "{}";
        const std::string completion = text_at("completion");
        const grading::Verdict verdict = grading::grade({problem, completion, false, true});
        Json graded = Json::parse(text);
        graded["verdict"] = grading::to_string(verdict.kind);
        graded["extracted"] = verdict.extracted;
        graded["reason"] = verdict.reason;
        out << graded.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
        ++counts[grading::to_string(verdict.kind)];
      },
      [&](int64_t line, const std::string& fault) { throw Error(fault, input + ":" + std::to_string(line), "each line is one JSON object"); });
  out.flush();
  if (!out) throw Error("cannot be written to the end", output, "is the disk full?");
  for (const auto& [kind, count] : counts) std::cout << format_count(count) << " " << kind << "\n";
  return 0;
}

}  // namespace

int grade_with(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::string input, output;
  std::vector<std::string> words;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("input", po::value(&input)->value_name("FILE"), "JSON Lines of {\"completion\", \"gold\", \"metadata\"}; gzip too")(
      "output", po::value(&output)->value_name("FILE"), "the same lines with verdict, extracted, reason");
  po::options_description all;
  all.add(shown).add_options()("grader", po::value(&words));
  po::positional_options_description places;
  places.add("grader", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise grade with --help`");
  }
  auto names = grading::grader_names();
  std::erase(names, "code");
  std::erase(names, grading::kNoGrader);
  if (values.contains("help")) {
    std::cout << "usage: reprise grade with GRADER --input FILE --output FILE\n\n"
                 "Graders: " << join(names, ", ") << ".\n"
                 "\"gold\" is the reference answer, \"metadata\" what else the grader needs: IFEval's instruction_id_list and kwargs, a question's options.\n"
                 "  reprise grade with ifeval --input responses.jsonl --output verdicts.jsonl\n\n" << shown;
    return 0;
  }
  if (words.size() != 1) throw UsageError("wants one grader", "", "graders: " + join(names, ", "));
  if (words[0] == "code") throw UsageError("programs are judged by `reprise grade code`");
  if (std::find(names.begin(), names.end(), words[0]) == names.end()) {
    const auto guess = nearest(words[0], names);
    throw UsageError("grader '" + words[0] + "' is not known", "", guess ? "did you mean '" + *guess + "'?" : "graders: " + join(names, ", "));
  }
  if (input.empty() || output.empty()) throw UsageError("wants --input and --output", "", "see `reprise grade with --help`");
  return run(words[0], input, output);
}

}  // namespace reprise::cli
