// What nltk's English Punkt model knows of words, as far as it decides (sentence_model.cpp). Words are parted by spaces.
#pragma once

namespace reprise::grading::instructions {

extern const char* const kAbbreviations;     // without their last period
extern const char* const kSentenceStarters;  // often the first word of a sentence
extern const char* const kSmallWords;        // common words, met in small letters and never capitalised inside a sentence
extern const char* const kSometimesCapital;  // common words, met in small letters, but capitalised inside a sentence too

}  // namespace reprise::grading::instructions
