// Strict on the way in: a line that half fits would silently move a score.
#include "data/overlap_file.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "config/writer.h"

namespace reprise::data {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxFileBytes = size_t{4} << 30;

Json by_n(const std::vector<int64_t>& sizes, const std::vector<int64_t>& counts) {
  Json out = Json::object();
  for (size_t i = 0; i < sizes.size(); ++i) out[std::to_string(sizes[i])] = counts[i];
  return out;
}

template <class T>
T value_of(const Json& row, const char* key, const std::string& where) {
  const auto found = row.find(key);
  bool fits = found != row.end();
  if constexpr (std::is_same_v<T, std::string>) fits = fits && found->is_string();
  else if constexpr (std::is_same_v<T, bool>) fits = fits && found->is_boolean();
  else if constexpr (std::is_same_v<T, int64_t>) fits = fits && found->is_number_integer();
  else fits = fits && found->is_number();
  if (!fits) throw Error(std::string("has no fitting '") + key + "'", where, "is this an overlap.jsonl of this version?");
  return found->get<T>();
}

}  // namespace

void write_overlap_file(const std::filesystem::path& path, const std::vector<OverlapPair>& pairs) {
  std::string text;
  for (const OverlapPair& pair : pairs) {
    for (const OverlapHit& hit : pair.hits) {
      const Json row = {{"training", pair.training},       {"row", hit.row},           {"benchmark", pair.benchmark}, {"problem", hit.problem}, {"kind", hit.kind()},
                        {"n", hit.n},                      {"shared_words", hit.shared_words}, {"covered", hit.covered},      {"similarity", hit.similarity},
                        {"decides", hit.decides},          {"in_solution", hit.in_solution},   {"text", hit.text}};
      text += row.dump(-1, ' ', false, Json::error_handler_t::replace);
      text += '\n';
    }
  }
  write_file(path, text);
}

std::vector<OverlapLine> read_overlap_file(const std::filesystem::path& path) {
  const std::string text = read_file(path, kMaxFileBytes);
  if (!text.empty() && text.back() != '\n') throw Error("the last line has no end", path.string(), "the file was cut off: make it again");
  std::vector<OverlapLine> out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    const std::string where = path.string() + ":" + std::to_string(out.size() + 1);
    if (nesting_depth(std::string_view(text).substr(begin, end - begin)) > 4) throw Error("is nested too deeply", where, "is this an overlap.jsonl?");
    const Json row = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin), text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (!row.is_object()) throw Error("is not a JSON object", where, "is this an overlap.jsonl?");
    OverlapLine line;
    line.training = value_of<std::string>(row, "training", where);
    line.benchmark = value_of<std::string>(row, "benchmark", where);
    line.hit.row = value_of<std::string>(row, "row", where);
    line.hit.problem = value_of<std::string>(row, "problem", where);
    line.hit.whole = value_of<std::string>(row, "kind", where) == "whole";
    line.hit.n = value_of<int64_t>(row, "n", where);
    line.hit.shared_words = value_of<int64_t>(row, "shared_words", where);
    line.hit.covered = value_of<double>(row, "covered", where);
    line.hit.similarity = value_of<double>(row, "similarity", where);
    line.hit.decides = value_of<bool>(row, "decides", where);
    line.hit.in_solution = value_of<bool>(row, "in_solution", where);
    line.hit.text = value_of<std::string>(row, "text", where);
    out.push_back(std::move(line));
    begin = end + 1;
  }
  return out;
}

std::map<std::string, std::set<std::string>> hit_problems(const std::filesystem::path& overlap_file) {
  std::map<std::string, std::set<std::string>> out;
  for (const OverlapLine& line : read_overlap_file(overlap_file)) {
    if (line.hit.decides) out[line.benchmark].insert(line.hit.problem);
  }
  return out;
}

Json overlap_summary(const OverlapIndex& index, const std::vector<OverlapPair>& pairs) {
  Json out;
  out["config"] = config::to_json(index.config());
  const std::vector<int64_t> sizes = index.config().sorted_sizes();
  std::map<std::string, std::set<std::string>> hit;
  size_t num_lines = 0;
  for (const OverlapPair& pair : pairs) {
    num_lines += pair.hits.size();
    for (const OverlapHit& one : pair.hits) {
      if (one.decides) hit[pair.benchmark].insert(one.problem);
    }
  }
  out["benchmarks"] = Json::array();
  for (const OverlapBenchmarkFacts& facts : index.benchmarks()) {
    out["benchmarks"].push_back({{"name", facts.name}, {"num_problems", facts.num_problems}, {"problems_hit", hit[facts.name].size()}, {"own_words", facts.own_words},
                                 {"from_template", facts.from_template}, {"num_short", facts.num_short}, {"num_ngrams", by_n(sizes, facts.num_ngrams)},
                                 {"num_template_ngrams", by_n(sizes, facts.num_template_ngrams)}});
  }
  out["pairs"] = Json::array();
  for (const OverlapPair& pair : pairs) {
    out["pairs"].push_back({{"training", pair.training}, {"benchmark", pair.benchmark}, {"num_rows", pair.num_rows}, {"num_problems", pair.num_problems},
                            {"rows_by_n", by_n(sizes, pair.rows_by_n)}, {"problems_by_n", by_n(sizes, pair.problems_by_n)}, {"rows_whole", pair.rows_whole},
                            {"problems_whole", pair.problems_whole}, {"rows_near", pair.rows_near}, {"problems_near", pair.problems_near}, {"rows_hit", pair.rows_hit},
                            {"problems_hit", pair.problems_hit}, {"problems_half_covered", pair.problems_half_covered}});
  }
  out["hits"] = num_lines;
  return out;
}

}  // namespace reprise::data
