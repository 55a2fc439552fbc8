// Model folders: what we save is what we load, and what does not fit is told in one line.
#include "model/weights.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "io/safetensors.h"
#include "support/golden_model.h"

namespace reprise::model {
namespace {

using ::testing::HasSubstr;

class ModelFolder : public ::testing::Test {
 protected:
  ModelFolder() : model_(testing::golden_model(std::string("qwen2_yarn"))), tokenizer_(testing::golden_tokenizer()) {
    path_ = folder_.path() / "model";
    make_folders(path_);
    save_model(path_, model_, tokenizer_.get(), "{{ messages }}", R"({"eos_token_id": 2})");
  }
  LoadedModel load() { return load_model(path_, at::kFloat, at::kCPU); }
  std::string fault() {
    try {
      load();
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      return error.what();
    }
    return "nothing was thrown";
  }
  void write_config(const std::string& key, const nlohmann::json& value) {
    auto config = nlohmann::json::parse(read_file(path_ / "config.json"));
    config[key] = value;
    write_file(path_ / "config.json", config.dump());
  }
  // Writes the folder's tensors again, changed.
  void rewrite(const std::function<void(NamedTensors&)>& change) {
    NamedTensors tensors = model_.weights();
    change(tensors);
    std::vector<io::TensorDeclaration> declarations;
    for (auto& [name, tensor] : tensors) declarations.push_back({name, io::Dtype::f32, tensor.sizes().vec()});
    io::SafetensorsWriter writer(path_ / "model.safetensors", declarations);
    for (auto& [name, tensor] : tensors) {
      const at::Tensor flat = tensor.contiguous();
      writer.append(flat.const_data_ptr(), flat.nbytes());
    }
    writer.finish();
  }

