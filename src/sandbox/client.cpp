// One line out, one line in.
#include "sandbox/client.h"

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/line_process.h"

namespace reprise::sandbox {
namespace {

// The supervisor keeps the clocks; the client only notices that it hangs. Starting a server and preparing it have clocks of their own.
constexpr double kPatienceSeconds = 30, kServerPatienceSeconds = 330;

}  // namespace

Client::Client() : process_(std::make_unique<LineProcess>(std::vector<std::string>{executable_folder() / "reprise-sandbox"})) {}
Client::~Client() = default;

std::vector<std::string> Client::probe() {
  // A supervisor may be killed, as any process may; one that is there no more is started again, a few times.
  for (int attempt = 0; attempt < 4; ++attempt) {
    std::string fault;
    if (const std::string answer = ask("probe", kPatienceSeconds, fault); !answer.empty()) return result_from_json(nlohmann::json::parse(answer)).layers;
  }
  throw Error("does not answer", "reprise-sandbox");
}

std::string Client::ask(const std::string& request, double seconds, std::string& fault) {
  process_->write_line(request);
  if (const auto line = process_->read_line(seconds)) return *line;
  fault = process_->timed_out() ? "the supervisor hangs" : "the supervisor ended";
  process_->restart();
  return {};
}

Result Client::run(const Request& request) {
  Result result;
  try {
    const std::string answer = ask(to_json(request).dump(), request.limits.wall_seconds + (request.warm ? kServerPatienceSeconds : kPatienceSeconds), result.fault);
    if (!answer.empty()) result = result_from_json(nlohmann::json::parse(answer));
  } catch (const std::exception& fault) {
    result.fault = fault.what();
  }
  return result;
}

PairResult Client::run(const Pair& pair) {
  PairResult result;
  try {
    std::string fault;
    const nlohmann::json request = {{"candidate", to_json(pair.candidate)}, {"checker", to_json(pair.checker)}};
    const std::string answer = ask(request.dump(), std::max(pair.candidate.limits.wall_seconds, pair.checker.limits.wall_seconds) + kServerPatienceSeconds, fault);
    if (answer.empty()) throw Error(fault);
    const nlohmann::json both = nlohmann::json::parse(answer);
    if (!both.contains("candidate")) throw Error(result_from_json(both).fault);
    result = {result_from_json(both["candidate"]), result_from_json(both.at("checker"))};
  } catch (const std::exception& fault) {
    result.candidate.fault = result.checker.fault = fault.what();
  }
  return result;
}

}  // namespace reprise::sandbox
