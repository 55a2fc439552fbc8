// Comparing runs.
#include "pipeline/compare_ledgers.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "pipeline/run_folder.h"

namespace reprise::pipeline {
namespace {

std::vector<std::string> rows_of(const fs::path& file) {
  std::vector<std::string> rows;
  if (!is_file(file)) return rows;
  rows = split(read_file(file), '\n');
  rows.pop_back();  // what follows the last newline: nothing, or a torn row
  return rows;
}

LedgerComparison compare(const std::string& stage, const std::vector<std::string>& first, const std::vector<std::string>& second) {
  LedgerComparison out;
  out.stage = stage;
  out.num_steps_first = static_cast<int64_t>(first.size());
  out.num_steps_second = static_cast<int64_t>(second.size());
  size_t i = 0;
  while (i < first.size() && i < second.size() && first[i] == second[i]) ++i;
  out.num_equal = static_cast<int64_t>(i);
  const std::string total = format_count(std::max(out.num_steps_first, out.num_steps_second));
  if (i == first.size() && i == second.size()) {
    out.text = stage + ": " + format_count(out.num_equal) + " of " + total + " steps agree bit for bit";
    return out;
  }
  const auto row = [&](const std::vector<std::string>& rows) {
    return i < rows.size() ? nlohmann::ordered_json::parse(rows[i], nullptr, false) : nlohmann::ordered_json();
  };
  const auto a = row(first), b = row(second);
  const auto& any = a.is_object() ? a : b;
  out.first_difference = any.is_object() && any.contains("step") && any["step"].is_number_integer() ? any["step"].get<int64_t>() : out.num_equal;
  std::vector<std::string> shown;
  if (i >= first.size() || i >= second.size()) {
    out.fields = {"missing"};
    shown = {std::string("the ") + (i >= first.size() ? "first" : "second") + " run has no such step"};
  } else if (!a.is_object() || !b.is_object()) {
    out.fields = {"damaged"};
    shown = {"a row is damaged"};
  } else {
    std::set<std::string> names;
    for (const auto& [name, value] : a.items()) names.insert(name);
    for (const auto& [name, value] : b.items()) names.insert(name);
    for (const std::string& name : names) {
      const std::string left = a.contains(name) ? a[name].dump() : "nothing", right = b.contains(name) ? b[name].dump() : "nothing";
      if (left == right) continue;
      out.fields.push_back(name);
      shown.push_back(name + " " + left + " and " + right);
    }
  }
  out.text = stage + ": " + format_count(out.num_equal) + " of " + total + " steps agree, step " + std::to_string(out.first_difference) +
             " is the first that differs (" + join(shown, ", ") + ")";
  return out;
}

std::map<std::string, std::string> verdicts_of(const fs::path& run) {
  std::map<std::string, std::string> out;
  const auto report = read_json_or_null(run / "report" / "report.json");
  if (!report.is_object() || !report.contains("claims") || !report["claims"].is_array()) return out;
  for (const auto& claim : report["claims"]) {
    if (claim.is_object()) out[claim.value("name", "")] = claim.value("verdict", "");
  }
  return out;
}

}  // namespace

std::vector<LedgerComparison> compare_ledgers(const fs::path& first_run, const fs::path& second_run) {
  std::set<std::string> stages;
  for (const fs::path& run : {first_run, second_run}) {
    if (!is_folder(run / "ledger")) continue;
    for (const auto& entry : fs::directory_iterator(run / "ledger")) {
      if (entry.path().extension() == ".jsonl") stages.insert(entry.path().stem().string());
    }
  }
  std::vector<LedgerComparison> out;
  for (const std::string& stage : stages) {
    const std::string name = stage + ".jsonl";
    out.push_back(compare(stage, rows_of(first_run / "ledger" / name), rows_of(second_run / "ledger" / name)));
  }
  return out;
}

Reproduction compare_runs(const fs::path& first_run, const fs::path& second_run) {
  Reproduction out;
  const auto a = read_json_or_null(first_run / "provenance.json"), b = read_json_or_null(second_run / "provenance.json");
  if (a.is_null() || b.is_null()) throw Error("has no provenance.json", (a.is_null() ? first_run : second_run).string(), "give a folder that `reprise run` wrote");
  for (const char* name : {"git_revision", "compiler", "libraries", "isa", "device", "device_name", "num_threads", "torch_dtype"}) {
    const auto left = a.value(name, nlohmann::json()), right = b.value(name, nlohmann::json());
    if (left == right) continue;
    out.machine_differences.push_back(std::string(name) + ": " + left.dump() + " and " + right.dump());
    out.bitwise_expected = false;
  }
  out.stages = compare_ledgers(first_run, second_run);
  const bool equal = !out.stages.empty() && std::all_of(out.stages.begin(), out.stages.end(), [](const auto& s) { return s.agrees(); });
  const auto before = verdicts_of(first_run), after = verdicts_of(second_run);
  bool claims_agree = !before.empty() && before.size() == after.size();
  for (const auto& [name, verdict] : before) {
    const auto found = after.find(name);
    const std::string other = found == after.end() ? "not judged" : found->second;
    claims_agree = claims_agree && other == verdict;
    out.claims.push_back(name + ": " + (other == verdict ? verdict + " in both" : verdict + ", and now " + other));
  }
  out.agrees = equal || (!out.bitwise_expected && claims_agree);
  return out;
}

std::string to_text(const Reproduction& reproduction) {
  std::string out;
  if (!reproduction.machine_differences.empty()) {
    out += "not the same build or machine, so claims are compared and equal bits are not expected:\n";
    for (const std::string& line : reproduction.machine_differences) out += "  " + line + "\n";
  }
  for (const LedgerComparison& stage : reproduction.stages) out += stage.text + "\n";
  for (const std::string& line : reproduction.claims) out += "claim " + line + "\n";
  return out + (reproduction.agrees ? "reproduced\n" : "not reproduced\n");
}

}  // namespace reprise::pipeline
