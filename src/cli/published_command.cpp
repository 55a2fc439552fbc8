// `reprise published`: the registry of published numbers.
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/strings.h"
#include "cli/evaluate_commands.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/verdict.h"

namespace reprise::cli {
namespace {

bool has(const std::string& text, const std::string& part) { return part.empty() || to_lower_ascii(text).find(to_lower_ascii(part)) != std::string::npos; }

void print_one(const evaluation::PublishedNumber& n, const evaluation::Registry& registry) {
  std::printf("%s\n  %s, %s, %s: %s%s\n  source       %s (%s)\n", n.id.c_str(), n.model.c_str(), n.benchmark.c_str(), n.metric.c_str(), evaluation::printed_value(n).c_str(),
              std::string(evaluation::unit_of(n.metric)) == "percent" ? " %" : "", n.source.c_str(), n.evidence.c_str());
  if (n.num_problems) std::printf("  problems     %lld\n", static_cast<long long>(n.num_problems));
  if (n.standard_error) std::printf("  own error    %.2f points\n", 100 * *n.standard_error);
  for (const std::string& key : evaluation::condition_names()) {
    const std::string& value = n.protocol.at(key);
    const auto evidence = n.evidence_of.find(key);
    std::printf("  %-22s %s%s\n", key.c_str(), value.empty() ? "none" : value.c_str(), evidence == n.evidence_of.end() ? "" : ("   [" + evidence->second + "]").c_str());
  }
  if (!n.note.empty()) std::printf("  note         %s\n", n.note.c_str());
  if (!n.incomparable.empty()) std::printf("  incomparable %s\n", n.incomparable.c_str());
  if (!n.superseded_by.empty()) std::printf("  superseded by %s\n", n.superseded_by.c_str());
  for (const std::string& id : n.conflicts) std::printf("  conflict     %s: %s\n", id.c_str(), registry.conflict(id)->text.c_str());
  if (const auto fits = evaluation::is_representable(n); fits && !*fits) {
    std::printf("  beware       no count of right samples out of %lld x %s prints as %s\n", static_cast<long long>(n.num_problems), n.protocol.at("num_generations").c_str(), evaluation::printed_value(n).c_str());
  }
}

// Every number whose id begins with `held` against that of the same score whose id begins with `against`.
int print_verdicts(const evaluation::Registry& registry, const std::string& held, const std::string& against, double margin) {
  size_t count = 0;
  std::printf("%-58s %-18s %6s %6s %8s %7s  %-20s %s\n", "held", "benchmark", "here", "there", "diff", "se", "90 % interval", "verdict");
  for (const auto& ours : registry.numbers) {
    if (!ours.id.starts_with(held) || evaluation::unit_of(ours.metric) != std::string("percent")) continue;
    for (const auto& theirs : registry.numbers) {
      if (!theirs.id.starts_with(against) || theirs.model != ours.model || theirs.benchmark != ours.benchmark || theirs.metric != ours.metric) continue;
      const auto one = evaluation::compare(evaluation::as_own(ours), theirs, registry, margin);
      ++count;
      std::printf("%-58s %-18s %6s %6s", ours.id.c_str(), (ours.benchmark + " " + ours.metric).c_str(), evaluation::printed_value(ours).c_str(), evaluation::printed_value(theirs).c_str());
      if (one.comparable) std::printf(" %+8.2f %6.2f%s  %-20s", 100 * one.difference, 100 * one.error, one.error_is_bound ? "*" : " ", evaluation::interval_text(one.interval, 100, 2).c_str());
      else std::printf(" %8s %7s  %-20s", "", "", "");
      std::printf(" %s%s\n", one.verdict.c_str(), one.comparable ? "" : (": " + one.reasons.back()).c_str());
    }
  }
  if (count == 0) throw Error("no score is in both '" + held + "' and '" + against + "'", "", "`reprise published` lists the ids; give how they begin");
  std::printf(
      "\n%zu scores; margin %.1f points. * the binomial's bound m (1 - m) / (n k) stands in: no samples of each problem are published, and the true error on fixed\n"
      "problems is smaller, so \"reproduced\" and \"differs\" are both harder to reach than with the samples. Conditions that the held side does not state are taken\n"
      "to be as on the other. Why not \"within 1 to 3 sigma\": the sigma that harnesses print is that of other problems, several times as wide; both sides had the same\n"
      "problems. And no significant difference is no equality: a coarse measurement never differs from anything.\n",
      count, 100 * margin);
  return 0;
}

}  // namespace

int published_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::string model, benchmark, metric, id, folder, held, against;
  double margin = evaluation::kDefaultMargin;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("model", po::value(&model)->value_name("M"), "part of the model's name")("benchmark", po::value(&benchmark)->value_name("B"), "part of the benchmark's id")(
      "metric", po::value(&metric)->value_name("N"), "pass@1, cons@k, rating, ...")("id", po::value(&id)->value_name("ID"), "one number, with its conditions and their evidence")(
      "hold", po::value(&held)->value_name("BEGIN"), "give a verdict on every number whose id begins so ...")("against", po::value(&against)->value_name("BEGIN"), "... against the same score of those whose id begins so")(
      "margin", po::value(&margin)->value_name("SHARE"), "for the verdicts (default 0.03)")("registry", po::value(&folder)->value_name("DIR"), "another folder than evaluation/published");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(shown).positional({}).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise published --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise published [--model M] [--benchmark B] [--metric N] [--id ID]\n"
                 "       reprise published --hold open-r1- --against r1-v1-\n\n"
                 "Scores that others published, each with its source and the conditions under which it was measured. `reprise evaluate recorded --against ID`\n"
                 "holds yours against one.\n\n"
                 "  reprise published --model r1-distill-qwen-7b --benchmark aime24\n"
                 "  reprise published --id r1-v1-t5-r1-distill-qwen-7b-aime24-p1\n\n"
              << shown;
    return 0;
  }
  const evaluation::Registry registry = open_registry(folder);
  if (!id.empty()) {
    print_one(published_number(registry, id), registry);
    return 0;
  }
  if (held.empty() != against.empty()) throw UsageError("--hold and --against belong together", "", "for example --hold open-r1- --against r1-v1-");
  if (!held.empty()) return print_verdicts(registry, held, against, margin);
  size_t count = 0;
  for (const auto& n : registry.numbers) {
    if (!has(n.model, model) || !has(n.benchmark, benchmark) || (!metric.empty() && n.metric != metric)) continue;
    ++count;
    std::string marks;
    if (!n.conflicts.empty()) marks += "  conflict: " + join(n.conflicts, ", ");
    if (!n.superseded_by.empty()) marks += "  superseded";
    std::printf("%-58s %-44s %-19s %-12s %7s  %s%s\n", n.id.c_str(), n.model.c_str(), n.benchmark.c_str(), n.metric.c_str(), evaluation::printed_value(n).c_str(), n.source.c_str(), marks.c_str());
  }
  std::printf("%zu of %zu numbers; registry %s\n", count, registry.numbers.size(), registry.hash.substr(0, 16).c_str());
  return count ? 0 : 1;
}

}  // namespace reprise::cli
