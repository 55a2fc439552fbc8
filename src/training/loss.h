// Supervised losses over trained tokens.
#pragma once

#include "training/train_step.h"

namespace reprise::training {

// Mean negative log-likelihood over all trained tokens of the update (every token alike, whatever its row's length).
TileLoss negative_log_likelihood(const model::Transformer& model, const std::vector<TrainingRow>& rows);

// (1 - weight) * NLL + weight * T^2 * KL(teacher || student) over the vocabulary at temperature T
// (Hinton et al. 2015); hidden states of the teacher are computed tile by tile, logits in chunks.
TileLoss distillation(const model::Transformer& student, const model::Transformer& teacher,
                      const std::vector<TrainingRow>& rows, double weight, double temperature);

}  // namespace reprise::training
