// `reprise-sandbox`: one request a line on standard input, one result a line on standard output. A process of its own, small
// and single-threaded, because it forks and because seccomp and namespaces are for its children alone.
#include <iostream>
#include <string>

#include "base/json.h"

#include "sandbox/supervisor.h"

int main() {
  using namespace reprise::sandbox;
  std::ios::sync_with_stdio(false);
  Supervisor supervisor;
  std::string line;
  while (std::getline(std::cin, line)) {
    nlohmann::json answer;
    if (line == "probe") {
      Result result;
      result.layers = supervisor.layers().names();
      answer = to_json(result);
    } else {
      try {
        const nlohmann::json request = nlohmann::json::parse(line);
        if (request.contains("candidate")) {
          const PairResult result = supervisor.run(Pair{request_from_json(request.at("candidate")), request_from_json(request.at("checker"))});
          answer = {{"candidate", to_json(result.candidate)}, {"checker", to_json(result.checker)}};
        } else {
          answer = to_json(supervisor.run(request_from_json(request)));
        }
      } catch (const std::exception& fault) {
        Result result;
        result.fault = fault.what();
        answer = to_json(result);
      }
    }
    std::cout << answer.dump() << "\n" << std::flush;
  }
  return 0;
}
