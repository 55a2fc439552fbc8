// The subcommands of `reprise-engine`, one file each in src/engine/. `reprise` hands its own words on, so they are
// spelled alike in both.
#pragma once

#include <string>
#include <vector>

namespace reprise::engine {

using Arguments = std::vector<std::string>;

int bench_command(const Arguments& arguments);
int run_command(const Arguments& arguments);
int logprobs_command(const Arguments& arguments);
int convert_command(const Arguments& arguments);
int worker_command(const Arguments& arguments);

}  // namespace reprise::engine
