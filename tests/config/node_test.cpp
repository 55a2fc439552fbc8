// Hostile YAML: bombs, depth, garbage. And the lock file's YAML, which must read back as it was.
#include "config/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "config/writer.h"

namespace reprise::config {
namespace {

using ::testing::HasSubstr;

std::string fault_of(const std::string& yaml) {
  Problems problems;
  try {
    parse_yaml(yaml, "r.yaml", problems);
    problems.throw_if_any();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ConfigNode, AnAliasBombIsRefusedBeforeItExpands) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) yaml += (k ? ", " : "") + before;
    yaml += "]\n";
  }
  EXPECT_THAT(fault_of(yaml), HasSubstr("holds more than 200,000 values"));
}

TEST(ConfigNode, AnAliasInsideItsOwnValueIsRefused) {
  EXPECT_THAT(fault_of("a: &a [1, *a]\n"), HasSubstr("r.yaml:1"));
}

TEST(ConfigNode, DepthIsBounded) {
  EXPECT_THAT(fault_of(std::string(100, '[') + std::string(100, ']')), HasSubstr("nested deeper than 64 levels"));
  EXPECT_NE(fault_of(std::string(200000, '[')), "");
  EXPECT_NE(fault_of(std::string(200000, '{')), "");
}

TEST(ConfigNode, GarbageIsOneLineWithItsPlace) {
  for (const std::string yaml : {"a: [1, 2", "a: b: c", "\t- x", "a: 'x", "%YAML 9.9\n---\na: 1", "a: *nobody", "&a a: 1\n: [",
                                 "? [a, b]\n: c", "{a: 1}: 2", "a: !!binary xx", "a: 1\n---\nb: 2\n", "<<: {a: 1}", "a: \"\\ud800\""}) {
    const std::string fault = fault_of(yaml);
    EXPECT_THAT(fault, HasSubstr("r.yaml")) << yaml;
    EXPECT_EQ(fault.find('\n'), std::string::npos);
  }
  EXPECT_THAT(fault_of(std::string("a\0b", 3)), HasSubstr("not a text file"));
  EXPECT_THAT(fault_of("a: \xff\xfe"), HasSubstr("r.yaml"));
  EXPECT_THAT(fault_of(std::string((1u << 20) + 1, ' ')), HasSubstr("is larger than"));
}

TEST(ConfigNode, AnEmptyFileIsNothing) {
  Problems problems;
  EXPECT_TRUE(parse_yaml("", "r.yaml", problems).is_null());
  EXPECT_TRUE(parse_yaml("# only words\n", "r.yaml", problems).is_null());
}

TEST(ConfigNode, EveryValueKnowsItsLine) {
  Problems problems;
  const Node root = parse_yaml("a: 1\nb:\n  c:\n    - d\n    - e: 2\n", "r.yaml", problems);
  EXPECT_EQ(root.find("b")->key_origin.line, 2);
  EXPECT_EQ(root.find("b")->find("c")->items[1].find("e")->origin.line, 5);
}

TEST(ConfigWriter, YamlReadsBackAsTheSameValues) {
  const nlohmann::ordered_json json = {
      {"name", "mini-r1"},
      {"empty", ""},
      {"words", {"true", "null", "1e3", "nan", "-", "a: b", "# no", "x\ny", "tab\t", "\"q\" \\", "Y", "~", "é😀", " lead", "@a",
                 "\xc2\x85", "\xe2\x80\xa8", "\x7f", "\x01"}},
      {"number", 1e-6}, {"tiny", 5e-324}, {"big", 1.7976931348623157e308}, {"int", -9007199254740993}, {"yes", true}, {"none", nullptr},
      {"empty_list", nlohmann::ordered_json::array()}, {"empty_map", nlohmann::ordered_json::object()},
      {"strange: key", 1}, {"7", 2},
      {"nested", {{"a", {{"b", {1, 2.5}}}}}},
      {"stages", nlohmann::ordered_json::array({{{"stage", "base"}, {"keys", {{"k", 1}}}}, {{"stage", "zero"}},
                                                nlohmann::ordered_json::array({1, nlohmann::ordered_json::array({2})}),
                                                nlohmann::ordered_json::object(), nlohmann::ordered_json::array()})}};
  const std::string yaml = to_yaml(json);
  Problems problems;
  const auto back = node_to_json(parse_yaml(yaml, "lock", problems));
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(back, json) << yaml;
  EXPECT_EQ(fingerprint(back), fingerprint(json));
}

TEST(ConfigWriter, TheFingerprintIsOfValuesAndNotOfTheirOrder) {
  EXPECT_EQ(fingerprint({{"a", 1}, {"b", 2}}), fingerprint({{"b", 2}, {"a", 1}}));
  EXPECT_NE(fingerprint({{"a", 1}}), fingerprint({{"a", 2}}));
}

}  // namespace
}  // namespace reprise::config
