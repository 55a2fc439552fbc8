// CSV by hand; archives that Python's zipfile and tarfile wrote (tests/golden/make_archive_golden.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "io/archive.h"
#include "io/csv.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::fault_of;
using Fields = std::vector<std::string>;

TEST(Csv, QuotesCommasAndLineBreaks) {
  std::vector<Fields> rows;
  std::vector<int64_t> lines;
  read_csv("\xEF\xBB\xBF" "a,b\r\n\"x, \"\"y\"\"\n2\",\n\n,\nlast", "t", [&](int64_t line, const Fields& fields) {
    rows.push_back(fields);
    lines.push_back(line);
  });
  EXPECT_THAT(rows, ElementsAre(Fields{"a", "b"}, Fields{"x, \"y\"\n2", ""}, Fields{"", ""}, Fields{"last"}));
  EXPECT_THAT(lines, ElementsAre(1, 2, 5, 6));
  const auto ignore = [](int64_t, const Fields&) {};
  EXPECT_THAT(fault_of([&] { read_csv("a\n\"b\n", "t", ignore); }), HasSubstr("t:2: has a quote that never closes"));
  EXPECT_THAT(fault_of([&] { read_csv("\"b\"c\n", "t", ignore); }), HasSubstr("behind a closing quote"));
}

class Archives : public ::testing::Test {
 protected:
  std::string members(const std::string& name, const std::string& password = "", size_t most = 1 << 20) {
    std::string all;
    read_archive(testing::source_folder() / "tests/golden" / name, [](const std::string& member) { return member.ends_with(".txt"); },
                 [&](const std::string& member, std::string_view bytes) { all += member + "=" + std::string(bytes) + ";"; }, password, most);
    return all;
  }
};

TEST_F(Archives, ZipAndTarAreRead) {
  for (const char* name : {"archive.zip", "archive.tar.gz"}) {
    EXPECT_TRUE(is_archive(testing::source_folder() / "tests/golden" / name));
    EXPECT_EQ(members(name), "one.txt=first\n;folder/two.txt=zweite\n;") << name;
    EXPECT_THAT(fault_of([&] { members(name, "", 3); }), HasSubstr("unpacks to more than 3 bytes"));
  }
  EXPECT_FALSE(is_archive(testing::source_folder() / "README.md"));
}

TEST_F(Archives, DamageIsTold) {
  TemporaryFolder folder;
  const std::string bytes = read_file(testing::source_folder() / "tests/golden/archive.zip");
  for (size_t length = 0; length < bytes.size(); length += 7) {
    write_file(folder.path() / "cut.zip", bytes.substr(0, length));
    // Cut anywhere: an Error or fewer members, never anything else.
    fault_of([&] { read_archive(folder.path() / "cut.zip", [](const std::string&) { return true; }, [](const std::string&, std::string_view) {}); });
  }
  EXPECT_THAT(fault_of([&] { read_archive(folder.path() / "none", {}, {}); }), HasSubstr("is not there"));
  write_file(folder.path() / "text", "no archive");
  EXPECT_THAT(fault_of([&] { read_archive(folder.path() / "text", {}, {}); }), HasSubstr("text"));
}

}  // namespace
}  // namespace reprise::io
