// `reprise data`: problems in and out of stores.
#include <boost/program_options.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "cli/data_commands.h"
#include "cli/fetching.h"
#include "cli/show_rows.h"
#include "config/compose.h"
#include "config/reader.h"
#include "data/foreign_store.h"
#include "data/store.h"
#include "datasets/dataset.h"
#include "datasets/fetch.h"
#include "datasets/generators/generator.h"
#include "datasets/importers/importer.h"

namespace reprise::cli {
namespace {

constexpr const char* kHelp =
    "usage: reprise data import FORMAT FILE --output STORE.h5 [--set key=value ...]\n"
    "       reprise data generate GENERATOR --output STORE.h5 [--seed N] [--set key=value ...]\n"
    "       reprise data fetch NAME | MANIFEST.yaml [--to DIR]\n"
    "       reprise data show STORE.h5 | FILE.parquet | FILE.jsonl [--rows N] [--jsonl]\n"
    "       reprise data check STORE.h5\n"
    "       reprise data overlap --training STORE|FILE ... --benchmark ID|STORE ...\n\n"
    "import reads a published file as it is (formats: reprise keys importer), generate makes problems of ours\n"
    "(reprise keys generator), fetch downloads what a manifest names and checks its hash, show prints what a store\n"
    "or a published file holds, check reads all of it and compares it with its own hash, overlap finds what training\n"
    "data share with benchmarks (its own --help tells more). A recipe takes a store by `datasets: {NAME: {path: STORE.h5}}`, or a file by its importer.\n\n"
    "  reprise data fetch gsm8k\n"
    "  reprise data import gsm8k data/gsm8k/train.jsonl --output gsm8k-train.h5\n"
    "  reprise data import jsonl my.jsonl --output my.h5 --set prompt_field=question --set grader=math\n"
    "  reprise data generate countdown --output countdown.h5 --set size=1000 --set min_level=3 --set max_level=4\n\n";

struct Options {
  std::vector<std::string> words, sets;
  std::string output, to;
  int64_t seed = 1, rows = 3;
  bool jsonl = false;
};

// One dataset of a recipe that has nothing else: the same reading, checking and writing.
int write_store(const Options& options, const std::string& source, const std::string& kind, const std::string& path) {
  if (options.output.empty()) throw UsageError("needs --output STORE.h5", "", "see `reprise data --help`");
  if (path_exists(options.output)) throw Error("is there already", options.output, "choose another name or remove it");
  config::Node keys = config::node_from_json(nlohmann::ordered_json::object(), "command line");
  config::Problems problems;
  config::apply_set(keys, source + "=" + kind, problems);
  if (!path.empty()) config::apply_set(keys, "path=" + nlohmann::json(path).dump(), problems);
  for (const std::string& set : options.sets) config::apply_set(keys, set, problems);
  pipeline::Recipe recipe;
  recipe.seed = options.seed;
  pipeline::DatasetSpec dataset{fs::path(options.output).stem().string(), source, keys, config::node_to_json(keys)};
  datasets::check_dataset(dataset, recipe, problems);
  problems.throw_if_any();
  const auto made = datasets::materialize_dataset(dataset, recipe, options.output);
  std::printf("%s: %s rows, content %s\n", options.output.c_str(), format_count(made.num_rows).c_str(), made.content_hash.substr(0, 16).c_str());
  return 0;
}

std::string shortened(const std::string& text, size_t most) {
  std::string line = replace_all(text, "\n", "\\n");
  if (line.size() <= most) return line;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;  // not through a UTF-8 sequence
  return line.substr(0, end) + " ...";
}

int show(const Options& options) {
  if (options.words.size() != 2) throw UsageError("wants one store or file", "", "for example `reprise data show gsm8k-train.h5`");
  const fs::path path = options.words[1];
  if (is_rows_file(path)) {
    show_rows(path, options.rows, options.jsonl);
    return 0;
  }
  if (options.jsonl) throw UsageError("--jsonl is for published files, not for stores");
  data::check_foreign_store(path);
  const data::StoreManifest manifest = data::read_manifest(path);
  std::printf("%s: %s of %s\n", path.c_str(), manifest.kind.c_str(), manifest.name.c_str());
  std::printf("origin   %s\nlicence  %s\n", manifest.origin.c_str(), manifest.licence.empty() ? "not told" : manifest.licence.c_str());
  if (!manifest.source_sha256.empty()) std::printf("source   sha256 %s\n", manifest.source_sha256.c_str());
  std::printf("content  sha256 %s\n", manifest.content_sha256.c_str());
  if (manifest.kind == "problems") {
    const auto problems = data::read_problems(path);
    std::map<std::string, int64_t> graders, languages;
    std::map<int64_t, int64_t> levels;
    size_t longest = 0, bytes = 0;
    for (const auto& problem : problems) {
      ++graders[problem.grader];
      ++languages[problem.language.empty() ? "not told" : problem.language];
      ++levels[problem.level];
      longest = std::max(longest, problem.prompt.size());
      bytes += problem.prompt.size();
    }
    std::printf("rows     %s, prompts of %s bytes on average, the longest %s\n", format_count(static_cast<int64_t>(problems.size())).c_str(),
                format_count(static_cast<int64_t>(problems.empty() ? 0 : bytes / problems.size())).c_str(), format_count(static_cast<int64_t>(longest)).c_str());
    const auto table = [](const char* title, const auto& counts, auto&& name) {
      std::string line;
      for (const auto& [key, count] : counts) line += (line.empty() ? "" : ", ") + name(key) + " " + format_count(count);
      std::printf("%-8s %s\n", title, line.c_str());
    };
    table("graders", graders, [](const std::string& name) { return name; });
    table("language", languages, [](const std::string& name) { return name; });
    if (levels.size() > 1 || !levels.count(0)) table("levels", levels, [](int64_t level) { return "level " + std::to_string(level) + ":"; });
    for (size_t i = 0; i < std::min<size_t>(problems.size(), static_cast<size_t>(options.rows)); ++i) {
      std::printf("\n%s\n  prompt  %s\n  answer  %s\n", problems[i].id.c_str(), shortened(problems[i].prompt, 300).c_str(), shortened(problems[i].answer, 100).c_str());
    }
    return 0;
  }
  const auto examples = data::read_examples(path);
  std::printf("rows     %s\n", format_count(static_cast<int64_t>(examples.size())).c_str());
  for (size_t i = 0; i < std::min<size_t>(examples.size(), static_cast<size_t>(options.rows)); ++i) {
    std::printf("\n%s\n  prompt      %s\n  completion  %s\n", examples[i].id.c_str(), shortened(examples[i].prompt, 200).c_str(), shortened(examples[i].completion, 300).c_str());
  }
  return 0;
}

int check(const Options& options) {
  if (options.words.size() != 2) throw UsageError("wants one store", "", "for example `reprise data check gsm8k-train.h5`");
  std::printf("%s: sound, %s rows\n", options.words[1].c_str(), format_count(data::check_store(options.words[1])).c_str());
  return 0;
}

int fetch(const Options& options) {
  const auto names = datasets::manifest_names("data");
  if (options.words.size() != 2) throw UsageError("wants the name of a manifest", "", "there are: " + join(names, ", "));
  const std::string& name = options.words[1];
  fs::path file = name;
  if (!is_file(file)) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      const auto guess = nearest(name, names);
      throw Error("no manifest '" + name + "'", "", guess ? "did you mean '" + *guess + "'?" : "there are: " + join(names, ", "));
    }
    file = datasets::manifests_folder() / (name + ".yaml");
  }
  const char* variable = std::getenv("REPRISE_DATA");
  const fs::path folder = !options.to.empty() ? options.to : variable && *variable ? variable : "data";
  return fetch_with_progress(datasets::read_fetch_manifest(file), folder);
}

}  // namespace

