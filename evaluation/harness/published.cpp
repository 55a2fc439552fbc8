// evaluation/published/*.yaml. Values are stored as printed (percent, with their decimals), because the
// rounding is part of what is compared.
#include "evaluation/harness/published.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "evaluation/harness/special_functions.h"
#include "evaluation/harness/yaml_fields.h"

namespace reprise::evaluation {

namespace {

constexpr size_t kMaxEntries = 20'000;

struct Row {
  std::string id, model, benchmark, metric, protocol, table, note;
  std::string evidence;
  double value = 0;
  int64_t decimals = 1, num_problems = 0;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("id", id, "Unique name of the number.", required());
    v.field("model", model, "Whose score it is.", required());
    v.field("benchmark", benchmark, "Id of a file in evaluation/benchmarks.", required());
    v.field("metric", metric, "pass@1, cons@k, pass@N.", required());
    v.field("value", value, "As printed, in percent.", Bounds{.minimum = 0, .maximum = 100, .required = true});
    v.field("decimals", decimals, "Digits printed after the point.", between(0, 6));
    v.field("num_problems", num_problems, "Problems in the set.", Bounds{.minimum = 1, .required = true});
    v.field("protocol", protocol, "Name of one of the file's protocols.", required());
    v.field("table", table, "Where in the source.");
    v.field("evidence", evidence, "primary: read in the source; copy: in a copy of it; secondary: told by others.",
            Bounds{.choices = {"primary", "copy", "secondary"}, .required = true});
    v.field("note", note, "What a reader should know (conflicts with other printings).");
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

std::map<std::string, Protocol> read_protocols(const YAML::Node& node, const std::string& file) {
  std::map<std::string, Protocol> protocols;
  if (!node.IsMap()) throw Error("`protocols` should be a map", file, "write `NAME:` and its conditions below");
  for (const auto& entry : node) {
    const std::string name = entry.first.Scalar();
    const std::string where = file + ":" + std::to_string(entry.first.Mark().line + 1);
    if (!entry.second.IsMap()) throw Error("the protocol '" + name + "' has no conditions", where, "list them below it");
    Protocol protocol;
    for (const auto& condition : entry.second) {
      const std::string key = condition.first.Scalar();
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
    }
    if (!protocols.emplace(name, std::move(protocol)).second) {
      throw Error("two protocols are called '" + name + "'", where, "rename one");
    }
  }
  return protocols;
}

// "0.60" and "0.6" are one condition.
bool same_condition(const std::string& a, const std::string& b) {
  const auto x = parse_double(trim(a)), y = parse_double(trim(b));
  if (x && y) return *x == *y;
  return trim(a) == trim(b);
}

std::string shown(const std::string& value) { return value.empty() ? "none" : "'" + value + "'"; }

// Our sampling error on the fixed set; one sample a problem bounds it by the binomial's.
double fixed_set_error(const Estimate& estimate) {
  if (std::isfinite(estimate.sampling_error) && estimate.sampling_error > 0) return estimate.sampling_error;
  const double n = static_cast<double>(estimate.num_problems);
  const double p = std::clamp(estimate.value, 0.5 / n, 1 - 0.5 / n);
  return std::sqrt(p * (1 - p) / n);
}

}  // namespace

const std::vector<std::string>& condition_names() {
  static const std::vector<std::string> names = {
      "split", "num_generations", "temperature", "top_p", "max_completion_length", "num_shots",
      "system_prompt", "prompt_suffix", "grader"};
  return names;
}

std::vector<PublishedNumber> read_published(const std::filesystem::path& path) {
  const std::string file = path.string();
  const YAML::Node root = load_small_yaml(path);
  Source source;
  YamlFields source_reader(section(root, "source", file), file);
  source.fields(source_reader);
  source_reader.finish();
  const auto protocols = read_protocols(section(root, "protocols", file), file);
  const YAML::Node rows = section(root, "numbers", file);
  if (!rows.IsSequence() || rows.size() > kMaxEntries) throw Error("`numbers` should be a list", file, "write `- id: ...`");
  std::vector<PublishedNumber> numbers;
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
    if (!is_metric(row.metric)) throw Error("unknown metric '" + row.metric + "'", reader.place(node), "known: " + join(metric_names(), ", "));
    if (!ids.insert(row.id).second) throw Error("the id '" + row.id + "' stands twice", reader.place(node), "rename one");
    PublishedNumber number;
    number.id = row.id;
    number.model = row.model;
    number.benchmark = row.benchmark;
    number.metric = row.metric;
    number.value = row.value / 100;
    number.rounding = 0.5 * std::pow(10.0, -static_cast<double>(row.decimals)) / 100;
    number.num_problems = row.num_problems;
    number.protocol = protocol->second;
    number.protocol_name = row.protocol;
    number.source = source.text() + (row.table.empty() ? "" : ", " + row.table);
    number.evidence = row.evidence;
    number.note = row.note;
    numbers.push_back(std::move(number));
  }
  return numbers;
}

std::vector<PublishedNumber> read_published_folder(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (is_folder(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<PublishedNumber> numbers;
  std::set<std::string> ids;
  for (const auto& file : files) {
    for (PublishedNumber& number : read_published(file)) {
      if (!ids.insert(number.id).second) throw Error("the id '" + number.id + "' stands in two files", file.string(), "rename one");
      numbers.push_back(std::move(number));
    }
  }
  return numbers;
}

PublishedComparison compare(const OwnNumber& own, const PublishedNumber& published, double margin) {
  PublishedComparison result;
  result.published = published;
  result.margin = margin;
  result.difference = own.estimate.value - published.value;
  const auto differ = [&](const std::string& what) { result.differences.push_back(what); };
  if (own.model != published.model) differ("model: " + shown(own.model) + " here, " + shown(published.model) + " there");
  if (own.benchmark != published.benchmark) differ("benchmark: " + shown(own.benchmark) + " here, " + shown(published.benchmark) + " there");
  if (own.metric != published.metric) differ("metric: " + own.metric + " here, " + published.metric + " there");
  if (own.estimate.num_problems != published.num_problems) {
    differ("problems: " + std::to_string(own.estimate.num_problems) + " here, " + std::to_string(published.num_problems) + " there");
  }
  for (const std::string& key : condition_names()) {
    const std::string& theirs = published.protocol.at(key);
    const auto ours = own.protocol.find(key);
    if (ours == own.protocol.end() || ours->second == "unstated") {
      differ(key + ": not known here, " + (theirs == "unstated" ? "not stated there" : shown(theirs) + " there"));
    } else if (theirs == "unstated") {
      differ(key + ": " + shown(ours->second) + " here, not stated there");
    } else if (!same_condition(ours->second, theirs)) {
      differ(key + ": " + shown(ours->second) + " here, " + shown(theirs) + " there");
    }
  }
  result.comparable = result.differences.empty();
  if (!result.comparable) {
    result.verdict = "not comparable";
    return result;
  }
  // Same problems and number of samples on both sides, so the published side is given our sampling error.
  const double error = std::sqrt(2.0) * fixed_set_error(own.estimate);
  const double reach90 = normal_quantile(0.95) * error + published.rounding;
  const double reach95 = normal_quantile(0.975) * error + published.rounding;
  result.interval = {result.difference - reach90, result.difference + reach90};
  const bool within = result.interval.low > -margin && result.interval.high < margin;
  const bool apart = std::abs(result.difference) > reach95;
  result.verdict = within ? "equivalent" : apart ? "different" : "inconclusive";
  return result;
}

}  // namespace reprise::evaluation
