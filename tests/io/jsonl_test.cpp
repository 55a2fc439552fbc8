// Rows of JSON Lines, line by line: whatever the length of the file and wherever gzip cuts it.
#include "io/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/files.h"
#include "io/lines.h"
#include "support/fault_of.h"

namespace reprise::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::fault_of;

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class JsonLines : public ::testing::Test {
 protected:
  // "line:value" of each row, "line!fault" of each bad one.
  std::vector<std::string> read(const std::string& bytes, size_t max_row_bytes = 1000) {
    write_file(path_, bytes);
    std::vector<std::string> out;
    read_json_texts(path_, [&](int64_t line, const nlohmann::json& row, std::string_view text) { out.push_back(std::to_string(line) + ":" + row.at("a").dump() + (text.starts_with('{') ? "" : "?")); },
                    [&](int64_t line, const std::string& fault) { out.push_back(std::to_string(line) + "!" + fault); }, max_row_bytes);
    return out;
  }
  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "rows";
};

TEST_F(JsonLines, BlankLinesMarksAndLastLinesWithoutEnd) {
  for (const bool packed : {false, true}) {
    const auto made = [&](const std::string& text) { return packed ? gzip(text) : text; };
    EXPECT_THAT(read(made("\xEF\xBB\xBF{\"a\": 1}\r\n\n  {\"a\": NaN}\nx\n[1]\n{\"a\": 3}")), ElementsAre("1:1", "3:\"NaN\"", "4!is not JSON", "5!is not a JSON object", "6:3"));
    EXPECT_THAT(read(made("\xEF\xBB\xBF [{\"a\": 1}, 2]\n")), ElementsAre("1:1", "2!is not a JSON object"));
    EXPECT_THAT(read(made("{\"a\": \"" + std::string(2000, 'x') + "\"}\n{\"a\": 2}\n")), ElementsAre("1!has 2009 bytes, more than the 1000 of a row", "2:2"));
    EXPECT_THAT(read(made("")), ElementsAre());
    EXPECT_THAT(read(made("\n\n")), ElementsAre());
  }
}

// Lines of many lengths, so that the pieces of an inflated file end everywhere in them.
TEST_F(JsonLines, GzipIsCutAnywhere) {
  std::string text;
  std::vector<std::string> wanted;
  for (int i = 0; i < 9000; ++i) {
    const std::string value(static_cast<size_t>(i % 331), static_cast<char>('a' + i % 26));
    text += "{\"a\":\"" + value + "\"}\n";
    wanted.push_back(std::to_string(i + 1) + ":\"" + value + "\"");
  }
  EXPECT_EQ(read(text), wanted);
  EXPECT_EQ(read(gzip(text)), wanted);
  // Members one after the other, as `cat` makes them.
  EXPECT_EQ(read(gzip(text.substr(0, 1001)) + gzip("") + gzip(text.substr(1001))), wanted);
  const std::string packed = gzip(text);
  EXPECT_THAT(fault_of([&] { read(packed.substr(0, packed.size() / 2)); }), HasSubstr("truncated gzip data"));
  EXPECT_THAT(fault_of([&] { read(packed + "no gzip at all"); }), HasSubstr("damaged or truncated gzip data"));
}

TEST_F(JsonLines, AFileMayNotInflateWithoutEnd) {
  write_file(path_, gzip(std::string(1 << 20, ' ')));
  LineReader lines(path_, 100, 1 << 19);
  EXPECT_THAT(fault_of([&] { lines.next(); }), HasSubstr("inflates to more than 524288 bytes"));
  EXPECT_THAT(fault_of([&] { LineReader(folder_.path() / "none", 1, 1); }), HasSubstr("cannot be opened"));
}

TEST_F(JsonLines, ALineThatIsTooLongIsCounted) {
  for (const bool packed : {false, true}) {
    const std::string text = std::string(700'000, 'x') + "\nshort\n";
    write_file(path_, packed ? gzip(text) : text);
    LineReader lines(path_, 1000, 1 << 20);
    ASSERT_TRUE(lines.next());
    EXPECT_TRUE(lines.too_long());
    EXPECT_EQ(lines.size(), 700'000u);
    ASSERT_TRUE(lines.next());
    EXPECT_EQ(lines.line(), "short");
    EXPECT_FALSE(lines.next());
  }
}

}  // namespace
}  // namespace reprise::io
