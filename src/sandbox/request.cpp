// Requests and results as JSON.
#include "sandbox/request.h"

#include <array>

#include "base/base64.h"
#include "base/error.h"
#include "base/json.h"

namespace reprise::sandbox {
namespace {

constexpr std::array<const char*, 7> kEndings = {"exited", "signalled", "cpu_limit", "wall_limit", "memory_limit", "output_limit", "not_started"};

}  // namespace

const char* to_string(Ending ending) { return kEndings[static_cast<size_t>(ending)]; }

nlohmann::json to_json(const Request& r) {
  nlohmann::json files = nlohmann::json::array();
  for (const auto& [name, content] : r.files) files.push_back({name, to_base64(content)});
  return {{"command", r.command}, {"standard_input", to_base64(r.standard_input)}, {"files", files}, {"collect", r.collect}, {"required", r.required}, {"without", r.without}, {"cpu_seconds", r.limits.cpu_seconds}, {"wall_seconds", r.limits.wall_seconds},
          {"memory_bytes", r.limits.memory_bytes}, {"output_bytes", r.limits.output_bytes}, {"file_bytes", r.limits.file_bytes}, {"num_processes", r.limits.num_processes}, {"num_threads", r.limits.num_threads}, {"cpu_seconds_per_line", r.limits.cpu_seconds_per_line},
          {"warm", r.warm}, {"in_server", r.in_server}, {"preload", to_base64(r.preload)}, {"prepare", to_base64(r.prepare)}};
}

Request request_from_json(const nlohmann::json& j) {
  try {
    Request r;
    r.command = j.at("command").get<std::vector<std::string>>();
    r.standard_input = from_base64(j.at("standard_input").get<std::string>());
    for (const auto& file : j.at("files")) r.files.emplace_back(file.at(0).get<std::string>(), from_base64(file.at(1).get<std::string>()));
    r.collect = j.at("collect").get<std::string>();
    r.required = j.at("required").get<std::vector<std::string>>();
    r.without = j.at("without").get<std::vector<std::string>>();
    r.limits = {j.at("cpu_seconds"), j.at("wall_seconds"), j.at("memory_bytes"), j.at("output_bytes"), j.at("file_bytes"), j.at("num_processes"), j.at("num_threads"), j.at("cpu_seconds_per_line")};
    r.warm = j.at("warm");
    r.in_server = j.at("in_server");
    r.preload = from_base64(j.at("preload").get<std::string>());
    r.prepare = from_base64(j.at("prepare").get<std::string>());
    return r;
  } catch (const nlohmann::json::exception& fault) {
    throw Error(std::string("is no request: ") + fault.what());
  }
}

nlohmann::json to_json(const Result& r) {
  return {{"ending", to_string(r.ending)}, {"exit_code", r.exit_code}, {"signal", r.signal}, {"standard_output", to_base64(r.standard_output)}, {"standard_error", to_base64(r.standard_error)}, {"collected", to_base64(r.collected)}, {"cpu_seconds", r.cpu_seconds},
          {"wall_seconds", r.wall_seconds}, {"peak_memory_bytes", r.peak_memory_bytes}, {"layers", r.layers}, {"strays_killed", r.strays_killed}, {"fault", r.fault}};
}

Result result_from_json(const nlohmann::json& j) {
  try {
    Result r;
    const std::string ending = j.at("ending").get<std::string>();
    for (size_t i = 0; i < kEndings.size(); ++i) {
      if (ending == kEndings[i]) r.ending = static_cast<Ending>(i);
    }
    r.exit_code = j.at("exit_code");
    r.signal = j.at("signal");
    r.standard_output = from_base64(j.at("standard_output").get<std::string>());
    r.standard_error = from_base64(j.at("standard_error").get<std::string>());
    r.collected = from_base64(j.at("collected").get<std::string>());
    r.cpu_seconds = j.at("cpu_seconds");
    r.wall_seconds = j.at("wall_seconds");
    r.peak_memory_bytes = j.at("peak_memory_bytes");
    r.layers = j.at("layers").get<std::vector<std::string>>();
    r.strays_killed = j.at("strays_killed");
    r.fault = j.at("fault").get<std::string>();
    return r;
  } catch (const nlohmann::json::exception& fault) {
    throw Error(std::string("is no result: ") + fault.what());
  }
}

}  // namespace reprise::sandbox
