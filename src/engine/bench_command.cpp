// `bench`: how long the three kinds of work take that training consists of, next to what the machine's matrix products
// could do. The work is that of bench/compare_trl.py, so that both can be timed in turn.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/version.h"
#include "engine/commands.h"
#include "generation/engine.h"
#include "kernels/device.h"
#include "model/weights.h"
#include "rl/advantage.h"
#include "rl/policy_loss.h"
#include "stages/stage_support.h"
#include "text/word_level.h"
#include "training/loss.h"
#include "training/train_step.h"

namespace reprise::engine {
namespace {

struct Options {
  std::string work, model = "tiny";
  pipeline::HardwareConfig hardware;
  int64_t repeats = 5, num_prompts = 8, num_generations = 8, prompt_length = 64, new_tokens = 128, batch = 8, length = 256, tile_tokens = 2048, generation_rows = 64;
  bool json = false;
};

struct Timing {
  double median = 0, fastest = 0, slowest = 0;
};

template <class Function>
Timing time_of(int64_t repeats, Function&& once) {
  once();  // caches, allocator, threads
  std::vector<double> seconds;
  for (int64_t i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    once();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds.front(), seconds.back()};
}

// Qwen2 of 4 layers, hidden 256: small enough for a laptop, large enough that products rule.
model::ModelConfig tiny_config() {
  return model::parse_model_config(
      R"({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 4096, "hidden_size": 256, "intermediate_size": 704,
          "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 1024,
          "rope_theta": 10000.0, "rms_norm_eps": 1e-6, "tie_word_embeddings": true})", "tiny");
}

std::shared_ptr<const text::Tokenizer> tokenizer_of_words(int64_t count) {
  std::vector<std::string> words = {"<pad>", "<bos>", "<eos>"};
  for (int64_t i = 3; i < count; ++i) words.push_back("w" + std::to_string(i));
  return text::Tokenizer::from_json(text::make_word_level_tokenizer_json(words), "bench tokenizer");
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), placement_(stages::place(options.hardware)) {
    if (options.model == "tiny") {
      const auto config = tiny_config();
      model_ = std::make_shared<model::Transformer>(model::Transformer::random(config, 1, 0.02, placement_.dtype, placement_.device));
      tokenizer_ = tokenizer_of_words(config.vocab_size);
    } else {
      const model::LoadedModel loaded = model::load_model(options.model, placement_.dtype, placement_.device);
      if (!loaded.tokenizer) throw Error("has no tokenizer", options.model);
      model_ = loaded.model;
      tokenizer_ = loaded.tokenizer;
    }
  }

  nlohmann::ordered_json run() {
    nlohmann::ordered_json result = {{"work", options_.work}, {"model", options_.model}, {"device", kernels::device_description(placement_.device)},
                                     {"threads", options_.hardware.num_threads}, {"version", version()}, {"revision", git_revision()}};
    double flops = 0, tokens = 0;
    Timing timing;
    const double forward = model_->config().forward_flops_per_token(static_cast<double>(options_.prompt_length + options_.new_tokens) / 2);
    const double samples = static_cast<double>(options_.num_prompts * options_.num_generations), new_tokens = samples * static_cast<double>(options_.new_tokens);
    const double sequence_tokens = static_cast<double>(options_.prompt_length + options_.new_tokens) * samples;
    if (options_.work == "rollout") {
      options_.num_prompts *= options_.num_generations;  // different prompts: nothing to share
      options_.num_generations = 1;
      timing = time_of(options_.repeats, [&] { rollout(); });
      flops = sequence_tokens * forward;
      tokens = new_tokens;
    } else if (options_.work == "grpo") {
      training::AdamW optimizer(*model_, optimizer_config());
      timing = time_of(options_.repeats, [&] { grpo(optimizer); });
      flops = sequence_tokens * forward * 4;  // one forward to sample, one forward and two backward to train; nothing counted as shared
      tokens = new_tokens;
    } else {
      training::AdamW optimizer(*model_, optimizer_config());
      const auto rows = sft_rows();
      timing = time_of(options_.repeats, [&] { sft(optimizer, rows); });
      tokens = static_cast<double>(options_.batch * options_.length);
      flops = 3 * tokens * model_->config().forward_flops_per_token(static_cast<double>(options_.length) / 2);
    }
    const double peak = kernels::matrix_flops_per_second(placement_.device, placement_.dtype);
    result["seconds"] = timing.median;
    result["seconds_fastest"] = timing.fastest;
    result["seconds_slowest"] = timing.slowest;
    result["repeats"] = options_.repeats;
    result["tokens_per_second"] = tokens / timing.median;
    if (options_.work == "grpo") result["rollout_seconds"] = rollout_seconds_;
    result["flops"] = flops;
    result["flops_per_second"] = flops / timing.median;
    result["gemm_flops_per_second"] = peak;
    result["share_of_gemm"] = flops / timing.median / peak;
    return result;
  }

