// Runs one program after another under the layers, watches it, and clears up behind it.
#pragma once

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
  // Never throws: what went wrong on our side is Ending::not_started with a fault.
  Result run(const Request& request);

 private:
  Layers layers_;
  unsigned uid_ = 0;   // of its programs; no other supervisor on this machine has it
  int uid_lock_ = -1;
};

}  // namespace reprise::sandbox
