// The Jinja interpreter against jinja2 itself: shared render cases made by Jinja2 3.1.6 set up as transformers does.
#include "text/chat_template.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "io/jsonl.h"
#include "support/test_data.h"

namespace reprise::text {
namespace {

std::string render(const std::string& source, const nlohmann::ordered_json& context = nlohmann::ordered_json::object()) {
  return ChatTemplate::parse(source, "t").render(context);
}

TEST(ChatTemplate, RendersTheSharedCasesAsJinja2Does) {
  REPRISE_NEEDS_DATA("chat_templates/render_cases.jsonl");
  const auto folder = testing::data_folder() / "chat_templates";
  int count = 0;
  io::read_json_rows(folder / "render_cases.jsonl", [&](int64_t line, const nlohmann::json& row) {
    nlohmann::ordered_json context = nlohmann::ordered_json::object();
    std::string name;
    for (const auto& [key, value] : row.items()) {
      if (key == "template") name = value;
    }
    ASSERT_FALSE(name.empty()) << row.dump().substr(0, 300);
    const nlohmann::ordered_json ordered = nlohmann::ordered_json::parse(row.dump());
    for (const char* key : {"messages", "tools", "add_generation_prompt", "bos_token", "eos_token", "enable_thinking", "kwargs"}) {
      if (!ordered.contains(key)) continue;
      if (std::string(key) == "kwargs") {
        for (const auto& [k, v] : ordered["kwargs"].items()) context[k] = v;
      } else {
        context[key] = ordered[key];
      }
    }
    const std::string source = read_file(folder / (name.ends_with(".jinja") ? name : name + ".jinja"));
    const bool fails = row.contains("error") && !row["error"].is_null();
    if (fails) {
      EXPECT_THROW(ChatTemplate::parse(source, name).render(context), Error) << name << " line " << line;
    } else {
      EXPECT_EQ(ChatTemplate::parse(source, name).render(context), row.at("rendered").get<std::string>()) << name << " line " << line;
    }
    ++count;
  });
  EXPECT_EQ(count, 100);
}

TEST(ChatTemplate, StrictRefusesToWriteWhatIsNotThere) {
  EXPECT_EQ(render("a{{b}}c{{d.e}}", {{"d", nlohmann::ordered_json::object()}}), "ac");
  const auto strict = [](const std::string& source) { return ChatTemplate::parse(source, "t").render({{"d", {{"e", ""}}}}, true); };
  EXPECT_EQ(strict("a{{d.e}}{% if b %}x{% endif %}c"), "ac");
  EXPECT_THROW(strict("a{{b}}c"), Error);
  EXPECT_THROW(strict("a{{d.f}}c"), Error);
}

// Python 3.11: "\u00a0\x1c x\u2003y\u3000\n".strip() is "x\u2003y"; a zero width space is no space.
TEST(ChatTemplate, StripsWhatPythonStrips) {
  const nlohmann::ordered_json context = {{"t", "\xC2\xA0\x1C x\xE2\x80\x83y\xE3\x80\x80\n"}, {"z", "\xE2\x80\x8Bz\xE2\x80\x8B"}, {"blank", "\xC2\x85 \t"}};
  EXPECT_EQ(render("{{t.strip()}}|{{t|trim}}|{{z.strip()}}|{{blank.strip()}}|", context), "x\xE2\x80\x83y|x\xE2\x80\x83y|\xE2\x80\x8Bz\xE2\x80\x8B||");
  EXPECT_EQ(render("{{t.lstrip()}}|{{t.rstrip()}}|", context), "x\xE2\x80\x83y\xE3\x80\x80\n|\xC2\xA0\x1C x\xE2\x80\x83y|");
  EXPECT_EQ(render("{{'xxaxx'.strip('x')}}"), "a");
}

// The sentence of the Nature paper's Methods, with the question in its place.
TEST(ChatTemplate, R1ZerosOwnIsPlainText) {
  const auto source = read_file(testing::source_folder() / "configs/templates/r1-zero.jinja");
  const std::string text = ChatTemplate::parse(source, "r1-zero").render({{"user", "What is 1+1"}}, true, "<s>", "</s>");
  EXPECT_TRUE(text.starts_with("A conversation between User and Assistant. The User asks")) << text;
  EXPECT_TRUE(text.ends_with("<answer> answer here </answer>. User: What is 1+1. Assistant:")) << text;
}

// What DeepSeek's own template of its distilled models renders, opened for thinking.
TEST(ChatTemplate, R1sTurnsAreTheDistilledModels) {
  REPRISE_NEEDS_DATA("chat_templates/deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja");
  const auto ours = ChatTemplate::parse(read_file(testing::source_folder() / "configs/templates/r1.jinja"), "r1");
  const auto theirs = ChatTemplate::parse(read_file(testing::data_folder() / "chat_templates/deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja"), "theirs");
  // This copy of the template closes the thinking unless it is asked for it.
  for (const char* messages : {R"([{"role": "user", "content": "What is 1+1?"}])",
                               R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}])",
                               R"([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}, {"role": "user", "content": "Hm"}])"}) {
    const nlohmann::ordered_json context = {{"messages", nlohmann::ordered_json::parse(messages)}, {"add_generation_prompt", true},
                                            {"bos_token", "<｜begin▁of▁sentence｜>"}, {"eos_token", "<｜end▁of▁sentence｜>"}, {"enable_thinking", true}};
    EXPECT_EQ(ours.render(context), theirs.render(context));
  }
}

