// Writing the report, and its JSON.
#include "evaluation/harness/report.h"

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "evaluation/harness/run_scores.h"

namespace reprise::evaluation {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }
Json pair(const Interval& interval) { return Json::array({number(interval.low), number(interval.high)}); }

Json metric(const PooledMetric& pooled) {
  Json json;
  json["value"] = number(pooled.value);
  json["interval"] = pair(pooled.interval);
  json["by_seed"] = pooled.by_seed;
  return json;
}

Json evaluation(const EvaluationRow& row) {
  Json json;
  json["stage"] = row.stage;
  json["from"] = row.from;
  json["force_empty_thinking"] = row.empty_thinking;
  json["num_problems"] = row.num_problems;
  json["num_samples"] = row.num_samples;
  json["num_generations"] = row.num_generations;
  json["pass@1"] = metric(row.pass_at_1);
  json["cons@k"] = metric(row.majority);
  json["format"] = metric(row.format);
  json["language_mixing"] = metric(row.language_mixing);
  json["truncated"] = metric(row.truncated);
  json["no_answer"] = metric(row.no_answer);
  json["mean_length"] = metric(row.mean_length);
  json["sampling_error"] = Json::array();
  for (const EvaluationSummary& run : row.by_run) json["sampling_error"].push_back(number(run.pass_at_1.sampling_error));
  json["levels"] = Json::array();
  for (const auto& level : row.levels) {
    json["levels"].push_back({{"level", level.level}, {"num_problems", level.num_problems},
                              {"pass@1", number(level.pass_at_1)}, {"interval", pair(level.interval)}});
  }
  return json;
}

}  // namespace

nlohmann::ordered_json report_json(const ReportData& data) {
  const RunData& first = *data.runs[0];
  Json json;
  json["recipe"] = first.recipe_name;
  json["question"] = first.question;
  json["claims"] = Json::array();
  for (const ClaimResult& claim : data.claims) json["claims"].push_back(claim.to_json());
  json["stages"] = Json::array();
  for (const StageRow& stage : data.stages) {
    json["stages"].push_back({{"name", stage.name}, {"type", stage.type}, {"from", stage.from},
                              {"steps", number(stage.steps)}, {"seconds", number(stage.seconds)},
                              {"tokens_per_second", number(stage.tokens_per_second)}, {"num_done", stage.num_done}});
  }
  json["evaluations"] = Json::array();
  for (const EvaluationRow& row : data.evaluations) json["evaluations"].push_back(evaluation(row));
  json["published"] = Json::array();
  for (size_t i = 0; i < data.published.size(); ++i) {
    const PublishedComparison& one = data.published[i];
    json["published"].push_back({{"stage", data.published_stage[i]}, {"id", one.published.id}, {"model", one.published.model},
                                 {"metric", one.published.metric}, {"value", one.published.value}, {"source", one.published.source},
                                 {"verdict", one.verdict}, {"difference", one.comparable ? number(one.difference) : Json(nullptr)},
                                 {"interval", one.comparable ? pair(one.interval) : Json(nullptr)}, {"differences", one.differences}});
  }
  json["published_notes"] = data.published_notes;
  if (!data.contamination.stages.empty()) json["contamination"] = contamination_json(data.contamination);
  json["seeds"] = Json::array();
  for (const RunData* run : data.runs) json["seeds"].push_back(run->seed ? Json(*run->seed) : Json(nullptr));
  json["provenance"] = first.provenance;
  return json;
}

std::string verdict_line(const std::vector<ClaimResult>& claims) {
  if (claims.empty()) return "no claims";
  std::vector<std::string> parts;
  for (const auto& [verdict, words] : {std::pair{ClaimVerdict::reproduced, "reproduced"}, std::pair{ClaimVerdict::not_reproduced, "not reproduced"},
                                       std::pair{ClaimVerdict::inconclusive, "inconclusive"}}) {
    int64_t count = 0;
    for (const ClaimResult& claim : claims) count += claim.verdict == verdict;
    if (count > 0) parts.push_back(std::to_string(count) + " " + words);
  }
  return join(parts, ", ");
}

fs::path published_folder() {
  std::error_code ignored;
  for (fs::path folder = executable_folder(); folder.has_relative_path(); folder = folder.parent_path()) {
    for (const fs::path& candidate : {folder / "evaluation" / "published", folder / "share" / "reprise" / "published"}) {
      if (is_folder(candidate)) return candidate;
    }
  }
  const fs::path here = fs::current_path(ignored) / "evaluation" / "published";
  return is_folder(here) ? here : fs::path();
}

std::string write_report(const std::vector<fs::path>& runs, const fs::path& published, const fs::path& out) {
  if (runs.empty()) throw Error("no run to report on", "", "give a run folder");
  std::vector<RunData> read;
  for (const fs::path& run : runs) read.push_back(read_run(run));
  const ReportData data = make_report_data(read, read_published_folder(published));
  const std::string html = report_html(data), markdown = report_markdown(data);
  const std::string json = report_json(data).dump(2, ' ', false, Json::error_handler_t::replace);
  make_folders(out);
  if (const std::string scores = run_scores_html(*data.runs[0]); !scores.empty()) write_file(out / "scores.html", scores);
  write_file(out / "report.html", html);
  write_file(out / "report.md", markdown);
  write_file(out / "report.json", json + "\n");
  return verdict_line(data.claims);
}

}  // namespace reprise::evaluation
