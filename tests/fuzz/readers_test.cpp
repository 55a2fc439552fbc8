// Good files are read; what is left of them after any change is read or told in one line, and nothing else happens.
#include "fuzz/readers.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "support/test_data.h"

namespace reprise::fuzz {
namespace {

class EveryReader : public ::testing::TestWithParam<size_t> {
 protected:
  const Reader& reader() const { return readers()[GetParam()]; }
  // The fault, "" when it was read. Anything but Error fails the test.
  std::string read(const std::string& bytes) {
    try {
      reader().read(bytes);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_P(EveryReader, ReadsGoodFiles) {
  for (const std::string& seed : reader().seeds()) {
    if (std::string(reader().name) == "gguf" || std::string(reader().name) == "recipe") continue;  // parts of a whole: told below
    EXPECT_EQ(read(seed), "");
  }
}

TEST_P(EveryReader, SurvivesWhatIsLeftAfterAnyCut) {
  for (const std::string& seed : reader().seeds()) {
    const size_t stride = std::max<size_t>(1, seed.size() / 200);
    for (size_t length = 0; length < seed.size(); length += stride) {
      const std::string fault = read(seed.substr(0, length));
      EXPECT_LT(fault.size(), 2000u);
    }
  }
}

TEST_P(EveryReader, SurvivesChangedBytes) {
  RandomStream draw({2026, GetParam()});
  static const std::string_view kTokens[] = {"{", "}", "[", "]", "\"", ":", ",", "\\u0000", "1e999", "-1", "99999999999999999999", "null", "{%", "%}", "{{", "*a", "&a ", "\xff\xff\xff\xff",
                                             std::string_view("\0\0\0\0\0\0\0\0", 8), "\x7f\xff\xff\xff\xff\xff\xff\xff", "((((((((((", "\n", "\xc3"};
  const bool slow = std::string(reader().name) == "hdf5";
  for (const std::string& seed : reader().seeds()) {
    for (int round = 0; round < (slow ? 300 : 1500); ++round) {
      std::string bytes = seed;
      const int changes = 1 + static_cast<int>(draw.below(4));
      for (int c = 0; c < changes && !bytes.empty(); ++c) {
        const size_t at = draw.below(bytes.size());
        switch (draw.below(5)) {
          case 0: bytes[at] = static_cast<char>(draw.below(256)); break;
          case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << draw.below(8))); break;
          case 2: bytes.erase(at, 1 + draw.below(8)); break;
          case 3: bytes.insert(at, kTokens[draw.below(std::size(kTokens))]); break;
          default: bytes.insert(at, bytes.substr(draw.below(bytes.size()), draw.below(64))); break;
        }
      }
      read(bytes);
    }
  }
}

TEST_P(EveryReader, SurvivesOtherKindsOfFiles) {
  for (const Reader& other : readers()) {
    for (const std::string& seed : other.seeds()) read(seed);
  }
  for (const std::string& bytes : {std::string(), std::string(1, '\0'), std::string(100000, '['), std::string(100000, '{'), std::string(5000, '\xff'), std::string(1 << 20, ' '), std::string(100000, '-')}) read(bytes);
}

// What libFuzzer once found, kept: tests/fuzz/findings/READER-*.
TEST_P(EveryReader, SurvivesEarlierFindings) {
  const fs::path folder = testing::source_folder() / "tests/fuzz/findings";
  if (!fs::is_directory(folder)) return;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(std::string(reader().name) + "-")) read(read_file(entry.path()));
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, EveryReader, ::testing::Range(size_t{0}, readers().size()), [](const auto& info) { return std::string(readers()[info.param].name); });

}  // namespace
}  // namespace reprise::fuzz
