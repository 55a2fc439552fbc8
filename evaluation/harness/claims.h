// What a recipe claims, and what its runs say of it. A claim is declared under `claims:` of a recipe:
//     - claim: rl_lifts_the_base
//       says: RL alone lifts the base model by more than 20 points
//       metric: pass@1
//       higher: eval-zero          # evaluate stages
//       lower: eval-base
//       margin: 0.2                # estimate = higher - lower; claimed: estimate > margin
// Forms (exactly one):
//   higher + lower          difference of two evaluations on the same problems > margin; a negative margin
//                           is non-inferiority ("does not lose more than")
//   stage + minus           metric minus another metric of one evaluation > margin (cons@k minus pass@1)
//   stage + at_least        the metric lies above the number; + at_most: below it
//   higher + than           the same as at_least: than + margin;  lower + than: at_most: than - margin
//   faster + slower         RL stages: `faster` reaches the final level of `slower` in metrics.jsonl's column
//                           steps_to_reach with more than margin steps to spare
//   any_of / all_of         a list of claims
// Verdict, from the 95 % interval: reproduced when all of it lies on the claimed side of the threshold,
// not_reproduced when all of it lies on the other, else inconclusive.
//   all_of: reproduced when every part is; not_reproduced when one part is; else inconclusive. (An
//     intersection-union test: needs no correction.)
//   any_of: reproduced when one part is; not_reproduced when every part is; else inconclusive. Not corrected for
//     several tries: with m parts the chance of a false "reproduced" is up to m times a single claim's 2.5 %.
//   The estimate and interval told are those of the first part that has the verdict of the whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/json.h"
#include "config/field.h"
#include "evaluation/harness/statistics.h"

namespace reprise::evaluation {

struct RunData;

struct ClaimConfig {
  std::string claim;
  std::string says;
  std::string metric;
  std::string higher, lower, stage, minus;
  std::optional<double> than, at_least, at_most;
  double margin = 0;
  std::string faster, slower;
  std::string steps_to_reach = "accuracy";
  int64_t window = 5;
  std::vector<ClaimConfig> any_of, all_of;  // read apart: lists of claims

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("claim", claim, "Name of the claim, unique in the recipe.");
    v.field("says", says, "The claim in a sentence.");
    v.field("metric", metric,
            "pass@1, cons@k, pass@N, format, language_mixing, truncated, no_answer or mean_length of an evaluate stage.");
    v.field("higher", higher, "Evaluate stage claimed to have the larger metric.");
    v.field("lower", lower, "Evaluate stage claimed to have the smaller metric.");
    v.field("stage", stage, "Evaluate stage of a claim about a single evaluation.");
    v.field("minus", minus, "Metric subtracted within the same stage (cons@k minus pass@1).");
    v.field("than", than, "A number in place of the other stage, with higher or lower.");
    v.field("at_least", at_least, "The stage's metric lies above this number.");
    v.field("at_most", at_most, "The stage's metric lies below this number.");
    v.field("margin", margin,
            "By how much; negative for 'not worse by more than'. In the metric's unit, steps with steps_to_reach.");
    v.field("faster", faster, "RL stage claimed to get there in fewer steps.");
    v.field("slower", slower, "RL stage whose final level is to be reached.");
    v.field("steps_to_reach", steps_to_reach, "Column of metrics.jsonl that faster and slower are compared on.");
    v.field("window", window, "Rows of metrics.jsonl averaged, for the final level and for reaching it.", between(1, 10000));
  }
};

// `node` is the recipe's `claims:` list (undefined: no claims). Throws Error with file:line for an unknown key,
// a claim that is none of the forms or two of them, an unknown metric, two claims of one name.
std::vector<ClaimConfig> read_claims(const YAML::Node& node, const std::string& file);
// Every stage that a claim names, for the recipe's own check.
std::vector<std::string> stages_of(const ClaimConfig& claim);

enum class ClaimVerdict { reproduced, not_reproduced, inconclusive };
const char* to_string(ClaimVerdict verdict);

struct ClaimResult {
  std::string name, says;
  ClaimVerdict verdict = ClaimVerdict::inconclusive;
  double estimate = 0;  // NaN when nothing could be computed
  Interval interval;    // may be infinite
  double threshold = 0;
  bool claimed_above = true;  // the claimed side of the threshold
  bool is_share = true;       // estimate is a share (or a difference of shares), else in `unit`
  std::string unit;           // "", "tokens", "steps"
  std::string detail;         // how it was computed, with the other intervals
  std::vector<double> by_seed;
  std::vector<ClaimResult> parts;  // of any_of, all_of
  bool any = false;

  nlohmann::ordered_json to_json() const;
};

// Runs of one recipe that differ in their seeds; at least one. A claim whose stage has not run yet is
// inconclusive and says so (names of stages that a recipe does not have are refused when it is read).
ClaimResult judge_claim(const ClaimConfig& claim, const std::vector<const RunData*>& runs);
std::vector<ClaimResult> judge_claims(const std::vector<const RunData*>& runs);

// The verdict rule alone.
ClaimVerdict verdict_of(const Interval& interval, double threshold, bool claimed_above);

}  // namespace reprise::evaluation
