#include "evaluation/harness/benchmark.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "evaluation/harness/yaml_fields.h"

namespace reprise::evaluation {

Benchmark read_benchmark(const std::filesystem::path& path) {
  const std::string file = path.string();
  const YAML::Node root = load_small_yaml(path);
  Benchmark b;
  YamlFields reader(root, file);
  reader.field("id", b.id, "Name, as scores and published numbers have it.", config::required());
  reader.field("title", b.title, "For people.", config::required());
  reader.field("split", b.split, "Of the data.");
  reader.field("num_problems", b.num_problems, "Problems in it.", config::at_least(1));
  reader.field("grader", b.grader, "The rule that decides.", config::required());
  reader.field("origin", b.origin, "Who published it, and where.");
  reader.field("licence", b.licence, "Of the problems.");
  reader.field("note", b.note, "What a reader should know.");
  reader.field("importer", b.data.importer, "How its file is read (reprise keys importer).");
  reader.field("path", b.data.path, "The publisher's file below REPRISE_DATA.");
  reader.field("import_split", b.data.split, "The importer's own split.");
  reader.field("data_sha256", b.data_sha256, "Of the file, unpacked, in each published form.");
  reader.finish({"errata", "data", "prompt"});
  if (const YAML::Node data = root["data"]; data.IsDefined()) {
    if (!b.data.importer.empty() || !b.data.path.empty()) throw Error("`data` says what `importer` and `path` say", reader.place(data), "give one of the two");
    YamlFields fields(data, file);
    b.data.fields(fields);
    fields.finish();
  }
  if (b.data.importer.empty() != b.data.path.empty()) throw Error("`importer` and `path` belong together", reader.place(root), "give both");
  if (const YAML::Node prompt = root["prompt"]; prompt.IsDefined()) b.prompt = read_prompt_section(prompt, file, b.id);
  if (const YAML::Node errata = root["errata"]; errata.IsDefined()) {
    if (!errata.IsSequence() || errata.size() > 10'000) throw Error("`errata` should be a list", reader.place(errata), "write `- {problem: ..., text: ...}`");
    for (const auto& node : errata) {
      BenchmarkErratum erratum;
      YamlFields one(node, file);
      one.field("problem", erratum.problem, "Its id.", config::required());
      one.field("text", erratum.text, "What is wrong with it.", config::required());
      one.finish();
      b.errata.push_back(std::move(erratum));
    }
  }
  return b;
}

std::vector<Benchmark> read_benchmarks(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (is_folder(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<Benchmark> out;
  for (const auto& file : files) {
    out.push_back(read_benchmark(file));
    if (out.back().id != file.stem().string()) throw Error("the id '" + out.back().id + "' is not the file's name", file.string(), "rename one");
  }
  return out;
}

}  // namespace reprise::evaluation