  TemporaryFolder folder_;
  fs::path path_;
  Transformer model_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

TEST_F(ModelFolder, ComesBackAsItWas) {
  const LoadedModel loaded = load();
  EXPECT_EQ(loaded.chat_template, "{{ messages }}");
  EXPECT_EQ(loaded.tokenizer->vocab_size(), 40);
  EXPECT_EQ(loaded.model->config().rope_scaling.rope_type, "yarn");
  for (const auto& [name, tensor] : model_.weights()) EXPECT_TRUE(at::equal(tensor, loaded.model->weights().at(name))) << name;
}

TEST_F(ModelFolder, ComesBackFromShards) {
  const fs::path sharded = folder_.path() / "sharded";
  make_folders(sharded);
  save_model(sharded, model_, tokenizer_.get(), "", "", 4000);
  int shards = 0;
  for (const auto& entry : fs::directory_iterator(sharded)) shards += entry.path().extension() == ".safetensors";
  EXPECT_GT(shards, 3);
  const LoadedModel loaded = load_model(sharded, at::kFloat, at::kCPU);
  for (const auto& [name, tensor] : model_.weights()) EXPECT_TRUE(at::equal(tensor, loaded.model->weights().at(name))) << name;
}

TEST_F(ModelFolder, LoadsHalfPrecisionWeights) {
  NamedTensors halves;
  std::vector<io::TensorDeclaration> declarations;
  for (auto& [name, tensor] : model_.weights()) {
    halves[name] = tensor.to(at::kBFloat16).contiguous();
    declarations.push_back({name, io::Dtype::bf16, tensor.sizes().vec()});
  }
  {
    io::SafetensorsWriter writer(path_ / "model.safetensors", declarations);
    for (auto& [name, tensor] : halves) writer.append(tensor.const_data_ptr(), tensor.nbytes());
    writer.finish();
  }
  const LoadedModel loaded = load();
  for (const auto& [name, tensor] : halves) EXPECT_TRUE(at::equal(tensor.to(at::kFloat), loaded.model->weights().at(name))) << name;
}

TEST_F(ModelFolder, ThatIsNoneIsToldApart) {
  path_ = folder_.path() / "nothing";
  EXPECT_THAT(fault(), HasSubstr("nothing"));
  make_folders(path_);
  EXPECT_THAT(fault(), HasSubstr("config.json"));
}

TEST_F(ModelFolder, CutOffAnywhereIsOneLine) {
  const std::string bytes = read_file(path_ / "model.safetensors");
  for (size_t length : {size_t{0}, size_t{5}, size_t{8}, size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    write_file(path_ / "model.safetensors", bytes.substr(0, length));
    EXPECT_THAT(fault(), HasSubstr("model.safetensors")) << length;
  }
  write_file(path_ / "model.safetensors", bytes + "x");
  EXPECT_THAT(fault(), HasSubstr("model.safetensors"));
}

TEST_F(ModelFolder, WithTensorsThatDoNotFitNamesThem) {
  rewrite([](NamedTensors& t) { t.erase("model.layers.1.mlp.down_proj.weight"); });
  EXPECT_THAT(fault(), HasSubstr("model.layers.1.mlp.down_proj.weight"));
  rewrite([](NamedTensors& t) { t["model.layers.1.mlp.down_proj.weight"] = at::zeros({24, 16}); });
  EXPECT_THAT(fault(), HasSubstr("model.layers.1.mlp.down_proj.weight"));
  rewrite([](NamedTensors& t) { t["model.layers.9.mlp.down_proj.weight"] = at::zeros({16, 24}); });
  EXPECT_THAT(fault(), HasSubstr("model.layers.9.mlp.down_proj.weight"));
}

TEST_F(ModelFolder, WithAnotherModelsTokenizerIsRefused) {
  write_file(path_ / "tokenizer.json", testing::golden_tokenizer(41)->json());
  EXPECT_THAT(fault(), HasSubstr("41"));
  write_file(path_ / "tokenizer.json", "{\"model\": ");
  EXPECT_THAT(fault(), HasSubstr("tokenizer.json"));
}

TEST_F(ModelFolder, OfKindsThatWeDoNotRunIsRefused) {
  const std::string config = read_file(path_ / "config.json");
  write_config("model_type", "mamba");
  EXPECT_THAT(fault(), HasSubstr("model_type 'mamba' is not supported"));
  write_file(path_ / "config.json", config);
  write_config("num_attention_heads", 0);
  EXPECT_THAT(fault(), HasSubstr("num_attention_heads is 0"));
  write_file(path_ / "config.json", config);
  write_config("hidden_size", "16");
  EXPECT_THAT(fault(), HasSubstr("hidden_size is not an integer"));
  write_file(path_ / "config.json", config);
  write_config("num_hidden_layers", 900);
  EXPECT_THAT(fault(), HasSubstr("model.layers."));
  write_file(path_ / "config.json", config);
  write_config("use_sliding_window", true);
  EXPECT_THAT(fault(), HasSubstr("sliding window"));
  write_file(path_ / "config.json", "[]");
  EXPECT_THAT(fault(), HasSubstr("not a JSON object"));
}

TEST_F(ModelFolder, OfDeepSeekV3IsForPlanningOnly) {
  write_file(path_ / "config.json", R"({"model_type": "deepseek_v3", "vocab_size": 129280, "hidden_size": 7168, "intermediate_size": 18432,
    "moe_intermediate_size": 2048, "num_hidden_layers": 61, "first_k_dense_replace": 3, "num_attention_heads": 128, "num_key_value_heads": 128,
    "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "n_routed_experts": 256,
    "n_shared_experts": 1, "num_experts_per_tok": 8})");
  EXPECT_THAT(fault(), HasSubstr("deepseek_v3"));
  const ModelConfig config = read_model_config(path_ / "config.json");
  EXPECT_NEAR(static_cast<double>(config.num_parameters()) / 1e9, 671, 1);        // arXiv 2412.19437
  EXPECT_NEAR(static_cast<double>(config.num_active_parameters()) / 1e9, 37, 1);
}

TEST_F(ModelFolder, WithAnIndexThatLeavesItIsRefused) {
  fs::rename(path_ / "model.safetensors", folder_.path() / "outside.safetensors");
  nlohmann::json map = nlohmann::json::object();
  for (const auto& [name, tensor] : model_.weights()) map[name] = "../outside.safetensors";
  write_file(path_ / "model.safetensors.index.json", nlohmann::json{{"metadata", {{"total_size", 1}}}, {"weight_map", map}}.dump());
  EXPECT_THAT(fault(), HasSubstr("../outside.safetensors"));
  write_file(path_ / "model.safetensors.index.json", R"({"weight_map": 3})");
  EXPECT_THAT(fault(), HasSubstr("index"));
}

}  // namespace
}  // namespace reprise::model
