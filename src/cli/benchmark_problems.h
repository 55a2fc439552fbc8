// The problems of a benchmark by its id (evaluation/benchmarks/ID.yaml), from its publisher's file below REPRISE_DATA.
#pragma once

#include <string>
#include <vector>

#include "data/problem.h"

namespace reprise::cli {

// Throws Error: no such benchmark, it has no importer, its file is not there.
std::vector<data::Problem> problems_of_benchmark(const std::string& id);

}  // namespace reprise::cli
