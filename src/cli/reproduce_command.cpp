// `reprise reproduce`: a run again from its own lock, and the two ledgers side by side.
#include <cstdio>
#include <iostream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/exec_engine.h"
#include "grading/code/verdict_record.h"
#include "pipeline/compare_ledgers.h"

namespace reprise::cli {

int reproduce_command(const Arguments& arguments) {
  namespace options = boost::program_options;
  std::string run, out;
  options::options_description shown("options");
  shown.add_options()("help,h", "this text")("out", options::value(&out)->value_name("DIR"), "where the second run goes (default: RUN-reproduced)")(
      "compare-only", "do not run; compare RUN with the run that DIR holds");
  options::options_description all;
  all.add(shown).add_options()("run", options::value(&run));
  options::positional_options_description places;
  places.add("run", 1);
  options::variables_map values;
  try {
    options::store(options::command_line_parser(arguments).options(all).positional(places).run(), values);
    options::notify(values);
  } catch (const options::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise reproduce --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise reproduce RUN [--out DIR] [--compare-only]\n\n"
                 "Runs RUN again from its recipe.lock.yaml and says, stage by stage, how many steps agree bit for bit in\n"
                 "weights, optimizer and data. On another machine or build equal bits are not expected: the verdicts of\n"
                 "the claims are compared then. Exit code 0 when it is reproduced, 1 when not. May be repeated: what is\n"
                 "done is not run twice.\n\n"
                 "  reprise reproduce runs/mini-r1\n\n"
              << shown;
    return 0;
  }
  if (run.empty()) throw UsageError("no run folder", "", "for example `reprise reproduce runs/mini-r1`");
  while (run.size() > 1 && run.back() == '/') run.pop_back();
  const fs::path lock = fs::path(run) / "recipe.lock.yaml";
  if (!is_file(lock)) throw Error("has no recipe.lock.yaml", run, "give a folder that `reprise run` wrote");
  if (out.empty()) out = run + "-reproduced";
  if (path_exists(out) && fs::equivalent(out, run)) throw Error("is the run itself", out, "give another folder to --out");
  if (!values.contains("compare-only")) {
    Arguments again = {"run", lock.string(), "--out", out, "--resume"};
    if (const fs::path verdicts = fs::path(run) / "verdicts.jsonl"; is_file(verdicts)) again.insert(again.end(), {"--replay-verdicts", verdicts.string()});
    if (const int code = run_engine(again); code != 0) return code;
  }
  const pipeline::Reproduction reproduction = pipeline::compare_runs(run, out);
  std::fputs(pipeline::to_text(reproduction).c_str(), stdout);
  if (const auto verdicts = grading::code::count_verdicts(fs::path(out) / "verdicts.jsonl"); verdicts.replayed + verdicts.judged > 0) {
    std::printf("verdicts of programs: %s replayed from the first run, %s judged anew\n", format_count(verdicts.replayed).c_str(), format_count(verdicts.judged).c_str());
  }
  return reproduction.agrees ? 0 : 1;
}

}  // namespace reprise::cli
