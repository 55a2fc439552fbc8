// One child, one verdict.
#include "data/foreign_store.h"

#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "base/subprocess.h"
#include "data/store.h"

namespace reprise::data {
namespace {

constexpr const char* kHint = "the file is damaged or hostile; make the store again";

// What the child said, without the program's name before it and the newline behind it.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const size_t line = text.find_last_of('\n');
  if (line != std::string::npos) text.erase(0, line + 1);
  constexpr std::string_view name = "reprise: ";
  if (text.starts_with(name)) text.erase(0, name.size());
  return text;
}

}  // namespace

int64_t check_store(const std::filesystem::path& path) {
  const bool problems = read_manifest(path).kind == "problems";
  return static_cast<int64_t>(problems ? read_problems(path).size() : read_examples(path).size());
}

void check_foreign_store(const std::filesystem::path& path, const std::filesystem::path& program, double timeout_seconds) {
  const SubprocessResult child = run_subprocess({program.string(), "data", "check", path.string()}, "", timeout_seconds);
  if (child.timed_out) throw Error("was not read within " + format_fixed(timeout_seconds, 0) + " s", path.string(), kHint);
  if (child.signal_number != 0) {
    throw Error(std::string("ends the HDF5 library with signal ") + std::to_string(child.signal_number) + " (" + ::strsignal(child.signal_number) + ")", path.string(), kHint);
  }
  if (child.exit_code == 0) return;
  const std::string said = last_line(child.standard_error);
  throw Error(said.empty() ? path.string() + ": cannot be read (exit " + std::to_string(child.exit_code) + ")" : said);
}

void check_foreign_store(const std::filesystem::path& path) { check_foreign_store(path, executable_folder() / "reprise"); }

}  // namespace reprise::data
