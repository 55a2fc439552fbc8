// In the order of its own pipeline: cleaning, candidates by priority, reading, comparing.
#include "grading/math/math_verify.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>

#include "base/strings.h"
#include "grading/math/numeric.h"
#include "grading/math/parser.h"

namespace reprise::grading::math {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }
size_t after_spaces(std::string_view text, size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// ---- cleaning ------------------------------------------------------------------------------------------------------------

// The words it takes off a value's end (its `units`; each with an optional s or es).
constexpr std::string_view kUnits[] = {
    "integerpoint", "feet", "sue", "digit", "pound", "meal", "edge", "student", "children ticket", "multiple", "east", "degree", "mph", "kmph", "ft", "m square", " m east", "sq m", "deg", "mile", "q .", "monkey", "prime", "ratio", "profit of rs",
    "rd", "o", "gm", "p . m", "lb", "tile", "per", "dm", "lt", "gain", "ab", "way", "west", "a .", "b .", "c .", "d .", "e .", "f .", "g .", "h .", "t", "h", "no change", "men", "soldier", "pie", "bc", "excess", "st", "inches", "noon", "cent",
    "by", "gal", "kmh", "c", "acre", "rise", "a . m", "th", "sq", "mark", "l", "toy", "coin", "sq . m", "gallon", "profit", "minw", "yr", "women", "am", "pm", "hr", "cu cm", "square", "are", "rupee", "rounds", "cubic", "cc", "mtr", "s", "ohm",
    "number", "day", "hour", "minute", "min", "second", "man", "woman", "sec", "cube", "mt", "sq inch", "mp", "hectare", "more", "unit", "cu . m", "cm 2", "rs .", "rs", "kg", "g", "month", "km", "m", "cm", "mm", "apple", "liter", "loss", "yard",
    "pure", "year", "increase", "decrease", "d", "less", "Surface", "litre", "pi sq m", "s .", "metre", "meter", "inch"};

std::string without_unit(const std::string& text) {
  size_t end = text.size();
  while (end > 0 && is_space(text[end - 1])) --end;
  for (size_t i = 0; i < end; ++i) {
    if (!is_digit(text[i]) && text[i] != '}' && !is_space(text[i])) continue;
    // \s* may take all spaces or leave some to a unit that begins with one.
    for (size_t start = i + 1; start <= end; ++start) {
      if (start > i + 1 && !is_space(text[start - 1])) break;
      const std::string_view rest = std::string_view(text).substr(start, end - start);
      for (std::string_view unit : kUnits) {
        if (rest.starts_with(unit) && (rest.size() == unit.size() || rest.substr(unit.size()) == "s" || rest.substr(unit.size()) == "es")) return text.substr(0, i + 1);
      }
    }
  }
  return text;
}

// All boxes' contents joined by commas, or the last one's with those that stand close to it.
std::string boxed_content(const std::string& text, bool last) {
  std::vector<std::string> results;
  size_t current = text.size(), limit = text.size(), last_start = std::string::npos;
  for (;;) {
    const size_t boxed = current == 0 ? std::string::npos : text.rfind("\\boxed", current - 1), fbox = current == 0 ? std::string::npos : text.rfind("\\fbox", current - 1);
    const auto usable = [&](size_t at, size_t size) { return at != std::string::npos && at + size <= current; };
    const bool has_boxed = usable(boxed, 6), has_fbox = usable(fbox, 5);
    if (!has_boxed && !has_fbox) break;
    const bool take_boxed = has_boxed && (!has_fbox || boxed > fbox);
    const size_t start = take_boxed ? boxed : fbox;
    const size_t open = after_spaces(text, start + (take_boxed ? 6 : 5));
    if (open >= limit) break;
    if (text[open] != '{') {
      if (results.empty()) results.push_back(text.substr(open));
      break;
    }
    size_t depth = 0, close = std::string::npos;
    for (size_t i = open; i < limit; ++i) {
      if (text[i] == '{') ++depth;
      else if (text[i] == '}' && --depth == 0) {
        close = i;
        break;
      }
    }
    if (close == std::string::npos) {
      if (results.empty()) results.push_back(text.substr(open));
      break;
    }
    const std::string content(trim(std::string_view(text).substr(open + 1, close - open - 1)));
    if (last && last_start != std::string::npos) {
      const std::string_view between = std::string_view(text).substr(close + 1, last_start - close - 1);
      const auto has_word = [&](std::string_view word) {
        for (size_t at = between.find(word); at != std::string_view::npos; at = between.find(word, at + 1)) {
          const auto in_word = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
          if ((at == 0 || !in_word(between[at - 1])) && (at + word.size() >= between.size() || !in_word(between[at + word.size()]))) return true;
        }
        return false;
      };
      const bool separated = has_word("and") || has_word("or") || between.find_first_of(",;") != std::string_view::npos;
      const bool near = between.size() < 10 || ((results.empty() || results.back() != content) && between.size() < 70 && separated);
      if (!near) break;
    }
    if (results.empty() || results.back() != content) results.push_back(content);
    last_start = limit = current = start;
  }
  if (results.empty()) return text;
  std::string out;
  for (size_t i = results.size(); i-- > 0;) out += (i + 1 == results.size() ? "" : ",") + results[i];
  return out;
}

bool word_boundary(std::string_view text, size_t at, size_t size) {
  return (at == 0 || !is_letter(text[at - 1])) && (at + size >= text.size() || !is_letter(text[at + size]));
}

// One pass of its table of replacements.
std::string with_one_spelling(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = std::string_view(text).substr(i);
    const auto put = [&](std::string_view what, size_t skip) {
      out += what;
      i += skip;
    };
    bool done = true;
    if (rest.starts_with("\\mathrm") || rest.starts_with("\\mathit") || rest.starts_with("\\mathbf")) put("\\text", 7);
    else if (rest.starts_with("\\textnormal")) put("\\text", 11);
    else if (rest.starts_with("\\textbf") || rest.starts_with("\\textit") || rest.starts_with("\\textrm")) put("\\text", 7);
    else if (rest.starts_with("\\dfrac") || rest.starts_with("\\tfrac") || rest.starts_with("\\cfrac")) put("\\frac", 6);
    else if (rest.size() > 1 && is_space(rest[0]) && rest[1] == '.') put(" 0.", 2);
    else if (rest.starts_with("{.")) put("{0.", 2);
    else if (rest.starts_with("~=")) put("\\approx", 2);
    else if (rest.starts_with("infinity")) put("\\infty", 8);
    else if (rest.starts_with("\\ldots")) put(" ", 6);
    else if (rest.starts_with(",\\ldots")) put(" ", 7);
    else if (rest.starts_with("inf") && !rest.starts_with("inft") && (i == 0 || text[i - 1] != '\\')) put("\\infty", 3);
    else if (rest.starts_with(" sqrt")) put("\\sqrt", 5);
    else if (rest.size() > 1 && rest[0] == '\\' && is_space(rest[1]) && (i == 0 || text[i - 1] != '\\')) put(" ", 2);
    else done = false;
    if (done) continue;
    // Those that may begin with spaces.
    const size_t word = after_spaces(text, i);
    const auto named = [&](std::string_view name) { return text.compare(word, name.size(), name) == 0 && word_boundary(text, word, name.size()); };
    if (text.compare(word, 1, "{") == 0 && text[after_spaces(text, word + 1)] == ',' ) {
      const size_t shut = after_spaces(text, after_spaces(text, word + 1) + 1);
      if (shut < text.size() && text[shut] == '}') {
        const size_t end = after_spaces(text, shut + 1);
        put(",", end - i);
        continue;
      }
    }
    if (named("percentage")) {
      put("\\%", word + 10 - i);
      continue;
    }
    if (named("percent") || named("pct")) {
      put("\\%", word + (named("percent") ? 7 : 3) - i);
      continue;
    }
    // ", and", "or", "\text{and}"
    const size_t comma = rest[0] == ',' ? after_spaces(text, i + 1) : word;
    const size_t from = rest[0] == ',' || word > i || word == i ? comma : i;
    bool joined = false;
    for (std::string_view name : {"and", "or"}) {
      if (text.compare(from, name.size(), name) == 0 && word_boundary(text, from, name.size()) && (i == from || !is_letter(i > 0 ? text[i - 1] : ' '))) {
        put(",", from + name.size() - i);
        joined = true;
        break;
      }
      const std::string_view command = "\\text{";
      if (text.compare(from, command.size(), command) == 0) {
        const size_t inside = after_spaces(text, from + command.size());
        const size_t end = after_spaces(text, inside + name.size());
        if (text.compare(inside, name.size(), name) == 0 && end < text.size() && text[end] == '}') {
          put(",", end + 1 - i);
          joined = true;
          break;
        }
      }
    }
    if (joined) continue;
    out += text[i++];
  }
  return out;
}

}  // namespace