 private:
  training::OptimizerConfig optimizer_config() const {
    training::OptimizerConfig config;
    config.learning_rate = 1e-5;
    return config;
  }

  std::vector<generation::Completion> rollout() {
    generation::GenerationRequest request;
    RandomStream stream({1, name_number("bench"), ++round_});
    for (int64_t p = 0; p < options_.num_prompts; ++p) {
      std::vector<int32_t> ids;
      for (int64_t t = 0; t < options_.prompt_length; ++t) ids.push_back(static_cast<int32_t>(3 + stream.below(static_cast<uint64_t>(model_->config().vocab_size - 3))));
      request.prompts.push_back(std::move(ids));
      request.prompt_numbers.push_back(static_cast<uint64_t>(p));
    }
    request.num_generations = options_.num_generations;
    request.random_path = {1, round_};
    generation::SamplingConfig sampling;
    sampling.max_prompt_length = options_.prompt_length;
    sampling.max_completion_length = options_.new_tokens;
    sampling.generation_rows = options_.generation_rows;
    auto completions = generation::generate(*model_, *tokenizer_, sampling, request);
    prompts_ = std::move(request.prompts);
    return completions;
  }

  void grpo(training::AdamW& optimizer) {
    const auto start = std::chrono::steady_clock::now();
    const auto completions = [&] {
      at::NoGradGuard guard;
      return rollout();
    }();
    rollout_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    rl::GrpoConfig config;
    config.beta = 0;
    std::vector<rl::SampleSignal> signals;
    for (const auto& c : completions) {
      signals.push_back({.group = c.problem_index, .reward = static_cast<double>(c.ids.back() % 2), .num_tokens = static_cast<int64_t>(c.ids.size())});
    }
    const auto advantages = rl::advantages_of(config, signals);
    std::vector<training::TrainingRow> rows;
    for (size_t i = 0; i < completions.size(); ++i) {
      training::TrainingRow row;
      row.ids = prompts_[completions[i].problem_index];
      row.num_prompt_ids = static_cast<int64_t>(row.ids.size());
      row.ids.insert(row.ids.end(), completions[i].ids.begin(), completions[i].ids.end());
      row.order = static_cast<int64_t>(i);
      row.advantages = advantages[i].advantages;
      row.behavior_logprobs = completions[i].behavior_logprobs;
      rows.push_back(std::move(row));
    }
    training::train_step(*model_, optimizer, rows, options_.tile_tokens, false, 1e-5, rl::policy_loss(*model_, rows, config, 1.0, options_.new_tokens), "bench");
  }

  std::vector<training::TrainingRow> sft_rows() const {
    std::vector<training::TrainingRow> rows;
    RandomStream stream({2, name_number("bench")});
    for (int64_t b = 0; b < options_.batch; ++b) {
      training::TrainingRow row;
      for (int64_t t = 0; t < options_.length; ++t) row.ids.push_back(static_cast<int32_t>(3 + stream.below(static_cast<uint64_t>(model_->config().vocab_size - 3))));
      row.order = b;
      rows.push_back(std::move(row));
    }
    return rows;
  }

  void sft(training::AdamW& optimizer, const std::vector<training::TrainingRow>& rows) {
    training::train_step(*model_, optimizer, rows, options_.tile_tokens, false, 1e-5, training::negative_log_likelihood(*model_, rows), "bench");
  }

