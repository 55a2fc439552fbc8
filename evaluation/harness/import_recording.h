// Generations that were recorded elsewhere as samples of a store: each under the conditions that its file states, with the recorder's own verdict beside it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "evaluation/harness/benchmark_library.h"
#include "evaluation/harness/recorded_formats.h"
#include "evaluation/harness/sample_store.h"

namespace reprise::evaluation {

struct ImportSummary {
  std::string format;                      // "lm-eval", ..., "lines" for our own recorded form (recorded.h)
  std::string model, benchmark;            // "" where there are several
  int64_t num_samples = 0, num_new = 0, num_verdicts = 0;
  std::string told;                        // what the format's reader has to say of it, in a sentence
};

// Throws what the readers throw. What is there already is passed over.
ImportSummary import_recording(const std::filesystem::path& file, const ForeignOptions& options, BenchmarkLibrary& library, SampleStore& store);

}  // namespace reprise::evaluation
