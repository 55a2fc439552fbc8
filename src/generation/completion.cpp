// Names of stop reasons, spelled as in samples.jsonl.
#include "generation/completion.h"

namespace reprise::generation {

const char* to_string(StopReason reason) {
  switch (reason) {
    case StopReason::eos: return "eos";
    case StopReason::stop_string: return "stop_string";
    case StopReason::length: return "length";
  }
  return "?";
}

}  // namespace reprise::generation
