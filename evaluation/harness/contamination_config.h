// The keys of the stage `contamination`.
#pragma once

#include <string>
#include <vector>

#include "config/field.h"
#include "data/overlap_config.h"

namespace reprise::evaluation {

struct ContaminationConfig {
  std::vector<std::string> training_stores, evaluation_stores;
  data::OverlapConfig overlap;

  template <class Visitor>
  void fields(Visitor& v) {
    v.reference("training_stores", training_stores, "What models are trained on: datasets, and stores of earlier stages; empty: all that the training stages before this one train on.");
    v.reference("evaluation_stores", evaluation_stores, "What they are scored on; empty: all stores that the evaluate stages before this one score on.");
    overlap.fields(v);
  }

  void check(config::Checker& c) const { overlap.check(c); }
};

}  // namespace reprise::evaluation
