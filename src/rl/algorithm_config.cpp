// The table of published algorithms.
#include "rl/algorithm_config.h"

#include "base/error.h"
#include "base/strings.h"

namespace reprise::rl {
namespace {

using A = AdvantageEstimator;
using R = RatioLevel;
using O = Objective;
using G = Aggregation;
using S = RewardScale;

struct Row {
  const char* name;
  Algorithm algorithm;
};
// clang-format off
const Row kAlgorithms[] = {
    // name                  advantage         scale     whiten  ratio          objective   aggregation                  KL
    {"grpo",                 {A::group_mean,    S::group, false, R::token,      O::clipped, G::seq_mean_token_mean,      3, KlPlace::loss}},
    {"dr_grpo",              {A::group_mean,    S::none,  false, R::token,      O::clipped, G::seq_mean_token_sum_norm,  3, KlPlace::loss}},
    {"dapo",                 {A::group_mean,    S::group, false, R::token,      O::clipped, G::token_mean,               3, KlPlace::loss}},
    {"gspo",                 {A::group_mean,    S::group, false, R::sequence,   O::clipped, G::seq_mean_token_mean,      3, KlPlace::loss}},
    {"cispo",                {A::group_mean,    S::group, false, R::token,      O::cispo,   G::token_mean,               3, KlPlace::loss}},
    {"ppo",                  {A::gae,           S::none,  true,  R::token,      O::clipped, G::token_mean,               1, KlPlace::reward}},
    {"rloo",                 {A::leave_one_out, S::none,  false, R::trajectory, O::clipped, G::seq_mean_token_mean,      1, KlPlace::reward}},
    {"reinforce",            {A::none,          S::none,  false, R::token,      O::score,   G::seq_mean_token_sum,       1, KlPlace::reward}},
    {"reinforce_pp",         {A::none,          S::none,  true,  R::token,      O::clipped, G::token_mean,               1, KlPlace::reward}},
    {"reinforce_pp_baseline",{A::group_mean,    S::none,  true,  R::token,      O::clipped, G::token_mean,               2, KlPlace::loss}},
    {"remax",                {A::greedy,        S::none,  false, R::token,      O::score,   G::seq_mean_token_sum,       1, KlPlace::reward}},
};
// clang-format on

template <class T>
struct Name {
  const char* name;
  T value;
};
constexpr Name<A> kAdvantages[] = {{"group_mean", A::group_mean}, {"leave_one_out", A::leave_one_out}, {"greedy", A::greedy}, {"gae", A::gae}, {"none", A::none}};
constexpr Name<S> kScales[] = {{"none", S::none}, {"group", S::group}, {"batch", S::batch}};
constexpr Name<R> kRatios[] = {{"token", R::token}, {"sequence", R::sequence}, {"sequence_token", R::sequence_token}, {"trajectory", R::trajectory}};
constexpr Name<O> kObjectives[] = {{"clipped", O::clipped}, {"cispo", O::cispo}, {"score", O::score}};
constexpr Name<G> kAggregations[] = {{"seq-mean-token-mean", G::seq_mean_token_mean}, {"token-mean", G::token_mean},
                                     {"seq-mean-token-sum", G::seq_mean_token_sum}, {"seq-mean-token-sum-norm", G::seq_mean_token_sum_norm}};
constexpr Name<KlPlace> kPlaces[] = {{"loss", KlPlace::loss}, {"reward", KlPlace::reward}};
constexpr Name<int> kEstimators[] = {{"k1", 1}, {"k2", 2}, {"k3", 3}};
constexpr Name<bool> kSwitch[] = {{"true", true}, {"false", false}};

// The declared choices of a key were checked when the recipe was read; what is left is "auto" or a known name.
template <class T, size_t N>
void overrule(T& value, const std::string& key, const Name<T> (&names)[N]) {
  for (const auto& one : names) {
    if (key == one.name) value = one.value;
  }
}

template <class T, size_t N>
const char* name_of(const T& value, const Name<T> (&names)[N]) {
  for (const auto& one : names) {
    if (one.value == value) return one.name;
  }
  return "?";
}

}  // namespace

std::vector<std::string> loss_types() {
  std::vector<std::string> names;
  for (const Row& row : kAlgorithms) names.emplace_back(row.name);
  return names;
}

Algorithm algorithm_of(const GrpoConfig& config) {
  for (const Row& row : kAlgorithms) {
    if (config.loss_type != row.name) continue;
    Algorithm a = row.algorithm;
    overrule(a.advantage, config.advantage_estimator, kAdvantages);
    overrule(a.scale, config.scale_rewards, kScales);
    overrule(a.whiten, config.whiten_advantages, kSwitch);
    overrule(a.ratio, config.importance_sampling_level, kRatios);
    overrule(a.objective, config.policy_objective, kObjectives);
    overrule(a.aggregation, config.loss_aggregation, kAggregations);
    overrule(a.kl, config.kl_estimator, kEstimators);
    overrule(a.kl_place, config.kl_in, kPlaces);
    return a;
  }
  throw Error("'" + config.loss_type + "' is no algorithm", "loss_type", "there are: " + join(loss_types(), ", "));
}

std::string describe(const GrpoConfig& config) {
  const Algorithm a = algorithm_of(config);
  std::string text = config.loss_type + ": advantage " + name_of(a.advantage, kAdvantages);
  if (a.scale != S::none) text += std::string(" / ") + name_of(a.scale, kScales) + " std";
  if (a.whiten) text += ", whitened";
  text += std::string(", ratio per ") + name_of(a.ratio, kRatios) + ", " + name_of(a.objective, kObjectives);
  text += std::string(", ") + name_of(a.aggregation, kAggregations);
  if (config.beta > 0) text += std::string(", ") + name_of(a.kl, kEstimators) + " in the " + name_of(a.kl_place, kPlaces) + " x " + format_double(config.beta);
  return text;
}

}  // namespace reprise::rl
