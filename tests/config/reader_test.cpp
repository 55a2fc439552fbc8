// The reader: every error, at its line, all at once.
#include "config/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/describe.h"
#include "config/writer.h"

namespace reprise::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Inner {
  double rate = 0.5;
  template <class V>
  void fields(V& v) { v.field("rate", rate, "A share.", between(0, 1)); }
};

struct Sample {
  int64_t count = 3;
  double learning_rate = 1e-6;
  bool packing = false;
  std::string mode = "a";
  std::vector<std::string> names;
  std::vector<int64_t> sizes;
  std::map<std::string, double> weights;
  std::optional<double> limit;
  std::vector<std::string> from;
  Inner inner;
  std::vector<Inner> parts;
  template <class V>
  void fields(V& v) {
    v.field("count", count, "How many.", at_least(1));
    v.field("learning_rate", learning_rate, "Peak.", more_than(0));
    v.field("packing", packing, "Pack.");
    v.field("mode", mode, "Mode.", one_of({"a", "bee"}));
    v.field("names", names, "Names.");
    v.field("sizes", sizes, "Sizes.", at_least(0));
    v.field("weights", weights, "Weights.");
    v.field("limit", limit, "Limit.");
    v.reference("from", from, "Input.");
    v.section("inner", inner, "Nested.");
    v.list("parts", parts, "Several.");
  }
  void check(Checker& c) const {
    if (packing && c.given("sizes")) c.problem("sizes", "has no effect with packing", "remove it");
  }
};

struct Grpo {
  int64_t num_generations = 1;
  double beta = 0, epsilon = 0;
  template <class V>
  void fields(V& v) {
    v.field("num_generations", num_generations, "");
    v.field("beta", beta, "");
    v.field("epsilon", epsilon, "");
  }
};

struct Needs {
  std::string from;
  template <class V>
  void fields(V& v) { v.field("from", from, "", required()); }
};

struct Twice {
  double a = 0;
  template <class V>
  void fields(V& v) {
    v.field("a", a, "");
    v.field("a", a, "");
  }
};

std::vector<std::string> errors_of(const std::string& yaml, Sample* out = nullptr) {
  Problems problems;
  Sample sample;
  read(parse_yaml(yaml, "r.yaml", problems), sample, problems);
  if (out) *out = sample;
  return problems.lines();
}

TEST(ConfigReader, ReadsEveryType) {
  Sample s;
  EXPECT_THAT(errors_of("count: 1e3\nlearning_rate: 1e-6\npacking: false\nmode: bee\nnames: [x, 'y z']\nsizes: [1, 2_000]\n"
                        "weights: {a: 1, b: .5}\nlimit: 2\nfrom: base\ninner: {rate: 1}\nparts: [{rate: 0.25}, {}]\n", &s),
              ElementsAre());
  EXPECT_EQ(s.count, 1000);
  EXPECT_EQ(s.learning_rate, 1e-6);
  EXPECT_FALSE(s.packing);
  EXPECT_EQ(s.mode, "bee");
  EXPECT_THAT(s.names, ElementsAre("x", "y z"));
  EXPECT_THAT(s.sizes, ElementsAre(1, 2000));
  EXPECT_EQ(s.weights.at("b"), 0.5);
  EXPECT_EQ(s.limit, 2.0);
  EXPECT_THAT(s.from, ElementsAre("base"));
  EXPECT_EQ(s.parts.size(), 2u);
  EXPECT_EQ(s.parts[0].rate, 0.25);
}

TEST(ConfigReader, TellsEveryErrorAtOnceInOrderOfLines) {
  EXPECT_THAT(errors_of("count: 1.5\nlearning_rate: fast\npacking: yes\nmode: be\nnames: x\nsizes: [1, two]\n"
                        "weights: [1]\nlimit: nan\nkl_coef: 1\ninner: {rate: 2, rates: 1}\nmode: a\n"),
              ElementsAre("r.yaml:1: 'count' wants a whole number, not '1.5'",
                          "r.yaml:2: 'learning_rate' wants a number, not 'fast'",
                          "r.yaml:3: 'packing' wants true or false, not 'yes'; write true",
                          "r.yaml:4: 'mode' must be one of a, bee, not 'be'; did you mean 'bee'?",
                          "r.yaml:5: 'names' wants a list of strings, not 'x'; write [x]",
                          "r.yaml:6: 'sizes' wants a whole number, not 'two'",
                          "r.yaml:7: 'weights' wants a map of names to numbers, not a list",
                          "r.yaml:8: 'limit' wants a finite number, not 'nan'",
                          "r.yaml:9: unknown key 'kl_coef'",
                          "r.yaml:10: 'rate' must be at least 0 and at most 1, not 2",
                          "r.yaml:10: unknown key 'rates'; did you mean 'rate'?",
                          "r.yaml:11: key 'mode' stands here twice; its first place is line 4"));
}

