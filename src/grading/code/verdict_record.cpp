#include "grading/code/verdict_record.h"

#include <map>
#include <memory>
#include <mutex>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/strings.h"
#include "io/row_log.h"

namespace reprise::grading::code {
namespace {

using Json = nlohmann::ordered_json;

struct Kept {
  CodeVerdict verdict;
  bool replayed = false;
};

struct Record {
  std::mutex mutex;
  std::unique_ptr<io::RowLog> log;
  std::map<std::string, Kept> known;     // in our file
  std::map<std::string, Kept> replayed;  // in the other run's
};

Record& record() {
  static Record one;
  return one;
}

std::string line_of(const std::string& key, const Kept& kept) {
  const CodeVerdict& v = kept.verdict;
  Json row = {{"key", key}, {"verdict", to_string(v.kind)}, {"failing_test", v.failing_test}, {"message", v.message}, {"cpu_seconds", v.cpu_seconds}, {"peak_memory_bytes", v.peak_memory_bytes}, {"isolation", v.layers}};
  if (kept.replayed) row["replayed"] = true;
  return row.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::map<std::string, Kept> read_verdicts(const fs::path& file) {
  std::map<std::string, Kept> out;
  for (const std::string& line : split(read_file(file), '\n')) {
    const Json row = Json::parse(line, nullptr, false);
    try {
      if (!row.is_object()) continue;
      Kept kept;
      kept.verdict.kind = code_verdict_from(row.at("verdict").get<std::string>());
      kept.verdict.failing_test = row.at("failing_test").get<int>();
      kept.verdict.message = row.at("message").get<std::string>();
      kept.verdict.cpu_seconds = row.at("cpu_seconds").get<double>();
      kept.verdict.peak_memory_bytes = row.at("peak_memory_bytes").get<int64_t>();
      kept.verdict.layers = row.at("isolation").get<std::vector<std::string>>();
      kept.replayed = row.value("replayed", false);
      out[row.at("key").get<std::string>()] = std::move(kept);
    } catch (const std::exception&) {
      // A damaged line is a verdict that nobody kept.
    }
  }
  return out;
}

}  // namespace

void keep_verdicts_in(const fs::path& file, const fs::path& replayed) {
  Record& r = record();
  const std::lock_guard lock(r.mutex);
  r.log.reset();
  r.known.clear();
  r.replayed.clear();
  if (file.empty()) return;
  if (!replayed.empty() && is_file(replayed)) r.replayed = read_verdicts(replayed);
  if (is_file(file)) {
    r.known = read_verdicts(file);
    const std::string text = read_file(file);
    // What a kill cut would glue itself to the next line.
    if (!text.empty() && text.back() != '\n') write_file(file, text.substr(0, text.rfind('\n') + 1));
  }
  r.log = std::make_unique<io::RowLog>(file);
}

std::string verdict_key(std::string_view tests, std::string_view program) {
  return sha256_hex(std::to_string(tests.size()) + " " + std::string(tests) + std::string(program)).substr(0, 32);
}

std::optional<CodeVerdict> kept_verdict(const std::string& key) {
  Record& r = record();
  const std::lock_guard lock(r.mutex);
  if (!r.log) return std::nullopt;
  if (const auto found = r.known.find(key); found != r.known.end()) return found->second.verdict;
  const auto found = r.replayed.find(key);
  if (found == r.replayed.end()) return std::nullopt;
  Kept kept = found->second;
  kept.replayed = true;
  r.log->append(line_of(key, kept));
  return (r.known[key] = std::move(kept)).verdict;
}

void keep_verdict(const std::string& key, const CodeVerdict& verdict) {
  Record& r = record();
  const std::lock_guard lock(r.mutex);
  if (!r.log || verdict.kind == CodeVerdictKind::judge_error || r.known.count(key)) return;
  r.log->append(line_of(key, r.known[key] = {verdict, false}));
}

VerdictCounts count_verdicts(const fs::path& file) {
  VerdictCounts out;
  if (!is_file(file)) return out;
  for (const auto& [key, kept] : read_verdicts(file)) ++(kept.replayed ? out.replayed : out.judged);
  return out;
}

}  // namespace reprise::grading::code
