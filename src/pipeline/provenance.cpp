// Collecting provenance.
#include "pipeline/provenance.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>

#include "base/files.h"
#include "base/strings.h"
#include "base/version.h"
#include "pipeline/run_folder.h"

namespace reprise::pipeline {
namespace {

// The first line of /proc/cpuinfo that starts with one of these words, after its colon.
std::string cpuinfo(const std::vector<std::string>& words) {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (!starts_with_any(line, words)) continue;
    const size_t colon = line.find(':');
    if (colon != std::string::npos) return std::string(trim(std::string_view(line).substr(colon + 1)));
  }
  return "";
}

}  // namespace

std::string isa_level() {
  std::vector<std::string> kept;
  for (const std::string& flag : split(cpuinfo({"flags", "Features"}), ' ')) {
    if (starts_with_any(flag, {"avx", "amx", "fma", "sse4_2", "asimd", "sve", "bf16"})) kept.push_back(flag);
  }
  std::sort(kept.begin(), kept.end());
  return kept.empty() ? "unknown" : join(kept, " ");
}

std::string cpu_name() {
  const std::string name = cpuinfo({"model name", "CPU part"});
  return name.empty() ? "unknown" : name;
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Provenance::Provenance(fs::path file, const Recipe& recipe, const BuildFacts& facts) : file_(std::move(file)) {
  const auto before = read_json_or_null(file_);
  json_["recipe"] = recipe.name;
  json_["fingerprint"] = recipe_fingerprint(recipe);
  json_["git_revision"] = git_revision();
  json_["version"] = version();
  json_["compiler"] = compiler();
  json_["libraries"] = facts.libraries;
  json_["cpu"] = cpu_name();
  json_["isa"] = isa_level();
  json_["device"] = recipe.hardware.device;
  json_["device_name"] = facts.device.empty() ? cpu_name() : facts.device;
  json_["torch_dtype"] = recipe.hardware.torch_dtype;
  json_["num_threads"] = recipe.hardware.num_threads;
  json_["seed"] = recipe.seed;
  json_["command_line"] = facts.command_line;
  json_["inputs"] = nlohmann::ordered_json::object();
  json_["sessions"] = nlohmann::ordered_json::array();
  if (before.is_object() && before.contains("sessions") && before["sessions"].is_array()) {
    for (const auto& session : before["sessions"]) json_["sessions"].push_back(nlohmann::ordered_json(session));
  }
  json_["sessions"].push_back({{"started", utc_now()}, {"ended", nullptr}, {"state", "running"},
                               {"git_revision", git_revision()}, {"cpu", cpu_name()}, {"isa", isa_level()},
                               {"command_line", facts.command_line}});
}

void Provenance::input(const std::string& kind, const std::string& name, const std::string& content_hash) {
  json_["inputs"][name] = {{"kind", kind}, {"sha256", content_hash}};
}

void Provenance::write(const std::string& state) {
  auto& session = json_["sessions"].back();
  session["state"] = state;
  if (state != "running") session["ended"] = utc_now();
  write_file(file_, json_.dump(2) + "\n");
}

}  // namespace reprise::pipeline
