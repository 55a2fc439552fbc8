// Files that pyarrow wrote, with the rows as pyarrow reads them (tests/golden/make_parquet_golden.py), files of layouts that
// only older writers made (tests/golden/parquet_by_hand.py), and what damaged, hostile and foreign ones are told.
#include "io/parquet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/files.h"
#include "io/jsonl.h"
#include "io/parquet/leaf_json.h"
#include "io/parquet/runs.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise::io {
namespace {

using ::testing::HasSubstr;
using testing::fault_of;
using nlohmann::json;

fs::path golden(const std::string& name) { return testing::source_folder() / "tests/golden/parquet" / name; }

const json& expected() {
  static const json all = json::parse(read_file_maybe_gzip(golden("expected.json.gz")));
  return all;
}

std::vector<json> rows_of(const fs::path& path, const ParquetLimits& limits = {}) {
  std::vector<json> out;
  ParquetFile(path, limits).read_rows([&](int64_t number, const json& row) {
    out.push_back(row);
    EXPECT_EQ(number, static_cast<int64_t>(out.size()));
    return true;
  }, [](int64_t number, const std::string& fault) { ADD_FAILURE() << number << " " << fault; });
  return out;
}

// Without the fsync of write_file: thousands of these are written.
void put(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size())); }

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& [name, rows] : expected().items()) out.push_back(name);
  return out;
}

class EveryFile : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryFile, ReadsAsPyarrowReadsIt) {
  const json& wanted = expected().at(GetParam());
  const auto rows = rows_of(golden(GetParam() + ".parquet"));
  ASSERT_EQ(rows.size(), wanted.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    for (const auto& [column, value] : wanted[i].items()) {
      ASSERT_TRUE(rows[i].contains(column)) << column;
      EXPECT_EQ(rows[i].at(column), value) << "row " << i << ", " << column;
    }
    EXPECT_EQ(rows[i].size(), wanted[i].size()) << "row " << i;
  }
}

// A cut file, or one with changed bytes, is read or told in one line, at every place.
TEST_P(EveryFile, SurvivesCutsAndChanges) {
  const std::string bytes = read_file(golden(GetParam() + ".parquet"));
  TemporaryFolder folder;
  const fs::path path = folder.path() / "damaged.parquet";
  const auto read = [&](const std::string& damaged) {
    put(path, damaged);
    return fault_of([&] {
      ParquetFile(path, {.max_page_bytes = 1 << 20, .max_held_bytes = 16 << 20}).read_rows([](int64_t number, const json&) { return number < 1000; }, [](int64_t, const std::string&) {});
    });
  };
  for (size_t length = 0; length < bytes.size(); length += bytes.size() / 20 + 1) EXPECT_NE(read(bytes.substr(0, length)), "");
  for (size_t at = 0; at < bytes.size(); at += bytes.size() / 60 + 1) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xFF);
    EXPECT_LT(read(damaged).size(), 1000u);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, EveryFile, ::testing::ValuesIn(names()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Parquet, TellsItsColumns) {
  const ParquetFile file(golden("old-lists.parquet"));
  EXPECT_EQ(file.num_rows(), 4);
  EXPECT_EQ(file.num_row_groups(), 1u);
  EXPECT_EQ(file.created_by(), "by hand");
  const auto columns = file.columns();
  ASSERT_EQ(columns.size(), 8u);
  EXPECT_EQ(columns[0], (std::pair<std::string, std::string>("rule1", "list of integer")));
  EXPECT_EQ(columns[1].second, "list of {str: text, num: integer}");
  EXPECT_EQ(columns[2].second, "list of list of integer");
  EXPECT_EQ(columns[7].second, "list of {a: integer, b: text}");
  EXPECT_EQ(ParquetFile(golden("old-maps.parquet")).columns()[2].second, "map from integer to number");
}

TEST(Parquet, StopsWhereItIsTold) {
  int64_t last = 0;
  ParquetFile(golden("row-groups.parquet")).read_rows([&](int64_t number, const json&) { return (last = number) < 9; }, [](int64_t, const std::string&) {});
  EXPECT_EQ(last, 9);
}

TEST(Parquet, IsReadWhereJsonLinesAre) {
  std::vector<json> rows;
  read_json_rows(golden("gsm8k.parquet"), [&](int64_t, const json& row) { rows.push_back(row); });
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1].at("answer"), "#### 1,004");
  std::string text;
  read_json_texts(golden("gsm8k.parquet"), [&](int64_t line, const json&, std::string_view one) { text += std::to_string(line) + std::string(one) + "\n"; }, [](int64_t, const std::string&) {});
  EXPECT_THAT(text, HasSubstr("2{\"answer\":\"#### 1,004\",\"question\":\"2 + 2?\"}\n"));
}

