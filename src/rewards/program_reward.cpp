// JSON lines to a program and back, under a time limit. Whatever it does, the run gets terms: what it has not answered
// properly has failed, and says why.

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/subprocess.h"
#include "rewards/reward.h"

namespace reprise::rewards {
namespace {

RewardTerm failed(const std::string& reason) { return {"program", 0, true, reason}; }

RewardTerm term_of(const std::string& line) {
  const auto answer = nlohmann::json::parse(line, nullptr, false);
  if (!answer.is_object()) return failed("its answer is no JSON object: " + line.substr(0, 80));
  if (const auto error = answer.find("error"); error != answer.end()) return failed(error->is_string() ? error->get<std::string>() : error->dump());
  const auto reward = answer.find("reward");
  if (reward == answer.end() || !reward->is_number() || !std::isfinite(reward->get<double>())) return failed("its answer has no number `reward`: " + line.substr(0, 80));
  return {"program", reward->get<double>()};
}

}  // namespace

std::vector<RewardTerm> ProgramReward::score(const std::vector<RewardInput>& inputs) {
  std::string lines;
  for (const RewardInput& input : inputs) {
    const nlohmann::json line = {{"problem_id", input.problem.id}, {"prompt", input.problem.prompt}, {"answer", input.problem.answer}, {"completion", std::string(input.completion)},
                                 {"num_tokens", input.num_tokens}, {"finished", input.finished}};
    lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  const SubprocessResult result = run_subprocess(command_, lines, timeout_seconds_);
  std::vector<std::string> answers = split(result.standard_output, '\n');
  // A last line without its end may be half a line.
  if (!answers.empty()) answers.pop_back();
  std::string why = "it answered " + std::to_string(answers.size()) + " of " + std::to_string(inputs.size()) + " lines";
  if (result.timed_out) why = "it ran past " + format_fixed(timeout_seconds_, 1) + " s; " + why;
  else if (result.signal_number != 0) why = "signal " + std::to_string(result.signal_number) + " ended it; " + why;
  else if (result.exit_code != 0) why = "it exited with " + std::to_string(result.exit_code) + " (" + std::string(trim(result.standard_error)).substr(0, 200) + "); " + why;
  std::vector<RewardTerm> terms;
  for (size_t i = 0; i < inputs.size(); ++i) terms.push_back(i < answers.size() ? term_of(answers[i]) : failed(why));
  return terms;
}

}  // namespace reprise::rewards
