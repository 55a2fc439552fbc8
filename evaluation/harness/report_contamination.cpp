// Gathering, then three ways of writing.
#include "evaluation/harness/report_contamination.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "base/strings.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/report_data.h"

namespace reprise::evaluation {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kExamplesPerPair = 2, kMostExamples = 12;

int64_t count_of(const nlohmann::json& map, const char* key) { return map.is_object() && map.contains(key) && map[key].is_number_integer() ? map[key].get<int64_t>() : 0; }
std::string text_of(const nlohmann::json& map, const char* key) { return map.is_object() && map.contains(key) && map[key].is_string() ? map[key].get<std::string>() : ""; }

std::string store_of(const StageData& stage) { return text_of(stage.keys, "dataset_name"); }

// 12; "12 to 15" where the runs differ.
std::string told(const std::vector<int64_t>& by_run) {
  if (by_run.empty()) return "-";
  const auto [least, most] = std::minmax_element(by_run.begin(), by_run.end());
  return *least == *most ? format_count(*least) : format_count(*least) + " to " + format_count(*most);
}

std::string joined_sizes(const std::vector<int64_t>& sizes) {
  std::vector<std::string> words;
  for (int64_t n : sizes) words.push_back(std::to_string(n));
  return join(words, ", ");
}

void read_counts(const nlohmann::json& counts, ContaminationReport& out, std::map<std::pair<std::string, std::string>, size_t>& places) {
  if (!counts.contains("pairs") || !counts["pairs"].is_array()) return;
  if (out.sizes.empty() && counts.contains("config")) {
    const auto& config = counts["config"];
    if (config.contains("ngram_sizes") && config["ngram_sizes"].is_array()) {
      for (const auto& n : config["ngram_sizes"]) {
        if (n.is_number_integer()) out.sizes.push_back(n.get<int64_t>());
      }
    }
    std::sort(out.sizes.begin(), out.sizes.end());
    out.sizes.erase(std::unique(out.sizes.begin(), out.sizes.end()), out.sizes.end());
    out.decision_ngram = count_of(config, "decision_ngram");
    if (config.contains("near_duplicate_threshold") && config["near_duplicate_threshold"].is_number()) out.near_duplicate_threshold = config["near_duplicate_threshold"].get<double>();
    if (config.contains("decision_covered") && config["decision_covered"].is_number()) out.decision_covered = config["decision_covered"].get<double>();
    out.with_solutions = config.contains("with_solutions") && config["with_solutions"] == true;
  }
  for (const auto& one : counts["pairs"]) {
    const auto key = std::pair(text_of(one, "training"), text_of(one, "benchmark"));
    const auto [at, fresh] = places.emplace(key, out.pairs.size());
    if (fresh) {
      out.pairs.push_back({key.first, key.second});
      out.pairs.back().problems_by_n.resize(out.sizes.size());
    }
    ContaminationPair& pair = out.pairs[at->second];
    for (const auto& [field, list] : {std::pair{"num_rows", &pair.num_rows}, {"num_problems", &pair.num_problems}, {"problems_whole", &pair.problems_whole}, {"problems_near", &pair.problems_near},
                                      {"problems_half_covered", &pair.problems_half_covered}, {"problems_hit", &pair.problems_hit}, {"rows_hit", &pair.rows_hit}}) {
      list->push_back(count_of(one, field));
    }
    for (size_t i = 0; i < out.sizes.size() && one.contains("problems_by_n"); ++i) pair.problems_by_n[i].push_back(count_of(one["problems_by_n"], std::to_string(out.sizes[i]).c_str()));
  }
  if (!counts.contains("benchmarks") || !counts["benchmarks"].is_array()) return;
  for (const auto& one : counts["benchmarks"]) {
    const std::string name = text_of(one, "name");
    if (one.contains("from_template") && one["from_template"] == true && std::find(out.templates.begin(), out.templates.end(), name) == out.templates.end()) out.templates.push_back(name);
  }
}

void add_examples(const StageData& stage, ContaminationReport& out) {
  std::map<std::pair<std::string, std::string>, std::vector<const data::OverlapLine*>> by_pair;
  for (const data::OverlapLine& line : stage.overlap) {
    if (line.hit.decides) by_pair[{line.training, line.benchmark}].push_back(&line);
  }
  for (auto& [names, lines] : by_pair) {
    std::stable_sort(lines.begin(), lines.end(), [](const auto* a, const auto* b) {
      const auto evidence = [](const data::OverlapHit& hit) { return std::tuple(hit.whole, hit.similarity, hit.covered, hit.shared_words); };
      return evidence(a->hit) > evidence(b->hit);
    });
    std::set<std::string> seen;  // problems
    for (const auto* line : lines) {
      if (seen.size() == kExamplesPerPair || out.examples.size() == kMostExamples) break;
      if (seen.insert(line->hit.problem).second) out.examples.push_back(*line);
    }
  }
}

// The scores of one evaluation over all runs; nothing where no problem that was scored is hit.
std::optional<ScoreWithoutHits> score_without(const std::vector<const StageData*>& stages, const std::set<std::string>& hit) {
  ScoreWithoutHits out;
  out.stage = stages[0]->name;
  out.store = store_of(*stages[0]);
  std::vector<std::vector<ProblemOutcomes>> with, without;
  std::set<std::string> scored_and_hit, scored;
  for (const StageData* stage : stages) {
    with.push_back(group_by_problem(stage->samples));
    without.emplace_back();
    for (const ProblemOutcomes& problem : with.back()) {
      scored.insert(problem.problem_id);
      if (hit.contains(problem.problem_id)) scored_and_hit.insert(problem.problem_id);
      else without.back().push_back(problem);
    }
  }
  if (scored_and_hit.empty()) return std::nullopt;
  out.num_problems = static_cast<int64_t>(scored.size());
  out.num_hit = static_cast<int64_t>(scored_and_hit.size());
  const PooledMetric all = pool_metric(with, "pass@1");
  out.with = all.value;
  out.with_interval = all.interval;
  out.has_without = std::none_of(without.begin(), without.end(), [](const auto& one) { return one.empty(); });
  if (out.has_without) {
    const PooledMetric rest = pool_metric(without, "pass@1");
    out.without = rest.value;
    out.without_interval = rest.interval;
  }
  return out;
}

std::string rule_text(const ContaminationReport& report) {
  std::string text = "A problem counts as hit when it stands whole in a training row, is a near-duplicate of one (similarity " + format_double(report.near_duplicate_threshold) + " or more), or shares " +
                     std::to_string(report.decision_ngram) + " words in a row with one";
  if (report.decision_covered > 0) text += " and such runs cover " + percent_text(report.decision_covered) + " % of it";
  text += report.with_solutions ? "; its reference solution counts like its question." : ".";
  return text + " The other sizes, and problems at least half of whose words are covered by what one row shares, are told beside it.";
}

std::string template_text(const std::string& store) {
  return store + " is made from a template: hardly a problem has a word that no other has, so that n-grams recur by themselves. There only whole texts and near-duplicates count.";
}

std::string kind_text(const data::OverlapHit& hit) {
  std::string text = hit.whole ? "whole question" : hit.similarity > 0 ? "near-duplicate, similarity " + format_fixed(hit.similarity, 2) : "n-gram";
  if (hit.shared_words > 0) text += ", " + format_count(hit.shared_words) + " words in a row";
  return text + (hit.in_solution ? ", of the solution" : "");
}

std::string without_text(const ScoreWithoutHits& score) {
  return score.has_without ? percent_text(score.without) + " " + interval_text(score.without_interval, 100) : "every problem was hit";
}

std::vector<std::string> header(const ContaminationReport& report) {
  std::vector<std::string> names = {"rows", "problems"};
  for (int64_t n : report.sizes) names.push_back(std::to_string(n) + "-gram");
  names.insert(names.end(), {"whole", "near-duplicate", "half covered", "hit"});
  return names;
}

std::vector<std::string> cells(const ContaminationPair& pair) {
  std::vector<std::string> out = {told(pair.num_rows), told(pair.num_problems)};
  for (const auto& counts : pair.problems_by_n) out.push_back(told(counts));
  for (const auto* counts : {&pair.problems_whole, &pair.problems_near, &pair.problems_half_covered, &pair.problems_hit}) out.push_back(told(*counts));
  return out;
}

}  // namespace