TEST(ChatTemplate, TrimsAndStripsBlocksLikeTransformers) {
  EXPECT_EQ(render("a\n  {% if true %}\nb\n  {% endif %}\nc"), "a\nb\nc");
  EXPECT_EQ(render("a {%- if true -%} b {%- endif %} c"), "ab c");
  EXPECT_EQ(render("{{ 'x' }}\n"), "x");
  EXPECT_EQ(render("{# note #}\nx"), "x");
}

TEST(ChatTemplate, ScopesSetInsideALoopButKeepsNamespaces) {
  EXPECT_EQ(render("{% set x = 1 %}{% for i in [1,2] %}{% set x = i %}{% endfor %}{{ x }}"), "1");
  EXPECT_EQ(render("{% set n = namespace(x=1) %}{% for i in [1,2] %}{% set n.x = i %}{% endfor %}{{ n.x }}"), "2");
}

TEST(ChatTemplate, HasPythonsNumbersTextsAndSlices) {
  EXPECT_EQ(render("{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 }} {{ 1 + 2 * 3 }}"), "3 -4 2 3.5 8 7");
  EXPECT_EQ(render("{{ 'abc'[::-1] }} {{ [1,2,3][-1] }} {{ [1,2,3,4][1:3] }} {{ 'a,b'.split(',')[1] }}"), "cba 3 [2, 3] b");
  EXPECT_EQ(render("{{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 'a' in 'cat' }} {{ 3 not in [1] }}"), "True False True True");
  EXPECT_EQ(render("{{ {'a': [1, 'x', none, true]} | tojson }}"), R"({"a": [1, "x", null, true]})");
}

TEST(ChatTemplate, CallsMacrosWithDefaults) {
  EXPECT_EQ(render("{% macro m(a, b='z') %}{{ a }}{{ b }}{% endmacro %}{{ m('x') }}{{ m('x', b='y') }}"), "xzxy");
}

TEST(ChatTemplate, BreaksAndContinues) {
  EXPECT_EQ(render("{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}"), "02");
}

TEST(ChatTemplate, NamesTheLineOfASyntaxError) {
  try {
    ChatTemplate::parse("a\nb\n{% if %}", "model/chat_template.jinja");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "model/chat_template.jinja:3");
  }
}

TEST(ChatTemplate, StopsWhatWouldNotEnd) {
  EXPECT_THROW(render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), Error);
  EXPECT_THROW(render("{% for a in range(10000) %}{% for b in range(10000) %}{{ b }}{% endfor %}{% endfor %}"), Error);
  EXPECT_THROW(render("{{ 'x' * 1000000000 }}"), Error);
  EXPECT_THROW(render("{{ " + std::string(5000, '(') + " }}"), Error);
}

TEST(ChatTemplate, RaisesWhatTheTemplateRaises) {
  try {
    render("{{ raise_exception('roles must alternate') }}");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("roles must alternate"), std::string::npos);
  }
}

TEST(ChatTemplate, RefusesAttributesOfTheUndefined) { EXPECT_THROW(render("{{ nothing.here }}"), Error); }

}  // namespace
}  // namespace reprise::text
