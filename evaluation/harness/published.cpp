// evaluation/published/*.yaml. Values are stored as printed (percent, with their decimals), because the
// rounding is part of what is compared.
#include "evaluation/harness/published.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/strings.h"
#include "evaluation/harness/statistics.h"
#include "evaluation/harness/yaml_fields.h"

namespace reprise::evaluation {

namespace {

constexpr size_t kMaxEntries = 20'000;

struct Row {
  std::string id, model, benchmark, metric, protocol, table, note, superseded_by, incomparable;
  std::string evidence;
  double value = 0;
  int64_t decimals = 1, num_problems = 0, num_runs = 0;
  std::optional<double> standard_deviation;
  std::vector<std::string> conflicts;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("id", id, "Unique name of the number.", required());
    v.field("model", model, "Whose score it is.", required());
    v.field("benchmark", benchmark, "Id of a file in evaluation/benchmarks.", required());
    v.field("metric", metric, "pass@1, cons@k, pass@N; accuracy, f1, win_rate, lc_win_rate, percentile, rating.", required());
    v.field("value", value, "As printed, in percent; a rating in points.", Bounds{.minimum = 0, .maximum = 5000, .required = true});
    v.field("decimals", decimals, "Digits printed after the point.", between(0, 6));
    v.field("num_problems", num_problems, "Problems in the set; absent where the source does not say.", Bounds{.minimum = 1});
    v.field("standard_deviation", standard_deviation, "Over runs, as printed.", Bounds{.minimum = 0, .maximum = 100});
    v.field("num_runs", num_runs, "Runs that the value is the mean of.", Bounds{.minimum = 2});
    v.field("protocol", protocol, "Name of one of the file's protocols.", required());
    v.field("table", table, "Where in the source.");
    v.field("evidence", evidence, "primary: read in the source; copy: in a copy of it; secondary: told by others.",
            Bounds{.choices = {"primary", "copy", "secondary"}, .required = true});
    v.field("note", note, "What a reader should know.");
    v.field("superseded_by", superseded_by, "Id of the number that its source has put in its place.");
    v.field("incomparable", incomparable, "Why nobody else's number can be held against it.");
    v.field("conflicts", conflicts, "Ids of `conflicts` that this number has a part in.");
  }
};

struct Source {
  std::string title, arxiv, version, address;

  template <class Visitor>
  void fields(Visitor& v) {
    v.field("title", title, "Of the paper or page.", config::required());
    v.field("arxiv", arxiv, "Identifier, if it is there.");
    v.field("version", version, "Version or commit read.");
    v.field("address", address, "Where it can be read, without the scheme.");
  }
  std::string text() const {
    std::string words = arxiv.empty() ? title : "arXiv " + arxiv;
    return version.empty() ? words : words + " " + version;
  }
};

YAML::Node section(const YAML::Node& root, const char* key, const std::string& file) {
  const YAML::Node node = root.IsMap() ? root[key] : YAML::Node(YAML::NodeType::Undefined);
  if (!node.IsDefined()) {
    throw Error("no `" + std::string(key) + "`", file, "a file of published numbers has source, protocols and numbers");
  }
  return node;
}

struct ProtocolWithEvidence {
  Protocol conditions, evidence;
};

Protocol read_evidence(const YAML::Node& node, const std::string& where) {
  Protocol evidence;
  if (!node.IsMap()) throw Error("`evidence` should be a map of conditions", where, "write `temperature: section 3`");
  for (const auto& entry : node) {
    const auto& known = condition_names();
    if (std::find(known.begin(), known.end(), entry.first.Scalar()) == known.end() || !entry.second.IsScalar() || entry.second.Scalar().empty()) {
      throw Error("'" + entry.first.Scalar() + "' is no evidence of a condition", where, "write `temperature: section 3`");
    }
    evidence[entry.first.Scalar()] = entry.second.Scalar();
  }
  return evidence;
}

std::map<std::string, ProtocolWithEvidence> read_protocols(const YAML::Node& node, const std::string& file) {
  std::map<std::string, ProtocolWithEvidence> protocols;
  if (!node.IsMap()) throw Error("`protocols` should be a map", file, "write `NAME:` and its conditions below");
  for (const auto& entry : node) {
    const std::string name = entry.first.Scalar();
    const std::string where = file + ":" + std::to_string(entry.first.Mark().line + 1);
    if (!entry.second.IsMap()) throw Error("the protocol '" + name + "' has no conditions", where, "list them below it");
    Protocol protocol, evidence;
    for (const auto& condition : entry.second) {
      const std::string key = condition.first.Scalar();
      if (key == "evidence") {
        evidence = read_evidence(condition.second, where);
        continue;
      }
      const auto& known = condition_names();
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        const auto guess = nearest(key, known);
        throw Error("unknown condition '" + key + "'", where,
                    guess ? "did you mean '" + *guess + "'?" : "known: " + join(known, ", "));
      }
      if (!condition.second.IsScalar()) throw Error("'" + key + "' should be one value", where, "or `unstated`");
      if (!protocol.emplace(key, condition.second.Scalar()).second) {
        throw Error("the condition '" + key + "' stands twice", where, "remove one");
      }
    }
    for (const std::string& key : condition_names()) {
      if (!protocol.contains(key)) {
        throw Error("the protocol '" + name + "' does not say '" + key + "'", where,
                    "add it, or `" + key + ": unstated` if the source does not say");
      }
      if (protocol[key] != kUnstated && !evidence.contains(key)) {
        throw Error("the protocol '" + name + "' does not say where '" + key + "' is stated", where, "add `evidence: {" + key + ": ...}`");
      }
    }
    if (!protocols.emplace(name, ProtocolWithEvidence{std::move(protocol), std::move(evidence)}).second) {
      throw Error("two protocols are called '" + name + "'", where, "rename one");
    }
  }
  return protocols;
}

