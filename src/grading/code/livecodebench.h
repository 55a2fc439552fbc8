// LiveCodeBench's rows (code_generation_lite): public tests as JSON, private ones as JSON or as base64 of a zlib stream of a pickled text.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "grading/code/stdin_judge.h"

namespace reprise::grading::code {

struct LiveCodeBenchTests {
  std::vector<StdinTest> tests;
  std::string function;  // "" for programs that read standard input
};

// Throws Error for a row that is broken.
LiveCodeBenchTests livecodebench_tests(const nlohmann::json& row);
// The one text of a pickle that holds a text: its opcodes are read, nothing is run. Throws Error for any other pickle.
std::string text_of_pickle(std::string_view pickle);
// What the benchmark's authors say is wrong with a problem (ERRATA.md of LiveCodeBench at 28fef95); "" for nothing. "multi": more than one answer
// is right and the tests know one; "interactive": no tests can judge it; "wrong": its tests are.
std::string livecodebench_erratum(const std::string& question_id, const std::string& question_title);
// The imports that the benchmark puts in front of every program.
extern const char kLiveCodeBenchPrelude[];

}  // namespace reprise::grading::code
