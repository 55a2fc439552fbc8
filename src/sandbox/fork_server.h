// A Python in a sandbox of its own whose forks are the programs (python/fork_server.py): a start costs a fork.
#pragma once

#include <memory>
#include <string>

#include "sandbox/cold_run.h"
#include "sandbox/folder.h"

namespace reprise::sandbox {

class ForkServer {
 public:
  // Throws Error when it does not come up, or when the preloaded code fails.
  ForkServer(const Layers& layers, unsigned uid, const std::string& preload);
  ~ForkServer();
  const std::string& preload() const { return preload_; }
  // Trusted code in the server itself, unless it is the last one again. Throws Error.
  void prepare(const std::string& script);
  // What the prepared code says a candidate's line may cost; 0 for nothing.
  double cpu_seconds_per_line() const { return cpu_seconds_per_line_; }
  // The program in `request.command` as a child, or the preloaded code's `inline`; one at a time. Throws Error.
  std::unique_ptr<Running> start(const Request& request);
  // After a program: its folder is empty again. False when this server cannot be used any more.
  bool clean();

 private:
  class Child;
  void order(const std::string& message, const int* streams);
  std::string answer(double seconds);
  void load(const std::string& operation, const std::string& script);

  Layers layers_;
  std::string preload_, prepared_;
  Folder folder_;
  PacketPair packets_;
  std::unique_ptr<ColdRun> server_;
  double cpu_seconds_per_line_ = 0;
  bool broken_ = false;
};

}  // namespace reprise::sandbox
