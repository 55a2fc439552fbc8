// Packing: several sequences end to end in one row, each attending to itself only (segments), so that no compute goes
// to padding. Best fit, longest first (R1's appendix B.2 packs so into fixed chunks).
#pragma once

#include <cstdint>
#include <vector>

#include "training/token_batch.h"

namespace reprise::training {

// Rows of at most max_length ids. Every input row comes back in exactly one packed row; rows with RL values cannot be packed.
std::vector<TrainingRow> pack_rows(const std::vector<TrainingRow>& rows, int64_t max_length);

}  // namespace reprise::training
