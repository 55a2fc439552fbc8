// Tokenizers against Hugging Face's (shared cases made with tokenizers 0.23.3), and streaming against whole decoding.
// tests/oracle/compare_tokenizers.py does the same live, on more texts.
#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "io/jsonl.h"
#include "support/test_data.h"
#include "text/word_level.h"

namespace reprise::text {
namespace {

class HuggingFaceTokenizer : public ::testing::TestWithParam<const char*> {
 protected:
  fs::path folder() const { return testing::data_folder() / "tokenizers" / GetParam(); }
};

TEST_P(HuggingFaceTokenizer, HasTheSameIdsAndTexts) {
  REPRISE_NEEDS_DATA("tokenizers/" + std::string(GetParam()) + "/encode_cases.jsonl");
  const auto tokenizer = Tokenizer::from_file(folder() / "tokenizer.json.gz");
  int count = 0;
  io::read_json_rows(folder() / "encode_cases.jsonl", [&](int64_t line, const nlohmann::json& row) {
    const auto ids = row.at("ids").get<std::vector<int32_t>>();
    EXPECT_EQ(tokenizer->encode(row.at("text").get<std::string>(), false), ids) << "line " << line;
    EXPECT_EQ(tokenizer->decode(ids, {}), row.at("decoded_keep_special").get<std::string>()) << "line " << line;
    EXPECT_EQ(tokenizer->decode(ids, {.skip_special_tokens = true}), row.at("decoded_skip_special").get<std::string>()) << "line " << line;
    ++count;
  });
  EXPECT_EQ(count, 308);
}

TEST_P(HuggingFaceTokenizer, StreamsWhatItDecodes) {
  REPRISE_NEEDS_DATA("tokenizers/" + std::string(GetParam()) + "/encode_cases.jsonl");
  const auto tokenizer = Tokenizer::from_file(folder() / "tokenizer.json.gz");
  RandomStream draw({7});
  std::vector<std::vector<int32_t>> texts;
  io::read_json_rows(folder() / "encode_cases.jsonl", [&](int64_t, const nlohmann::json& row) { texts.push_back(row.at("ids").get<std::vector<int32_t>>()); });
  for (int i = 0; i < 100; ++i) {  // any ids, which end characters anywhere
    texts.emplace_back();
    for (int k = 0; k < 40; ++k) texts.back().push_back(static_cast<int32_t>(draw.below(static_cast<uint64_t>(tokenizer->vocab_size()))));
  }
  for (const auto& ids : texts) {
    for (const bool skip : {false, true}) {
      StreamingDecoder stream(tokenizer, {.skip_special_tokens = skip});
      std::string joined;
      for (int32_t id : ids) {
        const std::string piece = stream.add(id);
        joined += piece;
        EXPECT_FALSE(piece.ends_with("\xEF\xBF\xBD"));
      }
      EXPECT_EQ(joined + stream.finish(), tokenizer->decode(ids, {.skip_special_tokens = skip}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Five, HuggingFaceTokenizer, ::testing::Values("gpt2", "qwen2.5", "deepseek-v3-type", "deepseek-r1-distill-qwen", "smollm2"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) {
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           }
                           return name;
                         });

std::shared_ptr<const Tokenizer> words() {
  return Tokenizer::from_json(make_word_level_tokenizer_json({"<pad>", "<bos>", "<eos>", "<think>", "0", "1", "plus"}), "words");
}

TEST(WordLevel, CutsSpecialTokensOutFirst) {
  // As Hugging Face does: an added token needs no space around it.
  EXPECT_THAT(words()->encode("<bos>0 plus 1", false), ::testing::ElementsAre(1, 4, 6, 5));
  EXPECT_THAT(words()->encode("0 plus 1", true), ::testing::ElementsAre(1, 4, 6, 5));
  EXPECT_EQ(words()->decode(std::vector<int32_t>{1, 4, 6, 5, 2}, {.skip_special_tokens = true}), "0 plus 1");
}

TEST(WordLevel, StreamsItsSpaces) {
  const auto tokenizer = words();
  for (const bool skip : {false, true}) {
    const std::vector<int32_t> ids = {1, 4, 2, 2, 6, 1, 5, 3};
    StreamingDecoder stream(tokenizer, {.skip_special_tokens = skip});
    std::string joined;
    for (int32_t id : ids) joined += stream.add(id);
    EXPECT_EQ(joined + stream.finish(), tokenizer->decode(ids, {.skip_special_tokens = skip}));
  }
}

TEST(WordLevel, TakesAnUnknownWordForTheFirst) { EXPECT_THAT(words()->encode("0 minus 1", false), ::testing::ElementsAre(4, 0, 5)); }

TEST(Tokenizer, SaysWhatAFileIsNot) {
  const auto fault = [](const std::string& text) {
    try {
      Tokenizer::from_json(text, "tokenizer.json");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_THAT(fault("{\"model\": {\"type\""), ::testing::HasSubstr("not a tokenizer.json"));
  EXPECT_THAT(fault(R"({"model": {"type": "Unigram"}})"), ::testing::HasSubstr("Unigram"));
  EXPECT_THAT(fault(R"({"model": {"type": "WordLevel"}})"), ::testing::HasSubstr("vocab"));
  EXPECT_THAT(fault(std::string(100000, '[')), ::testing::HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace reprise::text