std::string math_verify_cleaned(std::string_view latex, bool last_boxes_only) {
  std::string text = boxed_content(std::string(latex), last_boxes_only);
  text = replace_all(text, "\\mathrm{T}", "T");
  text = replace_all(replace_all(text, "\\mathrm{d}", "d"), "{\\rm d}", "d");
  text = replace_all(replace_all(text, "\\left[\\begin{matrix}", "\\begin{bmatrix}"), "\\end{matrix}\\right]", "\\end{bmatrix}");
  // \left and \right before a bracket
  for (const std::string command : {"\\left", "\\right"}) {
    for (size_t at = text.find(command); at != std::string::npos; at = text.find(command, at)) {
      const char next = at + command.size() < text.size() ? text[at + command.size()] : 'x';
      if (is_letter(next) || next == '.' || is_space(next)) at += command.size();
      else text.erase(at, command.size());
    }
  }
  // Layout that it takes out.
  for (size_t at = text.find("\\!"); at != std::string::npos; at = text.find("\\!")) text.erase(at, after_spaces(text, at + 2) - at);
  text = replace_all(replace_all(replace_all(text, "\\mathrm{th}", ""), "\\$", ""), "$", "");
  std::string unquoted;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] == '"' || text[i] == '\'') && (i == 0 || text[i - 1] != '\\')) continue;
    unquoted += text[i];
  }
  text = with_one_spelling(replace_all(unquoted, "\\displaystyle", ""));
  text = replace_all(replace_all(text, "\n", " "), "\t", " ");
  if (text.find("matrix") == std::string::npos) {
    for (size_t at = text.find("\\\\"); at != std::string::npos; at = text.find("\\\\", at + 1)) {
      if (at + 2 < text.size() && is_letter(text[at + 2])) text.erase(at, 1);
    }
  }
  // Words at the end, then units.
  const size_t words = std::min(text.find("\\text{"), text.find("\\mbox{"));
  if (words != std::string::npos) {
    std::string_view tail = trim(std::string_view(text));
    if (tail.size() > 2 && is_digit(tail.back()) && tail[tail.size() - 2] == '^') tail = tail.substr(0, tail.size() - 2);
    if (!tail.empty() && tail.back() == '}') {
      const std::string kept(trim(std::string_view(text).substr(0, words)));
      if (!kept.empty()) text = kept;
    }
  }
  for (int round = 0; round < 2; ++round) {
    const std::string kept = without_unit(text);
    if (!kept.empty()) text = kept;
  }
  if (!text.empty() && text[0] == '.') text = "0" + text;
  if (text == "0.5") text = "\\frac{1}{2}";
  return std::string(trim(text));
}

