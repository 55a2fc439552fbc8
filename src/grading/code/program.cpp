// Fences, from the end.
#include "grading/code/program.h"

#include "base/strings.h"

namespace reprise::grading::code {
namespace {

bool includes(std::string_view source) { return source.starts_with("#include") || source.find("\n#include") != std::string_view::npos; }

}  // namespace

Program program_from_source(std::string source) {
  Program out;
  out.language = includes(source) ? Language::cpp : Language::python;
  out.source = std::move(source);
  return out;
}

Program program_of(std::string_view completion) {
  if (const size_t closes = completion.rfind("</think>"); closes != std::string_view::npos) completion = completion.substr(closes + 8);
  else if (completion.find("<think>") != std::string_view::npos) return {};
  // Fences stand at a line's start.
  std::string_view last, name;
  size_t open = std::string_view::npos;
  for (size_t at = 0; at < completion.size();) {
    const size_t end = std::min(completion.find('\n', at), completion.size());
    const std::string_view line = trim(completion.substr(at, end - at));
    if (line.starts_with("```")) {
      if (open == std::string_view::npos) {
        open = std::min(end + 1, completion.size());
        name = line.substr(3);
      } else {
        last = completion.substr(open, at - open);
        open = std::string_view::npos;
      }
    }
    at = end + 1;
  }
  if (open != std::string_view::npos) last = completion.substr(open);  // cut off before its end
  if (last.empty()) return completion.find("```") == std::string_view::npos ? program_from_source(std::string(completion)) : Program{};
  Program out = program_from_source(std::string(last));
  const std::string language = to_lower_ascii(trim(name));
  if (language == "cpp" || language == "c++" || language == "cc") out.language = Language::cpp;
  else if (language == "python" || language == "py" || language == "python3") out.language = Language::python;
  return out;
}

}  // namespace reprise::grading::code
