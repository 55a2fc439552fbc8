// `convert`: any model that Reprise reads, written as a Hugging Face folder.
#include <boost/program_options.hpp>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "engine/commands.h"
#include "model/weights.h"
#include "stages/stage_support.h"

namespace reprise::engine {

int convert_command(const Arguments& arguments) {
  namespace options = boost::program_options;
  std::string model_path, output, adapter;
  int64_t max_shard_bytes = int64_t{5} << 30;
  options::options_description shown("options");
  shown.add_options()("help,h", "this text")("output", options::value(&output)->value_name("DIR"), "the new folder; must not be there yet")(
      "adapter", options::value(&adapter)->value_name("DIR"), "a PEFT folder with a LoRA adapter, to be merged into the weights")(
      "max-shard-bytes", options::value(&max_shard_bytes)->default_value(max_shard_bytes), "size at which weights are cut into files");
  options::options_description all;
  all.add(shown).add_options()("model", options::value(&model_path));
  options::positional_options_description places;
  places.add("model", 1);
  options::variables_map values;
  try {
    options::store(options::command_line_parser(arguments).options(all).positional(places).run(), values);
    options::notify(values);
  } catch (const options::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise convert --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise convert MODEL --output DIR [--adapter DIR]\n\nMODEL: a Hugging Face folder or a .gguf file. The result loads in transformers with the same logits.\n\n" << shown;
    return 0;
  }
  if (model_path.empty() || output.empty()) throw UsageError("needs a model and --output", "", "see `reprise convert --help`");
  if (path_exists(output)) throw Error("is there already", output, "choose a new folder");
  const stages::Placement placement = stages::place({});
  const model::LoadedModel model = model::load_model(model_path, placement.dtype, placement.device);
  if (!adapter.empty()) training::merge_adapter(*model.model, adapter);
  write_folder(output, [&](const fs::path& folder) {
    model::save_model(folder, *model.model, model.tokenizer.get(), model.chat_template, model.generation_config_json, max_shard_bytes);
  });
  return 0;
}

}  // namespace reprise::engine
