// Names of verdicts, spelled as in samples.jsonl.
#include "grading/verdict.h"

namespace reprise::grading {

const char* to_string(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::correct: return "correct";
    case VerdictKind::incorrect: return "incorrect";
    case VerdictKind::unverifiable: return "unverifiable";
    case VerdictKind::no_answer: return "no_answer";
  }
  return "?";
}

}  // namespace reprise::grading