namespace {

// ---- candidates ----------------------------------------------------------------------------------------------------------

struct Formula {
  size_t end = 0;
  std::string inside;
  bool percent = false;
};

struct Candidate {
  size_t begin = 0, end = 0;
  std::vector<Formula> formulas;  // of LaTeX; empty for a plain number or expression
  bool last_boxes_only = false;
  std::string plain;  // expression or number as written
  bool number = false, percent = false;
};

bool not_escaped(std::string_view text, size_t at) { return at == 0 || text[at - 1] != '\\'; }

size_t skip_number(std::string_view text, size_t at) {  // -?\d+([.,]\d+)?
  size_t i = at;
  if (i < text.size() && text[i] == '-') ++i;
  const size_t digits = i;
  while (i < text.size() && is_digit(text[i])) ++i;
  if (i == digits) return at;
  if (i + 1 < text.size() && (text[i] == '.' || text[i] == ',') && is_digit(text[i + 1])) {
    ++i;
    while (i < text.size() && is_digit(text[i])) ++i;
  }
  return i;
}

// A formula that begins at `at`: $$ $$, \[ \], $ $, \( \), [ ] between spaces, or a bare fraction of numbers.
std::optional<Formula> formula_at(std::string_view text, size_t at, bool boxed) {
  const auto closes = [&](size_t from, std::string_view shut, bool one_line) -> std::optional<Formula> {
    for (size_t i = from; i < text.size(); ++i) {
      if (one_line && text[i] == '\n') return std::nullopt;
      if (text.compare(i, shut.size(), shut) == 0 && i > from && not_escaped(text, i)) {
        const std::string inside(text.substr(from, i - from));
        if (boxed) {
          const size_t box = inside.find("\\boxed{");
          if (box == std::string::npos || inside.find('}', box + 8) == std::string::npos) {
            if (shut.size() == 1) return std::nullopt;
            continue;
          }
        }
        return Formula{i + shut.size(), inside, false};
      }
    }
    return std::nullopt;
  };
  std::optional<Formula> found;
  const char c = text[at];
  if (c == '$' && not_escaped(text, at)) {
    if (text.compare(at, 2, "$$") == 0) found = closes(at + 2, "$$", false);
    if (!found && (at == 0 || !is_digit(text[at - 1])) && !(at + 1 < text.size() && text[at + 1] == '$')) found = closes(at + 1, "$", true);
  } else if (c == '\\' && not_escaped(text, at) && at + 1 < text.size() && text[at + 1] == '[') {
    found = closes(at + 2, "\\]", false);
  } else if (c == '\\' && not_escaped(text, at) && at + 1 < text.size() && text[at + 1] == '(') {
    found = closes(at + 2, "\\)", true);
  } else if (is_space(c) && at + 1 < text.size() && text[at + 1] == '[') {
    size_t i = at + 2;
    while (i < text.size() && text[i] != '\n' && text[i] != ']' && text[i] != '[') ++i;
    if (i > at + 2 && i + 1 < text.size() && text[i] == ']' && is_space(text[i + 1]) && (!boxed || text.substr(at, i - at).find("\\boxed{") != std::string_view::npos)) found = Formula{i + 2, std::string(text.substr(at + 2, i - at - 2)), false};
  }
  if (!found && !boxed) {
    const size_t start = c == '-' ? at + 1 : at;
    if (text.compare(start, 6, "\\frac{") == 0) {
      const size_t above = skip_number(text, start + 6);
      if (above > start + 6 && text.compare(above, 2, "}{") == 0) {
        const size_t below = skip_number(text, above + 2);
        if (below > above + 2 && below < text.size() && text[below] == '}') found = Formula{below + 1, std::string(text.substr(at, below + 1 - at)), false};
      }
    }
  }
  if (!found) return std::nullopt;
  const size_t next = after_spaces(text, found->end);
  for (std::string_view sign : {"\\%", "%", "Percentage", "percentage", "Percent", "percent", "Pct", "pct"}) {
    if (text.compare(next, sign.size(), sign) == 0) {
      found->percent = true;
      found->end = next + sign.size();
      break;
    }
  }
  return found;
}

// Up to six formulas joined by "and", "or", commas.
std::optional<Candidate> formulas_at(std::string_view text, size_t at, bool boxed) {
  const auto first = formula_at(text, at, boxed);
  if (!first) return std::nullopt;
  Candidate out;
  out.begin = at;
  out.end = first->end;
  out.formulas.push_back(*first);
  while (out.formulas.size() < 6) {
    size_t next = after_spaces(text, out.end);
    bool joined = false;
    for (std::string_view join : {",and", "and", ",or", "or", ","}) {
      if (text.compare(next, join.size(), join) != 0) continue;
      const size_t start = after_spaces(text, next + join.size());
      // A bracket formula begins with its space.
      for (size_t begin : {start, start > 0 ? start - 1 : start}) {
        if (begin >= text.size() || begin < next + join.size()) continue;
        if (const auto more = formula_at(text, begin, boxed)) {
          out.formulas.push_back(*more);
          out.end = more->end;
          joined = true;
          break;
        }
      }
      if (joined) break;
    }
    if (!joined) break;
  }
  return out;
}

bool is_expression_char(std::string_view text, size_t at, size_t& size) {
  size = 1;
  const char c = text[at];
  if (is_digit(c) || c == '.' || is_space(c) || std::string_view("+-*/^()").find(c) != std::string_view::npos) return true;
  if (text.compare(at, 2, "\u00d7") == 0 || text.compare(at, 2, "\u00f7") == 0) {
    size = 2;
    return true;
  }
  return false;
}
bool is_operator(char c) { return std::string_view("+-*/^()").find(c) != std::string_view::npos || c == '\xc3'; }

// Where an expression or number may begin: behind the start, a space or "=", and optional "**".
std::optional<size_t> after_prefix(std::string_view text, size_t at) {
  size_t i = at;
  if (at < text.size() && (is_space(text[at]) || text[at] == '=')) i = at + 1;
  else if (at != 0) return std::nullopt;
  if (text.compare(i, 2, "**") == 0) i += 2;
  return i;
}

std::optional<Candidate> expression_at(std::string_view text, size_t at) {
  const auto start = after_prefix(text, at);
  if (!start) return std::nullopt;
  size_t i = *start;
  if (i < text.size() && text[i] == '-') ++i;
  if (i < text.size() && text[i] == '(') ++i;
  if (i < text.size() && text[i] == '-') ++i;
  if (i >= text.size() || !is_digit(text[i])) return std::nullopt;
  size_t end = i + 1, size = 1;
  while (end < text.size() && is_expression_char(text, end, size)) end += size;
  // Back to an end that a suffix follows, with an operator inside and something behind it.
  for (size_t stop = end; stop > i + 1; --stop) {
    const auto suffix = [&](size_t from) -> std::optional<size_t> {
      if (text.compare(from, 2, "**") == 0 && from + 2 <= text.size()) {
        if (from + 2 == text.size() || std::string_view(".,:)$ \n\t").find(text[from + 2]) != std::string_view::npos) return std::min(text.size(), from + 3);
      }
      if (from == text.size()) return from;
      if (std::string_view(".,:)$ \n\t\r").find(text[from]) != std::string_view::npos) return from + 1;
      return std::nullopt;
    };
    const auto closed = suffix(stop);
    if (!closed) continue;
    const std::string_view body = text.substr(i + 1, stop - i - 1);
    bool operates = false;
    for (size_t k = 0; k + 1 < body.size(); ++k) operates = operates || is_operator(body[k]);
    if (!operates) return std::nullopt;
    Candidate out;
    out.begin = at;
    out.end = *closed;
    out.plain = std::string(text.substr(*start, stop - *start));
    return out;
  }
  return std::nullopt;
}

std::optional<Candidate> number_at(std::string_view text, size_t at) {
  const auto start = after_prefix(text, at);
  if (!start) return std::nullopt;
  size_t i = *start;
  for (std::string_view sign : {"$", "\u20ac", "\u00a3", "\u00a5", "\u20b9"}) {
    if (text.compare(i, sign.size(), sign) == 0) {
      i += sign.size();
      break;
    }
  }
  const size_t begin = i;
  if (i < text.size() && text[i] == '-') ++i;
  const size_t digits = i;
  while (i < text.size() && is_digit(text[i])) ++i;
  std::string whole, decimal;
  size_t end = i;
  if (i == digits) {
    if (digits != begin || i + 1 >= text.size() || text[i] != '.' || !is_digit(text[i + 1])) return std::nullopt;
    ++i;
    while (i < text.size() && is_digit(text[i])) ++i;
    decimal = text.substr(begin, i - begin);
    end = i;
  } else {
    whole = text.substr(begin, i - begin);
    if (i - digits <= 3 && text[digits] != '0') {
      size_t at_group = i;
      while (at_group + 3 < text.size() + 0 && (text[at_group] == ',' || text[at_group] == ' ') && is_digit(text[at_group + 1]) && is_digit(text[at_group + 2]) && is_digit(text[at_group + 3])) at_group += 4;
      if (at_group > i) {
        whole = text.substr(begin, at_group - begin);
        i = at_group;
        if (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) {
          const size_t point = i++;
          while (i < text.size() && is_digit(text[i])) ++i;
          decimal = text.substr(point, i - point);
        }
        end = i;
      }
    }
    if (end == i && decimal.empty() && i + 1 < text.size() && (text[i] == '.' || text[i] == ',') && is_digit(text[i + 1]) && whole.find_first_of(", ") == std::string::npos) {
      const size_t point = i++;
      while (i < text.size() && is_digit(text[i])) ++i;
      decimal = text.substr(point, i - point);
    }
    end = i;
  }
  Candidate out;
  out.begin = at;
  out.number = true;
  std::string value;
  for (char c : whole) {
    if (c != ',' && c != ' ') value += c;
  }
  // Leading zeros go; a minus keeps them, which changes nothing.
  size_t zeros = 0;
  while (zeros < value.size() && value[zeros] == '0') ++zeros;
  value = value.substr(zeros);
  if (value.empty()) value = "0";
  if (!decimal.empty() && decimal[0] == ',') decimal[0] = '.';
  out.plain = value + decimal;
  size_t next = after_spaces(text, end);
  for (std::string_view sign : {"%", "Percentage", "percentage", "Percent", "percent", "Pct", "pct"}) {
    if (text.compare(next, sign.size(), sign) == 0) {
      out.percent = true;
      end = next + sign.size();
      break;
    }
  }
  out.end = end;
  return out;
}

std::optional<Candidate> expression_or_number_at(std::string_view text, size_t at) {
  if (auto found = expression_at(text, at)) return found;
  return number_at(text, at);
}

using Finder = std::function<std::optional<Candidate>(size_t)>;

// Matches that do not overlap, from the left.
void find_all(std::string_view text, const Finder& at, std::vector<Candidate>& out) {
  for (size_t i = 0; i < text.size();) {
    if (auto found = at(i)) {
      i = std::max(found->end, i + 1);
      out.push_back(std::move(*found));
    } else {
      ++i;
    }
  }
}

// Groups of candidates by priority, each sorted: those that end last first, then those that begin first.
std::vector<std::vector<Candidate>> candidates_of(std::string_view text) {
  const std::string lower = to_lower_ascii(text);
  const auto says = [&](size_t at, std::string_view words) { return lower.compare(at, words.size(), words) == 0; };
  const auto i_hope = [&](size_t end) {
    size_t at = end;
    if (at < text.size() && text[at] == '.') ++at;
    if (at < text.size() && is_space(text[at])) ++at;
    return text.compare(at, 6, "I hope") == 0;
  };
  std::vector<std::vector<Candidate>> groups(5);
  const auto anchored = [&](std::string_view anchor, size_t reach, auto&& find) {
    return [&, anchor, reach, find](size_t at) -> std::optional<Candidate> {
      if (!says(at, anchor)) return std::nullopt;
      const size_t from = at + anchor.size();
      for (size_t k = from; k <= std::min(text.size() - 1, from + reach); ++k) {
        if (auto found = find(k)) {
          found->begin = at;
          return found;
        }
      }
      return std::nullopt;
    };
  };
  const auto latex = [&](size_t at) { return at < text.size() ? formulas_at(text, at, false) : std::nullopt; };
  // "final answer is ... I hope", "final answer ... is"
  const auto final_is = [&](bool hope, bool formulas) {
    return [&, hope, formulas](size_t at) -> std::optional<Candidate> {
      if (!says(at, "final answer")) return std::nullopt;
      const size_t from = at + 12;
      for (size_t k = from; k <= std::min(text.size(), from + (hope ? 0 : 100)); ++k) {
        if (k >= text.size() || !is_space(text[k])) continue;
        size_t is = after_spaces(text, k);
        if (!(hope ? says(k + 1, "is") : text.compare(is, 2, "is") == 0)) continue;
        if (hope) is = k + 1;
        size_t value = is + 2;
        if (value < text.size() && text[value] == ':') ++value;
        std::vector<size_t> starts = {value};
        if (formulas || hope) {
          const size_t next = after_spaces(text, value);
          starts.clear();
          for (size_t s = next; s + 1 > value; --s) {
            starts.push_back(s);
            if (s == value) break;
          }
        }
        for (size_t s : starts) {
          if (s >= text.size()) continue;
          auto found = formulas ? formulas_at(text, s, false) : expression_or_number_at(text, s);
          if (found && (!hope || i_hope(found->end))) {
            found->begin = at;
            return found;
          }
        }
      }
      return std::nullopt;
    };
  };
  // "answer: ... = value" or the first value within reach, unless "=" follows it
  const auto answer_value = [&](std::string_view anchor) {
    return [&, anchor](size_t at) -> std::optional<Candidate> {
      if (!says(at, anchor)) return std::nullopt;
      const size_t from = at + anchor.size();
      const auto good = [&](const std::optional<Candidate>& c) {
        if (!c) return false;
        const size_t next = after_spaces(text, c->end);
        return !(next < text.size() && text[next] == '=');
      };
      for (size_t equals = std::min(text.size(), from + 101); equals-- > from;) {
        if (equals >= text.size() || text[equals] != '=') continue;
        for (size_t s = after_spaces(text, equals + 1); s > equals; --s) {
          auto found = s < text.size() ? expression_or_number_at(text, s) : std::nullopt;
          if (good(found)) {
            found->begin = at;
            return found;
          }
        }
      }
      for (size_t k = from; k <= from + 50 && k < text.size(); ++k) {
        auto found = expression_or_number_at(text, k);
        if (k != 0 && good(found)) {
          found->begin = at;
          return found;
        }
      }
      return std::nullopt;
    };
  };
  if (lower.find("final answer") != std::string::npos) {
    find_all(text, final_is(true, true), groups[0]);
    find_all(text, final_is(true, false), groups[0]);
    find_all(text, final_is(false, true), groups[1]);
    find_all(text, final_is(false, false), groups[1]);
  }
  if (const size_t box = text.find("\\boxed{"); box != std::string_view::npos) {
    find_all(text, [&](size_t at) { return formulas_at(text, at, true); }, groups[1]);
    const size_t shut = text.rfind('}');
    if (shut != std::string_view::npos && shut > box + 7) {
      Candidate whole;
      whole.begin = box;
      whole.end = shut + 1;
      whole.formulas.push_back({shut + 1, std::string(text.substr(box, shut + 1 - box)), false});
      whole.last_boxes_only = true;
      groups[1].push_back(std::move(whole));
    }
  }
  if (lower.find("answer") != std::string::npos) {
    find_all(text, anchored("answer:", 50, latex), groups[2]);
    find_all(text, answer_value("answer:"), groups[2]);
    find_all(text, anchored("answer", 50, latex), groups[3]);
    find_all(text, answer_value("answer"), groups[3]);
  }
  find_all(text, latex, groups[4]);
  find_all(text, [&](size_t at) { return expression_at(text, at); }, groups[4]);
  find_all(text, [&](size_t at) { return number_at(text, at); }, groups[4]);
  for (auto& group : groups) {
    std::stable_sort(group.begin(), group.end(), [](const Candidate& a, const Candidate& b) { return a.end != b.end ? a.end > b.end : a.begin < b.begin; });
  }
  return groups;
}

// ---- reading -------------------------------------------------------------------------------------------------------------

struct CannotRead {};

Expression number_of(std::string digits) { return Expression(Kind::number, std::move(digits)); }

// Our tree as sympy would hold it: names in lower case, no degrees, no bases, "i" a name, tuples and intervals by their brackets.
Expression adapted(const Expression& e) {
  Expression out(e.kind, e.text);
  for (const Expression& arg : e.args) out.args.push_back(adapted(arg));
  switch (e.kind) {
    case Kind::words: {
      std::string name;
      for (char c : to_lower_ascii(e.text)) {
        if (c != ' ' && c != '(' && c != ')') name += c;
      }
      if (name.empty()) throw CannotRead{};
      return Expression(Kind::symbol, name);
    }
    case Kind::symbol:
      if (e.text.find('\\') != std::string::npos || e.text.starts_with("E_")) throw CannotRead{};  // x_{\max}; E is its own token there
      out.text = e.text.starts_with("mathbb ") ? e.text : to_lower_ascii(e.text);
      break;
    case Kind::constant:
      if (e.text == "i") return Expression(Kind::symbol, "i");
      break;
    case Kind::degree:
      if (e.text == "word") return Expression(Kind::multiply, {}, {out.args[0], Expression(Kind::symbol, "degrees")});
      if (out.args[0].kind == Kind::bracket || out.args[0].kind == Kind::set) throw CannotRead{};
      return out.args[0];
    case Kind::divide: {
      // dx/dt is a derivative, of what does not depend on t.
      const auto differential = [](const Expression& d) { return d.kind == Kind::multiply && d.args.size() >= 2 && d.args[0].is(Kind::symbol, "d"); };
      if (differential(out.args[1]) && (differential(out.args[0]) || out.args[0].is(Kind::symbol, "d"))) return number_of("0");
      break;
    }
    case Kind::unit: {
      std::string name;
      for (char c : to_lower_ascii(e.text)) {
        if (c != ' ') name += c;
      }
      return Expression(Kind::multiply, {}, {out.args[0], Expression(Kind::symbol, name)});
    }
    case Kind::ratio: {
      Expression quotient = out.args[0];
      for (size_t i = 1; i < out.args.size(); ++i) quotient = Expression(Kind::divide, {}, {quotient, out.args[i]});
      return quotient;
    }
    case Kind::function:
      if (e.text == "base") return number_of(e.args[0].text);
      if (e.text == "log_plain") return Expression(Kind::function, "log", {out.args[0], number_of("10")});
      break;
    case Kind::congruence: case Kind::set_builder: throw CannotRead{};
    case Kind::plus_minus: throw CannotRead{};
    case Kind::relation:
      if (const size_t near = e.text.find('~'); near != std::string::npos) {
        if (e.text.size() != 1) throw CannotRead{};
        return out.args[0].kind == Kind::symbol ? out.args[1] : out.args[0];
      }
      if (e.text == "i") return Expression(Kind::relation, "=", {out.args[0], out.args[1]});
      break;
    default: break;
  }
  return out;
}

// Elements of a list or set: x +- y are two.
std::vector<Expression> elements_of(const std::vector<Expression>& items) {
  std::vector<Expression> out;
  for (const Expression& item : items) {
    if (item.kind == Kind::plus_minus) {
      const Expression right = adapted(item.args.back()), minus(Kind::negate, {}, {right});
      if (item.args.size() == 1) {
        out.push_back(minus);
        out.push_back(right);
      } else {
        const Expression left = adapted(item.args[0]);
        out.push_back(Expression(Kind::add, {}, {left, right}));
        out.push_back(Expression(Kind::add, {}, {left, minus}));
      }
    } else {
      out.push_back(adapted(item));
    }
  }
  return out;
}

// a +- b + c is a +- (b + c)
Expression with_sign_last(const Expression& e) {
  if (e.kind != Kind::add || e.args[0].kind != Kind::plus_minus) return e;
  Expression rest(Kind::add, {}, {e.args[0].args.back()});
  rest.args.insert(rest.args.end(), e.args.begin() + 1, e.args.end());
  Expression out = e.args[0];
  out.args.back() = std::move(rest);
  return out;
}

Expression as_read(const Expression& tree) {
  const Expression e = with_sign_last(tree);
  if (e.kind == Kind::list || e.kind == Kind::set) return Expression(Kind::set, {}, elements_of(e.args));
  if (e.kind == Kind::plus_minus) return Expression(Kind::set, {}, elements_of({e}));
  if (e.kind == Kind::relation && e.args.back().kind == Kind::plus_minus) {
    Expression out(Kind::relation, e.text);
    for (size_t i = 0; i + 1 < e.args.size(); ++i) out.args.push_back(adapted(e.args[i]));
    out.args.push_back(Expression(Kind::set, {}, elements_of({e.args.back()})));
    return out;
  }
  return adapted(e);
}

bool balanced(std::string_view text) {
  int64_t depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '}')) {
      ++i;
      continue;
    }
    if (text[i] == '{') ++depth;
    else if (text[i] == '}' && --depth < 0) return false;
  }
  return depth == 0;
}

