// Rows of stores and of anybody's files, one at a time.
#include "data/row_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/files.h"
#include "data/store.h"
#include "io/hdf5_file.h"
#include "support/fault_of.h"

namespace reprise::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::fault_of;

class Rows : public ::testing::Test {
 protected:
  fs::path path(const std::string& name) const { return folder_.path() / name; }
  // "id: text | text"
  std::vector<std::string> rows_of(const fs::path& file) const {
    std::vector<std::string> out;
    for_each_text_row(file, [&](std::string_view id, const std::vector<std::string_view>& texts) {
      std::string row = std::string(id) + ":";
      for (size_t i = 0; i < texts.size(); ++i) row += (i ? " | " : " ") + std::string(texts[i]);
      out.push_back(row);
    });
    return out;
  }
  TemporaryFolder folder_;
};

TEST_F(Rows, OfAStoreAreAllThereInOrder) {
  std::vector<Problem> problems;
  for (int i = 0; i < 10000; ++i) problems.push_back({.id = "p" + std::to_string(i), .prompt = "question " + std::to_string(i), .solution = i % 2 ? std::string(i % 50, 's') : ""});
  problems[17].prompt = std::string(3000000, 'x');  // more than a batch of others
  write_problems(path("p.h5"), problems, {.name = "p"});
  EXPECT_TRUE(is_store(path("p.h5")));
  EXPECT_EQ(io::Hdf5TextReader(path("p.h5"), {"id"}).num_rows(), problems.size());
  size_t at = 0;
  for_each_store_row(path("p.h5"), [&](std::string_view id, const std::vector<std::string_view>& texts) {
    ASSERT_LT(at, problems.size());
    ASSERT_EQ(id, problems[at].id);
    ASSERT_EQ(texts.size(), problems[at].solution.empty() ? 1u : 2u);
    ASSERT_EQ(texts[0], problems[at].prompt);
    if (texts.size() == 2) {
      ASSERT_EQ(texts[1], problems[at].solution);
    }
    ++at;
  });
  EXPECT_EQ(at, problems.size());

  write_examples(path("e.h5"), {{.id = "a", .prompt = "", .completion = "a document"}, {.id = "b", .prompt = "p", .completion = "c"}}, {.name = "e"});
  EXPECT_THAT(rows_of(path("e.h5")), ElementsAre("a: a document", "b: p | c"));
  write_examples(path("none.h5"), {}, {.name = "none"});
  EXPECT_TRUE(rows_of(path("none.h5")).empty());
}

TEST_F(Rows, OfADamagedStoreAreOneClearLine) {
  io::Hdf5Content content;
  content.text_columns["id"] = {"a", "b"};
  content.text_columns["prompt"] = {"x"};
  io::write_hdf5(path("uneven.h5"), content);
  EXPECT_THAT(fault_of([&] { io::Hdf5TextReader(path("uneven.h5"), {"id", "prompt"}); }), HasSubstr("another number of rows"));
  EXPECT_THAT(fault_of([&] { io::Hdf5TextReader(path("uneven.h5"), {"id", "solution"}); }), HasSubstr("column solution is missing"));
  EXPECT_THAT(fault_of([&] { for_each_store_row(path("uneven.h5"), [](std::string_view, const std::vector<std::string_view>&) {}); }), HasSubstr("no manifest"));
  write_problems(path("p.h5"), {{.id = "a", .prompt = std::string(1000, 'x')}}, {.name = "p"});
  io::Hdf5TextReader reader(path("p.h5"), {"id", "prompt"});
  std::vector<std::vector<std::string>> rows;
  EXPECT_THAT(fault_of([&] { reader.next(rows, 999); }), HasSubstr("has 1000 bytes"));
  const std::string bytes = read_file(path("p.h5"));
  write_file(path("cut.h5"), bytes.substr(0, bytes.size() / 2));
  EXPECT_NE(fault_of([&] { rows_of(path("cut.h5")); }), "");
}

TEST_F(Rows, OfJsonAreItsTextsWhereverTheyStand) {
  write_file(path("a.jsonl"), "\xEF\xBB\xBF{\"question\": \"one two\", \"answer\": \"72\", \"n\": 3}\n\n{\"messages\": [{\"role\": \"user\", \"content\": \"three four\"}, {\"content\": \"five six\"}]}");
  EXPECT_THAT(rows_of(path("a.jsonl")), ElementsAre("line 1: one two", "line 3: three four | five six"));
  write_file(path("a.json"), "  [{\"p\": \"one two\"},\n {\"p\": \"three four\"}]\n");
  EXPECT_THAT(rows_of(path("a.json")), ElementsAre("line 1: one two", "line 2: three four"));
  write_file(path("bad.jsonl"), "{\"p\": \"one two\"}\n{\"p\": \n");
  EXPECT_THAT(fault_of([&] { rows_of(path("bad.jsonl")); }), HasSubstr("bad.jsonl:2"));
  write_file(path("deep.jsonl"), std::string(100000, '[') + "\n");
  EXPECT_NE(fault_of([&] { rows_of(path("deep.jsonl")); }), "");
  EXPECT_THAT(fault_of([&] { rows_of(path("nowhere")); }), HasSubstr("is not there"));
}

void write_gzip(const fs::path& file, const std::string& text) {
  gzFile out = ::gzopen(file.c_str(), "wb");
  ::gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  ::gzclose(out);
}

TEST_F(Rows, OfGzipDoNotEndBeforeTheirTime) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "{\"p\": \"row number " + std::to_string(i * 7919 % 104729) + "\"}\n";
  write_gzip(path("a.jsonl.gz"), text);
  EXPECT_EQ(rows_of(path("a.jsonl.gz")).size(), 20000u);
  const std::string bytes = read_file(path("a.jsonl.gz"));
  write_file(path("cut.jsonl.gz"), bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(fault_of([&] { rows_of(path("cut.jsonl.gz")); }), HasSubstr("truncated"));
  write_file(path("flipped.jsonl.gz"), bytes.substr(0, bytes.size() / 2) + std::string(100, '\xFF') + bytes.substr(bytes.size() / 2 + 100));
  EXPECT_NE(fault_of([&] { rows_of(path("flipped.jsonl.gz")); }), "");
}

TEST_F(Rows, ALineIsBounded) {
  write_file(path("long.jsonl"), "{\"text\": \"two words\"}\n" + std::string((size_t{64} << 20) + 1, ' ') + "\n");
  EXPECT_THAT(fault_of([&] { rows_of(path("long.jsonl")); }), HasSubstr("long.jsonl:2"));
}

}  // namespace
}  // namespace reprise::data
