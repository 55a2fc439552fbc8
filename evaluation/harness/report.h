// The report: report.html (one file that opens offline: inline CSS and SVG, no script), report.md and
// report.json, all from the same ReportData; scores.html beside it has every sample of the first run (run_scores.h). report.json's keys: recipe,
// claims (five fields first: name, verdict, estimate, interval, says), stages, evaluations, published, contamination (where a run has that stage),
// provenance, seeds.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "evaluation/harness/report_data.h"

namespace reprise::evaluation {

std::string report_html(const ReportData& data);
std::string report_markdown(const ReportData& data);
nlohmann::ordered_json report_json(const ReportData& data);

// Reads the runs, writes the files into `out` (each atomically) and returns the data's verdict line, e.g.
// "4 reproduced, 1 inconclusive". published: a folder of evaluation/published files; may be missing.
std::string write_report(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& published,
                         const std::filesystem::path& out);

// evaluation/published of the source tree or installation that the running executable belongs to; else "".
std::filesystem::path published_folder();

// "4 reproduced, 1 inconclusive"; "no claims".
std::string verdict_line(const std::vector<ClaimResult>& claims);

// Parts of the page, each a string of HTML (report_html.cpp puts them together).
std::string report_style();
std::string curves_section(const ReportData& data);
std::string samples_section(const ReportData& data);

}  // namespace reprise::evaluation
