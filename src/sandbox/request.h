// What is asked of the sandbox and what it answers, as JSON lines between `reprise-sandbox` and those who start it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace reprise::sandbox {

struct Limits {
  double cpu_seconds = 10;
  double wall_seconds = 30;            // a backstop: a slow neighbour must not decide
  int64_t memory_bytes = 1LL << 30;    // address space of a process, and resident memory of all
  int64_t output_bytes = 1LL << 20;    // standard output and error together
  int64_t file_bytes = 64LL << 20;     // of one file that it writes
  int64_t num_processes = 1;           // 1: no fork; threads are counted in where a uid of its own is given
  int64_t num_threads = 32;
  double cpu_seconds_per_line = 0;     // of a pair's candidate: between two lines that it writes; 0 for none
};

struct Request {
  std::vector<std::string> command;
  std::string standard_input;
  std::vector<std::pair<std::string, std::string>> files;  // name (no slash) and content, put into its folder before it starts; the command may be "./NAME"
  std::string collect;                // name of a file in its folder to bring back (a compiler's output); "" for none
  Limits limits;
  std::vector<std::string> required;  // layers without which it must not run: ns, net, fs, seccomp, uid
  std::vector<std::string> without;   // layers left out, for tests that show what each of them stops
  // {"/usr/bin/python3", "FILE", arguments...} as a child of a Python that has the usual modules loaded. One program at a time: it cannot fork.
  bool warm = false;
  std::string preload;                // trusted Python that this server loads once, as the module reprise_preload
  bool in_server = false;             // no fork: the function `inline(input, output, errors)` of the preloaded code, in the server itself
  std::string prepare;                // trusted Python that it runs before the program when it is another than the last, as reprise_prepare. Its variable
                                      // cpu_seconds_per_line raises the limit of that name of a pair's candidate.
};

enum class Ending { exited, signalled, cpu_limit, wall_limit, memory_limit, output_limit, not_started };
const char* to_string(Ending ending);

struct Result {
  Ending ending = Ending::not_started;
  int exit_code = 0, signal = 0;
  std::string standard_output, standard_error;
  std::string collected;
  double cpu_seconds = 0, wall_seconds = 0;
  int64_t peak_memory_bytes = 0;
  std::vector<std::string> layers;  // that were in force
  int64_t strays_killed = 0;        // processes left behind
  std::string fault;                // of not_started: ours, never the program's
};

// Two programs in two sandboxes: what one writes is what the other reads. The checker's word is its standard error; the candidate's streams
// are never kept, and it ends when the checker does.
struct Pair {
  Request candidate, checker;
};
struct PairResult {
  Result candidate, checker;
};

// Bytes travel as base64. Throw Error for what is no request or result.
nlohmann::json to_json(const Request& request);
nlohmann::json to_json(const Result& result);
Request request_from_json(const nlohmann::json& json);
Result result_from_json(const nlohmann::json& json);

}  // namespace reprise::sandbox
