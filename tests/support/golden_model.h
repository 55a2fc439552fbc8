// The tiny models of tests/golden/models.json, filled by their maker's rule (make_model_golden.py).
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "model/transformer.h"
#include "support/test_data.h"
#include "text/tokenizer.h"
#include "text/word_level.h"

namespace reprise::testing {

inline const nlohmann::json& golden_models() {
  static const nlohmann::json json = nlohmann::json::parse(read_file(source_folder() / "tests/golden/models.json"));
  return json;
}

inline const nlohmann::json& golden_case(const std::string& name) {
  for (const auto& one : golden_models()["models"]) {
    if (one["name"] == name) return one;
  }
  throw std::runtime_error("no golden model " + name);
}

// Names and shapes come from Transformer::random, which makes every weight that the shape has.
inline model::Transformer golden_model(const nlohmann::json& one) {
  const auto config = model::parse_model_config(one["config"].dump(), one["name"].get<std::string>());
  model::Transformer model = model::Transformer::random(config, 1, 0.02, at::kFloat, at::kCPU);
  int64_t k = 0;
  for (auto& [name, tensor] : model.weights()) {  // a map: alphabetical
    at::Tensor wave = at::empty(tensor.sizes(), at::kFloat);
    float* values = wave.data_ptr<float>();
    for (int64_t i = 0; i < wave.numel(); ++i) values[i] = static_cast<float>(std::sin(0.37 * static_cast<double>(k + i)));
    k += wave.numel();
    if (name.ends_with("bias")) wave.mul_(0.2);
    else if (name.find("norm") != std::string::npos) wave.mul_(0.3).add_(1);
    else wave.mul_(0.4);
    tensor.copy_(wave);
  }
  return model;
}

inline model::Transformer golden_model(const std::string& name) { return golden_model(golden_case(name)); }

// 40 words for the 40 ids of the golden models.
inline std::shared_ptr<const text::Tokenizer> golden_tokenizer(int num_words = 40) {
  std::vector<std::string> words = {"<pad>", "<bos>", "<eos>"};
  for (int i = 3; i < num_words; ++i) words.push_back("w" + std::to_string(i));
  return text::Tokenizer::from_json(text::make_word_level_tokenizer_json(words), "golden tokenizer");
}

inline at::Tensor ids_tensor(const std::vector<std::vector<int64_t>>& rows) {
  size_t longest = 0;
  for (const auto& row : rows) longest = std::max(longest, row.size());
  at::Tensor ids = at::zeros({static_cast<int64_t>(rows.size()), static_cast<int64_t>(longest)}, at::kLong);
  for (size_t b = 0; b < rows.size(); ++b) {
    for (size_t t = 0; t < rows[b].size(); ++t) ids[static_cast<int64_t>(b)][static_cast<int64_t>(t)] = rows[b][t];
  }
  return ids;
}

inline at::Tensor lengths_tensor(const std::vector<std::vector<int64_t>>& rows) {
  at::Tensor lengths = at::empty({static_cast<int64_t>(rows.size())}, at::kLong);
  for (size_t b = 0; b < rows.size(); ++b) lengths[static_cast<int64_t>(b)] = static_cast<int64_t>(rows[b].size());
  return lengths;
}

inline double max_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace reprise::testing
