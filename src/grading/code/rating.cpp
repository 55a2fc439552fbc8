#include "grading/code/rating.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace reprise::grading::code {
namespace {

constexpr double kLostPerFailure = 50;      // points, where points count
constexpr double kPenaltyPerFailure = 10;  // minutes, where solved problems count

// Expected seeds at whole ratings, once a contest: each rank's rating is then a search in a table.
class SeedTable {
 public:
  explicit SeedTable(const std::vector<Standing>& standings) : seeds_(kHighestRating - kLowestRating + 1, 1.0) {
    std::map<int, int64_t> counts;
    for (const Standing& s : standings) ++counts[s.rating];
    for (const auto& [rating, count] : counts) {
      for (size_t i = 0; i < seeds_.size(); ++i) seeds_[i] += static_cast<double>(count) / (1 + std::pow(10.0, (kLowestRating + static_cast<double>(i) - rating) / 400.0));
    }
  }
  double rating_of(double rank) const {
    if (rank >= seeds_.front()) return kLowestRating;
    if (rank <= seeds_.back()) return kHighestRating;
    // The first whole rating whose seed is no more than the rank.
    const auto found = std::lower_bound(seeds_.begin(), seeds_.end(), rank, [](double seed, double wanted) { return seed > wanted; });
    const double after = *found, before = *(found - 1);
    return kLowestRating + static_cast<double>(found - seeds_.begin()) - 1 + (before - rank) / (before - after);
  }

