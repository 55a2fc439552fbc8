// `reprise-sandbox`: one request a line on standard input, one result a line on standard output. A process of its own, small
// and single-threaded, because it forks and because seccomp and namespaces are for its children alone.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "sandbox/supervisor.h"

int main() {
  using namespace reprise::sandbox;
  std::ios::sync_with_stdio(false);
  Supervisor supervisor;
  std::string line;
  while (std::getline(std::cin, line)) {
    Result result;
    if (line == "probe") {
      result.layers = supervisor.layers().names();
    } else {
      try {
        result = supervisor.run(request_from_json(nlohmann::json::parse(line)));
      } catch (const std::exception& fault) {
        result.fault = fault.what();
      }
    }
    std::cout << to_json(result).dump() << "\n" << std::flush;
  }
  return 0;
}