const std::set<std::string>& published_metrics() {
  static const std::set<std::string> names = {"accuracy", "f1", "lc_win_rate", "win_rate", "percentile", "rating"};
  return names;
}

}  // namespace

const std::vector<std::string>& condition_names() {
  static const std::vector<std::string> names = {
      "split", "num_generations", "temperature", "top_p", "max_completion_length", "num_shots",
      "system_prompt", "prompt_suffix", "grader"};
  return names;
}

const char* unit_of(const std::string& metric) { return metric == "rating" ? "points" : "percent"; }

std::string printed_value(const PublishedNumber& number) {
  const double shown = number.metric == "rating" ? number.value : number.value * 100;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", static_cast<int>(number.decimals), shown);
  return text;
}

const PublishedNumber* Registry::find(const std::string& id) const {
  for (const PublishedNumber& number : numbers) {
    if (number.id == id) return &number;
  }
  return nullptr;
}

const SourceConflict* Registry::conflict(const std::string& id) const {
  for (const SourceConflict& one : conflicts) {
    if (one.id == id) return &one;
  }
  return nullptr;
}

std::vector<const PublishedNumber*> Registry::other_printings(const PublishedNumber& number) const {
  std::vector<const PublishedNumber*> others;
  for (const PublishedNumber& other : numbers) {
    if (other.id == number.id || other.model != number.model || other.benchmark != number.benchmark || other.metric != number.metric) continue;
    const bool shared = std::any_of(other.conflicts.begin(), other.conflicts.end(), [&](const std::string& id) {
      return std::find(number.conflicts.begin(), number.conflicts.end(), id) != number.conflicts.end();
    });
    if (shared && other.value != number.value) others.push_back(&other);
  }
  return others;
}

namespace {

PublishedNumber number_of(const Row& row, const ProtocolWithEvidence& protocol, const Source& source, const std::string& place) {
  const bool rating = row.metric == "rating";
  if (!is_metric(row.metric) && !published_metrics().contains(row.metric)) {
    std::vector<std::string> known = metric_names();
    known.insert(known.end(), published_metrics().begin(), published_metrics().end());
    throw Error("unknown metric '" + row.metric + "'", place, "known: " + join(known, ", "));
  }
  if (!rating && row.value > 100) throw Error("'value' should be between 0 and 100", place, "shares are printed in percent");
  if (row.standard_deviation.has_value() != (row.num_runs > 0)) throw Error("`standard_deviation` and `num_runs` belong together", place, "give both");
  const double unit = rating ? 1 : 0.01;
  PublishedNumber number;
  number.id = row.id;
  number.model = row.model;
  number.benchmark = row.benchmark;
  number.metric = row.metric;
  number.value = rating ? row.value : row.value / 100;
  number.rounding = 0.5 * std::pow(10.0, -static_cast<double>(row.decimals)) * unit;
  number.decimals = row.decimals;
  number.num_problems = row.num_problems;
  if (row.standard_deviation) number.standard_error = *row.standard_deviation * unit / std::sqrt(static_cast<double>(row.num_runs));
  number.protocol = protocol.conditions;
  number.evidence_of = protocol.evidence;
  number.protocol_name = row.protocol;
  number.source = source.text() + (row.table.empty() ? "" : ", " + row.table);
  number.evidence = row.evidence;
  number.note = row.note;
  number.superseded_by = row.superseded_by;
  number.incomparable = row.incomparable;
  number.conflicts = row.conflicts;
  return number;
}

std::vector<SourceConflict> read_conflicts(const YAML::Node& root, const std::string& file) {
  std::vector<SourceConflict> conflicts;
  const YAML::Node list = root["conflicts"];
  if (!list.IsDefined()) return conflicts;
  if (!list.IsSequence() || list.size() > kMaxEntries) throw Error("`conflicts` should be a list", file, "write `- {id: ..., text: ...}`");
  for (const auto& node : list) {
    SourceConflict conflict;
    YamlFields reader(node, file);
    reader.field("id", conflict.id, "", config::required());
    reader.field("text", conflict.text, "", config::required());
    reader.finish();
    conflicts.push_back(std::move(conflict));
  }
  return conflicts;
}

// Multiples of 1 / total that print as the number does.
bool prints_from(const PublishedNumber& number, int64_t total) {
  const double nearest_multiple = std::round(number.value * static_cast<double>(total)) / static_cast<double>(total);
  return std::abs(nearest_multiple - number.value) <= number.rounding * (1 + 1e-9);
}

}  // namespace