ContaminationReport make_contamination_report(const std::vector<const RunData*>& runs) {
  ContaminationReport out;
  std::map<std::pair<std::string, std::string>, size_t> places;
  std::map<std::string, std::set<std::string>> hit;  // by store; every store that was compared is in it
  for (const RunData* run : runs) {
    for (const StageData& stage : run->stages) {
      if (stage.type != "contamination") continue;
      if (std::find(out.stages.begin(), out.stages.end(), stage.name) == out.stages.end()) out.stages.push_back(stage.name);
      if (!stage.done) {
        out.notes.push_back("the stage " + stage.name + " of " + run->folder.filename().string() + " has not run");
        continue;
      }
      if (!stage.done_json.contains("counts") || !stage.done_json["counts"].is_object()) continue;
      const auto& counts = stage.done_json["counts"];
      read_counts(counts, out, places);
      if (counts.contains("benchmarks")) {
        for (const auto& one : counts["benchmarks"]) hit[text_of(one, "name")];
      }
      for (const data::OverlapLine& line : stage.overlap) {
        if (line.hit.decides) hit[line.benchmark].insert(line.hit.problem);
      }
      if (run == runs.front()) add_examples(stage, out);
    }
  }
  if (out.stages.empty()) return out;
  for (const StageData& first : runs.front()->stages) {
    std::vector<const StageData*> stages;
    for (const RunData* run : runs) {
      const StageData* found = run->stage(first.name);
      if (found && !found->samples.empty()) stages.push_back(found);
    }
    const auto compared = hit.find(store_of(first));
    if (stages.empty() || compared == hit.end()) continue;
    if (auto score = score_without(stages, compared->second)) out.scores.push_back(std::move(*score));
    else out.untouched.push_back(first.name);
  }
  return out;
}

