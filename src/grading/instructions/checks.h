// What IFEval's rules look for in a text. Each says which pattern of the authors' code it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reprise::grading::instructions {

// Occurrences without overlaps in any case (re.IGNORECASE), counting stops at `enough`.
int64_t count_of(std::u32string_view text, std::u32string_view word, int64_t enough);
// \bWORD\b in any case.
bool has_word(std::u32string_view text, std::u32string_view word);
// Whether langdetect names this language, or finds nothing to judge by.
bool is_in_language(std::u32string_view text, const std::string& code);
int64_t num_sentences(std::u32string_view text);
// Runs of \w+.
int64_t num_words(std::u32string_view text);
// Between \s?***\s?; an empty one first or last is none; -1 where one in the middle is empty.
int64_t num_starred_paragraphs(std::u32string_view text);
// Parted by "\n\n": so many that are not blank, and the nth of all begins with the word, up to its first . , ? ! ' or ".
bool nth_paragraph_begins(std::u32string_view text, int64_t number, int64_t nth, std::u32string_view first_word);
// \[.*?\]
int64_t num_placeholders(std::u32string_view text);
// P.S. as p\.\s?s\.  P.P.S as p\.\s?p\.\s?s  others as they are; in any case.
bool has_postscript(std::u32string_view text, std::u32string_view marker);
// ^\s*\*[^\*].*$ and ^\s*-.*$, of lines.
int64_t num_bullets(std::u32string_view text);
// "My answer is yes.", "... no.", "... maybe."
bool has_one_of_the_answers(std::u32string_view text);
// \*[^\n\*]*\* and \*\*[^\n\*]*\*\* with something in them, both counted.
int64_t num_highlights(std::u32string_view text);
// \s?SPLITTER\s?\d+\s?
int64_t num_sections(std::u32string_view text, std::u32string_view splitter);
// What json.loads takes, in fences of three backticks or without.
bool is_json(std::u32string_view text);
// <<[^\n]+>> with something in it.
bool has_title(std::u32string_view text);
// Two parts around "******", not the same.
bool has_two_responses(std::u32string_view text);
// nltk's words that are all capitals.
int64_t num_capital_words(std::u32string_view text);

}  // namespace reprise::grading::instructions
