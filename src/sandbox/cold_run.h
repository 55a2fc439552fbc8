// A program started from nothing: an init holds the namespaces and reaps, the program is its child.
#pragma once

#include "sandbox/layers.h"
#include "sandbox/request.h"
#include "sandbox/running.h"

namespace reprise::sandbox {

class ColdRun : public Running {
 public:
  // `uid` is of layers.own_uid. With `stream` the program's standard input is that descriptor, which it can also write to, instead of a pipe.
  // Throws Error.
  ColdRun(const Request& request, const Layers& layers, unsigned uid, const std::string& folder, int stream = -1);
  ~ColdRun() override;
  int descriptor() const override { return told_.fd; }
  void look() override;
  void kill(bool hard) override;
  void finish() override;

 private:
  Layers layers_;
  unsigned uid_;
  bool may_fork_;
  pid_t init_ = -1;
  Descriptor told_;
};

}  // namespace reprise::sandbox
