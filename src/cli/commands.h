// The subcommands of `reprise`, one file each in src/cli/. Each gets the words after its own name, prints its
// own --help, and returns the exit status; faults are Errors, caught in main.
#pragma once

#include <string>
#include <vector>

namespace reprise::cli {

using Arguments = std::vector<std::string>;

struct Command {
  const char* name;
  const char* summary;  // one line of `reprise --help`
  int (*run)(const Arguments& arguments);
};

}  // namespace reprise::cli
