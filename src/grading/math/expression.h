// What an answer says, as a tree: numbers as they were written, operations, sets, tuples, relations, words.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace reprise::grading::math {

enum class Kind : uint8_t {
  number,       // text: "12", "3.50", "1.6e-19"; without a sign
  symbol,       // text: "x", "x_1", "alpha"
  constant,     // text: "pi", "e", "i", "inf"
  add,          // args
  multiply,     // args
  negate,       // args[0]
  divide,       // args[0] / args[1]
  power,        // args[0] ^ args[1]
  root,         // args[0], index args[1]
  function,     // text: the name; args
  plus_minus,   // [args[0]] +- args[1]; text "+-" or "-+"; args[0] may be missing (then one arg)
  percent,      // args[0] %
  degree,       // args[0] degrees
  unit,         // args[0] with the unit text
  list,         // several answers side by side, without brackets
  bracket,      // text: "()", "(]", "[)", "[]": a tuple or an interval
  set,          // { args }
  set_builder,  // { args[0] | args[1...] }
  set_operation,  // text: "union", "intersection", "difference"; two args
  matrix,       // args: rows of kind list
  relation,     // args[0] op args[1] op ...; text: the operators, one character each: = < > l(e) g(e) n(e) i(n) ~(approximately)
  congruence,   // args[0] = args[1] modulo args[2]
  ratio,        // args[0] : args[1] : ...
  words,        // text
};

struct Expression {
  Kind kind = Kind::words;
  std::string text;
  std::vector<Expression> args;

  Expression() = default;
  explicit Expression(Kind k, std::string t = {}, std::vector<Expression> a = {}) : kind(k), text(std::move(t)), args(std::move(a)) {}

  bool is(Kind k) const { return kind == k; }
  bool is(Kind k, const char* t) const { return kind == k && text == t; }
  friend bool operator==(const Expression&, const Expression&) = default;
};

// One line for people: "sqrt(2)/2 + x^2". Equal trees have equal texts.
std::string to_text(const Expression& e);
// Names of symbols in it, sorted, each once.
std::vector<std::string> symbols_of(const Expression& e);
bool contains(const Expression& e, Kind kind);
bool contains(const Expression& e, Kind kind, const char* text);
int64_t num_nodes(const Expression& e);

}  // namespace reprise::grading::math
