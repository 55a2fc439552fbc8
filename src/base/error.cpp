// Joins an Error's parts into its one line.
#include "base/error.h"

#include <utility>

namespace reprise {
namespace {

std::string one_line(const std::string& fault, const std::string& where, const std::string& hint) {
  std::string line = where.empty() ? fault : where + ": " + fault;
  if (!hint.empty()) line += "; " + hint;
  // One fault is one line, whatever a hostile file put into it.
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

}  // namespace

Error::Error(std::string what, std::string where, std::string hint)
    : std::runtime_error(one_line(what, where, hint)),
      fault_(std::move(what)),
      where_(std::move(where)),
      hint_(std::move(hint)) {}

}  // namespace reprise
