// Printing and walking of answer trees.
#include "grading/math/expression.h"

#include <algorithm>

namespace reprise::grading::math {
namespace {

int strength(const Expression& e) {
  switch (e.kind) {
    case Kind::relation: case Kind::congruence: case Kind::list: return 0;
    case Kind::set_operation: case Kind::ratio: return 1;
    case Kind::add: case Kind::plus_minus: return 2;
    case Kind::negate: return 3;
    case Kind::multiply: case Kind::divide: return 4;
    case Kind::power: return 5;
    case Kind::percent: case Kind::degree: case Kind::unit: return 6;
    default: return 7;
  }
}

std::string at_least(int needed, const Expression& e) { return strength(e) >= needed ? to_text(e) : "(" + to_text(e) + ")"; }

std::string joined(const std::vector<Expression>& args, const char* separator, int needed) {
  std::string out;
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0) out += separator;
    out += at_least(needed, args[i]);
  }
  return out;
}

const char* operator_name(char c) {
  switch (c) {
    case 'l': return "<=";
    case 'g': return ">=";
    case 'n': return "!=";
    case 'i': return "in";
    case '~': return "~=";
    case '<': return "<";
    case '>': return ">";
    default: return "=";
  }
}

void gather(const Expression& e, std::vector<std::string>& names) {
  if (e.kind == Kind::symbol) names.push_back(e.text);
  for (const Expression& arg : e.args) gather(arg, names);
}

}  // namespace

std::string to_text(const Expression& e) {
  const auto& a = e.args;
  switch (e.kind) {
    case Kind::number: case Kind::symbol: case Kind::constant: return e.text;
    case Kind::words: return "'" + e.text + "'";
    case Kind::add: {
      std::string out;
      for (size_t i = 0; i < a.size(); ++i) {
        const bool minus = a[i].kind == Kind::negate;
        if (i > 0) out += minus ? " - " : " + ";
        out += i > 0 && minus ? at_least(3, a[i].args[0]) : at_least(3, a[i]);
      }
      return out;
    }
    case Kind::multiply: return joined(a, "*", 4);
    case Kind::negate: return "-" + at_least(3, a[0]);
    case Kind::divide: return at_least(4, a[0]) + "/" + at_least(5, a[1]);
    case Kind::power: return at_least(6, a[0]) + "^" + at_least(6, a[1]);
    case Kind::root: return a[1].is(Kind::number, "2") ? "sqrt(" + to_text(a[0]) + ")" : "root(" + to_text(a[0]) + ", " + to_text(a[1]) + ")";
    case Kind::function: return e.text + "(" + joined(a, ", ", 0) + ")";
    case Kind::plus_minus: return a.size() == 1 ? e.text + at_least(3, a[0]) : at_least(2, a[0]) + " " + e.text + " " + at_least(3, a[1]);
    case Kind::percent: return at_least(6, a[0]) + "%";
    case Kind::degree: return at_least(6, a[0]) + " degrees";
    case Kind::unit: return at_least(4, a[0]) + " [" + e.text + "]";
    case Kind::list: return joined(a, ", ", 1);
    case Kind::bracket: return e.text.substr(0, 1) + joined(a, ", ", 0) + e.text.substr(1, 1);
    case Kind::set: return "{" + joined(a, ", ", 0) + "}";
    case Kind::set_builder: return "{" + to_text(a[0]) + " | " + joined(std::vector<Expression>(a.begin() + 1, a.end()), ", ", 0) + "}";
    case Kind::set_operation: return at_least(2, a[0]) + " " + e.text + " " + at_least(2, a[1]);
    case Kind::matrix: {
      std::string out = "[";
      for (size_t i = 0; i < a.size(); ++i) out += (i > 0 ? "; " : "") + joined(a[i].args, ", ", 1);
      return out + "]";
    }
    case Kind::relation: {
      std::string out = at_least(1, a[0]);
      for (size_t i = 1; i < a.size(); ++i) out += std::string(" ") + operator_name(e.text[i - 1]) + " " + at_least(1, a[i]);
      return out;
    }
    case Kind::congruence: return to_text(a[0]) + " = " + to_text(a[1]) + " (mod " + to_text(a[2]) + ")";
    case Kind::ratio: return joined(a, ":", 2);
  }
  return "?";
}

std::vector<std::string> symbols_of(const Expression& e) {
  std::vector<std::string> names;
  gather(e, names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool contains(const Expression& e, Kind kind) {
  return e.kind == kind || std::any_of(e.args.begin(), e.args.end(), [&](const Expression& a) { return contains(a, kind); });
}

bool contains(const Expression& e, Kind kind, const char* text) {
  return e.is(kind, text) || std::any_of(e.args.begin(), e.args.end(), [&](const Expression& a) { return contains(a, kind, text); });
}

int64_t num_nodes(const Expression& e) {
  int64_t count = 1;
  for (const Expression& arg : e.args) count += num_nodes(arg);
  return count;
}

}  // namespace reprise::grading::math
