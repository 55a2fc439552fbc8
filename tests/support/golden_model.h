// The tiny models of tests/golden/models.json, filled by their maker's rule (make_model_golden.py).
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
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

inline at::Tensor ids_tensor(const std::vector<int64_t>& ids) { return at::tensor(ids, at::kLong); }

// Rows end to end, every token an output.
inline model::TokenLayout layout_of(const std::vector<std::vector<int64_t>>& rows) {
  model::TokenLayout layout;
  for (const auto& row : rows) layout.add(row.begin(), row.end());
  for (int64_t m = 0; m < layout.num_tokens(); ++m) layout.outputs.push_back(m);
  return layout;
}

// Hidden states of each row, [length, D].
inline std::vector<at::Tensor> hidden_of(const model::Transformer& model, const std::vector<std::vector<int64_t>>& rows, bool recompute = false) {
  const at::Tensor all = model.hidden_ND(layout_of(rows), recompute);
  std::vector<at::Tensor> out;
  int64_t first = 0;
  for (const auto& row : rows) {
    out.push_back(all.slice(0, first, first + static_cast<int64_t>(row.size())));
    first += static_cast<int64_t>(row.size());
  }
  return out;
}

inline model::Transformer plain(model::Transformer model) {
  model.set_batch_invariant(false);
  return model;
}

inline double max_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace reprise::testing
