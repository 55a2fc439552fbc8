// Event files: the check value of CRC-32C (RFC 3720, B.4), and a record by hand. tests/oracle/read_tensorboard.py has
// TensorBoard itself read a run's files.
#include "pipeline/tensorboard.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace reprise::pipeline {
namespace {

TEST(TensorBoard, HasTheChecksumOfTheRfc) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
}

TEST(TensorBoard, WritesScalars) {
  const std::string event = tensorboard_event(0.0, 300, {{"loss", 0.5}, {"kl", std::numeric_limits<double>::quiet_NaN()}});
  const std::string value = std::string("\x0a\x04loss\x15", 7) + std::string("\0\0\0\x3f", 4);
  const std::string expected = std::string("\x09\0\0\0\0\0\0\0\0\x10\xac\x02\x2a", 13) + static_cast<char>(value.size() + 2) + "\x0a" + static_cast<char>(value.size()) + value;
  EXPECT_EQ(event, expected);
  EXPECT_EQ(tensorboard_record("abc").size(), 8u + 4 + 3 + 4);
}

TEST(TensorBoard, LiesBesideTheMetrics) {
  TemporaryFolder folder;
  const auto sink = open_tensorboard(folder.path());
  sink(1, {{"loss", 1.0}});
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    EXPECT_TRUE(entry.path().filename().string().starts_with("events.out.tfevents."));
    EXPECT_GT(fs::file_size(entry.path()), 60u);
    ++files;
  }
  EXPECT_EQ(files, 1);
}

}  // namespace
}  // namespace reprise::pipeline
