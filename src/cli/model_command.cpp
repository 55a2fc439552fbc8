// `reprise model`: models from a hub or from another format, and what a model is.
#include <boost/program_options.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/exec_engine.h"
#include "cli/fetching.h"
#include "io/gguf.h"
#include "io/safetensors.h"
#include "model/gguf_config.h"
#include "model/model_config.h"
#include "text/tokenizer.h"

namespace reprise::cli {
namespace {

constexpr const char* kHelp =
    "usage: reprise model fetch OWNER/NAME[@REVISION] | MANIFEST.yaml [--to DIR]\n"
    "       reprise model import FILE --output DIR\n"
    "       reprise model show FILE\n\n"
    "fetch downloads a repository of Hugging Face's hub (HF_ENDPOINT names another, HF_TOKEN a token) at one commit,\n"
    "checks every hash and goes on where an earlier download stopped. import writes a GGUF file, or any model that\n"
    "Reprise reads, as a Hugging Face folder. show tells what a model is without loading its weights.\n\n"
    "  reprise model fetch Qwen/Qwen2.5-1.5B\n"
    "  reprise model import models/SmolLM2-135M-Instruct.Q4_1.gguf --output models/SmolLM2-135M-Instruct\n"
    "  reprise model show models/SmolLM2-135M-Instruct\n\n";

int fetch(const std::string& what, std::string to) {
  if (is_file(what)) {
    const auto manifest = datasets::read_fetch_manifest(what);
    return fetch_with_progress(manifest, to.empty() ? "models" : to);
  }
  const size_t at = what.find('@');
  const std::string repository = what.substr(0, at), revision = at == std::string::npos ? "main" : what.substr(at + 1);
  const auto parts = split(repository, '/');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty() || revision.empty()) {
    throw UsageError("'" + what + "' is neither OWNER/NAME nor a manifest", "", "for example `reprise model fetch Qwen/Qwen2.5-1.5B`");
  }
  const char* endpoint = std::getenv("HF_ENDPOINT");
  const char* token = std::getenv("HF_TOKEN");
  const auto manifest = datasets::hub_manifest(endpoint && *endpoint ? endpoint : "https://huggingface.co", repository, revision, token ? token : "");
  if (to.empty()) to = "models/" + parts[1];
  std::printf("%s at %s, licence %s\n", repository.c_str(), manifest.revision.c_str(), manifest.licence.empty() ? "not told" : manifest.licence.c_str());
  return fetch_with_progress(manifest, to);
}

std::string shape_line(const model::ModelConfig& c) {
  return c.model_type + ", " + format_count(c.num_parameters()) + " parameters\n" + "layers    " + std::to_string(c.num_hidden_layers) + " of width " +
         std::to_string(c.hidden_size) + ", feed-forward " + std::to_string(c.intermediate_size) + "\n" + "attention " + std::to_string(c.num_attention_heads) +
         " heads of " + std::to_string(c.head_dim) + ", " + std::to_string(c.num_key_value_heads) + " for keys and values\n" + "positions " +
         format_count(c.max_position_embeddings) + ", rope " + c.rope_scaling.rope_type + ", theta " + format_count(static_cast<int64_t>(c.rope_theta)) + "\n" + "words     " +
         format_count(c.vocab_size) + (c.tie_word_embeddings ? ", input and output tied" : "") + "\n";
}

int show(const fs::path& path) {
  if (!path_exists(path)) throw Error("no such file or folder", path.string());
  std::string types;
  if (is_file(path)) {
    const io::GgufFile gguf(path);
    const auto shape = model::gguf_model_config(gguf, gguf.text("general.architecture"));
    std::map<std::string, int64_t> counts;
    int64_t bytes = 0;
    for (const auto& tensor : gguf.tensors()) {
      ++counts[io::ggml_type_name(tensor.type)];
      bytes += static_cast<int64_t>(tensor.bytes.size());
    }
    for (const auto& [type, count] : counts) types += (types.empty() ? "" : ", ") + std::to_string(count) + " " + type;
    std::printf("%s: GGUF, %s%sweights   %s, %s\n", path.c_str(), shape_line(shape).c_str(), "", types.c_str(), format_bytes(static_cast<double>(bytes)).c_str());
    return 0;
  }
  const auto shape = model::read_model_config(path / "config.json");
  std::printf("%s: %s", path.c_str(), shape_line(shape).c_str());
  std::map<std::string, int64_t> counts;
  int64_t bytes = 0, files = 0;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() != ".safetensors") continue;
    const io::SafetensorsFile file(entry.path());
    ++files;
    for (const auto& tensor : file.tensors()) {
      ++counts[io::dtype_name(tensor.dtype)];
      bytes += static_cast<int64_t>(tensor.bytes.size());
    }
  }
  for (const auto& [type, count] : counts) types += (types.empty() ? "" : ", ") + std::to_string(count) + " " + type;
  std::printf("weights   %s in %s file%s (%s)\n", format_bytes(static_cast<double>(bytes)).c_str(), format_count(files).c_str(), files == 1 ? "" : "s", types.c_str());
  if (is_file(path / "tokenizer.json")) {
    const auto tokenizer = text::Tokenizer::from_file(path / "tokenizer.json");
    const auto name = [&](std::optional<int32_t> id) { return id ? tokenizer->token_of(*id) + " (" + std::to_string(*id) + ")" : std::string("none"); };
    std::printf("tokenizer %s tokens, begins with %s, ends with %s\n", format_count(tokenizer->vocab_size()).c_str(), name(tokenizer->bos_id()).c_str(), name(tokenizer->eos_id()).c_str());
    if (tokenizer->vocab_size() > shape.vocab_size) {
      throw Error("the tokenizer has " + format_count(tokenizer->vocab_size()) + " tokens, the model " + format_count(shape.vocab_size), path.string(), "they are not of one model");
    }
  }
  return 0;
}

}  // namespace

int model_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> words;
  std::string to, output;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("to", po::value(&to)->value_name("DIR"), "fetch: the folder (default: models/NAME)")(
      "output", po::value(&output)->value_name("DIR"), "import: the new folder");
  po::options_description all;
  all.add(shown).add_options()("words", po::value(&words));
  po::positional_options_description places;
  places.add("words", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise model --help`");
  }
  if (values.contains("help")) {
    std::cout << kHelp << shown;
    return 0;
  }
  if (words.size() != 2) throw UsageError("wants an action and a model", "", "fetch, import or show; see `reprise model --help`");
  if (words[0] == "fetch") return fetch(words[1], to);
  if (words[0] == "show") return show(words[1]);
  if (words[0] == "import") {
    if (output.empty()) throw UsageError("import needs --output DIR", "", "see `reprise model --help`");
    exec_engine({"convert", words[1], "--output", output});
  }
  throw UsageError("unknown action '" + words[0] + "'", "", "fetch, import or show; see `reprise model --help`");
}

}  // namespace reprise::cli
