// IFEval's verdicts against its authors' code (tests/golden/make_ifeval_golden.py), and what no published text does.
#include "grading/instructions/ifeval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/files.h"
#include "base/random.h"
#include "grading/grader.h"
#include "grading/instructions/language_detector.h"
#include "grading/instructions/python_json.h"
#include "grading/instructions/rules.h"
#include "grading/instructions/sentences.h"
#include "io/jsonl.h"
#include "support/test_data.h"
#include "text/letter_case.h"

namespace reprise::grading {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

data::Problem problem(const json& ids, const json& kwargs) {
  data::Problem p;
  p.id = "p";
  p.grader = "ifeval";
  p.metadata = json{{"instruction_id_list", ids}, {"kwargs", kwargs}}.dump();
  return p;
}

TEST(IfEval, DecidesAsItsAuthorsCode) {
  int64_t checked = 0;
  io::read_json_rows(testing::source_folder() / "tests/golden/ifeval.jsonl", [&](int64_t line, const json& row) {
    const data::Problem p = problem(row["ids"], row["kwargs"]);
    const std::string response = row["response"].get<std::string>();
    EXPECT_EQ(grade_ifeval_strict(p, response).kind == VerdictKind::correct, row["strict"].get<bool>()) << "line " << line << ": " << row.dump();
    EXPECT_EQ(grade_ifeval_loose(p, response).kind == VerdictKind::correct, row["loose"].get<bool>()) << "loose, line " << line << ": " << row.dump();
    ++checked;
  });
  EXPECT_GT(checked, 800);
}

TEST(IfEval, SentencesAndWordsAreThoseOfNltk) {
  const json texts = json::parse(read_file(testing::source_folder() / "tests/golden/nltk_texts.json"));
  ASSERT_GT(texts.size(), 200u);
  for (const json& one : texts) {
    const std::u32string text = text::code_points(one["text"].get<std::string>());
    std::vector<std::string> found;
    for (const std::u32string_view sentence : instructions::sentences(text)) found.push_back(text::utf8(sentence));
    EXPECT_EQ(found, one["sentences"].get<std::vector<std::string>>()) << one["text"];
    found.clear();
    for (const std::u32string& word : instructions::treebank_words(text)) found.push_back(text::utf8(word));
    EXPECT_EQ(found, one["words"].get<std::vector<std::string>>()) << one["text"];
  }
}

TEST(IfEval, TheReasonNamesTheFirstBrokenInstruction) {
  const data::Problem p = problem({"startend:quotation", "punctuation:no_comma", "detectable_format:title"}, {json::object(), json::object(), nullptr});
  const Verdict broken = grade_ifeval_strict(p, "\"a, b\"");
  EXPECT_EQ(broken.kind, VerdictKind::incorrect);
  EXPECT_EQ(broken.reason, "strict: breaks punctuation:no_comma; follows 1 of 3");
  EXPECT_EQ(grade_ifeval_strict(p, "\"<<t>> b\"").reason, "strict: follows 3 of 3");
  EXPECT_EQ(grade_ifeval_loose(p, "Sure, here it is:\n\"<<t>> b\"").reason, "loose: follows 3 of 3");
  EXPECT_EQ(grade_ifeval_strict(p, "Sure, here it is:\n\"<<t>> b\"").kind, VerdictKind::incorrect);
  EXPECT_EQ(grade_ifeval_strict(p, " \n\xE3\x80\x80").kind, VerdictKind::no_answer);
}

TEST(IfEval, AskedForASignItCountsTheSign) {
  const data::Problem p = problem({"keywords:letter_frequency"}, {{{"letter", "#"}, {"let_frequency", 2}, {"let_relation", "at least"}}});
  EXPECT_EQ(grade_ifeval_strict(p, "#a #b").kind, VerdictKind::correct);
  EXPECT_EQ(grade_ifeval_strict(p, "many letters, one #").kind, VerdictKind::incorrect);
}

TEST(IfEval, MetadataThatCannotBeReadDecideNothing) {
  const std::pair<json, const char*> cases[] = {
      {nullptr, "lacks 'instruction_id_list'"},
      {{{"instruction_id_list", json::array()}, {"kwargs", json::array()}}, "lacks 'instruction_id_list'"},
      {{{"instruction_id_list", {"punctuation:no_comma"}}, {"kwargs", json::array()}}, "of one length"},
      {{{"instruction_id_list", {3}}, {"kwargs", {json::object()}}}, "wrong type"},
      {{{"instruction_id_list", {"punctuation:no_comma"}}, {"kwargs", {3}}}, "wrong type"},
      {{{"instruction_id_list", {"punctuation:no_dash"}}, {"kwargs", {json::object()}}}, "'punctuation:no_dash', which is none"},
      {{{"instruction_id_list", {"keywords:existence"}}, {"kwargs", {json::object()}}}, "lacks a list 'keywords' for keywords:existence"},
      {{{"instruction_id_list", {"keywords:existence"}}, {"kwargs", {{{"keywords", {"a+b"}}}}}}, "regular expressions"},
      {{{"instruction_id_list", {"keywords:frequency"}}, {"kwargs", {{{"keyword", "a"}, {"frequency", 2}, {"relation", "at most"}}}}}, "lacks 'relation'"},
      {{{"instruction_id_list", {"length_constraints:number_words"}}, {"kwargs", {{{"num_words", 2.5}, {"relation", "at least"}}}}}, "whole number 'num_words'"},
      {{{"instruction_id_list", {"length_constraints:number_words"}}, {"kwargs", {{{"num_words", 1e300}, {"relation", "at least"}}}}}, "whole number 'num_words'"},
      {{{"instruction_id_list", {"keywords:letter_frequency"}}, {"kwargs", {{{"letter", "ab"}, {"let_frequency", 2}, {"let_relation", "at least"}}}}}, "not one character"},
      {{{"instruction_id_list", {"length_constraints:nth_paragraph_first_word"}}, {"kwargs", {{{"num_paragraphs", 2}, {"nth_paragraph", 3}, {"first_word", "a"}}}}}, "past 'num_paragraphs'"},
  };
  for (const auto& [metadata, fault] : cases) {
    data::Problem p;
    p.metadata = metadata.dump();
    const Verdict verdict = grade_ifeval_strict(p, "a");
    EXPECT_EQ(verdict.kind, VerdictKind::unverifiable) << metadata.dump();
    EXPECT_THAT(verdict.reason, HasSubstr(fault));
    EXPECT_THAT(instructions::fault_of(metadata), HasSubstr(fault));
  }
  EXPECT_EQ(instructions::fault_of(json::parse(R"({"instruction_id_list": ["keywords:frequency"], "kwargs": [{"keyword": "a", "frequency": 2.0, "relation": "at least", "num_words": null}]})")), "");
}

// One problem with all kinds of instructions, and texts that would keep Python's patterns busy: linear time, and no depth of recursion.
TEST(IfEval, HostileResponsesTakeLinearTime) {
  json ids = json::array(), kwargs = json::array();
  for (const instructions::Rule& rule : instructions::rules()) {
    ids.push_back(rule.id);
    kwargs.push_back({{"keywords", {"aaaaaaab"}}, {"keyword", "ab"}, {"frequency", 3}, {"relation", "at least"}, {"forbidden_words", {"aaaaaaab"}}, {"letter", "a"}, {"let_frequency", 3}, {"let_relation", "at least"}, {"language", "en"},
                      {"num_sentences", 3}, {"num_paragraphs", 3}, {"nth_paragraph", 1}, {"first_word", "a"}, {"num_words", 3}, {"num_placeholders", 3}, {"postscript_marker", "P.P.S"}, {"num_bullets", 3}, {"num_highlights", 3},
                      {"section_spliter", "Section"}, {"num_sections", 3}, {"prompt_to_repeat", "aaaaaaaa"}, {"end_phrase", "aaaaaaaa"}, {"capital_frequency", 3}, {"capital_relation", "at least"}});
  }
  EXPECT_EQ(ids.size(), 25u);
  const data::Problem p = problem(ids, kwargs);
  const auto repeated = [](const std::string& what, size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += what;
    return out;
  };
  const char* parts[] = {"a", "A", " ", "\n", "\t\n", "[", "[[a\n", "*", "* ", "**a", "*\n", "-", "- \n", "<<", "<<a", ">>", ".", ". ", "a.", "a. ", "! ", "!", "...", ". . ", "\"", "'", "' ", "x' ", "a'", "`", "p.", "p. p. ", "Section ", "Section", "***", " *** ",
                         "@", "a@", "@a", "a.b@c-", "http://", "http://a", "1", "1.", "{", "[1,", "{\"a\":", "\"\\", "--", "-.", "\xff", "\xe2\x82", "\xf0\x9f\x98\x80", "a\xcc\x81", "n't ", "cannot ", "A:", "A,", "(", ")", "\x1c", "\xc2\x85"};
  for (const char* part : parts) {
    const auto seconds = [&](size_t bytes) {
      const std::string response = repeated(part, bytes);
      const auto start = std::chrono::steady_clock::now();
      EXPECT_FALSE(grade_ifeval_strict(p, response).reason.empty());
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    seconds(1000);
    // A quadratic rule would take minutes here; a generous bound, because tests run beside each other.
    EXPECT_LT(seconds(1 << 18), 30.0) << part;
  }
}

TEST(IfEval, AnyBytesGetAVerdict) {
  RandomStream draw({2026, 11});
  const char* parts[] = {"***", "******", "* ", "- ", "\n\n", "[", "]", "<<", ">>", "\"", "P.S.", "p. p. s", "U.S. ", "Dr. ", "1. ", "... ", "\xff\xfe", "\xe2\x80", "é", "Σ", "İ", "ſ", "\0x", "```json", "{}", "a", "B", "don't ", "Section 1", "@b.c", "http://x", "다", "क्षि", "،"};
  for (int round = 0; round < 400; ++round) {
    std::string response;
    for (uint64_t i = draw.below(40); i > 0; --i) response += parts[draw.below(std::size(parts))];
    if (draw.below(4) == 0) response += static_cast<char>(draw.below(256));
    for (const instructions::Rule& rule : instructions::rules()) {
      instructions::Arguments arguments{.texts = {U"the"}, .number = 2, .nth = 1, .at_least = draw.below(2) == 0};
      const std::u32string text = text::code_points(response);
      if (!text::strip(text).empty()) rule.follows(arguments, text);
    }
  }
}

TEST(PythonJson, TakesWhatJsonLoadsTakes) {
  for (const char32_t* text : {U"[]", U"{}", U" {\"a\" : [1 , -2.5e+3, true,false, null] } ", U"NaN", U"[Infinity,-Infinity]", U"\"\\ud800\\n\"", U"0", U"-0", U"1E5", U"\"\x7f\""}) EXPECT_TRUE(instructions::python_loads_json(text));
  for (const char32_t* text : {U"", U" ", U"[", U"]", U"[1,]", U"{,}", U"{\"a\"}", U"{\"a\":}", U"{1:2}", U"01", U"1.", U".5", U"+1", U"-", U"1e", U"\"\\x\"", U"\"\\u12g4\"", U"\"a\nb\"", U"[1 2]", U"{} {}", U"nul", U"\uFEFF{}", U"'a'", U"[\u00A0]"}) EXPECT_FALSE(instructions::python_loads_json(text));
  EXPECT_TRUE(instructions::python_loads_json(std::u32string(4300, U'1')));
  EXPECT_FALSE(instructions::python_loads_json(std::u32string(4301, U'1')));
  EXPECT_TRUE(instructions::python_loads_json(std::u32string(9000, U'1') + U".0"));
  EXPECT_TRUE(instructions::python_loads_json(std::u32string(500'000, U'[') + std::u32string(500'000, U']')));  // where Python runs out of stack
  EXPECT_FALSE(instructions::python_loads_json(std::u32string(1'000'000, U'[')));
}

TEST(LetterCase, IsPythons) {
  EXPECT_EQ(text::utf8(text::lower(text::code_points("ÀÉİΑΣ ΣΑ ẞ"))), "àéi̇ας σα ß");
  EXPECT_TRUE(text::equal_letters(U'ſ', U'S') && text::equal_letters(U'K', U'k') && text::equal_letters(U'ı', U'I') && text::equal_letters(U'Ω', U'Ω'));
  EXPECT_FALSE(text::equal_letters(U'ß', U's') || text::equal_letters(U'a', U'á') || text::equal_letters(U'1', U'2'));
  EXPECT_TRUE(text::is_upper(std::u32string_view(U"Ⅷ A!")) && text::is_lower(std::u32string_view(U"ª")) && !text::is_upper(std::u32string_view(U"Aǅ")) && !text::is_lower(std::u32string_view(U"12")));
  EXPECT_TRUE(text::is_space(0x1C) && text::is_space(0x3000) && !text::is_space(0x200B) && text::is_decimal(U'٣') && !text::is_decimal(U'²') && text::is_word(U'²'));
}

}  // namespace
}  // namespace reprise::grading
