// The tokenizer inside a GGUF file, as the tokenizer.json that its Hugging Face folder would hold.
#pragma once

#include <memory>

#include "io/gguf.h"
#include "text/tokenizer.h"

namespace reprise::text {

// Byte-level BPE only (tokenizer.ggml.model = gpt2); the pre-tokenizer is chosen by tokenizer.ggml.pre. Throws Error naming
// what is not supported.
std::shared_ptr<const Tokenizer> tokenizer_from_gguf(const io::GgufFile& file);

}  // namespace reprise::text
