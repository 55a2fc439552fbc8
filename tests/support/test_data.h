// Where tests find things: the shared benchmark data through REPRISE_DATA (skipped by name when it is
// missing), and the files of this repository.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace reprise::testing {

inline std::filesystem::path data_folder() {
  const char* folder = std::getenv("REPRISE_DATA");
  return folder ? std::filesystem::path(folder) : std::filesystem::path();
}

inline std::filesystem::path source_folder() { return REPRISE_SOURCE_DIR; }

}  // namespace reprise::testing

// First line of a test that reads shared data.
#define REPRISE_NEEDS_DATA(file)                                                                    \
  if (::reprise::testing::data_folder().empty() ||                                                  \
      !std::filesystem::exists(::reprise::testing::data_folder() / (file)))                         \
  GTEST_SKIP() << "needs REPRISE_DATA with " << (file)
