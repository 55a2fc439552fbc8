// The rating rule against its own definition, by brute force.
#include "grading/code/rating.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace reprise::grading::code {
namespace {

double seed_of(const std::vector<Standing>& standings, double rating) {
  double seed = 1;
  for (const Standing& s : standings) seed += 1 / (1 + std::pow(10.0, (rating - s.rating) / 400.0));
  return seed;
}

Contest contest(const std::string& id, size_t participants, Scoring scoring = Scoring::points) {
  Contest out{id, "round " + id, scoring, {{"A", 500}, {"B", 1000}, {"C", 2000}}, {}};
  RandomStream random({name_number(id)});
  for (size_t i = 0; i < participants; ++i) {
    const int rating = 800 + static_cast<int>(random.below(2000));
    out.standings.push_back({scoring == Scoring::points ? static_cast<double>(random.below(3500)) : static_cast<double>(random.below(4)), static_cast<double>(random.below(200)), rating});
  }
  return out;
}

TEST(Rating, ExpectedSeedAtARanksRatingIsTheRank) {
  const Contest c = contest("1", 1000);
  for (const int64_t rank : {2, 10, 100, 500, 900}) EXPECT_NEAR(seed_of(c.standings, rating_of_rank(c.standings, rank)), static_cast<double>(rank), 1e-3) << rank;
  EXPECT_EQ(rating_of_rank(c.standings, 1), kHighestRating);
  EXPECT_EQ(rating_of_rank(c.standings, 1001), kLowestRating);
}

TEST(Rating, ParticipantsOfOneStrengthHalveTheField) {
  const std::vector<Standing> equal(399, {0, 0, 1500});
  // 1 + 399/2 expected before an equal: rank 200.5.
  EXPECT_NEAR(rating_of_rank(equal, 200) - 1500, 400 * std::log10((399 - 199) / 199.0), 1e-2);
}

TEST(Rating, PointsAndRankByBruteForce) {
  const Contest c = contest("1", 700);
  Attempts attempts;
  attempts["1"] = {{"A", {false, false, true}}, {"B", {true, false}}, {"C", {false, false, false}}};
  const Rating rating = rate({c}, attempts, {});
  ASSERT_EQ(rating.contests.size(), 1u);
  EXPECT_EQ(rating.contests[0].points, 500 - 100 + 1000);
  int64_t better = 0;
  for (const Standing& s : c.standings) better += s.points > 1400 || (s.points == 1400 && s.penalty < 0);
  EXPECT_EQ(rating.contests[0].rank, better + 1);
  EXPECT_EQ(rating.rating, rating.contests[0].rating);
  EXPECT_LE(rating.low, rating.rating);
  EXPECT_GE(rating.high, rating.rating);
}

TEST(Rating, SolvedProblemsCountWithMinutesOfPenalty) {
  const Contest c = contest("7", 500, Scoring::solved);
  Attempts attempts;
  attempts["7"] = {{"A", {false, true}}, {"C", {false, false, true}}};
  const Rating rating = rate({c}, attempts, {});
  EXPECT_EQ(rating.contests[0].points, 2);
  EXPECT_EQ(rating.contests[0].penalty, 30);
}

TEST(Rating, AttemptsBeyondThePolicyDoNotCount) {
  const Contest c = contest("1", 300);
  Attempts attempts;
  attempts["1"] = {{"A", {false, false, true}}};
  RatingOptions two;
  two.max_attempts = 2;
  EXPECT_EQ(rate({c}, attempts, two).contests[0].points, 0);
  EXPECT_EQ(rate({c}, attempts, {}).contests[0].points, 400);
}

TEST(Rating, SmallContestsAndThoseWithoutSamplesAreSkippedAloud) {
  Attempts attempts;
  attempts["1"] = attempts["2"] = {{"A", {true}}};
  const Rating rating = rate({contest("1", 300), contest("2", 200), contest("3", 300)}, attempts, {});
  EXPECT_EQ(rating.contests.size(), 1u);
  ASSERT_EQ(rating.skipped.size(), 2u);
  EXPECT_THROW(rate({contest("2", 200)}, attempts, {}), Error);
}

TEST(Rating, PercentileIsTheShareBelow) {
  Attempts attempts;
  attempts["1"] = {{"A", {true}}};
  RatingOptions options;
  const double value = rate({contest("1", 300)}, attempts, options).rating;
  options.everyone = {static_cast<int>(value) + 100, 0, 100, static_cast<int>(value) + 200};
  EXPECT_EQ(rate({contest("1", 300)}, attempts, options).percentile, 50);
}

TEST(Rating, ReadsBothKindsOfStandings) {
  const auto ours = nlohmann::json::parse(R"({"contest_id": 5, "scoring": "solved", "problems": [{"index": "A"}], "standings": [{"points": 1, "penalty": 3, "rating": 1500}]})");
  EXPECT_EQ(contest_of(ours).standings[0].rating, 1500);
  const auto theirs = nlohmann::json::parse(R"({"standings": {"status": "OK", "result": {"contest": {"id": 5, "name": "R", "type": "CF"}, "problems": [{"index": "A", "points": 500}],
      "rows": [{"party": {"members": [{"handle": "x"}]}, "points": 500, "penalty": 0}, {"party": {"members": [{"handle": "unrated"}]}, "points": 500, "penalty": 0}]}},
      "ratingChanges": {"status": "OK", "result": [{"handle": "x", "oldRating": 1234}]}})");
  const Contest read = contest_of(theirs);
  ASSERT_EQ(read.standings.size(), 1u);
  EXPECT_EQ(read.standings[0].rating, 1234);
  EXPECT_EQ(read.id, "5");
  EXPECT_THROW(contest_of(nlohmann::json::parse("[1]")), Error);
  EXPECT_THROW(contest_of(nlohmann::json::parse(R"({"contest_id": 5, "problems": [{"index": "A"}], "standings": []})")), Error);
}

}  // namespace
}  // namespace reprise::grading::code
