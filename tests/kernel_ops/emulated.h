// The launchers of the kernel files as the emulator runs them (emulated/).
#pragma once

#include "kernels/ops/adamw.h"
#include "kernels/ops/clipped_surrogate.h"
#include "kernels/ops/decode_attention.h"
#include "kernels/ops/gradient_norm.h"
#include "kernels/ops/rms_norm.h"
#include "kernels/ops/rope_cache.h"
#include "kernels/ops/sampling.h"
#include "kernels/ops/swiglu.h"
#include "kernels/ops/token_logprob.h"

namespace reprise::kernels::ops::emulated {
void rms_norm(const RmsNorm& args, Stream stream);
void rms_norm_backward(const RmsNormBackward& args, Stream stream);
void swiglu(const Swiglu& args, Stream stream);
void swiglu_backward(const SwigluBackward& args, Stream stream);
void rope_cache(const RopeCache& args, Stream stream);
void token_logprob(const TokenLogprob& args, Stream stream);
void token_logprob_backward(const TokenLogprobBackward& args, Stream stream);
void adamw(const Adamw& args, Stream stream);
void gradient_norm(const GradientNorm& args, Stream stream);
void decode_attention(const DecodeAttention& args, Stream stream);
void sample(const Sampling& args, Stream stream);
void clipped_surrogate(const ClippedSurrogate& args, Stream stream);
}  // namespace reprise::kernels::ops::emulated
