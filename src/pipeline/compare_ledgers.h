// Two runs side by side: their ledgers line by line, their machines, and the verdicts of their reports.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace reprise::pipeline {

struct LedgerComparison {
  std::string stage;
  int64_t num_steps_first = 0, num_steps_second = 0;
  int64_t num_equal = 0;           // rows equal byte for byte, from the start
  int64_t first_difference = -1;   // its step; -1 when every row of both is equal
  std::vector<std::string> fields; // that differ there: "state_hash", "loss"; "missing" when one ends early
  bool agrees() const { return first_difference < 0; }
  // "zero: 36 of 36 steps agree bit for bit", "zero: step 12 is the first that differs (loss 0.5 and 0.6)".
  std::string text;
};

// Every stage that has a ledger in either run, in alphabetical order. A last row without its newline is left out.
std::vector<LedgerComparison> compare_ledgers(const std::filesystem::path& first_run, const std::filesystem::path& second_run);

struct Reproduction {
  std::vector<std::string> machine_differences;  // "isa: avx2 ... and avx512f ..."
  std::vector<LedgerComparison> stages;
  std::vector<std::string> claims;               // "claim: reproduced in both"
  bool bitwise_expected = true;                  // same build, ISA, threads, device
  bool agrees = false;                           // bit for bit where expected, else in every claim's verdict
};
Reproduction compare_runs(const std::filesystem::path& first_run, const std::filesystem::path& second_run);
std::string to_text(const Reproduction& reproduction);

}  // namespace reprise::pipeline
