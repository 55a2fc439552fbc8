// `reprise-engine`: everything that needs LibTorch. Started by `reprise`; its own table of subcommands and one catch.
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/problems.h"
#include "engine/commands.h"

namespace {

struct Row {
  const char* name;
  int (*run)(const reprise::engine::Arguments&);
};
constexpr Row kCommands[] = {{"bench", reprise::engine::bench_command},
                             {"convert", reprise::engine::convert_command},
                             {"logprobs", reprise::engine::logprobs_command},
                             {"run", reprise::engine::run_command},
                             {"worker", reprise::engine::worker_command}};

int run(const std::vector<std::string>& words) {
  for (const Row& row : kCommands) {
    if (!words.empty() && words[0] == row.name) return row.run({words.begin() + 1, words.end()});
  }
  throw reprise::UsageError("reprise-engine is started by `reprise`", "", "see `reprise --help`");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const reprise::UsageError& error) {
    std::fprintf(stderr, "reprise: %s\n", error.what());
    return 2;
  } catch (const reprise::Interrupted& error) {
    std::fprintf(stderr, "reprise: %s\n", error.what());
    return 130;
  } catch (const reprise::config::ProblemsError& error) {
    for (const std::string& line : error.lines()) std::fprintf(stderr, "reprise: %s\n", line.c_str());
    return 1;
  } catch (const reprise::Error& error) {
    std::fprintf(stderr, "reprise: %s\n", error.what());
    return 1;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "reprise: out of memory\n");
    return 1;
  } catch (const std::exception& error) {
    // LibTorch's messages carry a stack trace: the first line tells the fault.
    const std::string text = error.what();
    std::fprintf(stderr, "reprise: %s\n", text.substr(0, text.find('\n')).c_str());
    return 1;
  }
}
