// The verdict on a reproduction. Numbers are compared only when their conditions agree, and then equality is tested, not assumed from "no
// significant difference": two one-sided tests at 5 % within a stated margin, the published number's rounding half-width and its own
// error included. The error is that of a fixed set of problems: both sides answered the same ones, so what the problems happen to be
// adds nothing to the difference. (Errors of problems as a sample are 5 to 8 times as wide on AIME, and make any two numbers "agree".)
//
//   not comparable     another model, benchmark or metric; conditions that the source does not state; a score nobody else can compute
//   protocol mismatch  a stated condition is another one here: each is listed
//   reproduced         the 90 % interval of the difference lies within the margin. Comes first: a difference can be significant and still
//                      smaller than the margin that was asked about, and then both are told
//   differs            the 95 % interval of the difference leaves zero out
//   inconclusive       neither
//   source conflict    the sources print several values for this score, and the verdict hangs on which one is right
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "evaluation/harness/published.h"
#include "evaluation/harness/statistics.h"

namespace reprise::evaluation {

// In place of a condition: the caller did not say, and takes it to be the published one. Told with the verdict.
inline const std::string kAssumed = "assumed";

// Our side.
struct OwnNumber {
  std::string model, benchmark, metric;
  Estimate estimate;            // sampling_error: NaN where it is not known; then the binomial's bound stands in
  Protocol protocol;
  int64_t num_generations = 1;  // k, the least number of samples of a problem
  int64_t best_of = 1;          // checkpoints or runs among which this one was chosen by its score
};

struct PublishedComparison {
  PublishedNumber published;
  bool comparable = false;
  std::vector<std::string> differences;  // of protocol: "temperature: '1' here, '0.6' there", "grader: ... not stated there"
  std::string verdict;
  std::vector<std::string> reasons;  // sentences: how the verdict came about, and what was assumed
  double difference = 0;             // ours - published
  double error = 0;                  // standard error of the difference, problems fixed
  double our_error = 0, their_error = 0;  // of which it is made
  bool error_is_bound = false;       // from the binomial's variance, for want of samples per problem
  Interval interval;                 // 90 % (two one-sided tests at 5 %), rounding included
  Interval interval95;
  double margin = 0;
};

inline constexpr double kDefaultMargin = 0.03;

// margin: how far apart two scores may truly be and still count as the same, as a share.
PublishedComparison compare(const OwnNumber& own, const PublishedNumber& published, double margin = kDefaultMargin);
// The same, and `source conflict` where the registry has another printing under which the verdict would be another.
PublishedComparison compare(const OwnNumber& own, const PublishedNumber& published, const Registry& registry, double margin = kDefaultMargin);

// A number that others published, as if it were ours: its own conditions, `kAssumed` where its source does not state one, and the binomial's bound for want of
// samples per problem.
OwnNumber as_own(const PublishedNumber& number);

// What samples were drawn under (sample_store.h) as conditions of a score, in a published number's words: where that names a prompt by its preset, so do we.
Protocol conditions_of(const nlohmann::json& protocol, const std::string& grader, const PublishedNumber& published);

// Standard error of a mean over fixed problems by the binomial's variance at the mean: never less than the true one, for p (1 - p) is
// concave in p. num_samples: of all problems together.
double binomial_bound(double value, int64_t num_samples);

}  // namespace reprise::evaluation