// What its grammar refuses and ours reads.
bool it_cannot_read(std::string_view text) {
  if (!balanced(text)) return true;
  if (text.find("\\sqrt(") != std::string_view::npos || text.find("\\sqrt (") != std::string_view::npos) return true;
  for (size_t at = text.find("\\binom"); at != std::string_view::npos; at = text.find("\\binom", at + 1)) {
    if (at + 6 >= text.size() || text[at + 6] != '{') return true;
  }
  for (size_t i = 0; i + 1 < text.size(); ++i) {  // "3./2"
    if (text[i] == '.' && i > 0 && is_digit(text[i - 1]) && !is_digit(text[i + 1])) return true;
  }
  int64_t round = 0, square = 0;
  for (char c : text) {
    round += c == '(' ? 1 : c == ')' ? -1 : 0;
    square += c == '[' ? 1 : c == ']' ? -1 : 0;
  }
  return round + square != 0;
}

// -?\d{1,3}(,\d{3})+(\.\d+)?
bool is_grouped_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with("-")) text.remove_prefix(1);
  size_t i = 0;
  while (i < text.size() && is_digit(text[i])) ++i;
  if (i == 0 || i > 3 || i >= text.size() || text[i] != ',') return false;
  while (i + 3 < text.size() && text[i] == ',' && is_digit(text[i + 1]) && is_digit(text[i + 2]) && is_digit(text[i + 3])) i += 4;
  if (i == text.size()) return true;
  if (text[i] != '.' || i + 1 == text.size()) return false;
  return text.find_first_not_of("0123456789", i + 1) == std::string_view::npos;
}

