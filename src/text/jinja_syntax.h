// The syntax tree of the Jinja subset that chat templates need, and its parser.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise::text::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Argument {
  std::string name;  // "" for a positional one
  ExpressionPtr value;
};

struct Expression {
  enum class Kind { none, boolean, integer, real, text, name, list, tuple, map, unary, binary, logic_and, logic_or, logic_not, conditional,
                    attribute, item, slice, call, filter, test };
  Kind kind = Kind::none;
  int line = 0;
  bool truth = false;             // boolean; test: negated
  int64_t integer = 0;
  double real = 0;
  std::string text;               // text, name, attribute name, operator, filter or test name
  std::vector<ExpressionPtr> parts;   // operands; item: base, index; slice: base, start, stop, step (may be null)
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;  // map
  std::vector<Argument> arguments;    // call, filter, test
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

struct Statement {
  enum class Kind { text, output, branch, loop, set, set_block, macro, call_break, call_continue, block };
  Kind kind = Kind::text;
  int line = 0;
  std::string text;                             // text; macro name; target of set_block
  ExpressionPtr value;                          // output, set, loop iterable
  ExpressionPtr condition;                      // loop's `if`
  std::vector<std::string> targets;             // loop and set variables; set on an attribute: {object, attribute}
  bool attribute_target = false;
  std::vector<std::pair<ExpressionPtr, Block>> branches;  // branch: condition (null for else) and body
  Block body, otherwise;                        // loop, macro, set_block, block
  std::vector<Argument> parameters;             // macro: name and default (null if none)
  std::vector<Argument> filters;                // set_block filters: name is the filter
};

// trim_blocks and lstrip_blocks as transformers sets them. Throws Error with the line.
Block parse(std::string_view source, const std::string& where);

}  // namespace reprise::text::jinja
