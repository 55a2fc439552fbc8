// The verdicts of a run's programs, on file: how long a program took is not the same twice, so a run that is reproduced asks the file before it
// asks the sandbox. One JSON line a verdict; a line that came from another run's file says "replayed".
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "grading/code/verdict.h"

namespace reprise::grading::code {

// From here on verdicts of this process are kept in `file` (those that it holds are used again: a run that goes on), and looked up in `replayed`
// where that is given. An empty `file` ends it. Throws Error when one cannot be read or written; a line that a kill cut is dropped.
void keep_verdicts_in(const std::filesystem::path& file, const std::filesystem::path& replayed = {});

// Of one program against one problem's tests.
std::string verdict_key(std::string_view tests, std::string_view program);
// Nothing where none is kept, or none is known.
std::optional<CodeVerdict> kept_verdict(const std::string& key);
// A judge_error is not kept: it may be right the next time.
void keep_verdict(const std::string& key, const CodeVerdict& verdict);

struct VerdictCounts {
  int64_t replayed = 0, judged = 0;
};
// Of a file that a run wrote; zeros where there is none.
VerdictCounts count_verdicts(const std::filesystem::path& file);

}  // namespace reprise::grading::code
