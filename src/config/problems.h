// Every fault of a recipe, collected before anything is said: one run of the program names them all. The lines
// are sorted by file and line at the end, so that the list reads like the file.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace reprise::config {

// Where a value stands. Line 0: the place has no lines (a --set on the command line, a JSON value).
struct Origin {
  std::string file;
  int line = 0;
  std::string text() const { return line > 0 ? file + ":" + std::to_string(line) : file; }
};

// All problems at once. what() tells the first and how many more there are; lines() is for who can print them.
class ProblemsError : public Error {
 public:
  ProblemsError(const Error& first, std::vector<std::string> lines);
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

class Problems {
 public:
  void add(std::string what, Origin where, std::string hint = "");
  void add(const Error& error);
  bool empty() const { return found_.empty(); }
  size_t size() const { return found_.size(); }
  // "recipe.yaml:12: unknown key 'epsilom'; did you mean 'epsilon'?", in order of file and line.
  std::vector<std::string> lines() const;
  // Nothing when empty; one problem throws a plain Error; several throw a ProblemsError.
  void throw_if_any() const;

 private:
  struct Problem {
    Error error;
    Origin where;
  };
  std::vector<Problem> sorted() const;
  std::vector<Problem> found_;
};

}  // namespace reprise::config
