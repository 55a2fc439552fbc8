// Generators, importers and ready stores behind one door.
#include "datasets/dataset.h"

#include "base/files.h"
#include "base/log.h"
#include "config/reader.h"
#include "data/foreign_store.h"
#include "data/store.h"
#include "datasets/generators/generator.h"
#include "datasets/importers/importer.h"

namespace reprise::datasets {
namespace {

struct PathConfig {
  std::string path;

  template <class Visitor>
  void fields(Visitor& v) {
    v.file("path", path, "A store made by `reprise data import` or `generate`.", config::required());
  }
};

template <class Config>
Config keys_of(const pipeline::DatasetSpec& dataset) {
  Config keys;
  config::Problems problems;
  config::read(dataset.node, keys, problems);
  problems.throw_if_any();
  return keys;
}

pipeline::DatasetFile described(const std::filesystem::path& path, int64_t rows) { return {path, data::read_manifest(path).content_sha256, rows}; }

}  // namespace

std::optional<int64_t> check_dataset(const pipeline::DatasetSpec& dataset, const pipeline::Recipe&, config::Problems& problems) {
  if (dataset.source == "generator") {
    GeneratorConfig keys;
    config::read(dataset.node, keys, problems);
    return keys.size;
  }
  if (dataset.source == "importer") {
    ImporterConfig keys;
    config::read(dataset.node, keys, problems);
    return keys.size > 0 ? std::optional(keys.size) : std::nullopt;
  }
  PathConfig keys;
  config::read(dataset.node, keys, problems);
  return std::nullopt;
}

pipeline::DatasetFile materialize_dataset(const pipeline::DatasetSpec& dataset, const pipeline::Recipe& recipe, const std::filesystem::path& target) {
  data::StoreManifest manifest;
  manifest.name = dataset.name;
  if (dataset.source == "generator") {
    const auto keys = keys_of<GeneratorConfig>(dataset);
    const Generated made = generate(keys, static_cast<uint64_t>(recipe.seed));
    manifest.origin = "generator " + keys.generator + ", split " + keys.split;
    manifest.licence = "Apache-2.0";
    if (makes_problems(keys.generator)) {
      data::write_problems(target, made.problems, manifest);
      return described(target, static_cast<int64_t>(made.problems.size()));
    }
    data::write_examples(target, made.examples, manifest);
    return described(target, static_cast<int64_t>(made.examples.size()));
  }
  if (dataset.source == "importer") {
    auto keys = keys_of<ImporterConfig>(dataset);
    keys.path = recipe.locate(keys.path);
    const Imported imported = import_problems(keys);
    for (const std::string& row : imported.bad_rows) log_warning("left out: " + row);
    manifest.origin = keys.importer + " file " + std::filesystem::path(keys.path).filename().string();
    manifest.source_sha256 = imported.source_sha256;
    data::write_problems(target, imported.problems, manifest);
    return described(target, static_cast<int64_t>(imported.problems.size()));
  }
  const std::filesystem::path store = recipe.locate(keys_of<PathConfig>(dataset).path);
  data::check_foreign_store(store);
  return described(store, data::check_store(store));
}

}  // namespace reprise::datasets
