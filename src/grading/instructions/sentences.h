// Sentences and words as nltk 3.9 finds them in English, for rules that count them. Sentences: Punkt (Kiss & Strunk 2006) with nltk's own
// patterns and a part of its model (sentence_model.h). Words: nltk's word_tokenize, the tokenizer of the Penn Treebank with its changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reprise::grading::instructions {

// In the text's order; what nltk drops between them is left out here too.
std::vector<std::u32string_view> sentences(std::u32string_view text);
// The words of a text that may hold several sentences. Not parts of the text: quotation marks are rewritten.
std::vector<std::u32string> treebank_words(std::u32string_view text);

}  // namespace reprise::grading::instructions