std::optional<Expression> read_latex(const std::string& cleaned) {
  if (cleaned.empty() || it_cannot_read(cleaned)) return std::nullopt;
  if (std::string_view(".,;:").find(cleaned.back()) != std::string_view::npos && !(cleaned.size() > 1 && cleaned[cleaned.size() - 2] == '\\')) return std::nullopt;
  // A whole text of groups of three digits is one number; anywhere else commas part.
  ParseLimits limits;
  limits.group_digits = is_grouped_number(cleaned);
  limits.as_math_verify = true;
  const Parsed parsed = parse_answer(cleaned, limits);
  if (!parsed.expression) return std::nullopt;
  try {
    return as_read(*parsed.expression);
  } catch (const CannotRead&) {
    return std::nullopt;
  }
}

struct Extracted {
  std::optional<Expression> value;
  std::string text;  // of the first candidate, cleaned
  bool any = false;
};

Extracted extracted_from(std::string_view text) {
  Extracted out;
  for (const auto& group : candidates_of(text)) {
    for (const Candidate& candidate : group) {
      std::optional<Expression> value;
      std::string fallback;
      if (!candidate.formulas.empty()) {
        std::vector<Expression> all;
        std::vector<std::string> texts;
        bool read = true;
        for (const Formula& formula : candidate.formulas) {
          const std::string cleaned = math_verify_cleaned(formula.inside, candidate.last_boxes_only);
          texts.push_back(cleaned);
          auto one = read_latex(cleaned);
          if (!one) {
            read = false;
            all.push_back({});
            continue;
          }
          if (formula.percent) one = Expression(Kind::percent, {}, {*one});
          all.push_back(*one);
        }
        fallback = texts[0];
        if (all.size() > 1 && read) {
          Expression set(Kind::set);
          for (const Expression& e : all) {
            if (e.kind == Kind::set) set.args.insert(set.args.end(), e.args.begin(), e.args.end());
            else set.args.push_back(e);
          }
          value = set;
          fallback = join(texts, " and ");
        } else if (all[0].kind != Kind::words) {
          value = all[0];
        }
      } else if (candidate.number) {
        fallback = candidate.plain;
        Expression number = candidate.plain[0] == '-' ? Expression(Kind::negate, {}, {number_of(candidate.plain.substr(1))}) : number_of(candidate.plain[0] == '.' ? "0" + candidate.plain : candidate.plain);
        value = candidate.percent ? Expression(Kind::percent, {}, {number}) : number;
      } else {
        fallback = candidate.plain;
        const Parsed parsed = parse_answer(candidate.plain);
        if (parsed.expression && parsed.expression->kind != Kind::list && parsed.expression->kind != Kind::bracket) {
          try {
            value = adapted(*parsed.expression);
          } catch (const CannotRead&) {
          }
        }
      }
      if (!out.any) {
        out.text = std::string(trim(fallback));
        out.any = true;
      }
      if (value) {
        out.value = std::move(value);
        return out;
      }
    }
  }
  return out;
}

