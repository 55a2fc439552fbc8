// Keys of how rows are put through the model: the unit of compute is a tile of rows.
#pragma once

#include <cstdint>

#include "config/field.h"

namespace reprise::training {

struct BatchConfig {
  int64_t tile_tokens = 2048;
  bool gradient_checkpointing = false;
  int64_t save_steps = 50;
  int64_t save_total_limit = 2;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("tile_tokens", tile_tokens,
            "Tokens that go through the model together, at least one row: memory follows this key and not the longest row. "
            "Gradients are summed tile by tile in a fixed order; on the CPU their bits do not depend on it.", at_least(1));
    v.field("gradient_checkpointing", gradient_checkpointing,
            "Compute activations again in the backward pass: about a third more time, far less memory.");
    v.field("save_steps", save_steps, "A checkpoint every so many steps; a kill loses at most these.", at_least(1));
    v.field("save_total_limit", save_total_limit, "Checkpoints kept; older ones are removed.", at_least(1));
  }
};

}  // namespace reprise::training
