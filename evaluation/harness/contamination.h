// The stage `contamination`: what a recipe's training stores share with the stores that it scores on. Torch-free. Writes overlap.jsonl (data/overlap_file.h); the
// counts go to done.json.
#pragma once

#include "base/json.h"
#include "pipeline/stage.h"

namespace reprise::evaluation {

// Quick enough to begin anew after an interruption. Throws Error where a store cannot be read, Interrupted when asked to stop.
nlohmann::json run_contamination(pipeline::StageContext& context);

}  // namespace reprise::evaluation
