// Rollouts as values: dealing to updates, writing and reading.
#include "rl/rollout.h"

#include <numeric>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"

namespace reprise::rl {
namespace {

struct TokenColumn {
  const char* name;
  std::vector<float> RolloutSample::*values;
};
constexpr TokenColumn kTokenColumns[] = {{"behavior_logprobs", &RolloutSample::behavior_logprobs}, {"old_logprobs", &RolloutSample::old_logprobs},
                                         {"reference_logprobs", &RolloutSample::reference_logprobs}, {"advantages", &RolloutSample::advantages},
                                         {"corrections", &RolloutSample::corrections}, {"values", &RolloutSample::values},
                                         {"returns", &RolloutSample::returns}};

}  // namespace

void deal_to_updates(Rollout& rollout, int64_t num_updates, uint64_t seed, uint64_t stage_number) {
  RandomStream stream({seed, stage_number, name_number("deal"), static_cast<uint64_t>(rollout.number)});
  std::vector<size_t> order(rollout.samples.size());
  std::iota(order.begin(), order.end(), size_t{0});
  shuffle(order, stream);
  for (size_t i = 0; i < order.size(); ++i) {
    rollout.samples[order[i]].update = static_cast<int64_t>(i * static_cast<size_t>(num_updates) / order.size());
  }
}

nlohmann::json to_json(const Rollout& rollout) {
  nlohmann::json samples = nlohmann::json::array();
  for (const RolloutSample& s : rollout.samples) {
    samples.push_back({{"problem_index", s.problem_index}, {"sample_index", s.sample_index},
                       {"prompt_ids", s.prompt_ids}, {"completion_ids", s.completion_ids},
                       {"reward", s.reward}, {"finished", s.finished}, {"update", s.update}});
    for (const TokenColumn& column : kTokenColumns) samples.back()[column.name] = s.*column.values;
  }
  return {{"number", rollout.number}, {"weights_hash", rollout.weights_hash}, {"metrics", rollout.metrics}, {"samples", samples}};
}

Rollout rollout_from_json(const nlohmann::json& json, const std::string& where) {
  try {
    Rollout rollout;
    rollout.number = json.at("number");
    rollout.weights_hash = json.at("weights_hash");
    rollout.metrics = json.at("metrics").get<decltype(rollout.metrics)>();
    for (const auto& s : json.at("samples")) {
      RolloutSample sample;
      sample.problem_index = s.at("problem_index");
      sample.sample_index = s.at("sample_index");
      sample.prompt_ids = s.at("prompt_ids").get<std::vector<int32_t>>();
      sample.completion_ids = s.at("completion_ids").get<std::vector<int32_t>>();
      for (const TokenColumn& column : kTokenColumns) sample.*column.values = s.at(column.name).get<std::vector<float>>();
      sample.reward = s.at("reward");
      sample.finished = s.at("finished");
      sample.update = s.at("update");
      for (const TokenColumn& column : kTokenColumns) {
        const size_t size = (sample.*column.values).size();
        if (size != sample.completion_ids.size() && (size != 0 || column.values == &RolloutSample::behavior_logprobs)) {
          throw Error("a sample has " + std::to_string(size) + " " + column.name + " for " + std::to_string(sample.completion_ids.size()) + " tokens", where);
        }
      }
      rollout.samples.push_back(std::move(sample));
    }
    return rollout;
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("not a rollout (") + error.what() + ")", where);
  }
}

}  // namespace reprise::rl
