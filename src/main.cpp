// `reprise`: torch-free, starts in milliseconds. The table of subcommands and the one catch. What trains or
// samples is handed to `reprise-engine` beside it by exec.
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/strings.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/engine_commands.h"
#include "config/problems.h"

namespace reprise::cli {

// Each command is declared here, beside its row, and defined in src/cli/<name>_command.cpp.
int data_command(const Arguments& arguments);
int evaluate_command(const Arguments& arguments);
int grade_command(const Arguments& arguments);
int keys_command(const Arguments& arguments);
int model_command(const Arguments& arguments);
int plan_command(const Arguments& arguments);
int published_command(const Arguments& arguments);
int report_command(const Arguments& arguments);
int reproduce_command(const Arguments& arguments);
int run_command(const Arguments& arguments);
int sandbox_command(const Arguments& arguments);
int serve_command(const Arguments& arguments);
int tokenize_command(const Arguments& arguments);

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      {"bench", "time sampling and training next to what the machine could do", bench_command},
      {"convert", "write any model that Reprise reads as a Hugging Face folder", convert_command},
      {"data", "import, fetch, generate and show problems", data_command},
      {"evaluate", "scores of recorded samples, held against published ones or each other", evaluate_command},
      {"grade", "verdicts on answers to problems of mathematics", grade_command},
      {"keys", "everything that a recipe may say", keys_command},
      {"logprobs", "log-probability of every token of given texts", logprobs_command},
      {"model", "fetch, import and show models", model_command},
      {"plan", "what a recipe would do, counted, without touching a device", plan_command},
      {"published", "scores that others published, with their sources and conditions", published_command},
      {"report", "write the report of a run, or of several seeds together", report_command},
      {"reproduce", "run a run again from its lock and compare bit for bit", reproduce_command},
      {"run", "run a recipe's stages and report on its claims", run_command},
      {"sandbox", "run a program that nobody trusts", sandbox_command},
      {"serve", "a model behind OpenAI's protocol", serve_command},
      {"tokenize", "text to token ids and back", tokenize_command}};
  return table;
}

void print_help() {
  std::printf("reprise %s: reproduce DeepSeek-R1 from one recipe\n\nusage: reprise COMMAND [options]\n\n",
              version().c_str());
  for (const Command& command : commands()) std::printf("  %-11s %s\n", command.name, command.summary);
  std::printf("\n`reprise COMMAND --help` tells more.\n");
}

int run(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_help();
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "--version") {
    std::printf("reprise %s (%s, %s)\n", version().c_str(), git_revision().c_str(), compiler().c_str());
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (words[0] == command.name) return command.run({words.begin() + 1, words.end()});
    names.push_back(command.name);
  }
  const auto guess = nearest(words[0], names);
  throw UsageError("unknown command '" + words[0] + "'", "", guess ? "did you mean '" + *guess + "'?" : "see `reprise --help`");
}

}  // namespace reprise::cli

int main(int argc, char** argv) {
  try {
    return reprise::cli::run({argv + 1, argv + argc});
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
    std::fprintf(stderr, "reprise: %s\n", error.what());
    return 1;
  }
}
