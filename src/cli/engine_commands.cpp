// Commands whose words go to reprise-engine as they are; their --help is the engine's.
#include "cli/engine_commands.h"

#include "cli/bench_judge.h"
#include "cli/bench_overlap.h"
#include "cli/exec_engine.h"

namespace reprise::cli {
namespace {

int hand_over(const char* name, const Arguments& arguments) {
  std::vector<std::string> words = {name};
  words.insert(words.end(), arguments.begin(), arguments.end());
  exec_engine(words);
}

}  // namespace

int bench_command(const Arguments& arguments) {
  if (!arguments.empty() && arguments[0] == "grade") return bench_grade({arguments.begin() + 1, arguments.end()});
  if (!arguments.empty() && arguments[0] == "judge") return bench_judge({arguments.begin() + 1, arguments.end()});
  if (!arguments.empty() && arguments[0] == "overlap") return bench_overlap({arguments.begin() + 1, arguments.end()});
  return hand_over("bench", arguments);
}
int convert_command(const Arguments& arguments) { return hand_over("convert", arguments); }
int logprobs_command(const Arguments& arguments) { return hand_over("logprobs", arguments); }

}  // namespace reprise::cli
