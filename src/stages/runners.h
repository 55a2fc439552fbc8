// The stage runners, one file each. Each reads its typed keys from the context, does its work below context.folder()
// and returns the numbers that done.json and the report show.
#pragma once

#include "base/json.h"
#include "pipeline/stage.h"

namespace reprise::stages {

nlohmann::json run_pretrain(pipeline::StageContext& context);
nlohmann::json run_sft(pipeline::StageContext& context);
nlohmann::json run_grpo(pipeline::StageContext& context);
nlohmann::json run_rejection_sampling(pipeline::StageContext& context);
nlohmann::json run_distill(pipeline::StageContext& context);
nlohmann::json run_evaluate(pipeline::StageContext& context);

}  // namespace reprise::stages
