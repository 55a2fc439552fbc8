// Reading claims. Each form names what it needs; a claim that fits none, or two, is refused here with its
// line, so that a run never ends with a claim nobody can judge.
#include <set>

#include "base/error.h"
#include "base/strings.h"
#include "evaluation/harness/claims.h"
#include "evaluation/harness/yaml_fields.h"

namespace reprise::evaluation {

namespace {

constexpr int kMaxDepth = 4;
constexpr size_t kMaxClaims = 200;

void check_metric(const std::string& metric, const std::string& where) {
  if (is_metric(metric)) return;
  const auto guess = nearest(metric, metric_names());
  throw Error("unknown metric '" + metric + "'", where,
              guess ? "did you mean '" + *guess + "'?" : "known: " + join(metric_names(), ", "));
}

void check_form(const ClaimConfig& claim, const std::string& where) {
  const bool number = claim.than || claim.at_least || claim.at_most;
  const bool difference = !claim.higher.empty() && !claim.lower.empty() && claim.stage.empty() && !number;
  const bool bound = claim.than && claim.higher.empty() != claim.lower.empty() && claim.stage.empty() &&
                     !claim.at_least && !claim.at_most;
  const bool alone = !claim.stage.empty() && claim.higher.empty() && claim.lower.empty() && !claim.than;
  const bool threshold = alone && claim.minus.empty() && claim.at_least.has_value() != claim.at_most.has_value();
  const bool inner = alone && !claim.minus.empty() && !claim.at_least && !claim.at_most;
  const bool race = !claim.faster.empty() && !claim.slower.empty();
  const bool parts = !claim.any_of.empty() || !claim.all_of.empty();
  const int forms = difference + bound + threshold + inner + race + !claim.any_of.empty() + !claim.all_of.empty();
  const bool stray_minus = !claim.minus.empty() && !inner;
  const bool mixed = (race || parts) && (number || !claim.higher.empty() || !claim.lower.empty() || !claim.stage.empty());
  if (forms != 1 || stray_minus || mixed) {
    throw Error("the claim '" + claim.claim + "' is none of the forms", where,
                "give higher + lower, stage + minus, stage + at_least or at_most, higher or lower + than, "
                "faster + slower, any_of, or all_of");
  }
  if (!race && !parts) check_metric(claim.metric, where);
  if (inner) check_metric(claim.minus, where);
}

ClaimConfig read_claim(const YAML::Node& node, const std::string& file, const std::string& default_name, int depth) {
  if (depth > kMaxDepth) throw Error("claims nested too deep", file, "flatten any_of and all_of");
  ClaimConfig claim;
  YamlFields reader(node, file);
  claim.fields(reader);
  reader.finish({"any_of", "all_of"});
  if (claim.claim.empty()) claim.claim = default_name;
  if (claim.claim.empty()) throw Error("a claim without a name", reader.place(node), "add `claim: NAME`");
  for (const auto& [key, parts] : {std::pair{"any_of", &claim.any_of}, std::pair{"all_of", &claim.all_of}}) {
    const YAML::Node list = node[key];
    if (!list.IsDefined()) continue;
    if (!list.IsSequence() || list.size() == 0 || list.size() > kMaxClaims) {
      throw Error("'" + std::string(key) + "' should be a list of claims", reader.place(list), "write `- metric: ...`");
    }
    for (size_t i = 0; i < list.size(); ++i) {
      parts->push_back(read_claim(list[i], file, claim.claim + "." + std::to_string(i + 1), depth + 1));
    }
  }
  check_form(claim, reader.place(node));
  return claim;
}

}  // namespace

std::vector<ClaimConfig> read_claims(const YAML::Node& node, const std::string& file) {
  std::vector<ClaimConfig> claims;
  if (!node.IsDefined() || node.IsNull()) return claims;
  if (!node.IsSequence() || node.size() > kMaxClaims) {
    throw Error("`claims` should be a list", file, "write `- claim: NAME` entries");
  }
  std::set<std::string> names;
  for (const auto& entry : node) {
    claims.push_back(read_claim(entry, file, "", 0));
    if (!names.insert(claims.back().claim).second) {
      throw Error("two claims are called '" + claims.back().claim + "'",
                  file + ":" + std::to_string(entry.Mark().line + 1), "rename one");
    }
  }
  return claims;
}

std::vector<std::string> stages_of(const ClaimConfig& claim) {
  std::vector<std::string> stages;
  for (const std::string* name : {&claim.higher, &claim.lower, &claim.stage, &claim.faster, &claim.slower}) {
    if (!name->empty()) stages.push_back(*name);
  }
  for (const auto* parts : {&claim.any_of, &claim.all_of}) {
    for (const ClaimConfig& part : *parts) {
      const auto more = stages_of(part);
      stages.insert(stages.end(), more.begin(), more.end());
    }
  }
  return stages;
}

}  // namespace reprise::evaluation
