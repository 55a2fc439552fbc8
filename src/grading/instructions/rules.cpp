// The table, and the reading of the data's kwargs. What the rules look at in a text is in checks.h.
#include "grading/instructions/rules.h"

#include <algorithm>

#include "base/strings.h"
#include "grading/instructions/checks.h"
#include "text/letter_case.h"

namespace reprise::grading::instructions {
namespace {

using nlohmann::json;

// The authors' code takes these texts for regular expressions; those of the data have no character that means anything there.
bool is_pattern(std::u32string_view text) { return text.find_first_of(U"\\.^$*+?{}[]|()") != std::u32string_view::npos; }

const json* given(const json& kwargs, const char* key) {
  const auto found = kwargs.find(key);
  return found == kwargs.end() || found->is_null() ? nullptr : &*found;
}

std::string read_number(const json& kwargs, const char* key, int64_t& out) {
  const json* value = given(kwargs, key);
  if (!value || !value->is_number() || value->get<double>() < 1 || value->get<double>() > 1e9 || value->get<double>() != static_cast<double>(value->get<int64_t>())) {
    return std::string("lacks a whole number '") + key + "' of 1 or more";
  }
  out = value->get<int64_t>();
  return "";
}

std::string read_relation(const json& kwargs, const char* key, Arguments& out) {
  const json* value = given(kwargs, key);
  if (!value || (*value != "at least" && *value != "less than")) return std::string("lacks '") + key + "': at least, or less than";
  out.at_least = *value == "at least";
  return "";
}

std::string read_text(const json& kwargs, const char* key, Arguments& out, bool stripped = true) {
  const json* value = given(kwargs, key);
  if (!value || !value->is_string() || trim(value->get_ref<const std::string&>()).empty()) return std::string("lacks '") + key + "'";
  const std::u32string text = text::code_points(value->get_ref<const std::string&>());
  out.texts.emplace_back(stripped ? text::strip(text) : std::u32string_view(text));
  return "";
}

// Literal texts, one or several.
std::string read_literals(const json& kwargs, const char* key, Arguments& out) {
  const json* value = given(kwargs, key);
  if (!value || !value->is_array() || value->empty()) return std::string("lacks a list '") + key + "'";
  for (const json& one : *value) {
    const std::string fault = read_text({{key, one}}, key, out, false);
    if (!fault.empty()) return fault;
    if (is_pattern(out.texts.back())) return std::string("has '") + key + "' that are regular expressions, which are not read here";
  }
  return "";
}

std::string read_literal(const json& kwargs, const char* key, Arguments& out) {
  const std::string fault = read_text(kwargs, key, out);
  return !fault.empty() || !is_pattern(out.texts.back()) ? fault : std::string("has a '") + key + "' that is a regular expression, which is not read here";
}

std::string first_fault(std::initializer_list<std::string> faults) {
  for (const std::string& fault : faults) {
    if (!fault.empty()) return fault;
  }
  return "";
}

std::string nothing(const json&, Arguments&) { return ""; }

bool holds(const Arguments& arguments, int64_t count) { return arguments.at_least ? count >= arguments.number : count < arguments.number; }

bool all_there(const Arguments& arguments, std::u32string_view text) {
  return std::all_of(arguments.texts.begin(), arguments.texts.end(), [&](const std::u32string& word) { return count_of(text, word, 1) > 0; });
}
bool none_there(const Arguments& arguments, std::u32string_view text) {
  return std::none_of(arguments.texts.begin(), arguments.texts.end(), [&](const std::u32string& word) { return has_word(text, word); });
}

}  // namespace

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {
      {"keywords:existence", [](const json& k, Arguments& a) { return read_literals(k, "keywords", a); }, all_there},
      {"keywords:frequency",
       [](const json& k, Arguments& a) { return first_fault({read_literal(k, "keyword", a), read_number(k, "frequency", a.number), read_relation(k, "relation", a)}); },
       [](const Arguments& a, std::u32string_view text) { return holds(a, count_of(text, a.texts[0], a.number)); }},
      {"keywords:forbidden_words", [](const json& k, Arguments& a) { return read_literals(k, "forbidden_words", a); }, none_there},
      {"keywords:letter_frequency",
       [](const json& k, Arguments& a) {
         const std::string fault = first_fault({read_text(k, "letter", a), read_number(k, "let_frequency", a.number), read_relation(k, "let_relation", a)});
         return fault.empty() && a.texts[0].size() != 1 ? std::string("has a 'letter' that is not one character") : fault;
       },
       // The data ask for "#" and "!" too, where the authors' code counts a letter drawn at random; here it is what the prompt asks for.
       [](const Arguments& a, std::u32string_view text) { return holds(a, std::ranges::count(text::lower(text), text::small_form(a.texts[0][0]))); }},
      {"language:response_language", [](const json& k, Arguments& a) { return read_text(k, "language", a); },
       [](const Arguments& a, std::u32string_view text) { return is_in_language(text, text::utf8(a.texts[0])); }},
      {"length_constraints:number_sentences", [](const json& k, Arguments& a) { return first_fault({read_number(k, "num_sentences", a.number), read_relation(k, "relation", a)}); },
       [](const Arguments& a, std::u32string_view text) { return holds(a, num_sentences(text)); }},
      {"length_constraints:number_paragraphs", [](const json& k, Arguments& a) { return read_number(k, "num_paragraphs", a.number); },
       [](const Arguments& a, std::u32string_view text) { return num_starred_paragraphs(text) == a.number; }},
      {"length_constraints:number_words", [](const json& k, Arguments& a) { return first_fault({read_number(k, "num_words", a.number), read_relation(k, "relation", a)}); },
       [](const Arguments& a, std::u32string_view text) { return holds(a, num_words(text)); }},
      {"length_constraints:nth_paragraph_first_word",
       [](const json& k, Arguments& a) {
         const std::string fault = first_fault({read_number(k, "num_paragraphs", a.number), read_number(k, "nth_paragraph", a.nth), read_text(k, "first_word", a, false)});
         return fault.empty() && a.nth > a.number ? std::string("has an 'nth_paragraph' past 'num_paragraphs'") : fault;
       },
       [](const Arguments& a, std::u32string_view text) { return nth_paragraph_begins(text, a.number, a.nth, a.texts[0]); }},
      {"detectable_content:number_placeholders", [](const json& k, Arguments& a) { return read_number(k, "num_placeholders", a.number); },
       [](const Arguments& a, std::u32string_view text) { return num_placeholders(text) >= a.number; }},
      {"detectable_content:postscript",
       [](const json& k, Arguments& a) {
         const std::string fault = read_text(k, "postscript_marker", a);
         const bool known = fault.empty() && (a.texts[0] == U"P.S." || a.texts[0] == U"P.P.S" || !is_pattern(a.texts[0]));
         return fault.empty() && !known ? std::string("has a 'postscript_marker' that is a regular expression, which is not read here") : fault;
       },
       [](const Arguments& a, std::u32string_view text) { return has_postscript(text, a.texts[0]); }},
      {"detectable_format:number_bullet_lists", [](const json& k, Arguments& a) { return read_number(k, "num_bullets", a.number); },
       [](const Arguments& a, std::u32string_view text) { return num_bullets(text) == a.number; }},
      {"detectable_format:constrained_response", nothing, [](const Arguments&, std::u32string_view text) { return has_one_of_the_answers(text); }},
      {"detectable_format:number_highlighted_sections", [](const json& k, Arguments& a) { return read_number(k, "num_highlights", a.number); },
       [](const Arguments& a, std::u32string_view text) { return num_highlights(text) >= a.number; }},
      {"detectable_format:multiple_sections", [](const json& k, Arguments& a) { return first_fault({read_literal(k, "section_spliter", a), read_number(k, "num_sections", a.number)}); },
       [](const Arguments& a, std::u32string_view text) { return num_sections(text, a.texts[0]) >= a.number; }},
      {"detectable_format:json_format", nothing, [](const Arguments&, std::u32string_view text) { return is_json(text); }},
      {"detectable_format:title", nothing, [](const Arguments&, std::u32string_view text) { return has_title(text); }},
      {"combination:two_responses", nothing, [](const Arguments&, std::u32string_view text) { return has_two_responses(text); }},
      {"combination:repeat_prompt", [](const json& k, Arguments& a) { return read_text(k, "prompt_to_repeat", a); },
       [](const Arguments& a, std::u32string_view text) { return text::lower(text::strip(text)).starts_with(text::lower(a.texts[0])); }},
      {"startend:end_checker", [](const json& k, Arguments& a) { return read_text(k, "end_phrase", a); },
       [](const Arguments& a, std::u32string_view text) { return text::lower(text::strip(text::strip(text), U'"')).ends_with(text::lower(a.texts[0])); }},
      {"change_case:capital_word_frequency",
       [](const json& k, Arguments& a) { return first_fault({read_number(k, "capital_frequency", a.number), read_relation(k, "capital_relation", a)}); },
       [](const Arguments& a, std::u32string_view text) { return holds(a, num_capital_words(text)); }},
      {"change_case:english_capital", nothing, [](const Arguments&, std::u32string_view text) { return text::is_upper(text) && is_in_language(text, "en"); }},
      {"change_case:english_lowercase", nothing, [](const Arguments&, std::u32string_view text) { return text::is_lower(text) && is_in_language(text, "en"); }},
      {"punctuation:no_comma", nothing, [](const Arguments&, std::u32string_view text) { return text.find(U',') == std::u32string_view::npos; }},
      {"startend:quotation", nothing,
       [](const Arguments&, std::u32string_view text) {
         const std::u32string_view s = text::strip(text);
         return s.size() > 1 && s.front() == '"' && s.back() == '"';
       }},
  };
  return all;
}

const Rule* find_rule(std::string_view id) {
  for (const Rule& rule : rules()) {
    if (rule.id == id) return &rule;
  }
  return nullptr;
}

}  // namespace reprise::grading::instructions
