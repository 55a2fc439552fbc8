// Frequencies in float, step for step as transformers has them, so that long positions agree too.
#include "model/rope.h"

#include <algorithm>
#include <cmath>

namespace reprise::model {
namespace {

constexpr double kPi = 3.14159265358979323846;

void scale_llama3(const RopeScaling& s, std::vector<float>& inverse) {
  const double old_context = static_cast<double>(s.original_max_position_embeddings);
  const double low_wavelength = old_context / s.low_freq_factor, high_wavelength = old_context / s.high_freq_factor;
  for (float& f : inverse) {
    const double wavelength = 2 * kPi / f;
    if (wavelength < high_wavelength) continue;
    if (wavelength > low_wavelength) {
      f = static_cast<float>(f / s.factor);
    } else {
      const double smooth = (old_context / wavelength - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
      f = static_cast<float>((1 - smooth) * f / s.factor + smooth * f);
    }
  }
}

double yarn_mscale(double scale, double mscale) { return scale <= 1 ? 1.0 : 0.1 * mscale * std::log(scale) + 1.0; }

double scale_yarn(const ModelConfig& c, std::vector<float>& inverse) {
  const RopeScaling& s = c.rope_scaling;
  const double dim = static_cast<double>(c.head_dim), base = c.rope_theta;
  const double original = static_cast<double>(s.original_max_position_embeddings);
  const auto correction = [&](double rotations) { return dim * std::log(original / (rotations * 2 * kPi)) / (2 * std::log(base)); };
  double low = correction(s.beta_fast), high = correction(s.beta_slow);
  if (s.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < inverse.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    const double keep = 1 - ramp;  // 1: extrapolate (leave alone), 0: interpolate
    inverse[i] = static_cast<float>(inverse[i] / s.factor * (1 - keep) + inverse[i] * keep);
  }
  if (s.attention_factor != 0) return s.attention_factor;
  if (s.mscale != 0 && s.mscale_all_dim != 0) return yarn_mscale(s.factor, s.mscale) / yarn_mscale(s.factor, s.mscale_all_dim);
  return yarn_mscale(s.factor, 1);
}

}  // namespace

RopeFrequencies rope_frequencies(const ModelConfig& config) {
  RopeFrequencies out;
  for (int64_t i = 0; i < config.head_dim; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(config.head_dim);
    out.inverse.push_back(1.0f / static_cast<float>(std::pow(config.rope_theta, static_cast<double>(exponent))));
  }
  const std::string& type = config.rope_scaling.rope_type;
  if (type == "linear") {
    for (float& f : out.inverse) f = static_cast<float>(f / config.rope_scaling.factor);
  }
  if (type == "llama3") scale_llama3(config.rope_scaling, out.inverse);
  if (type == "yarn") out.attention_scale = scale_yarn(config, out.inverse);
  return out;
}

void rope_table(const ModelConfig& config, int64_t num_positions, std::vector<float>& cosine, std::vector<float>& sine) {
  const RopeFrequencies frequencies = rope_frequencies(config);
  const size_t half = frequencies.inverse.size();
  cosine.resize(static_cast<size_t>(num_positions) * half);
  sine.resize(cosine.size());
  for (int64_t p = 0; p < num_positions; ++p) {
    for (size_t i = 0; i < half; ++i) {
      const float angle = static_cast<float>(p) * frequencies.inverse[i];
      cosine[static_cast<size_t>(p) * half + i] = static_cast<float>(std::cos(double{angle}) * frequencies.attention_scale);
      sine[static_cast<size_t>(p) * half + i] = static_cast<float>(std::sin(double{angle}) * frequencies.attention_scale);
    }
  }
}

}  // namespace reprise::model