// ---- comparing -----------------------------------------------------------------------------------------------------------

bool is_integer(const Expression& e) { return e.kind == Kind::negate ? is_integer(e.args[0]) : e.kind == Kind::number && e.text.find_first_of(".e") == std::string::npos; }
bool is_float(const Expression& e) { return e.kind == Kind::negate ? is_float(e.args[0]) : e.kind == Kind::number && e.text.find('.') != std::string::npos; }
bool is_fraction(const Expression& e) {
  if (e.kind == Kind::negate) return is_fraction(e.args[0]);
  if (e.kind == Kind::add) return e.args.size() == 2 && is_integer(e.args[0]) && is_fraction(e.args[1]);  // a mixed number
  return e.kind == Kind::divide && is_integer(e.args[0]) && is_integer(e.args[1]);
}
bool is_number(const Expression& e) { return is_integer(e) || is_float(e) || is_fraction(e); }
const Expression& without_percent(const Expression& e) { return e.kind == Kind::percent ? e.args[0] : e; }

bool only_symbols(const Expression& e) {
  if (e.kind == Kind::symbol) return true;
  return !e.args.empty() && std::all_of(e.args.begin(), e.args.end(), only_symbols);
}
bool is_equation(const Expression& e) { return e.kind == Kind::relation && e.text.find_first_not_of('=') == std::string::npos; }
bool is_assignment(const Expression& e) { return is_equation(e) && only_symbols(e.args[0]); }
bool is_set(const Expression& e) { return e.kind == Kind::set || e.kind == Kind::set_operation || e.kind == Kind::bracket || (e.kind == Kind::symbol && e.text.starts_with("mathbb ")); }

class Judge {
 public:
  explicit Judge(Workspace& workspace) : workspace_(workspace), budget_(2000000) {}

  bool equal(Expression gold, Expression answer) {
    if (++depth_ > 40) throw OverBudget{""};
    const bool result = compared(std::move(gold), std::move(answer));
    --depth_;
    return result;
  }

