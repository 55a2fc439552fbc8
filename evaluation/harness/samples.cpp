// samples.jsonl: strict on the way in (a row that half fits would silently move a score), sorted on the way
// out. prompt, answer and reason are the only keys that may be missing: older runs were written without them.
#include "evaluation/harness/samples.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace reprise::evaluation {

namespace {

using grading::VerdictKind;
using Json = nlohmann::ordered_json;

constexpr size_t kMaxFileBytes = size_t{4} << 30;
constexpr size_t kMaxLineBytes = size_t{64} << 20;
constexpr size_t kMaxRows = 20'000'000;
constexpr int64_t kMaxCount = int64_t{1} << 40;

constexpr std::array<std::pair<VerdictKind, const char*>, 4> kVerdictNames = {{
    {VerdictKind::correct, "correct"},
    {VerdictKind::incorrect, "incorrect"},
    {VerdictKind::unverifiable, "unverifiable"},
    {VerdictKind::no_answer, "no_answer"},
}};

class RowReader {
 public:
  RowReader(const Json& row, std::string where) : row_(row), where_(std::move(where)) {}

  std::string text(const char* key) {
    const Json& value = need(key);
    if (!value.is_string()) fail(key, "a string");
    return value.get<std::string>();
  }
  bool flag(const char* key) {
    const Json& value = need(key);
    if (!value.is_boolean()) fail(key, "true or false");
    return value.get<bool>();
  }
  int64_t count(const char* key) {
    const Json& value = need(key);
    // An unsigned JSON number above 2^63 would wrap: compare before converting.
    const bool fits = value.is_number_unsigned()
                          ? value.get<uint64_t>() <= static_cast<uint64_t>(kMaxCount)
                          : value.is_number_integer() && value.get<int64_t>() >= 0;
    if (!fits) fail(key, "a whole number of at least 0");
    known_.insert(key);
    return value.get<int64_t>();
  }
  VerdictKind verdict(const char* key) {
    const std::string name = text(key);
    for (const auto& [kind, known] : kVerdictNames) {
      if (name == known) return kind;
    }
    fail(key, "correct, incorrect, unverifiable or no_answer");
  }
  void no_other_keys() {
    for (const auto& [key, value] : row_.items()) {
      if (!known_.contains(key)) {
        throw Error("unknown key '" + key + "' in a sample", where_,
                    "is this a samples.jsonl of this version?");
      }
    }
  }

 private:
  const Json& need(const char* key) {
    known_.insert(key);
    const auto found = row_.find(key);
    if (found == row_.end()) {
      throw Error("a sample without '" + std::string(key) + "'", where_, "run the evaluation again");
    }
    return *found;
  }
  [[noreturn]] void fail(const char* key, const char* wanted) {
    throw Error("'" + std::string(key) + "' should be " + wanted, where_, "run the evaluation again");
  }

  const Json& row_;
  std::string where_;
  std::set<std::string> known_;
};

auto place(const EvaluationSample& sample) {
  return std::tie(sample.problem_id, sample.sample_index);
}

}  // namespace

const char* verdict_name(VerdictKind kind) {
  for (const auto& [known, name] : kVerdictNames) {
    if (known == kind) return name;
  }
  return "no_answer";
}

void write_samples(const std::filesystem::path& path, std::vector<EvaluationSample> samples) {
  std::sort(samples.begin(), samples.end(),
            [](const auto& a, const auto& b) { return place(a) < place(b); });
  std::string text;
  for (size_t i = 0; i < samples.size(); ++i) {
    const EvaluationSample& sample = samples[i];
    if (i > 0 && place(samples[i - 1]) == place(sample)) {
      throw Error("sample " + std::to_string(sample.sample_index) + " of problem '" +
                      sample.problem_id + "' comes twice", path.string(),
                  "problem ids must be unique in a store");
    }
    Json row;
    row["problem_id"] = sample.problem_id;
    row["sample_index"] = sample.sample_index;
    row["level"] = sample.level;
    row["language"] = sample.language;
    row["verdict"] = verdict_name(sample.verdict);
    row["extracted"] = sample.extracted;
    row["format_ok"] = sample.format_ok;
    row["language_mixed"] = sample.language_mixed;
    row["num_tokens"] = sample.num_tokens;
    row["finished"] = sample.finished;
    row["completion"] = sample.completion;
    if (!sample.prompt.empty()) row["prompt"] = sample.prompt;
    if (!sample.answer.empty()) row["answer"] = sample.answer;
    if (!sample.reason.empty()) row["reason"] = sample.reason;
    text += row.dump(-1, ' ', false, Json::error_handler_t::replace);
    text += '\n';
  }
  write_file(path, text);
}

std::vector<EvaluationSample> read_samples(const std::filesystem::path& path) {
  const std::string text = read_file(path, kMaxFileBytes);
  if (!text.empty() && text.back() != '\n') {
    throw Error("the last line has no end", path.string(),
                "the file was cut off: run the evaluation again");
  }
  std::vector<EvaluationSample> samples;
  size_t line_number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    const std::string where = path.string() + ":" + std::to_string(++line_number);
    if (end - begin > kMaxLineBytes || line_number > kMaxRows) {
      throw Error("more than a samples file can hold", where, "is this the right file?");
    }
    const Json row = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                 text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (!row.is_object()) throw Error("not a JSON object", where, "run the evaluation again");
    RowReader reader(row, where);
    EvaluationSample sample;
    sample.problem_id = reader.text("problem_id");
    sample.sample_index = reader.count("sample_index");
    sample.level = reader.count("level");
    sample.language = reader.text("language");
    sample.verdict = reader.verdict("verdict");
    sample.extracted = reader.text("extracted");
    sample.format_ok = reader.flag("format_ok");
    sample.language_mixed = reader.flag("language_mixed");
    sample.num_tokens = reader.count("num_tokens");
    sample.finished = reader.flag("finished");
    sample.completion = reader.text("completion");
    sample.prompt = row.contains("prompt") ? reader.text("prompt") : "";
    sample.answer = row.contains("answer") ? reader.text("answer") : "";
    sample.reason = row.contains("reason") ? reader.text("reason") : "";
    reader.no_other_keys();
    if (!samples.empty() && !(place(samples.back()) < place(sample))) {
      throw Error("samples out of order or repeated", where,
                  "rows must be sorted by problem_id, then sample_index");
    }
    samples.push_back(std::move(sample));
    begin = end + 1;
  }
  return samples;
}

}  // namespace reprise::evaluation