TEST(Parquet, ARowBeyondItsLimitIsToldAndPassedOver) {
  std::vector<int64_t> good, bad;
  std::string fault;
  // The first row is the largest.
  ParquetFile(golden("nested-deep.parquet"), {.max_row_bytes = 180}).read_rows([&](int64_t number, const json&) { return good.push_back(number), true; }, [&](int64_t number, const std::string& what) {
    bad.push_back(number);
    fault = what;
  });
  EXPECT_EQ(bad, (std::vector<int64_t>{1}));
  EXPECT_EQ(good, (std::vector<int64_t>{2, 3, 4}));
  EXPECT_THAT(fault, HasSubstr("more than 180 bytes"));
  // Every row of a file with all kinds of nesting, at limits that cut in different places: what is read is what it is without the limit.
  const auto whole = rows_of(golden("nested-2-v1.parquet"));
  for (size_t limit = 40; limit < 4000; limit = limit * 5 / 4) {
    int64_t count = 0;
    ParquetFile(golden("nested-2-v1.parquet"), {.max_row_bytes = limit}).read_rows([&](int64_t number, const json& row) {
      EXPECT_EQ(row, whole[static_cast<size_t>(number - 1)]) << limit;
      return ++count, true;
    }, [&](int64_t, const std::string&) { ++count; });
    EXPECT_EQ(count, static_cast<int64_t>(whole.size()));
  }
}

TEST(Parquet, SaysWhatItCannotRead) {
  const auto read = [](const fs::path& path, const ParquetLimits& limits = {}) { return fault_of([&] { rows_of(path, limits); }); };
  EXPECT_THAT(read(golden("encrypted.parquet")), HasSubstr("encrypted.parquet: is encrypted"));
  EXPECT_THAT(read(golden("encrypted-columns.parquet")), HasSubstr("is encrypted"));
  EXPECT_THAT(read(golden("codec-lzo.parquet")), HasSubstr("column 'a' of row group 1: is compressed by LZO, which is not read here"));
  EXPECT_THAT(read(golden("expected.json.gz")), HasSubstr("is not a Parquet file"));
  EXPECT_THAT(read(golden("types-zstd-v1.parquet"), {.max_page_bytes = 40}), HasSubstr("more than the 40 of a page"));
  EXPECT_THAT(read(golden("types-zstd-v1.parquet"), {.max_held_bytes = 400}), HasSubstr("more than the 400 bytes of memory"));
  EXPECT_THAT(read(golden("row-groups.parquet"), {.max_total_bytes = 1000}), HasSubstr("unpacks to more than 1000 bytes"));
  EXPECT_THAT(fault_of([] { read_json_rows(golden("encrypted.parquet"), [](int64_t, const json&) {}); }), HasSubstr("is encrypted"));
}

TEST(Parquet, ChecksThePagesSums) {
  std::string bytes = read_file(golden("pages-with-checksums.parquet"));
  const size_t footer = bytes.size() - 8;
  TemporaryFolder folder;
  const fs::path path = folder.path() / "x.parquet";
  const auto whole = rows_of(golden("pages-with-checksums.parquet"));
  int told = 0;
  for (size_t at = 4; at < footer / 2; at += 97) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    put(path, damaged);
    // A change in a page's header may mean nothing; one that meant something else would be seen here.
    const std::string fault = fault_of([&] { EXPECT_EQ(rows_of(path), whole) << at; });
    told += fault.find("checksum") != std::string::npos;
  }
  EXPECT_GT(told, 10);
}

TEST(ParquetRuns, TheSpecificationsOwnExamples) {
  // Encodings.md: 0 to 7 of three bits, lowest bit first and highest bit first.
  const auto bytes = [](std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
  };
  const auto packed = bytes({3, 0b10001000, 0b11000110, 0b11111010}), old = bytes({0b00000101, 0b00111001, 0b01110111});
  parquet::HybridDecoder hybrid(packed, 3);
  auto levels = parquet::LevelDecoder::bit_packed(old, 3);
  for (uint32_t i = 0; i < 8; ++i) {
    EXPECT_EQ(hybrid.next(), i);
    EXPECT_EQ(levels.next(), i);
  }
  EXPECT_THROW(hybrid.next(), parquet::BadPage);
  EXPECT_THROW(levels.next(), parquet::BadPage);
}

TEST(ParquetLeaves, DatesFarAway) {
  parquet::LeafType date{.meaning = parquet::Meaning::date};
  const auto text = [&](int64_t days) {
    parquet::Value value;
    value.integer = days;
    return parquet::to_json(date, value).get<std::string>();
  };
  EXPECT_EQ(text(0), "1970-01-01");
  EXPECT_EQ(text(11016), "2000-02-29");
  EXPECT_EQ(text(-719528), "0000-01-01");
  EXPECT_EQ(text(-719529), "-0001-12-31");
  // 146,097 days are 400 years, whatever the year.
  EXPECT_EQ(text(11016 + 146097 * 1000), "402000-02-29");
  EXPECT_EQ(text(2147483647).substr(0, 5), "58815");
  EXPECT_EQ(text(-2147483648LL).substr(0, 5), "-5877");
}

}  // namespace
}  // namespace reprise::io