 private:
  bool strictly_equal(const Expression& a, const Expression& b) {
    EqualityLimits limits;
    limits.where_real = false;  // sympy does not simplify sqrt(1/n) - 1/sqrt(n)
    const Comparison c = compare(a, b, workspace_, limits);
    return c.status == Status::proved_equal || c.status == Status::numerically_equal;
  }

  bool compared(Expression g, Expression a) {
    budget_.spend(10);
    if (is_assignment(g)) g = Expression(Kind::relation, "=", {g.args.front(), g.args.back()});
    if (is_assignment(a)) a = Expression(Kind::relation, "=", {a.args.front(), a.args.back()});
    if (is_equation(a) && !is_equation(g)) {
      Expression value = a.args.back();
      a = std::move(value);
    } else if (is_assignment(g) && !is_equation(a)) {
      Expression value = g.args.back();
      g = std::move(value);
    }
    if (g.kind == Kind::relation && is_set(a) && !is_equation(g)) return strictly_equal(g, a);
    if (g == a) return true;
    if (g.kind == Kind::relation && a.kind == Kind::relation) return relations(g, a);
    if (is_set(g) || is_set(a)) return sets(g, a);
    if (g.kind == Kind::symbol || a.kind == Kind::symbol) return names(g, a);
    if (g.kind == Kind::relation || a.kind == Kind::relation) return false;
    if (g.kind == Kind::matrix || a.kind == Kind::matrix) return matrices(g, a);
    return scalars(g, a);
  }

  static std::optional<std::string> letters(const Expression& e) {
    if (e.kind == Kind::symbol) return e.text;
    if (e.is(Kind::constant, "e")) return "e";
    if (e.kind != Kind::multiply) return std::nullopt;
    std::string all;
    for (const Expression& arg : e.args) {
      if (arg.kind != Kind::symbol && !arg.is(Kind::constant, "e")) return std::nullopt;
      all += *letters(arg);
    }
    return all;
  }
  bool names(const Expression& g, const Expression& a) {
    const auto x = letters(g), y = letters(a);
    return x && y && *x == *y;
  }

  static const Expression* infinite(const Expression& e) { return e.is(Kind::constant, "inf") || (e.kind == Kind::negate && e.args[0].is(Kind::constant, "inf")) ? &e : nullptr; }

  bool scalars(const Expression& g, const Expression& a) {
    if (infinite(g) != nullptr || infinite(a) != nullptr) return infinite(g) != nullptr && infinite(a) != nullptr && g == a;
    const Expression &x = without_percent(g), &y = without_percent(a);
    if (is_number(x) || is_number(y)) {
      if (is_float(x) || is_float(y)) {
        if ((is_integer(g) || is_integer(a)) && g.kind != Kind::percent && a.kind != Kind::percent) return strictly_equal(g, a);
        if (rounds_alike(g, a)) return true;
      } else if (is_integer(x) && is_integer(y)) {
        return strictly_equal(x, y);
      }
      return strictly_equal(g, a);
    }
    if (symbols_of(g).empty() && symbols_of(a).empty() && closer_than(g, a)) return true;
    return strictly_equal(g, a);
  }

  std::optional<Ball> value(const Expression& e) {
    try {
      Ball ball = ball_of(e, 256, {}, budget_);
      if (!acb_is_finite(ball.get())) return std::nullopt;
      return ball;
    } catch (const NoValue&) {
      return std::nullopt;
    }
  }

  // |a - b| < 2^-50, where evalf(chop=True) says zero.
  bool closer_than(const Expression& g, const Expression& a) {
    auto x = value(g), y = value(a);
    if (!x || !y) return false;
    acb_sub(x->get(), x->get(), y->get(), 256);
    mag_t size;
    mag_init(size);
    acb_get_mag(size, x->get());
    const bool small = mag_cmp_2exp_si(size, -50) < 0;
    mag_clear(size);
    return small;
  }

  // Both rounded to six decimals.
  bool rounds_alike(const Expression& g, const Expression& a) {
    fmpz_t left, right;
    fmpz_init(left);
    fmpz_init(right);
    const auto rounded = [&](const Expression& e, fmpz_t out) {
      auto ball = value(e);
      if (!ball || !arb_contains_zero(acb_imagref(ball->get()))) return false;
      arb_ptr real = acb_realref(ball->get());
      arb_mul_ui(real, real, 1000000, 256);
      arf_get_fmpz(out, arb_midref(real), ARF_RND_NEAR);
      return true;
    };
    const bool same = rounded(g, left) && rounded(a, right) && fmpz_equal(left, right);
    fmpz_clear(left);
    fmpz_clear(right);
    return same;
  }

  bool matrices(const Expression& g, const Expression& a) {
    if (g.kind != Kind::matrix || a.kind != Kind::matrix || g.args.size() != a.args.size() || g.args[0].args.size() != a.args[0].args.size()) return false;
    for (size_t i = 0; i < g.args.size(); ++i) {
      for (size_t j = 0; j < g.args[0].args.size(); ++j) {
        if (!scalars(g.args[i].args[j], a.args[i].args[j])) return false;
      }
    }
    return true;
  }

  // (a, b): an open interval, or a pair when b <= a.
  std::optional<bool> is_interval(const Expression& e) {
    if (e.kind != Kind::bracket || e.args.size() != 2) return std::nullopt;
    const bool open = e.text == "()", closed = e.text == "[]";
    if (!open && !closed) return true;
    if (infinite(e.args[0]) != nullptr || infinite(e.args[1]) != nullptr) return true;
    if (!symbols_of(e).empty()) return true;
    const auto x = value(e.args[0]), y = value(e.args[1]);
    if (!x || !y) return false;
    if (open) return arb_lt(acb_realref(x->get()), acb_realref(y->get())) != 0;
    return arb_gt(acb_realref(x->get()), acb_realref(y->get())) == 0;
  }

  bool in_order(const std::vector<Expression>& g, const std::vector<Expression>& a) {
    if (g.size() != a.size()) return false;
    for (size_t i = 0; i < g.size(); ++i) {
      if (!equal(g[i], a[i])) return false;
    }
    return true;
  }

  // Sorted by value where they have one, elements that are equal trees once.
  std::vector<Expression> sorted(std::vector<Expression> items) {
    std::vector<Expression> out;
    for (Expression& item : items) {
      if (std::none_of(out.begin(), out.end(), [&](const Expression& o) { return o == item || (symbols_of(o).empty() && symbols_of(item).empty() && !is_set(o) && !is_set(item) && o.kind != Kind::relation && item.kind != Kind::relation && is_number(o) && is_number(item) && strictly_equal(o, item)); })) out.push_back(std::move(item));
    }
    return out;
  }