std::string contamination_html(const ContaminationReport& report) {
  if (report.stages.empty()) return "";
  std::string html = "<h2 id=\"contamination\">Contamination</h2>";
  for (const std::string& note : report.notes) html += "<p class=\"note\">" + escape_html(note) + ".</p>";
  if (report.pairs.empty()) return html;
  html += "<p>What the training stores share with the problems that are scored: problems found, of each kind.</p><div class=\"scroll\"><table><thead><tr><th class=\"text\">training store</th><th class=\"text\">scored store</th>";
  for (const std::string& name : header(report)) html += "<th>" + escape_html(name) + "</th>";
  html += "</tr></thead><tbody>";
  for (const ContaminationPair& pair : report.pairs) {
    html += "<tr><td class=\"text\">" + escape_html(pair.training) + "</td><td class=\"text\">" + escape_html(pair.benchmark) + "</td>";
    for (const std::string& cell : cells(pair)) html += "<td>" + escape_html(cell) + "</td>";
    html += "</tr>";
  }
  html += "</tbody></table></div><p class=\"note\">" + escape_html(rule_text(report)) + "</p>";
  for (const std::string& store : report.templates) html += "<p class=\"note\">" + escape_html(template_text(store)) + "</p>";
  if (!report.scores.empty()) {
    html += "<h3>scores without the problems that were hit</h3><div class=\"scroll\"><table><thead><tr><th class=\"text\">evaluation</th><th class=\"text\">of</th><th>problems hit</th><th>pass@1 %</th><th>without them %</th></tr></thead><tbody>";
    for (const ScoreWithoutHits& score : report.scores) {
      html += "<tr><td class=\"text\">" + escape_html(score.stage) + "</td><td class=\"text\">" + escape_html(score.store) + "</td><td>" + format_count(score.num_hit) + " of " + format_count(score.num_problems) +
              "</td><td>" + percent_text(score.with) + "<small>" + interval_text(score.with_interval, 100) + "</small></td><td>" +
              (score.has_without ? percent_text(score.without) + "<small>" + interval_text(score.without_interval, 100) + "</small>" : without_text(score)) + "</td></tr>";
    }
    html += "</tbody></table></div><p class=\"note\">The same problems are left out for every model of the recipe, so that scores without them stay comparable.</p>";
  }
  if (!report.untouched.empty()) html += "<p class=\"note\">No scored problem was hit: " + escape_html(join(report.untouched, ", ")) + ".</p>";
  if (!report.examples.empty()) {
    html += "<details><summary>" + std::to_string(report.examples.size()) + " of the hits with most evidence</summary>";
    for (const data::OverlapLine& line : report.examples) {
      html += "<p>" + escape_html(line.training + " " + line.hit.row + " and " + line.benchmark + " " + line.hit.problem) + " <span class=\"note\">" + escape_html(kind_text(line.hit)) + "</span><br>" +
              escape_html(line.hit.text) + "</p>";
    }
    html += "</details>";
  }
  return html;
}

