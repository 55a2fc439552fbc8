// Columns of strings in HDF5, with the manifest as one JSON attribute.
#include "data/store.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "io/hdf5_file.h"

namespace reprise::data {
namespace {

constexpr const char* kAttribute = "reprise_manifest";

// A text column and the member it holds.
template <class Row>
struct Column {
  const char* name;
  std::string Row::*member;
};
constexpr Column<Problem> kProblemColumns[] = {{"id", &Problem::id},         {"prompt", &Problem::prompt},     {"answer", &Problem::answer},
                                               {"solution", &Problem::solution}, {"grader", &Problem::grader}, {"language", &Problem::language},
                                               {"metadata", &Problem::metadata}};
constexpr Column<Example> kExampleColumns[] = {{"id", &Example::id}, {"prompt", &Example::prompt}, {"completion", &Example::completion},
                                               {"source", &Example::source}, {"problem_id", &Example::problem_id}};

std::string content_hash(const io::Hdf5Content& content) {
  std::string all;
  const auto number = [&](uint64_t value) { all.append(reinterpret_cast<const char*>(&value), sizeof value); };
  for (const auto& [name, rows] : content.text_columns) {
    all += name;
    number(rows.size());
    for (const std::string& row : rows) {
      number(row.size());
      all += row;
    }
  }
  for (const auto& [name, rows] : content.integer_columns) {
    all += name;
    number(rows.size());
    for (int64_t value : rows) number(static_cast<uint64_t>(value));
  }
  return sha256_hex(all);
}

nlohmann::json to_json(const StoreManifest& m) {
  return {{"kind", m.kind}, {"name", m.name}, {"origin", m.origin}, {"licence", m.licence}, {"source_sha256", m.source_sha256},
          {"splits", m.splits}, {"content_sha256", m.content_sha256}};
}

StoreManifest manifest_from(const std::map<std::string, std::string>& attributes, const std::filesystem::path& path) {
  const auto found = attributes.find(kAttribute);
  if (found == attributes.end()) throw Error("is HDF5 but not a Reprise store (no manifest)", path.string(), "make it with `reprise data import`");
  const auto json = nlohmann::json::parse(found->second, nullptr, false);
  try {
    StoreManifest m;
    m.kind = json.at("kind");
    m.name = json.at("name");
    m.origin = json.at("origin");
    m.licence = json.at("licence");
    m.source_sha256 = json.at("source_sha256");
    m.splits = json.at("splits").get<std::map<std::string, int64_t>>();
    m.content_sha256 = json.at("content_sha256");
    return m;
  } catch (const nlohmann::json::exception&) {
    throw Error("has a damaged manifest", path.string(), "make the store again");
  }
}

template <class Row, size_t N>
void fill_columns(io::Hdf5Content& content, const std::vector<Row>& rows, const Column<Row> (&columns)[N]) {
  for (const auto& column : columns) {
    auto& values = content.text_columns[column.name];
    values.reserve(rows.size());
    for (const Row& row : rows) values.push_back(row.*column.member);
  }
}

template <class Row, size_t N>
std::vector<Row> rows_from(const io::Hdf5Content& content, const Column<Row> (&columns)[N], const std::filesystem::path& path) {
  std::vector<Row> rows;
  bool first = true;
  for (const auto& column : columns) {
    const auto found = content.text_columns.find(column.name);
    if (found == content.text_columns.end()) throw Error(std::string("lacks column ") + column.name, path.string(), "make the store again");
    if (first) rows.resize(found->second.size());
    first = false;
    if (found->second.size() != rows.size()) throw Error(std::string("column ") + column.name + " has another number of rows", path.string());
    for (size_t i = 0; i < rows.size(); ++i) rows[i].*column.member = found->second[i];
  }
  return rows;
}

void write_store(const std::filesystem::path& path, io::Hdf5Content content, StoreManifest manifest, const char* kind) {
  manifest.kind = kind;
  manifest.content_sha256 = content_hash(content);
  content.attributes[kAttribute] = to_json(manifest).dump();
  io::write_hdf5(path, content);
}

io::Hdf5Content read_store(const std::filesystem::path& path, const std::string& kind) {
  io::Hdf5Content content = io::read_hdf5(path);
  const StoreManifest manifest = manifest_from(content.attributes, path);
  if (manifest.kind != kind) throw Error("holds " + manifest.kind + ", not " + kind, path.string(), "name another store");
  if (content_hash(content) != manifest.content_sha256) throw Error("does not match its own hash", path.string(), "the file was changed or damaged; make it again");
  return content;
}

}  // namespace

void write_problems(const std::filesystem::path& path, const std::vector<Problem>& problems, StoreManifest manifest) {
  io::Hdf5Content content;
  fill_columns(content, problems, kProblemColumns);
  auto& levels = content.integer_columns["level"];
  for (const Problem& problem : problems) levels.push_back(problem.level);
  write_store(path, std::move(content), std::move(manifest), "problems");
}

void write_examples(const std::filesystem::path& path, const std::vector<Example>& examples, StoreManifest manifest) {
  io::Hdf5Content content;
  fill_columns(content, examples, kExampleColumns);
  write_store(path, std::move(content), std::move(manifest), "examples");
}

std::vector<Problem> read_problems(const std::filesystem::path& path) {
  const io::Hdf5Content content = read_store(path, "problems");
  std::vector<Problem> problems = rows_from(content, kProblemColumns, path);
  const auto levels = content.integer_columns.find("level");
  if (levels == content.integer_columns.end() || levels->second.size() != problems.size()) throw Error("lacks column level", path.string(), "make the store again");
  for (size_t i = 0; i < problems.size(); ++i) problems[i].level = levels->second[i];
  return problems;
}

std::vector<Example> read_examples(const std::filesystem::path& path) { return rows_from(read_store(path, "examples"), kExampleColumns, path); }

StoreManifest read_manifest(const std::filesystem::path& path) { return manifest_from(io::read_hdf5_attributes(path), path); }

}  // namespace reprise::data