Registry read_published(const std::filesystem::path& path) {
  const std::string file = path.string();
  const YAML::Node root = load_small_yaml(path);
  Source source;
  YamlFields source_reader(section(root, "source", file), file);
  source.fields(source_reader);
  source_reader.finish();
  const auto protocols = read_protocols(section(root, "protocols", file), file);
  const YAML::Node rows = section(root, "numbers", file);
  if (!rows.IsSequence() || rows.size() > kMaxEntries) throw Error("`numbers` should be a list", file, "write `- id: ...`");
  Registry registry;
  registry.conflicts = read_conflicts(root, file);
  std::set<std::string> ids;
  for (const auto& node : rows) {
    Row row;
    YamlFields reader(node, file);
    row.fields(reader);
    reader.finish();
    const auto protocol = protocols.find(row.protocol);
    if (protocol == protocols.end()) {
      throw Error("the number '" + row.id + "' has no conditions: no protocol '" + row.protocol + "'",
                  reader.place(node), "describe it under `protocols`");
    }
    if (!ids.insert(row.id).second) throw Error("the id '" + row.id + "' stands twice", reader.place(node), "rename one");
    registry.numbers.push_back(number_of(row, protocol->second, source, reader.place(node)));
  }
  return registry;
}

Registry read_published_folder(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (is_folder(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  Registry registry;
  std::set<std::string> ids, conflicts;
  std::string hashes;
  for (const auto& file : files) {
    Registry part = read_published(file);
    for (PublishedNumber& number : part.numbers) {
      if (!ids.insert(number.id).second) throw Error("the id '" + number.id + "' stands in two files", file.string(), "rename one");
      registry.numbers.push_back(std::move(number));
    }
    for (SourceConflict& conflict : part.conflicts) {
      if (!conflicts.insert(conflict.id).second) throw Error("the conflict '" + conflict.id + "' stands twice", file.string(), "rename one");
      registry.conflicts.push_back(std::move(conflict));
    }
    hashes += file.filename().string() + " " + sha256_file_hex(file) + "\n";
  }
  for (const PublishedNumber& number : registry.numbers) {
    for (const std::string& id : number.conflicts) {
      if (!conflicts.contains(id)) throw Error("the number '" + number.id + "' names the conflict '" + id + "', which no file describes", folder.string(), "add it under `conflicts`");
    }
    if (!number.superseded_by.empty() && !ids.contains(number.superseded_by)) {
      throw Error("the number '" + number.id + "' is superseded by '" + number.superseded_by + "', which is not there", folder.string(), "mend the id");
    }
  }
  registry.hash = sha256_hex(hashes);
  return registry;
}

std::optional<bool> is_representable(const PublishedNumber& number) {
  const auto k = parse_int(number.protocol.at("num_generations"));
  if (number.metric != "pass@1" || number.num_problems == 0 || !k || *k < 1) return std::nullopt;
  return prints_from(number, number.num_problems * *k);
}

int64_t fewest_samples(const PublishedNumber& number, int64_t most) {
  for (int64_t k = 1; k <= most && number.num_problems > 0; ++k) {
    if (prints_from(number, number.num_problems * k)) return k;
  }
  return 0;
}

}  // namespace reprise::evaluation