  bool matched(const std::vector<Expression>& g, const std::vector<Expression>& a) {
    if (g.size() != a.size() || g.size() > 60) return false;
    std::vector<bool> used(a.size(), false);
    for (const Expression& item : g) {
      bool found = false;
      for (size_t j = 0; j < a.size() && !found; ++j) {
        if (!used[j] && equal(item, a[j])) used[j] = found = true;
      }
      if (!found) return false;
    }
    return true;
  }

  // No element of one is missing in the other: {1, 1} is {1 + 0}.
  bool same_elements(const std::vector<Expression>& g, const std::vector<Expression>& a) {
    const auto plain = [](const Expression& e) { return !is_set(e) && e.kind != Kind::relation && e.kind != Kind::percent; };
    if (!std::all_of(g.begin(), g.end(), plain) || !std::all_of(a.begin(), a.end(), plain) || g.size() * a.size() > 400) return false;
    const auto covers = [&](const std::vector<Expression>& x, const std::vector<Expression>& y) {
      return std::all_of(x.begin(), x.end(), [&](const Expression& e) { return std::any_of(y.begin(), y.end(), [&](const Expression& f) { return strictly_equal(e, f); }); });
    };
    return covers(g, a) && covers(a, g);
  }

  bool sets(const Expression& g, const Expression& a) {
    const bool g_interval = is_interval(g).value_or(false), a_interval = is_interval(a).value_or(false);
    if (g_interval && a_interval) return g.text == a.text && equal(g.args[0], a.args[0]) && equal(g.args[1], a.args[1]);
    const bool g_tuple = g.kind == Kind::bracket && !g_interval, a_tuple = a.kind == Kind::bracket && !a_interval;
    const auto finite = [&](const Expression& e) { return e.kind == Kind::set || !is_set(e); };
    const auto parts = [&](const Expression& e) { return e.kind == Kind::set || e.kind == Kind::bracket ? e.args : std::vector<Expression>{e}; };
    if ((finite(g) || g_tuple) && (finite(a) || a_tuple)) {
      if (g_tuple) return in_order(g.args, parts(a));
      if (a_tuple) return matched_in_value_order(sorted(parts(g)), a.args);
      return matched(sorted(parts(g)), sorted(parts(a))) || same_elements(parts(g), parts(a));
    }
    if (g_interval && (finite(a) || a_tuple)) return g.text == "()" && parts(a).size() == 2 && in_order(g.args, parts(a));
    if (a_interval && (finite(g) || g_tuple)) return a.text == "()" && parts(g).size() == 2 && (g_tuple ? in_order(g.args, a.args) : matched_in_value_order(sorted(parts(g)), a.args));
    return strictly_equal(g, a);
  }
  bool matched_in_value_order(const std::vector<Expression>& g, const std::vector<Expression>& a) { return matched(g, sorted(a)) && a.size() == g.size(); }

  static Expression minus(const Expression& relation, bool flipped) {
    const size_t first = flipped ? 1 : 0;
    return Expression(Kind::add, {}, {relation.args[first], Expression(Kind::negate, {}, {relation.args[1 - first]})});
  }

  bool relations(const Expression& g, const Expression& a) {
    if (g.args.size() > 2 || a.args.size() > 2) {
      if (g.args.size() != a.args.size()) return false;
      for (size_t i = 0; i < g.text.size(); ++i) {
        if (!relations(Expression(Kind::relation, g.text.substr(i, 1), {g.args[i], g.args[i + 1]}), Expression(Kind::relation, a.text.substr(i, 1), {a.args[i], a.args[i + 1]}))) return false;
      }
      return true;
    }
    const char p = g.text[0], q = a.text[0];
    const bool sides = std::any_of(g.args.begin(), g.args.end(), is_set) || std::any_of(a.args.begin(), a.args.end(), is_set);
    if (sides) return p == q && equal(g.args[0], a.args[0]) && equal(g.args[1], a.args[1]);
    if (p == q && scalars(minus(g, false), minus(a, false))) return true;
    const char inverse = p == '<' ? '>' : p == '>' ? '<' : p == 'l' ? 'g' : p == 'g' ? 'l' : p;
    if (inverse == q && p != 'n' && scalars(minus(g, false), minus(a, true))) return true;
    // Solved for every unknown they say the same.
    const auto as_zero = [](Expression side) { return Expression(Kind::relation, "=", {std::move(side), Expression(Kind::number, "0")}); };
    return p == '=' && q == '=' && strictly_equal(as_zero(minus(g, false)), as_zero(minus(a, false)));
  }

  Workspace& workspace_;
  Budget budget_;
  int depth_ = 0;
};

std::string in_formula(std::string_view text) {
  bool dollar = false;
  for (size_t i = 0; i < text.size(); ++i) dollar = dollar || (text[i] == '$' && not_escaped(text, i));
  if (dollar || text.find("\\boxed") != std::string_view::npos || text.find("\\(") != std::string_view::npos || text.find("\\[") != std::string_view::npos) return std::string(text);
  return "$" + std::string(text) + "$";
}

}  // namespace

MathVerdict grade_as_math_verify(std::string_view reference, std::string_view answer, Workspace& workspace, bool bare) {
  MathVerdict out;
  constexpr size_t kWindow = 65536;
  if (answer.size() > kWindow) answer = answer.substr(answer.size() - kWindow);
  const Extracted gold = extracted_from(in_formula(reference)), given = extracted_from(bare ? in_formula(answer) : std::string(answer));
  out.extracted = given.text;
  if (!given.any) {
    out.verdict = VerdictKind::no_answer;
    out.status = Status::no_answer;
    out.reason = "no candidate";
    return out;
  }
  const auto decided = [&](bool correct, std::string reason) {
    out.verdict = correct ? VerdictKind::correct : VerdictKind::incorrect;
    out.status = correct ? Status::proved_equal : Status::proved_different;
    out.reason = "as Math-Verify: " + std::move(reason);
    return out;
  };
  try {
    if (gold.value && given.value && Judge(workspace).equal(*gold.value, *given.value)) return decided(true, to_text(*gold.value) + " and " + to_text(*given.value));
  } catch (const OverBudget&) {
  } catch (const NoValue&) {
  }
  if (!gold.text.empty() && gold.text == given.text) return decided(true, "the same text: " + gold.text);
  return decided(false, (gold.value ? to_text(*gold.value) : "'" + gold.text + "'") + " and " + (given.value ? to_text(*given.value) : "'" + given.text + "'"));
}

}  // namespace reprise::grading::math
