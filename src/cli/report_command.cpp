// `reprise report`: redo the report of a run, or one report of several seeds of a recipe.
#include <cstdio>
#include <iostream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "cli/commands.h"
#include "evaluation/harness/report.h"

namespace reprise::cli {

int report_command(const Arguments& arguments) {
  namespace options = boost::program_options;
  std::vector<std::string> runs;
  std::string out, published;
  options::options_description shown("options");
  shown.add_options()("help,h", "this text")("out", options::value(&out)->value_name("DIR"),
                                             "where report.html, report.md and report.json go (default: report/ in the first run)")(
      "published", options::value(&published)->value_name("DIR"), "folder of published numbers (default: evaluation/published beside the program)");
  options::options_description all;
  all.add(shown).add_options()("run", options::value(&runs));
  options::positional_options_description places;
  places.add("run", -1);
  options::variables_map values;
  try {
    options::store(options::command_line_parser(arguments).options(all).positional(places).run(), values);
    options::notify(values);
  } catch (const options::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise report --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise report RUN [RUN2 ...] [--out DIR]\n\n"
                 "Reads the run folders and writes the report. Several runs must be of one recipe with different\n"
                 "seeds: they are pooled, and the intervals then cover seeds as well as problems.\n\n"
                 "  reprise report runs/mini-r1\n"
                 "  reprise report runs/mini-r1-seed1 runs/mini-r1-seed2 runs/mini-r1-seed3 --out report-3-seeds\n\n"
              << shown;
    return 0;
  }
  if (runs.empty()) throw UsageError("no run folder", "", "for example `reprise report runs/mini-r1`");
  const std::filesystem::path folder = out.empty() ? std::filesystem::path(runs[0]) / "report" : std::filesystem::path(out);
  const std::string verdicts = evaluation::write_report({runs.begin(), runs.end()},
                                                        published.empty() ? evaluation::published_folder() : std::filesystem::path(published), folder);
  std::printf("%s\n%s\n", verdicts.c_str(), (folder / "report.html").c_str());
  return 0;
}

}  // namespace reprise::cli