int data_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  Options options;
  if (!arguments.empty() && arguments[0] == "overlap") return data_overlap({arguments.begin() + 1, arguments.end()});
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("output", po::value(&options.output)->value_name("STORE.h5"), "import, generate: the new store")(
      "set", po::value(&options.sets)->composing()->value_name("key=value"), "import, generate: a key of the importer or generator")(
      "seed", po::value(&options.seed)->default_value(1), "generate: the seed")("rows", po::value(&options.rows)->default_value(3), "show: rows to print")(
      "jsonl", po::bool_switch(&options.jsonl), "show: nothing but the rows of a published file, whole, all of them unless --rows is given")(
      "to", po::value(&options.to)->value_name("DIR"), "fetch: the folder (default: REPRISE_DATA, or data/)");
  po::options_description all;
  all.add(shown).add_options()("words", po::value(&options.words));
  po::positional_options_description places;
  places.add("words", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise data --help`");
  }
  if (values.contains("help")) {
    std::cout << kHelp << shown;
    return 0;
  }
  if (options.jsonl && values["rows"].defaulted()) options.rows = -1;
  else if (options.rows < 0) throw UsageError("--rows is negative");
  const std::string what = options.words.empty() ? "" : options.words[0];
  if (what == "import") {
    if (options.words.size() != 3) throw UsageError("import wants a format and a file", "", "formats: " + join(datasets::importer_names(), ", "));
    return write_store(options, "importer", options.words[1], options.words[2]);
  }
  if (what == "generate") {
    if (options.words.size() != 2) throw UsageError("generate wants a generator", "", "see `reprise keys generator`");
    return write_store(options, "generator", options.words[1], "");
  }
  if (what == "fetch") return fetch(options);
  if (what == "show") return show(options);
  if (what == "check") return check(options);
  throw UsageError(what.empty() ? "what shall it do?" : "unknown action '" + what + "'", "", "import, generate, fetch, show, check or overlap; see `reprise data --help`");
}

}  // namespace reprise::cli