TEST(ConfigReader, OutOfRangeIsToldWithTheBound) {
  EXPECT_THAT(errors_of("count: 0\nlearning_rate: 0\nsizes: [-1]\n"),
              ElementsAre("r.yaml:1: 'count' must be at least 1, not 0",
                          "r.yaml:2: 'learning_rate' must be more than 0, not 0",
                          "r.yaml:3: 'sizes' must be at least 0, not -1"));
}

TEST(ConfigReader, QuotedNumbersAreStrings) {
  EXPECT_THAT(errors_of("count: '3'\n"), ElementsAre(HasSubstr("wants a whole number")));
  Sample s;
  EXPECT_THAT(errors_of("names: ['3', 4]\n", &s), ElementsAre());
  EXPECT_THAT(s.names, ElementsAre("3", "4"));
}

TEST(ConfigReader, IntegersBeyondInt64AndInfinitiesAreRefused) {
  EXPECT_THAT(errors_of("count: 99999999999999999999\nlearning_rate: .inf\nlimit: 1e999\n").size(), 3u);
}

TEST(ConfigReader, AKeyWithoutValueIsAnError) {
  EXPECT_THAT(errors_of("count:\n"), ElementsAre("r.yaml:1: 'count' has no value; it wants a whole number, or leave the key out"));
}

TEST(ConfigReader, NamesOfOtherFrameworksPointToOurs) {
  Grpo config;
  Problems problems;
  read(parse_yaml("n_samples_per_prompt: 4\nkl_loss_coef: 0\nclip-ratio: 0.2\n", "r.yaml", problems), config, problems);
  EXPECT_THAT(problems.lines(),
              ElementsAre("r.yaml:1: unknown key 'n_samples_per_prompt'; the key here is 'num_generations'",
                          "r.yaml:2: unknown key 'kl_loss_coef'; the key here is 'beta'",
                          "r.yaml:3: unknown key 'clip-ratio'; the key here is 'epsilon'"));
}

TEST(ConfigReader, AKeyWithoutEffectIsToldWhereItStands) {
  EXPECT_THAT(errors_of("packing: true\nsizes: [1]\n"),
              ElementsAre("r.yaml:2: 'sizes' has no effect with packing; remove it"));
}

TEST(ConfigReader, RequiredKeysAreMissed) {
  Needs config;
  Problems problems;
  read(parse_yaml("{}", "r.yaml", problems), config, problems);
  EXPECT_THAT(problems.lines(), ElementsAre("r.yaml:1: 'from' is missing"));
}

TEST(ConfigReader, AListWhereAMapShouldStandIsOneError) {
  EXPECT_THAT(errors_of("[1, 2]"), ElementsAre("r.yaml:1: wants keys with values, not a list"));
  EXPECT_THAT(errors_of("inner: 3"), ElementsAre("r.yaml:1: wants keys with values, not '3'"));
}

TEST(ConfigReader, JsonWithEveryKeyReadsBackTheSame) {
  Sample s;
  errors_of("count: 7\nlearning_rate: 0.1\nnames: ['1e3', 'true']\nlimit: 4\nparts: [{rate: 0.125}]\n", &s);
  const auto json = to_json(s);
  Sample again;
  read_json(nlohmann::json(json), again);
  EXPECT_EQ(to_json(again), json);
  EXPECT_THAT(again.names, ElementsAre("1e3", "true"));
}

TEST(ConfigReader, EveryFieldIsDescribed) {
  const auto fields = describe<Sample>();
  ASSERT_EQ(fields.size(), 11u);
  EXPECT_EQ(fields[9].name, "inner.rate");
  EXPECT_EQ(fields[10].name, "parts[].rate");
  EXPECT_EQ(fields[1].default_text(), "1e-06");
  EXPECT_EQ(fields[3].limits_text(), "one of: a, bee");
  EXPECT_TRUE(fields[8].is_reference);
  EXPECT_THAT(keys_text(fields), HasSubstr("mode (string, default a, one of: a, bee)"));
  EXPECT_THAT(keys_markdown(fields), HasSubstr("| `count` | int | `3` | at least 1 | How many. |"));
}

TEST(ConfigReader, AKeyDeclaredTwiceIsOurBug) {
  EXPECT_THROW(describe<Twice>(), std::logic_error);
}

}  // namespace
}  // namespace reprise::config
