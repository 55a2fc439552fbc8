// `reprise grade rating`: verdicts of programs and the standings of contests to a rating.
#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/strings.h"
#include "cli/grade_code.h"
#include "grading/code/rating.h"
#include "grading/code/verdict.h"
#include "io/jsonl.h"

namespace reprise::cli {
namespace {

using namespace grading::code;
using Json = nlohmann::ordered_json;

// "2000/A" and "2000A": contest and problem.
std::pair<std::string, std::string> task_of(const std::string& id, const std::string& where) {
  size_t digits = 0;
  while (digits < id.size() && id[digits] >= '0' && id[digits] <= '9') ++digits;
  const size_t slash = id.rfind('/');
  std::pair<std::string, std::string> out = slash != std::string::npos ? std::pair{id.substr(0, slash), id.substr(slash + 1)} : std::pair{id.substr(0, digits), id.substr(digits)};
  if (out.first.empty() || out.second.empty()) throw Error("task_id '" + id.substr(0, 60) + "' names no contest and problem", where, "for example \"2000/A\"");
  return out;
}

}  // namespace

int grade_rating(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::string verdicts_file, contests_file, everyone_file, output;
  RatingOptions options;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("verdicts", po::value(&verdicts_file)->value_name("FILE"), "what `reprise grade code` wrote; task_id \"CONTEST/PROBLEM\", samples in the order in which they are handed in")(
      "contests", po::value(&contests_file)->value_name("FILE"), "one contest a line, with its standings")("ratings", po::value(&everyone_file)->value_name("FILE"), "a JSON array of all users' ratings, for the percentile")(
      "output", po::value(&output)->value_name("FILE"), "the rating, its interval, every contest and the policy, as JSON")("attempts", po::value(&options.max_attempts)->default_value(options.max_attempts), "samples that count per problem; each failure before the first accepted one costs")(
      "min-standings", po::value(&options.min_standings)->default_value(options.min_standings), "contests with no more rated participants are skipped")("bootstrap", po::value(&options.bootstrap)->default_value(options.bootstrap), "draws of contests and samples for the interval")(
      "seed", po::value(&options.seed)->default_value(options.seed), "of those draws");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(shown).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise grade rating --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise grade rating --verdicts FILE --contests FILE [--ratings FILE] [--output FILE]\n\n"
                 "A rating as Codeforces gives one: points in each contest, the rank they would have had among those who took part, and the rating\n"
                 "for which that rank is expected; the mean over contests (CodeElo, arXiv 2501.01257). A failed attempt costs 50 points, or 10 minutes\n"
                 "where solved problems count; time costs nothing, for programs are not written against the clock here.\n\n"
                 "  reprise grade code --benchmark stdin --problems problems.jsonl --input samples.jsonl --output verdicts.jsonl\n"
                 "  reprise grade rating --verdicts verdicts.jsonl --contests contests.jsonl --output rating.json\n\n"
                 "Ratings of different lists of contests are not comparable, nor is any with those that DeepSeek published: its list is not known.\n\n"
              << shown << "\nA contest: {\"contest_id\", \"scoring\": \"points\"|\"solved\", \"problems\": [{\"index\", \"points\"}], \"standings\": [{\"points\", \"penalty\", \"rating\"}]},\n"
                          "or the answers of Codeforces' API: {\"standings\": contest.standings, \"ratingChanges\": contest.ratingChanges}.\n";
    return 0;
  }
  if (verdicts_file.empty() || contests_file.empty()) throw UsageError("wants --verdicts and --contests", "", "see `reprise grade rating --help`");
  if (options.max_attempts < 1 || options.bootstrap < 0 || options.bootstrap > 1000000) throw UsageError("--attempts must be 1 or more, --bootstrap 0 to 1,000,000");

  std::vector<Contest> contests;
  io::read_json_texts(
      contests_file,
      [&](int64_t line, const nlohmann::json& row, std::string_view) {
        const std::string where = contests_file + ":" + std::to_string(line);
        try {
          contests.push_back(contest_of(row));
        } catch (const Error& fault) {
          throw Error(fault.what(), where, "see `reprise grade rating --help`");
        } catch (const nlohmann::json::exception& fault) {
          throw Error(std::string("has a part of the wrong type (") + fault.what() + ")", where, "see `reprise grade rating --help`");
        }
        for (size_t i = 0; i + 1 < contests.size(); ++i) {
          if (contests[i].id == contests.back().id) throw Error("contest '" + contests.back().id + "' is there twice", where);
        }
      },
      [&](int64_t line, const std::string& fault) { throw Error(fault, contests_file + ":" + std::to_string(line)); });

