// A GGUF file's metadata as a ModelConfig. Torch-free: `plan` reads it too.
#pragma once

#include <string>

#include "io/gguf.h"
#include "model/model_config.h"

namespace reprise::model {

// architecture: the file's general.architecture, one that we run. Throws Error for sizes that cannot be and for rope
// scalings that a GGUF cannot state.
ModelConfig gguf_model_config(const io::GgufFile& file, const std::string& architecture);

}  // namespace reprise::model
