// The language of a text as langdetect 1.0.9 (Python; Shuyo's language-detection) names it: n-grams of up to three letters, drawn at random,
// weigh 55 languages until one is certain. There the draws differ from call to call unless a seed is set; here they are those of seed 0.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reprise::grading::instructions {

// "en", "zh-cn", ...; "unknown" where no language reaches a tenth; nothing where the text has no letters to judge by. Looks at the first
// 10,000 characters.
std::optional<std::string> detect_language(std::u32string_view text);

}  // namespace reprise::grading::instructions
