// The one exception of Reprise: a fault of the user's input or of the world (a missing file, a full disk),
// told in one line as "where: what; what to do". Caught once, in main. What a model wrote never throws:
// it becomes a Verdict or a StopReason. Our own bugs are asserts.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace reprise {

class Error : public std::runtime_error {
 public:
  // where: "file.yaml:12", a path, a stage name ("" if there is no place); what: the fault;
  // hint: what to do about it ("" if nothing helps).
  explicit Error(std::string what, std::string where = "", std::string hint = "");

  const std::string& fault() const { return fault_; }
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }

 private:
  std::string fault_, where_, hint_;
};

// Bad use of the command line: exit status 2 instead of 1.
class UsageError : public Error {
 public:
  using Error::Error;
};

// The user pressed Ctrl-C and the work stopped in good order, with a checkpoint: exit status 130.
class Interrupted : public Error {
 public:
  using Error::Error;
};

}  // namespace reprise