 private:
  std::vector<double> seeds_;
};

struct Score {
  double points = 0, penalty = 0;
};

bool better(double points, double penalty, const Score& than) { return points > than.points || (points == than.points && penalty < than.penalty); }

void add_problem(const Contest& contest, double worth, const std::vector<bool>& attempts, int max_attempts, Score& score) {
  const size_t most = std::min(attempts.size(), static_cast<size_t>(max_attempts));
  for (size_t i = 0; i < most; ++i) {
    if (!attempts[i]) continue;
    const double failed = static_cast<double>(i);
    // A solved problem is worth three tenths at least, by Codeforces' rule.
    score.points += contest.scoring == Scoring::points ? std::max(0.3 * worth, worth - kLostPerFailure * failed) : 1;
    if (contest.scoring == Scoring::solved) score.penalty += kPenaltyPerFailure * failed;
    return;
  }
}

// Sorted from the best: how many stand before a score.
int64_t rank_of(const std::vector<Standing>& sorted, const Score& score) {
  return 1 + (std::partition_point(sorted.begin(), sorted.end(), [&](const Standing& s) { return better(s.points, s.penalty, score); }) - sorted.begin());
}

double number_of(const nlohmann::json& row, const char* name) {
  if (!row.contains(name)) return 0;
  if (!row[name].is_number()) throw Error(std::string("\"") + name + "\" is no number");
  return row[name].get<double>();
}

std::string text_of(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

}  // namespace

Contest contest_of(const nlohmann::json& row) {
  Contest out;
  if (!row.is_object() || !row.contains("standings")) throw Error("is no contest: it has no \"standings\"");
  if (row["standings"].is_object()) {
    const auto& answer = row["standings"].contains("result") ? row["standings"]["result"] : row["standings"];
    const auto changes = row.value("ratingChanges", nlohmann::json::array());
    std::map<std::string, int> ratings;
    for (const auto& change : changes.is_object() && changes.contains("result") ? changes["result"] : changes) ratings[change.at("handle").get<std::string>()] = change.at("oldRating").get<int>();
    out.id = text_of(answer.at("contest").at("id"));
    out.name = answer["contest"].value("name", "");
    out.scoring = answer["contest"].value("type", "CF") == "CF" ? Scoring::points : Scoring::solved;
    for (const auto& problem : answer.at("problems")) out.problems.emplace_back(problem.at("index").get<std::string>(), number_of(problem, "points"));
    for (const auto& one : answer.at("rows")) {
      const auto known = ratings.find(one.at("party").at("members").at(0).at("handle").get<std::string>());
      if (known != ratings.end()) out.standings.push_back({number_of(one, "points"), number_of(one, "penalty"), known->second});
    }
  } else {
    if (!row.contains("contest_id") || !row.contains("problems")) throw Error("is no contest: it wants \"contest_id\" and \"problems\"");
    out.id = text_of(row["contest_id"]);
    out.name = row.value("name", "");
    const std::string scoring = row.value("scoring", "points");
    if (scoring != "points" && scoring != "solved") throw Error("\"scoring\" is '" + scoring + "'", "contest " + out.id, "points or solved");
    out.scoring = scoring == "points" ? Scoring::points : Scoring::solved;
    for (const auto& problem : row["problems"]) out.problems.emplace_back(problem.at("index").get<std::string>(), number_of(problem, "points"));
    for (const auto& one : row["standings"]) out.standings.push_back({number_of(one, "points"), number_of(one, "penalty"), static_cast<int>(number_of(one, "rating"))});
  }
  if (out.problems.empty()) throw Error("has no problem", "contest " + out.id);
  for (const auto& [index, points] : out.problems) {
    if (out.scoring == Scoring::points && !(points > 0)) throw Error("problem " + index + " has no points", "contest " + out.id, "where solved problems count, \"scoring\" is \"solved\"");
  }
  return out;
}

double rating_of_rank(const std::vector<Standing>& standings, int64_t rank) { return SeedTable(standings).rating_of(static_cast<double>(rank)); }

Rating rate(const std::vector<Contest>& contests, const Attempts& attempts, const RatingOptions& options) {
  Rating out;
  struct Ready {
    const Contest* contest;
    std::vector<Standing> sorted;
    SeedTable seeds;
    std::vector<std::pair<double, const std::vector<bool>*>> problems;  // worth, samples
  };
  std::vector<Ready> ready;
  for (const Contest& contest : contests) {
    const auto mine = attempts.find(contest.id);
    if (mine == attempts.end()) {
      out.skipped.push_back(contest.id + ": no sample");
      continue;
    }
    if (contest.standings.size() <= options.min_standings) {
      out.skipped.push_back(contest.id + ": " + std::to_string(contest.standings.size()) + " rated participants, more than " + std::to_string(options.min_standings) + " are wanted");
      continue;
    }
    Ready one{&contest, contest.standings, SeedTable(contest.standings), {}};
    std::stable_sort(one.sorted.begin(), one.sorted.end(), [](const Standing& a, const Standing& b) { return better(a.points, a.penalty, {b.points, b.penalty}); });
    for (const auto& [index, points] : contest.problems) {
      if (const auto found = mine->second.find(index); found != mine->second.end()) one.problems.emplace_back(points, &found->second);
    }
    ready.push_back(std::move(one));
  }
  if (ready.empty()) throw Error("no contest is left to rate by", "", out.skipped.empty() ? "" : out.skipped.front());
  double sum = 0;
  for (const Ready& one : ready) {
    Score score;
    for (const auto& [worth, samples] : one.problems) add_problem(*one.contest, worth, *samples, options.max_attempts, score);
    ContestResult result{one.contest->id, one.contest->name, one.sorted.size(), score.points, score.penalty, rank_of(one.sorted, score), 0, false};
    result.rating = one.seeds.rating_of(static_cast<double>(result.rank));
    result.at_the_end = result.rating <= kLowestRating || result.rating >= kHighestRating;
    sum += result.rating;
    out.contests.push_back(std::move(result));
  }
  out.rating = sum / static_cast<double>(ready.size());
  if (!options.everyone.empty()) {
    std::vector<int> sorted = options.everyone;
    std::sort(sorted.begin(), sorted.end());
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), out.rating, [](int a, double b) { return a < b; }) - sorted.begin();
    out.percentile = 100.0 * static_cast<double>(below) / static_cast<double>(sorted.size());
  }
  // Contests are drawn again, and in each the samples of every problem.
  std::vector<double> means;
  RandomStream random({options.seed, name_number("rating")});
  for (int b = 0; b < options.bootstrap; ++b) {
    double total = 0;
    for (size_t i = 0; i < ready.size(); ++i) {
      const Ready& one = ready[random.below(ready.size())];
      Score score;
      for (const auto& [worth, samples] : one.problems) {
        std::vector<bool> drawn(samples->size());
        for (size_t s = 0; s < drawn.size(); ++s) drawn[s] = (*samples)[random.below(samples->size())];
        add_problem(*one.contest, worth, drawn, options.max_attempts, score);
      }
      total += one.seeds.rating_of(static_cast<double>(rank_of(one.sorted, score)));
    }
    means.push_back(total / static_cast<double>(ready.size()));
  }
  std::sort(means.begin(), means.end());
  const auto quantile = [&](double q) { return means.empty() ? out.rating : means[std::min(means.size() - 1, static_cast<size_t>(q * static_cast<double>(means.size())))]; };
  out.low = quantile(0.025);
  out.high = quantile(0.975);
  return out;
}

}  // namespace reprise::grading::code
