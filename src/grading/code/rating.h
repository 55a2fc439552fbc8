// A rating of the kind Codeforces gives, from contests that were held: where would these programs have stood among those who took part?
// The rule is CodeElo's (Quan et al. 2025, arXiv 2501.01257): per contest the rating whose expected seed is the rank, then the mean over contests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace reprise::grading::code {

enum class Scoring { points, solved };  // Codeforces' own contests; those by ICPC's rules (educational rounds among them)

struct Standing {
  double points = 0, penalty = 0;
  int rating = 0;  // before the contest
};

struct Contest {
  std::string id, name;
  Scoring scoring = Scoring::points;
  std::vector<std::pair<std::string, double>> problems;  // index ("A") and its points (1 where solved problems count)
  std::vector<Standing> standings;                       // of rated participants
};

// A line of ours {"contest_id","scoring":"points"|"solved","problems":[{"index","points"}],"standings":[{"points","penalty","rating"}]}, or what
// Codeforces' contest.standings answers, with contest.ratingChanges' answer beside it: {"standings":{...},"ratingChanges":[...]}.
// Throws Error when it is neither.
Contest contest_of(const nlohmann::json& row);

// How the verdicts of a problem's samples count: true where accepted, in the order in which they are handed in.
using Attempts = std::map<std::string, std::map<std::string, std::vector<bool>>>;  // contest, problem, samples

struct RatingOptions {
  int max_attempts = 8;      // what a participant may hand in per problem
  size_t min_standings = 200;  // contests with no more rows say too little and are skipped
  int bootstrap = 2000;
  uint64_t seed = 1;
  std::vector<int> everyone;  // ratings of all users, for the percentile; may be empty
};

struct ContestResult {
  std::string id, name;
  size_t num_standings = 0;
  double points = 0, penalty = 0;
  int64_t rank = 0;
  double rating = 0;
  bool at_the_end = false;  // first or last of all: any rating beyond would do, and the range's end was taken
};

struct Rating {
  double rating = 0, low = 0, high = 0;  // 95 %, over contests and samples
  double percentile = -1;                // share of all users below, in percent; -1: unknown
  std::vector<ContestResult> contests;
  std::vector<std::string> skipped;  // contest and reason
};

// The range that a contest's rating is sought in.
constexpr int kLowestRating = 0, kHighestRating = 4000;
// The rating whose expected seed 1 + sum 1/(1 + 10^((r - R_i)/400)) is the rank: falling in r, so found by bisection.
double rating_of_rank(const std::vector<Standing>& standings, int64_t rank);
// Throws Error where no contest is left.
Rating rate(const std::vector<Contest>& contests, const Attempts& attempts, const RatingOptions& options);

}  // namespace reprise::grading::code
