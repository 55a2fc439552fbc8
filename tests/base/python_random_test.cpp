// Every draw against Python's own (tests/golden/make_python_random_golden.py).
#include "base/python_random.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/strings.h"
#include "support/test_data.h"

namespace reprise {
namespace {

std::vector<std::string> texts_of(const std::vector<uint64_t>& values) {
  std::vector<std::string> out;
  for (uint64_t value : values) out.push_back(std::to_string(value));
  return out;
}

std::vector<std::string> drawn(PythonRandom rng, const std::string& draw, const std::vector<int64_t>& arguments, const std::string& bound_text) {
  std::vector<uint64_t> values;
  if (draw == "random" || draw == "late") {
    double last = 0;
    std::vector<std::string> out;
    for (int64_t i = 0; i < (draw == "late" ? arguments[0] : 5); ++i) {
      last = rng.random();
      if (draw == "random") out.push_back(format_double(last));
    }
    return draw == "late" ? std::vector<std::string>{format_double(last)} : out;
  }
  if (draw == "getrandbits") for (int i = 0; i < 6; ++i) values.push_back(rng.getrandbits(static_cast<int>(arguments[0])));
  if (draw == "randbelow") for (int i = 0; i < 8; ++i) values.push_back(rng.randbelow(std::stoull(bound_text)));
  if (draw == "randint") {
    std::vector<std::string> out;
    for (int i = 0; i < 8; ++i) out.push_back(std::to_string(rng.randint(arguments[0], arguments[1])));
    return out;
  }
  if (draw == "shuffle") {
    for (int64_t i = 0; i < arguments[0]; ++i) values.push_back(static_cast<uint64_t>(i));
    rng.shuffle(values);
  }
  const auto add_sample = [&](size_t n, size_t k) {
    for (size_t index : rng.sample(n, k)) values.push_back(index);
  };
  const std::vector<uint64_t> ten = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, three = {0, 1, 2};
  if (draw == "sample") add_sample(static_cast<size_t>(arguments[0]), static_cast<size_t>(arguments[1]));
  if (draw == "choice") for (int i = 0; i < 20; ++i) values.push_back(rng.choice(ten));
  if (draw == "permutations") for (int64_t i = 0; i < arguments[0]; ++i) add_sample(4, 4);
  if (draw == "mixed") {
    for (int64_t i = 0; i < arguments[0]; ++i) {
      values.push_back(rng.randbelow(5));
      values.push_back(rng.getrandbits(40));
      values.push_back(rng.choice(three));
      add_sample(30, 2);
    }
    values.erase(values.begin(), values.end() - 50);
  }
  if (draw == "words") for (int i = 0; i < 5; ++i) values.push_back(rng.getrandbits(32));
  return texts_of(values);
}

TEST(PythonRandom, DrawsAsPythonDoes) {
  int checked = 0;
  for (const std::string& line : split(read_file(testing::source_folder() / "tests/golden/python_random.tsv"), '\n')) {
    if (line.empty()) continue;
    const auto cells = split(line, '\t');
    std::vector<int64_t> arguments;
    for (const std::string& text : split(cells[2], ',')) arguments.push_back(parse_int(text).value_or(0));
    std::vector<uint32_t> words;
    for (const std::string& word : split(cells[0], ',')) words.push_back(static_cast<uint32_t>(parse_int(word).value_or(0)));
    PythonRandom rng = words.size() > 1 ? PythonRandom(words) : PythonRandom(*parse_int(cells[0]));
    if (cells[1] == "gauss") {
      for (const std::string& value : split(cells[3], ',')) EXPECT_NEAR(rng.gauss(0.5, 2.0), *parse_double(value), 1e-13) << cells[0];
      ++checked;
      continue;
    }
    std::vector<std::string> expected = cells[3].empty() ? std::vector<std::string>{} : split(cells[3], ',');
    if (cells[1] == "random" || cells[1] == "late") {  // one spelling of doubles, both ours
      for (std::string& text : expected) text = format_double(*parse_double(text));
    }
    EXPECT_EQ(drawn(rng, cells[1], arguments, cells[2]), expected) << cells[0] << " " << cells[1] << " " << cells[2];
    ++checked;
  }
  EXPECT_EQ(checked, 11 * 44 + 1);
}

}  // namespace
}  // namespace reprise
