// `reprise sandbox probe` and `reprise sandbox run`: what the code judge runs programs in, by hand.
#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "sandbox/client.h"

namespace reprise::cli {
namespace {

int probe(bool json) {
  const std::vector<std::string> layers = sandbox::Client().probe();
  if (json) std::printf("%s\n", nlohmann::json({{"layers", layers}}).dump().c_str());
  else std::printf("enforced: %s\n", join(layers, ", ").c_str());
  return 0;
}

// A name without a slash is looked for where the sandbox looks.
std::string full_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return std::filesystem::absolute(name);
  for (const char* folder : {"/usr/bin/", "/bin/"}) {
    if (is_file(folder + name)) return folder + name;
  }
  throw Error("is not in /usr/bin or /bin", name, "the sandbox has no other folders; --file puts files into its own");
}

}  // namespace

int sandbox_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  // Behind "--" are the program's own words.
  const auto split_at = std::find(arguments.begin(), arguments.end(), "--");
  const Arguments own(arguments.begin(), split_at), command(split_at == arguments.end() ? split_at : split_at + 1, arguments.end());
  sandbox::Request request;
  double memory_mb = 1024;
  std::vector<std::string> files, words;
  std::string required, without;
  bool json = false;
  po::options_description shown("options");
  shown.add_options()("help,h", "this text")("time", po::value(&request.limits.cpu_seconds)->default_value(request.limits.cpu_seconds), "seconds of processor time")(
      "wall-time", po::value(&request.limits.wall_seconds)->default_value(request.limits.wall_seconds), "seconds on the clock, a backstop")("memory", po::value(&memory_mb)->default_value(memory_mb), "MB")(
      "output", po::value(&request.limits.output_bytes)->default_value(request.limits.output_bytes), "bytes that it may write to standard output and error")(
      "processes", po::value(&request.limits.num_processes)->default_value(request.limits.num_processes), "1: it cannot fork")("file", po::value(&files)->value_name("PATH"), "a file to put into its folder; may be given again")(
      "require", po::value(&required)->value_name("ns,net,fs,seccomp,uid"), "layers without which it does not run")("without", po::value(&without)->value_name("LAYERS"), "layers to leave out: ns, landlock, seccomp, uid (to see what each stops)")(
      "warm", po::bool_switch(&request.warm), "a Python program (COMMAND is python3 FILE ...) as a fork of a Python that has the usual modules loaded")(
      "json", po::bool_switch(&json), "the whole result as JSON, streams as base64");
  po::options_description all;
  all.add(shown).add_options()("what", po::value(&words));
  po::positional_options_description places;
  places.add("what", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(own).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise sandbox --help`");
  }
  if (values.contains("help") || words.empty()) {
    std::cout << "usage: reprise sandbox probe [--json]\n       reprise sandbox run [options] -- COMMAND ...\n\n"
                 "Runs a program that nobody trusts: no network, no files but /usr and a folder of its own, limits on everything.\n"
                 "Standard input is read to its end first. The program's own streams come back; a line on standard error says how it ended.\n\n"
                 "  echo 'print(6*7)' > a.py && reprise sandbox run --file a.py -- /usr/bin/python3 a.py < /dev/null\n\n"
              << shown;
    return words.empty() && !values.contains("help") ? 2 : 0;
  }
  if (words[0] == "probe") return probe(json);
  if (words[0] != "run") throw UsageError("'" + words[0] + "' is not known", "", "probe, run");
  if (command.empty()) throw UsageError("no command", "", "reprise sandbox run [options] -- COMMAND ...");
  const auto list = [](const std::string& text) {
    std::vector<std::string> out;
    for (const std::string& name : split(text, ',')) {
      if (!name.empty()) out.push_back(name);
    }
    return out;
  };
  request.required = list(required);
  request.without = list(without);
  for (const std::string& name : request.required) {
    if (name != "ns" && name != "net" && name != "fs" && name != "seccomp" && name != "uid") throw UsageError("--require " + name + " is not known", "", "ns, net, fs, seccomp, uid");
  }
  if (request.limits.cpu_seconds <= 0 || request.limits.wall_seconds <= 0 || memory_mb < 1 || request.limits.num_processes < 1) throw UsageError("limits must be positive");
  request.limits.memory_bytes = static_cast<int64_t>(memory_mb * 1048576);
  request.command = command;
  request.command[0] = full_path(command[0]);
  for (const std::string& file : files) request.files.emplace_back(std::filesystem::path(file).filename(), read_file(file, 64u << 20));
  request.standard_input.assign(std::istreambuf_iterator<char>(std::cin), {});
  const sandbox::Result result = sandbox::Client().run(request);
  if (json) {
    std::printf("%s\n", sandbox::to_json(result).dump().c_str());
    return result.ending == sandbox::Ending::exited ? result.exit_code : 1;
  }
  std::fwrite(result.standard_output.data(), 1, result.standard_output.size(), stdout);
  std::fflush(stdout);
  std::fwrite(result.standard_error.data(), 1, result.standard_error.size(), stderr);
  if (result.ending == sandbox::Ending::not_started) throw Error("was not run: " + result.fault, request.command[0]);
  std::string how = to_string(result.ending);
  if (result.ending == sandbox::Ending::exited) how += " " + std::to_string(result.exit_code);
  if (result.ending == sandbox::Ending::signalled) how += " by " + std::to_string(result.signal);
  std::fprintf(stderr, "%s; %.3f s of processor, %.3f s, %s; %s%s\n", how.c_str(), result.cpu_seconds, result.wall_seconds, format_bytes(static_cast<double>(result.peak_memory_bytes)).c_str(), join(result.layers, ", ").c_str(),
               result.strays_killed > 0 ? ("; " + std::to_string(result.strays_killed) + " processes left behind were killed").c_str() : "");
  return result.ending == sandbox::Ending::exited ? result.exit_code : 1;
}

}  // namespace reprise::cli
