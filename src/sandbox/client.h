// Asks a `reprise-sandbox` to run programs. One client is one supervisor: it runs one program at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sandbox/request.h"

namespace reprise {
class LineProcess;
}

namespace reprise::sandbox {

class Client {
 public:
  // Throws Error if reprise-sandbox cannot be started.
  Client();
  ~Client();
  // Names of the layers that this machine allows.
  std::vector<std::string> probe();
  // Never throw: a supervisor that dies or hangs is started again, and the result says not_started.
  Result run(const Request& request);
  PairResult run(const Pair& pair);

 private:
  std::string ask(const std::string& request, double seconds, std::string& fault);

  std::unique_ptr<LineProcess> process_;
};

}  // namespace reprise::sandbox
