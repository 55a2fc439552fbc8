// A problem of the user's own in a file, to see how it would be asked.
#pragma once

#include <filesystem>

#include "data/problem.h"

namespace reprise::cli {

// A JSON object: prompt, or question and options (a list of texts); answer, solution, id, metadata. Throws Error naming the file.
data::Problem read_problem_file(const std::filesystem::path& file);

}  // namespace reprise::cli
