// `logprobs`: the log-probability of every token of given texts, in chunks, so that full logits are never held.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <boost/program_options.hpp>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "engine/commands.h"
#include "io/jsonl.h"
#include "model/weights.h"
#include "stages/stage_support.h"
#include "training/train_step.h"

namespace reprise::engine {
namespace {

struct Line {
  nlohmann::json json;
  training::TrainingRow row;
};

Line read_line(const nlohmann::json& json, const model::LoadedModel& model, const std::string& where) {
  Line line{json, {}};
  if (json.contains("ids")) {
    if (!json["ids"].is_array()) throw Error("'ids' is not a list", where);
    for (const auto& id : json["ids"]) {
      if (!id.is_number_integer()) throw Error("'ids' holds something that is not a token id", where);
      line.row.ids.push_back(id.get<int32_t>());
    }
  } else {
    if (!json.contains("prompt") || !json["prompt"].is_string() || !json.contains("completion") || !json["completion"].is_string()) {
      throw Error("has neither 'ids' nor 'prompt' and 'completion'", where);
    }
    if (!model.tokenizer) throw Error("gives text, but the model has no tokenizer", where);
    line.row.ids = model.tokenizer->encode(json["prompt"].get<std::string>(), true);
    line.json["num_prompt_ids"] = line.row.ids.size();
    const auto completion = model.tokenizer->encode(json["completion"].get<std::string>(), false);
    line.row.ids.insert(line.row.ids.end(), completion.begin(), completion.end());
  }
  if (line.row.ids.empty()) throw Error("has no tokens", where);
  if (static_cast<int64_t>(line.row.ids.size()) > model.model->config().max_position_embeddings) {
    throw Error("has " + std::to_string(line.row.ids.size()) + " tokens, the model's context is " + std::to_string(model.model->config().max_position_embeddings), where);
  }
  for (int32_t id : line.row.ids) {
    if (id < 0 || id >= model.model->config().vocab_size) throw Error("has token " + std::to_string(id) + " that the model does not know", where);
  }
  return line;
}

}  // namespace

int logprobs_command(const Arguments& arguments) {
  namespace options = boost::program_options;
  std::string model_path, input, output;
  int64_t tile_tokens = 4096;
  pipeline::HardwareConfig hardware;
  options::options_description shown("options");
  shown.add_options()("help,h", "this text")("input", options::value(&input)->value_name("FILE.jsonl"), "rows of {\"prompt\",\"completion\"} or {\"ids\"}")(
      "output", options::value(&output)->value_name("FILE.jsonl"), "the same rows with \"ids\" and \"logprobs\"")(
      "device", options::value(&hardware.device)->default_value("cpu"), "cpu or cuda")(
      "dtype", options::value(&hardware.torch_dtype)->default_value("float32"), "float32 or bfloat16 (cuda)")(
      "num-threads", options::value(&hardware.num_threads)->default_value(2), "CPU threads")(
      "tile-tokens", options::value(&tile_tokens)->default_value(4096), "tokens that go through the model together");
  options::options_description all;
  all.add(shown).add_options()("model", options::value(&model_path));
  options::positional_options_description places;
  places.add("model", 1);
  options::variables_map values;
  try {
    options::store(options::command_line_parser(arguments).options(all).positional(places).run(), values);
    options::notify(values);
  } catch (const options::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise logprobs --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise logprobs MODEL --input FILE.jsonl --output FILE.jsonl\n\n"
                 "logprobs[i] is log p(ids[i+1] | ids[0..i]): one fewer than ids. A text is encoded as\n"
                 "prompt (with the tokenizer's special tokens) followed by completion (without).\n\n"
              << shown;
    return 0;
  }
  if (model_path.empty() || input.empty() || output.empty()) throw UsageError("needs a model, --input and --output", "", "see `reprise logprobs --help`");
  if (tile_tokens < 1 || hardware.num_threads < 1) throw UsageError("--tile-tokens and --num-threads must be at least 1");
  const stages::Placement placement = stages::place(hardware);
  const model::LoadedModel model = model::load_model(model_path, placement.dtype, placement.device);
  std::vector<Line> lines;
  io::read_json_rows(input, [&](int64_t number, const nlohmann::json& json) {
    lines.push_back(read_line(json, model, input + ":" + std::to_string(number)));
    lines.back().row.order = static_cast<int64_t>(lines.size());
  });
  std::vector<training::TrainingRow> rows;
  for (const Line& line : lines) rows.push_back(line.row);
  const auto logprobs = training::row_logprobs(*model.model, rows, tile_tokens, 1.0);
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    lines[i].json["ids"] = lines[i].row.ids;
    lines[i].json["logprobs"] = logprobs[i];
    text += lines[i].json.dump() + "\n";
  }
  write_file(output, text);
  return 0;
}

}  // namespace reprise::engine