  Attempts attempts;
  int64_t samples = 0, left_out = 0;
  io::read_json_texts(
      verdicts_file,
      [&](int64_t line, const nlohmann::json& row, std::string_view) {
        const std::string where = verdicts_file + ":" + std::to_string(line);
        if (!row.contains("task_id") || !row.contains("verdict") || !row["verdict"].is_string()) throw Error("wants \"task_id\" and \"verdict\"", where, "give what `reprise grade code` wrote");
        const auto [contest, problem] = task_of(row["task_id"].is_string() ? row["task_id"].get<std::string>() : row["task_id"].dump(), where);
        const CodeVerdictKind kind = code_verdict_from(row["verdict"].get<std::string>());
        ++samples;
        // A fault of ours was no attempt.
        if (kind == CodeVerdictKind::judge_error) {
          ++left_out;
          return;
        }
        attempts[contest][problem].push_back(kind == CodeVerdictKind::accepted);
      },
      [&](int64_t line, const std::string& fault) { throw Error(fault, verdicts_file + ":" + std::to_string(line)); });
  for (const auto& [id, problems] : attempts) {
    const auto contest = std::find_if(contests.begin(), contests.end(), [&, id = id](const Contest& one) { return one.id == id; });
    if (contest == contests.end()) throw Error("contest '" + id.substr(0, 60) + "' has samples and no standings", verdicts_file, "add it to " + contests_file);
    for (const auto& [problem, unused] : problems) {
      if (std::none_of(contest->problems.begin(), contest->problems.end(), [&, problem = problem](const auto& one) { return one.first == problem; })) throw Error("contest " + id + " has no problem '" + problem.substr(0, 60) + "'", verdicts_file);
    }
  }
  if (!everyone_file.empty()) {
    const auto all = nlohmann::json::parse(read_file(everyone_file), nullptr, false);
    if (!all.is_array() || all.empty() || !std::all_of(all.begin(), all.end(), [](const auto& one) { return one.is_number(); })) throw Error("is no JSON array of ratings", everyone_file);
    for (const auto& one : all) options.everyone.push_back(static_cast<int>(one.get<double>()));
  }
  const Rating rating = rate(contests, attempts, options);

  Json out = {{"rating", rating.rating}, {"ci_95", {rating.low, rating.high}}};
  if (rating.percentile >= 0) out["percentile"] = rating.percentile;
  out["policy"] = {{"max_attempts", options.max_attempts}, {"failed_attempt", "50 points (a solved problem keeps three tenths), or 10 minutes where solved problems count"}, {"time", "not counted"}, {"bootstrap", options.bootstrap}, {"seed", options.seed}, {"min_standings", options.min_standings}};
  out["contests_sha256"] = sha256_file_hex(contests_file);
  out["not_comparable_with"] = "ratings from other lists of contests, DeepSeek-R1's published one (unpublished list) among them";
  size_t at_the_end = 0;
  for (const ContestResult& c : rating.contests) {
    out["contests"].push_back({{"contest_id", c.id}, {"name", c.name}, {"participants", c.num_standings}, {"points", c.points}, {"penalty", c.penalty}, {"rank", c.rank}, {"rating", c.rating}, {"at_the_end", c.at_the_end}});
    at_the_end += c.at_the_end;
  }
  out["skipped"] = rating.skipped;
  out["samples"] = samples;
  out["judge_errors_left_out"] = left_out;
  if (!output.empty()) write_file(output, out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  std::printf("rating %.0f [%.0f, %.0f] over %zu contests, at most %d attempts a problem", rating.rating, rating.low, rating.high, rating.contests.size(), options.max_attempts);
  if (rating.percentile >= 0) std::printf("; above %.1f %% of users", rating.percentile);
  std::printf("\n");
  for (const ContestResult& c : rating.contests) std::printf("  %-8s rank %lld of %zu: %.0f%s\n", c.id.c_str(), static_cast<long long>(c.rank), c.num_standings, c.rating, c.at_the_end ? " (the end of the range)" : "");
  for (const std::string& one : rating.skipped) std::printf("  skipped %s\n", one.c_str());
  if (at_the_end > 0) std::printf("  %zu contests put it first or last of all: their ratings are the range's ends, %d and %d\n", at_the_end, kLowestRating, kHighestRating);
  if (left_out > 0) std::printf("  %s samples were judge errors and count as no attempt\n", format_count(left_out).c_str());
  std::printf("Not comparable with ratings from other contests; DeepSeek's list is not published.\n");
  return 0;
}

}  // namespace reprise::cli
