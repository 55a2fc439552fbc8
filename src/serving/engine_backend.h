// The engine beside this program as a source of samples. A sample depends on the model, the prompt's tokens, the sampling keys, the seed, the problem and
// the sample's number, on nothing else.
#pragma once

#include <memory>

#include "serving/backend.h"
#include "serving/engine_client.h"
#include "text/model_text.h"

namespace reprise::serving {

class EngineBackend : public Backend {
 public:
  // Reads the model's texts and hashes its files; the weights are loaded when something is drawn.
  EngineBackend(const EngineOptions& options, uint64_t seed);

  nlohmann::json identity() const override;
  std::string prompt_bytes(const Task& task) const override;
  void draw(const std::vector<Task>& tasks, const generation::SamplingConfig& sampling, const std::function<void(Drawn&&)>& keep, const std::function<bool()>& stop) override;

 private:
  EngineClient& engine();
  void compare_continuations(const std::vector<Task>& tasks, const std::function<void(Drawn&&)>& keep, const std::function<bool()>& stop);

  EngineOptions options_;
  uint64_t seed_;
  text::ModelText text_;
  std::string model_sha256_;
  std::unique_ptr<EngineClient> engine_;
};

// SHA-256 of what a model is: its file, or the names and bytes of its weights, configs and tokenizer.
std::string model_sha256(const std::string& path);

}  // namespace reprise::serving
