// Runs one program after another under the layers, watches it, and clears up behind it.
#pragma once

#include "sandbox/layers.h"
#include "sandbox/request.h"

namespace reprise::sandbox {

class Supervisor {
 public:
  // `slot` makes the uid of its programs its own among supervisors that run at once.
  explicit Supervisor(int slot);
  const Layers& layers() const { return layers_; }
  // Never throws: what went wrong on our side is Ending::not_started with a fault.
  Result run(const Request& request);

 private:
  Layers layers_;
  unsigned uid_;
};

}  // namespace reprise::sandbox