std::string contamination_markdown(const ContaminationReport& report) {
  if (report.stages.empty()) return "";
  std::string md = "\n## Contamination\n";
  for (const std::string& note : report.notes) md += "\n- " + escape_markdown(note) + "\n";
  if (report.pairs.empty()) return md;
  md += "\n| training store | scored store |";
  std::string rule = "\n|---|---|";
  for (const std::string& name : header(report)) {
    md += " " + name + " |";
    rule += "---:|";
  }
  md += rule + "\n";
  for (const ContaminationPair& pair : report.pairs) {
    md += "| " + escape_markdown(pair.training) + " | " + escape_markdown(pair.benchmark) + " |";
    for (const std::string& cell : cells(pair)) md += " " + cell + " |";
    md += "\n";
  }
  md += "\n" + escape_markdown(rule_text(report)) + "\n";
  for (const std::string& store : report.templates) md += "\n" + escape_markdown(template_text(store)) + "\n";
  if (!report.scores.empty()) {
    md += "\n| evaluation | of | problems hit | pass@1 % | without them % |\n|---|---|---:|---:|---:|\n";
    for (const ScoreWithoutHits& score : report.scores) {
      md += "| " + escape_markdown(score.stage) + " | " + escape_markdown(score.store) + " | " + format_count(score.num_hit) + " of " + format_count(score.num_problems) + " | " + percent_text(score.with) + " " +
            interval_text(score.with_interval, 100) + " | " + without_text(score) + " |\n";
    }
  }
  if (!report.untouched.empty()) md += "\nNo scored problem was hit: " + escape_markdown(join(report.untouched, ", ")) + ".\n";
  if (!report.examples.empty()) md += "\n";
  for (const data::OverlapLine& line : report.examples) {
    md += "- " + escape_markdown(line.training + " " + line.hit.row + " and " + line.benchmark + " " + line.hit.problem + " (" + kind_text(line.hit) + "): " + line.hit.text) + "\n";
  }
  return md;
}

Json contamination_json(const ContaminationReport& report) {
  if (report.stages.empty()) return nullptr;
  const auto pair_of = [](const Interval& interval) {
    const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
    return Json::array({number(interval.low), number(interval.high)});
  };
  Json json = {{"stages", report.stages}, {"notes", report.notes}, {"decision_ngram", report.decision_ngram}, {"decision_covered", report.decision_covered},
               {"near_duplicate_threshold", report.near_duplicate_threshold}, {"with_solutions", report.with_solutions}, {"made_from_template", report.templates}, {"pairs", Json::array()},
               {"evaluations", Json::array()}, {"untouched", report.untouched}, {"examples", Json::array()}};
  for (const ContaminationPair& pair : report.pairs) {
    Json by_n = Json::object();
    for (size_t i = 0; i < report.sizes.size(); ++i) by_n[std::to_string(report.sizes[i])] = pair.problems_by_n[i];
    json["pairs"].push_back({{"training", pair.training}, {"benchmark", pair.benchmark}, {"num_rows", pair.num_rows}, {"rows_hit", pair.rows_hit}, {"num_problems", pair.num_problems}, {"problems_by_n", by_n},
                             {"problems_whole", pair.problems_whole}, {"problems_near", pair.problems_near}, {"problems_half_covered", pair.problems_half_covered}, {"problems_hit", pair.problems_hit}});
  }
  for (const ScoreWithoutHits& score : report.scores) {
    json["evaluations"].push_back({{"stage", score.stage}, {"store", score.store}, {"num_problems", score.num_problems}, {"num_hit", score.num_hit},
                                   {"pass@1", {{"value", score.with}, {"interval", pair_of(score.with_interval)}}},
                                   {"without", score.has_without ? Json{{"value", score.without}, {"interval", pair_of(score.without_interval)}} : Json(nullptr)}});
  }
  for (const data::OverlapLine& line : report.examples) {
    json["examples"].push_back({{"training", line.training}, {"row", line.hit.row}, {"benchmark", line.benchmark}, {"problem", line.hit.problem}, {"kind", line.hit.kind()}, {"n", line.hit.n},
                                {"shared_words", line.hit.shared_words}, {"covered", line.hit.covered}, {"similarity", line.hit.similarity}, {"text", line.hit.text}});
  }
  return json;
}

}  // namespace reprise::evaluation
