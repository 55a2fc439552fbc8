// Runs one program after another under the layers, watches it, and clears up behind it.
#pragma once

#include <map>
#include <memory>

#include "sandbox/fork_server.h"
#include "sandbox/layers.h"
#include "sandbox/request.h"

namespace reprise::sandbox {

class Supervisor {
 public:
  Supervisor();
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  const Layers& layers() const { return layers_; }
  // Never throw: what went wrong on our side is Ending::not_started with a fault.
  Result run(const Request& request);
  PairResult run(const Pair& pair);

 private:
  struct Lane;
  enum Seat { cold, warm, checker, num_seats };  // each with a uid of its own
  void start(Lane& lane, const Request& request, Seat seat);
  void watch(Lane* lanes, int count);
  void conclude(Lane& lane);

  Layers layers_;
  unsigned uids_[num_seats] = {};   // no other supervisor on this machine has them
  int uid_locks_[num_seats] = {-1, -1, -1};
  std::unique_ptr<ForkServer> servers_[num_seats];
  std::vector<std::string> server_without_[num_seats];
};

}  // namespace reprise::sandbox
