// `reprise serve`: a model behind OpenAI's protocol.
#include <boost/program_options.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "cli/commands.h"
#include "cli/flag_fields.h"
#include "pipeline/stop_flag.h"
#include "serving/server.h"

namespace reprise::cli {

int serve_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  serving::ServerOptions options;
  serving::EngineOptions engine;
  options.http.port = 8000;
  std::string key_variable;
  const FlagFields<serving::EngineOptions> engine_flags;
  po::options_description shown("options"), engine_shown("engine");
  shown.add_options()("help,h", "this text")("host", po::value(&options.http.host)->default_value("127.0.0.1")->value_name("ADDRESS"), "where to listen; 0.0.0.0 lets other machines in")(
      "port", po::value(&options.http.port)->default_value(8000)->value_name("N"), "0 takes one that is free")(
      "served-model-name", po::value(&options.served_model_name)->value_name("NAME"), "what clients call the model [its folder's or file's name]")(
      "api-key-env", po::value(&key_variable)->value_name("VARIABLE"), "clients must bring the key that stands in this environment variable")(
      "max-waiting", po::value(&options.max_waiting)->default_value(1024)->value_name("N"), "samples on their way, beyond which a request is answered with 429")(
      "max-connections", po::value(&options.http.max_connections)->default_value(256)->value_name("N"), "beyond: 503")(
      "log-refusals", po::bool_switch(&options.log_refusals), "say on standard error why a request was refused")(
      "seed", po::value(&options.seed)->default_value(0)->value_name("N"), "of requests that bring none");
  engine_flags.add_to(engine_shown);
  po::options_description all;
  all.add(shown).add(engine_shown).add_options()("model", po::value(&engine.model));
  po::positional_options_description places;
  places.add("model", 1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise serve --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise serve MODEL [--port 8000]\n\n"
                 "MODEL (a Hugging Face folder or a .gguf file) behind OpenAI's protocol: POST /v1/completions and /v1/chat/completions, streamed or whole, with\n"
                 "log-probs (also of an echoed prompt), GET /v1/models and /health. Requests are sampled together as they come; the same prompt, keys and\n"
                 "seed give the same answer whatever else is served. A parameter that we do not have is refused, never passed over. Ctrl-C ends it.\n\n"
                 "  reprise serve models/SmolLM2-135M-Instruct.Q4_1.gguf --port 8000\n"
                 "  curl localhost:8000/v1/chat/completions -H 'Content-Type: application/json' \\\n"
                 "    -d '{\"messages\": [{\"role\": \"user\", \"content\": \"What is 7 times 8?\"}], \"max_tokens\": 64, \"seed\": 1}'\n"
                 "  lm_eval --model local-completions --tasks gsm8k \\\n"
                 "    --model_args base_url=http://127.0.0.1:8000/v1/completions,model=NAME,tokenizer=FOLDER\n\n"
              << shown << "\n"
              << engine_shown;
    return 0;
  }
  if (engine.model.empty()) throw UsageError("no model", "", "for example `reprise serve models/SmolLM2-135M-Instruct.Q4_1.gguf`");
  if (options.http.port < 0 || options.http.port > 65535) throw UsageError("--port lies between 0 and 65535");
  if (options.max_waiting < 1 || options.http.max_connections < 1) throw UsageError("--max-waiting and --max-connections should be at least 1");
  engine_flags.read(values, engine);
  if (!key_variable.empty()) {
    const char* key = std::getenv(key_variable.c_str());
    if (!key || !*key) throw Error("is not set or empty", key_variable, "export it before starting, or leave --api-key-env out");
    options.api_key = key;
  }
  if (options.served_model_name.empty()) options.served_model_name = fs::path(engine.model).lexically_normal().filename().string();
  if (options.served_model_name.empty()) options.served_model_name = fs::absolute(engine.model).parent_path().filename().string();
  text::ModelText text = text::read_model_text(engine.model);
  if (!text.tokenizer) throw Error("has no tokenizer", engine.model, "add its tokenizer.json");
  const pipeline::StopSignals signals("\nclosing (again: at once)\n");
  serving::OpenAiServer server(options, std::move(text), [&] { return std::make_unique<serving::EngineClient>(engine); });
  const serving::WorkerInfo info = server.info();
  std::printf("%s: %s parameters, context %s, %s %s\nlistening on http://%s:%d/v1\n", options.served_model_name.c_str(), format_count(info.num_parameters).c_str(), format_count(info.max_position_embeddings).c_str(),
              info.device.c_str(), info.dtype.c_str(), options.http.host.c_str(), server.port());
  std::fflush(stdout);
  server.run([] { return pipeline::StopSignals::requested(); });
  const auto& counts = server.counts();
  std::printf("served %s requests (%s refused): %s prompt tokens, %s completion tokens\n", format_count(counts.requests).c_str(), format_count(counts.refused).c_str(), format_count(counts.prompt_tokens).c_str(),
              format_count(counts.completion_tokens).c_str());
  return 0;
}

}  // namespace reprise::cli