  Options options_;
  stages::Placement placement_;
  std::shared_ptr<model::Transformer> model_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::vector<std::vector<int32_t>> prompts_;
  uint64_t round_ = 0;
  double rollout_seconds_ = 0;
};

void print(const nlohmann::ordered_json& r) {
  std::printf("%s, %s on %s, %d threads\n", r["work"].get<std::string>().c_str(), r["model"].get<std::string>().c_str(), r["device"].get<std::string>().c_str(), r["threads"].get<int>());
  std::printf("seconds   %.3f  (%.3f to %.3f over %d)\n", r["seconds"].get<double>(), r["seconds_fastest"].get<double>(), r["seconds_slowest"].get<double>(), r["repeats"].get<int>());
  if (r.contains("rollout_seconds")) std::printf("rollout   %.3f of them\n", r["rollout_seconds"].get<double>());
  std::printf("tokens/s  %s\n", format_count(static_cast<int64_t>(r["tokens_per_second"].get<double>())).c_str());
  std::printf("GFLOP/s   %.1f, %.0f %% of the %.1f that a large matrix product reaches\n", r["flops_per_second"].get<double>() * 1e-9, 100 * r["share_of_gemm"].get<double>(),
              r["gemm_flops_per_second"].get<double>() * 1e-9);
}

}  // namespace

int bench_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  Options o;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("model", po::value(&o.model)->default_value(o.model), "tiny, a Hugging Face folder or a GGUF file")(
      "device", po::value(&o.hardware.device)->default_value("cpu"), "cpu or cuda")("dtype", po::value(&o.hardware.torch_dtype)->default_value("float32"), "float32 or bfloat16")(
      "num-threads", po::value(&o.hardware.num_threads)->default_value(2), "CPU threads")("repeats", po::value(&o.repeats)->default_value(o.repeats), "timed repeats; the median is told")(
      "prompts", po::value(&o.num_prompts)->default_value(o.num_prompts), "rollout, grpo: prompts")(
      "generations", po::value(&o.num_generations)->default_value(o.num_generations), "grpo: completions of each prompt (rollout: that many more prompts)")(
      "prompt-length", po::value(&o.prompt_length)->default_value(o.prompt_length), "tokens of a prompt")(
      "new-tokens", po::value(&o.new_tokens)->default_value(o.new_tokens), "tokens of a completion, exactly")("batch", po::value(&o.batch)->default_value(o.batch), "sft: rows")(
      "length", po::value(&o.length)->default_value(o.length), "sft: tokens of a row")("tile-tokens", po::value(&o.tile_tokens)->default_value(o.tile_tokens), "tokens that train together")(
      "generation-rows", po::value(&o.generation_rows)->default_value(o.generation_rows), "token rows that sample together")("json", po::bool_switch(&o.json), "one JSON object");
  po::options_description all;
  all.add(shown).add_options()("work", po::value(&o.work));
  po::positional_options_description places;
  places.add("work", 1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise bench --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise bench rollout|sft|grpo|grade [options]\n\n"
                 "rollout: prompts x generations sequences are sampled. grpo: the same with shared prompts, then one update.\n"
                 "sft: one AdamW step. grade: the math grader (`reprise bench grade --help`). bench/compare_trl.py runs the same work in TRL and transformers, in turn.\n\n"
              << shown;
    return 0;
  }
  if (o.work != "rollout" && o.work != "sft" && o.work != "grpo") throw UsageError("wants rollout, sft, grpo or grade", "", "see `reprise bench --help`");
  for (int64_t count : {o.repeats, o.num_prompts, o.num_generations, o.prompt_length, o.new_tokens, o.batch, o.tile_tokens, o.generation_rows}) {
    if (count < 1) throw UsageError("counts must be at least 1");
  }
  if (o.length < 2 || o.hardware.num_threads < 1) throw UsageError("--length must be at least 2 and --num-threads at least 1");
  const auto result = Bench(o).run();
  if (o.json) std::printf("%s\n", result.dump().c_str());
  else print(result);
  return 0;
}

}  // namespace reprise::engine
