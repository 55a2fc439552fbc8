// Whether two answers are the same, and how that is known.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "grading/math/expression.h"

namespace reprise::grading::math {

enum class Status {
  proved_equal,
  proved_different,
  numerically_equal,  // balls of `bits` bits overlap wherever they were taken; no proof
  unverifiable,       // understood, but neither proved nor refuted
  unparsable,         // the answer or the reference cannot be read
  no_answer,
  over_budget,        // the work was too much
};
const char* to_string(Status status);

struct Comparison {
  Status status = Status::unverifiable;
  std::string reason;
  int bits = 0;  // of numerically_equal
};

// What a comparison needs and keeps between calls (Calcium's context). One for each thread.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  struct Machines;
  Machines& machines() { return *machines_; }

 private:
  std::unique_ptr<Machines> machines_;
};

struct EqualityLimits {
  int64_t steps = 400000;  // about 40 ms
  bool where_real = true;  // functions are compared where both are real; false: wherever they have values
};

// Symmetric up to the reason's words. Every step that was taken is added to `steps`, if given, as a line.
Comparison compare(const Expression& reference, const Expression& answer, Workspace& workspace, const EqualityLimits& limits = {}, std::vector<std::string>* steps = nullptr);

}  // namespace reprise::grading::math
