// Collecting and ordering problems.
#include "config/problems.h"

#include <algorithm>
#include <utility>

namespace reprise::config {

ProblemsError::ProblemsError(const Error& first, std::vector<std::string> lines)
    : Error(first.fault(), first.where(),
            (first.hint().empty() ? "" : first.hint() + " ") + std::string("(and ") +
                std::to_string(lines.size() - 1) + " more)"),
      lines_(std::move(lines)) {}

void Problems::add(std::string what, Origin where, std::string hint) {
  Error error(std::move(what), where.text(), std::move(hint));
  // The same fragment used twice tells its fault once.
  for (const Problem& known : found_) {
    if (std::string(known.error.what()) == error.what()) return;
  }
  found_.push_back({std::move(error), std::move(where)});
}

void Problems::add(const Error& error) { add(error.fault(), Origin{error.where(), 0}, error.hint()); }

std::vector<Problems::Problem> Problems::sorted() const {
  std::vector<std::string> files;  // in order of first appearance: the recipe before its fragments
  for (const Problem& problem : found_) {
    if (std::find(files.begin(), files.end(), problem.where.file) == files.end()) files.push_back(problem.where.file);
  }
  const auto rank = [&](const Problem& p) { return std::find(files.begin(), files.end(), p.where.file) - files.begin(); };
  std::vector<Problem> out = found_;
  std::stable_sort(out.begin(), out.end(), [&](const Problem& a, const Problem& b) {
    return std::pair(rank(a), a.where.line) < std::pair(rank(b), b.where.line);
  });
  return out;
}

std::vector<std::string> Problems::lines() const {
  std::vector<std::string> out;
  for (const Problem& problem : sorted()) out.emplace_back(problem.error.what());
  return out;
}

void Problems::throw_if_any() const {
  if (found_.empty()) return;
  const Error first = sorted().front().error;
  if (found_.size() == 1) throw first;
  throw ProblemsError(first, lines());
}

}  // namespace reprise::config
