// answer     := relation { ("," | ";" | "and" | "or") relation }            several without brackets: a list
// relation   := sets { ("=" | "<" | ">" | "\le" | "\ge" | "\ne" | "\in" | "\approx") sets } [ "\pmod" sum ]
// sets       := ratio { ("\cup" | "\cap" | "\setminus") ratio }
// ratio      := sum { ":" sum }
// sum        := [sign] product { ("+" | "-" | "\pm" | "\mp") product }
// product    := factor { ["*" | "\cdot" | "\times" | "/" | "\div"] factor }    nothing between two factors: multiplication
// factor     := sign factor | power [unit]
// power      := postfix [ "^" exponent ]                                      right to left; "^\circ" is degrees
// postfix    := primary { "!" | "%" | "\degree" }
// primary    := number [mixed fraction] | symbol | constant | function | fraction | root | binomial | "|" sum "|"
//             | "(" answer ")" | "[" answer "]" | "\{" answer "\}" | "{" answer "}" | floor | ceiling | matrix | words
// function   := name [ "^" exponent ] ( "(" answer ")" | the factors up to the next function, sign or "," )
//
// A fraction's, root's and binomial's arguments are a group or one digit, letter or command: "\frac12", "\sqrt3".
// Brackets that are missing at the end are taken as written. Words in \text{} are units behind a value, separators
// ("and", "or"), names of functions, or the answer itself.
#include "grading/math/parser.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/strings.h"

namespace reprise::grading::math {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

template <size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// ---- One spelling -------------------------------------------------------------------------------------------------

struct Spelling {
  std::string_view written, meant;
};

// UTF-8 of what models write for LaTeX.
constexpr Spelling kUnicode[] = {
    {"\u00d7", "\\times "}, {"\u00f7", "\\div "}, {"\u00b7", "\\cdot "}, {"\u2219", "\\cdot "}, {"\u22c5", "\\cdot "}, {"\u2212", "-"}, {"\u2013", "-"}, {"\u2014", "-"},
    {"\u2010", "-"}, {"\u2011", "-"}, {"\ufe63", "-"}, {"\uff0d", "-"}, {"\u221a", "\\sqrt "}, {"\u221b", "\\cbrt "}, {"\u03c0", "\\pi "}, {"\U0001d70b", "\\pi "}, {"\u221e", "\\infty "},
    {"\u2264", "\\le "}, {"\u2a7d", "\\le "}, {"\u2265", "\\ge "}, {"\u2a7e", "\\ge "}, {"\u2260", "\\ne "}, {"\u2248", "\\approx "}, {"\u2208", "\\in "}, {"\u222a", "\\cup "}, {"\u2229", "\\cap "},
    {"\u2205", "\\emptyset "}, {"\u2216", "\\setminus "}, {"\u00b0", "\\degree "}, {"\u00ba", "\\degree "}, {"\u2032", "'"}, {"\u2019", "'"}, {"\u00b1", "\\pm "}, {"\u2213", "\\mp "},
    {"\u2261", "\\equiv "}, {"\u230a", "\\lfloor "}, {"\u230b", "\\rfloor "}, {"\u2308", "\\lceil "}, {"\u2309", "\\rceil "}, {"\u27e8", "\\langle "}, {"\u27e9", "\\rangle "},
    {"\u2223", "|"}, {"\u211d", "\\mathbb{R}"}, {"\u2124", "\\mathbb{Z}"}, {"\u2115", "\\mathbb{N}"}, {"\u211a", "\\mathbb{Q}"}, {"\u2102", "\\mathbb{C}"},
    {"\u00bd", "\\frac{1}{2}"}, {"\u00bc", "\\frac{1}{4}"}, {"\u00be", "\\frac{3}{4}"}, {"\u2153", "\\frac{1}{3}"}, {"\u2154", "\\frac{2}{3}"}, {"\u2155", "\\frac{1}{5}"}, {"\u2156", "\\frac{2}{5}"},
    {"\u2157", "\\frac{3}{5}"}, {"\u2158", "\\frac{4}{5}"}, {"\u2159", "\\frac{1}{6}"}, {"\u215a", "\\frac{5}{6}"}, {"\u215b", "\\frac{1}{8}"}, {"\u215c", "\\frac{3}{8}"}, {"\u215d", "\\frac{5}{8}"}, {"\u215e", "\\frac{7}{8}"},
    {"\u2044", "/"}, {"\u2215", "/"}, {"\uff08", "("}, {"\uff09", ")"}, {"\uff0c", ","}, {"\uff1d", "="}, {"\uff0b", "+"}, {"\uff1a", ":"}, {"\uff1b", ";"}, {"\u3002", "."}, {"\uff05", "%"},
    {"\u00a0", " "}, {"\u2009", " "}, {"\u202f", " "}, {"\u200b", ""}, {"\u2061", ""}, {"\u2062", " "}, {"\ufeff", ""}, {"\u20ac", ""}, {"\u00a3", ""}, {"\u00a5", ""}, {"\u20b9", ""},
    {"\u03b1", "\\alpha "}, {"\u03b2", "\\beta "}, {"\u03b3", "\\gamma "}, {"\u03b4", "\\delta "}, {"\u03b5", "\\epsilon "}, {"\u03b8", "\\theta "}, {"\u03bb", "\\lambda "}, {"\u03bc", "\\mu "},
    {"\u00b5", "\\mu "}, {"\u03c1", "\\rho "}, {"\u03c3", "\\sigma "}, {"\u03c4", "\\tau "}, {"\u03c6", "\\phi "}, {"\u03d5", "\\phi "}, {"\u03c9", "\\omega "}, {"\u0394", "\\Delta "}, {"\u03a9", "\\Omega "}, {"\u2220", "\\angle "},
};
constexpr Spelling kSuperscripts[] = {{"\u2070", "0"}, {"\u00b9", "1"}, {"\u00b2", "2"}, {"\u00b3", "3"}, {"\u2074", "4"}, {"\u2075", "5"}, {"\u2076", "6"}, {"\u2077", "7"},
                                      {"\u2078", "8"}, {"\u2079", "9"}, {"\u207a", "+"}, {"\u207b", "-"}, {"\u207f", "n"}, {"\u2071", "i"}};
constexpr Spelling kSubscripts[] = {{"\u2080", "0"}, {"\u2081", "1"}, {"\u2082", "2"}, {"\u2083", "3"}, {"\u2084", "4"}, {"\u2085", "5"}, {"\u2086", "6"}, {"\u2087", "7"}, {"\u2088", "8"}, {"\u2089", "9"}};

template <size_t N>
const Spelling* spelled_at(std::string_view text, const Spelling (&table)[N]) {
  for (const Spelling& s : table) {
    if (text.starts_with(s.written)) return &s;
  }
  return nullptr;
}

std::string without_unicode(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return std::string(text);
  std::string out;
  size_t i = 0;
  const auto run = [&](auto& table, char mark) {
    std::string digits;
    while (const Spelling* s = spelled_at(text.substr(i), table)) {
      digits += s->meant;
      i += s->written.size();
    }
    if (!digits.empty()) out += std::string(1, mark) + "{" + digits + "}";
    return !digits.empty();
  };
  while (i < text.size()) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      out += text[i++];
    } else if (run(kSuperscripts, '^') || run(kSubscripts, '_')) {
    } else if (const Spelling* s = spelled_at(text.substr(i), kUnicode)) {
      // "2½" is a mixed number; "5π" a product: both follow from what stands side by side.
      out += s->meant;
      i += s->written.size();
    } else {
      out += text[i++];
    }
  }
  return out;
}

constexpr std::array<std::string_view, 44> kLayout = {"left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr", "mleft", "mright", "displaystyle",
                                                      "textstyle", "scriptstyle", "limits", "nolimits", "quad", "qquad", "mathbf", "mathit", "boldsymbol", "bm", "mathsf", "mathnormal", "middle", "hspace", "vspace",
                                                      "phantom", "hphantom", "vphantom", "noindent", "mathstrut", "strut", "nobreak", "rm", "bf", "it", "thinspace", "negthinspace"};
constexpr std::array<std::string_view, 4> kWithArgument = {"hspace", "vspace", "phantom", "hphantom"};

std::string_view command_at(std::string_view text, size_t backslash) {
  size_t end = backslash + 1;
  while (end < text.size() && is_letter(text[end])) ++end;
  return text.substr(backslash + 1, end - backslash - 1);
}

}  // namespace

std::string plain_source(std::string_view original) {
  const std::string text = without_unicode(original);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      const char next = text[i + 1];
      if (next == '$') {
        i += 2;
      } else if (next == ',' || next == '!' || next == ';' || next == ':' || next == '>' || next == ' ' || next == '\n') {
        // A thin space between digits belongs to the number: "10\,000", "1,\!000".
        const bool in_number = (next == ',' || next == '!') && !out.empty() && (is_digit(out.back()) || out.back() == ',') && i + 2 < text.size() && is_digit(text[i + 2]);
        if (!in_number) out += ' ';
        else if (next == ',' && out.back() != ',') out += ',';
        i += 2;
      } else if (next == '(' || next == ')' || next == '[' || next == ']') {
        out += ' ';
        i += 2;
      } else if (is_letter(next)) {
        const std::string_view name = command_at(text, i);
        if (one_of(name, kLayout)) {
          i += 1 + name.size();
          if (one_of(name, kWithArgument) && i < text.size() && text[i] == '{') {
            while (i < text.size() && text[i] != '}') ++i;
            if (i < text.size()) ++i;
          }
          // "\left." and "\right." are no brackets.
          if ((name == "left" || name == "right" || name == "mleft" || name == "mright") && i < text.size() && text[i] == '.') ++i;
          out += ' ';
        } else if (name == "dfrac" || name == "tfrac" || name == "cfrac") {
          out += "\\frac";
          i += 1 + name.size();
        } else if (name == "dbinom" || name == "tbinom") {
          out += "\\binom";
          i += 1 + name.size();
        } else {
          out += text.substr(i, 1 + name.size());
          i += 1 + name.size();
        }
      } else {
        out += text.substr(i, 2);
        i += 2;
      }
    } else if (text.compare(i, 3, "np.") == 0 && (i == 0 || !is_letter(text[i - 1])) && i + 3 < text.size() && is_letter(text[i + 3])) {
      i += 3;  // Python's numpy
    } else if (c == '$' || c == '~' || c == '&') {
      out += c == '&' ? '&' : ' ';
      ++i;
    } else if (is_space(c)) {
      out += ' ';
      ++i;
    } else if (c == '{' && text.compare(i, 3, "{,}") == 0) {
      out += ',';
      i += 3;
    } else if (c == '*' && i + 1 < text.size() && text[i + 1] == '*') {
      // Python's power, or Markdown's bold: bold has no operand on one side.
      const size_t after = i + 2;
      const bool power = !out.empty() && (is_digit(out.back()) || is_letter(out.back()) || out.back() == ')') && after < text.size() &&
                         (is_digit(text[after]) || is_letter(text[after]) || text[after] == '(' || text[after] == '-');
      out += power ? "^" : " ";
      i += 2;
    } else {
      out += c;
      ++i;
    }
  }
  // Spaces once, and none at the ends; a sentence's last period goes.
  std::string compact;
  for (char c : out) {
    if (c == ' ' && (compact.empty() || compact.back() == ' ')) continue;
    compact += c;
  }
  while (!compact.empty() && (compact.back() == ' ' || compact.back() == '.' || compact.back() == ',' || compact.back() == ';')) {
    if (compact.size() >= 2 && compact.back() == '.' && compact[compact.size() - 2] == '.') break;  // "..."
    compact.pop_back();
  }
  return compact;
}

namespace {

// ---- Names --------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 30> kFunctions = {"sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "arccot", "arcsec", "arccsc", "sinh", "cosh", "tanh", "coth", "sech", "csch", "arsinh", "arcosh",
                                                         "artanh", "log", "ln", "lg", "exp", "gcd", "lcm", "min", "max", "det"};
constexpr std::array<std::string_view, 10> kMoreFunctions = {"abs", "floor", "ceil", "sgn", "sign", "Re", "Im", "arg", "erf", "tg"};
constexpr Spelling kFunctionNames[] = {{"asin", "arcsin"}, {"acos", "arccos"}, {"atan", "arctan"}, {"arcsinh", "arsinh"}, {"arccosh", "arcosh"}, {"arctanh", "artanh"}, {"asinh", "arsinh"}, {"acosh", "arcosh"},
                                       {"atanh", "artanh"}, {"tg", "tan"}, {"ctg", "cot"}, {"cosec", "csc"}, {"sign", "sgn"}, {"GCD", "gcd"}, {"LCM", "lcm"}, {"Log", "log"}, {"Ln", "ln"}, {"ceiling", "ceil"}, {"lg", "log"}};
constexpr std::array<std::string_view, 37> kGreek = {"alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa", "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon",
                                                     "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega", "ell", "hbar"};
constexpr std::array<std::string_view, 20> kTextCommands = {"text", "mbox", "textbf", "textit", "textrm", "textnormal", "textsf", "texttt", "mathrm", "operatorname", "mathtt", "hbox", "textup", "emph", "textsc", "operatorname*", "mathbb", "mathcal", "mathfrak", "mathscr"};
constexpr std::array<std::string_view, 12> kDecorations = {"vec", "hat", "bar", "tilde", "overrightarrow", "overleftrightarrow", "widehat", "widetilde", "dot", "ddot", "overarc", "angle"};

// Words behind a value that are no part of its mathematics: measures, and what is counted is any other word.
constexpr std::array<std::string_view, 81> kUnitWords = {
    "cm", "mm", "m", "km", "in", "inch", "inches", "ft", "feet", "foot", "yd", "yard", "yards", "mile", "miles", "mi", "meter", "meters", "metre", "metres", "centimeter", "centimeters", "kilometers", "kilometer", "units", "unit", "square",
    "cubic", "sq", "kg", "g", "mg", "gram", "grams", "lb", "lbs", "pound", "pounds", "ounce", "ounces", "oz", "s", "sec", "second", "seconds", "min", "minute", "minutes", "hr", "hrs", "hour", "hours", "h", "day", "days", "week", "weeks",
    "month", "months", "year", "years", "mph", "kmh", "dollar", "dollars", "cent", "cents", "euros", "rupees", "liter", "liters", "litre", "litres", "gallon", "gallons", "ways", "people", "students", "percentage", "points", "K"};

std::string canonical_function(std::string_view name) {
  for (const Spelling& s : kFunctionNames) {
    if (s.written == name) return std::string(s.meant);
  }
  if (one_of(name, kFunctions) || one_of(name, kMoreFunctions)) return std::string(name);
  return {};
}

// ---- Tokens -------------------------------------------------------------------------------------------------------

enum class Tok { end, number, word, command, text, sign };

struct Token {
  Tok kind = Tok::end;
  std::string text;  // number: digits; word: letters; command: its name; text: what the braces hold; sign: one character
  size_t begin = 0, end = 0;
  bool space_before = false;
  bool is(char c) const { return kind == Tok::sign && text.size() == 1 && text[0] == c; }
  bool is_command(std::string_view name) const { return kind == Tok::command && text == name; }
};

struct Fault {
  std::string says;
};

class Parser {
 public:
  Parser(std::string source, const ParseLimits& limits, int depth = 0, int64_t nodes = 0) : source_(std::move(source)), limits_(limits), depth_(depth), nodes_(nodes) { advance(); }

  Expression answer() {
    Expression result = items();
    if (token_.kind != Tok::end) unexpected();
    return result;
  }

 private:
  // ---- reading tokens

  [[noreturn]] void fault(const std::string& says) const {
    const size_t from = token_.begin > 20 ? token_.begin - 20 : 0;
    const std::string before(trim(std::string_view(source_).substr(from, token_.begin - from)));
    throw Fault{before.empty() ? says : "after '" + before + "': " + says};
  }
  [[noreturn]] void unexpected() const { fault(token_.kind == Tok::end ? "an operand is missing" : "'" + (token_.kind == Tok::command ? "\\" + token_.text : token_.text.substr(0, 30)) + "' cannot stand here"); }

  Expression made(Kind kind, std::string text = {}, std::vector<Expression> args = {}) {
    if (++nodes_ > limits_.max_nodes) throw Fault{"more than " + std::to_string(limits_.max_nodes) + " parts"};
    return Expression(kind, std::move(text), std::move(args));
  }

  struct Deeper {
    explicit Deeper(Parser& p) : parser(p) {
      if (++parser.depth_ > parser.limits_.max_depth) throw Fault{"more than " + std::to_string(parser.limits_.max_depth) + " parts inside one another"};
    }
    ~Deeper() { --parser.depth_; }
    Parser& parser;
  };

  void seek(size_t position) {
    position_ = position;
    advance();
  }

  void advance() {
    bool space = false;
    while (position_ < source_.size() && source_[position_] == ' ') {
      space = true;
      ++position_;
    }
    token_ = {};
    token_.space_before = space;
    token_.begin = position_;
    if (position_ < source_.size()) {
      const char c = source_[position_];
      if (is_digit(c) || (c == '.' && position_ + 1 < source_.size() && is_digit(source_[position_ + 1]))) {
        read_number();
      } else if (is_letter(c)) {
        token_.kind = Tok::word;
        size_t end = position_;
        while (end < source_.size() && is_letter(source_[end])) ++end;
        token_.text = source_.substr(position_, end - position_);
        position_ = end;
      } else if (c == '\\') {
        read_command();
      } else {
        token_.kind = Tok::sign;
        token_.text = std::string(1, c);
        ++position_;
      }
    }
    token_.end = position_;
  }

  size_t digits_from(size_t at) const {
    while (at < source_.size() && is_digit(source_[at])) ++at;
    return at;
  }

  // Digits with thousands separators outside of brackets and in matrices ("1,234,567", "1 234 567"), a point, an exponent.
  void read_number() {
    token_.kind = Tok::number;
    size_t end = digits_from(position_);
    std::string digits = source_.substr(position_, end - position_);
    if (limits_.group_digits && digits.size() <= 3 && !digits.empty() && (digits[0] != '0' || digits.size() == 1) && (open_brackets_ == 0 || limits_.group_in_brackets || in_matrix_ == open_brackets_)) {
      size_t groups_end = end;
      std::string grouped = digits;
      while (groups_end + 3 < source_.size() + 0 && (source_[groups_end] == ',' || source_[groups_end] == ' ')) {
        if (groups_end > end && source_[groups_end] != source_[end]) break;
        const size_t after = digits_from(groups_end + 1);
        if (after - groups_end - 1 != 3 || (open_brackets_ > 0 && source_[groups_end] == ' ')) break;
        // "1 234/5" would be a mixed number.
        if (source_[groups_end] == ' ' && after < source_.size() && source_[after] == '/') break;
        grouped += source_.substr(groups_end + 1, 3);
        groups_end = after;
      }
      if (groups_end > end && digits != "0") {
        digits = grouped;
        end = groups_end;
      }
    }
    if (end < source_.size() && source_[end] == '.' && end + 1 <= source_.size()) {
      const size_t after = digits_from(end + 1);
      // "5." is 5 at the end of a sentence; "3.." is nothing.
      if (after > end + 1 || end + 1 == source_.size() || !is_digit(source_[end + 1])) {
        if (after > end + 1) digits += source_.substr(end, after - end);
        end = after;
      }
    }
    if (digits.empty() || digits[0] == '.') digits = "0" + digits;
    // 1.6e-19, 2E5: the letter and the exponent touch the digits.
    if (!limits_.as_math_verify && end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      size_t at = end + 1;
      const bool sign = at < source_.size() && (source_[at] == '-' || source_[at] == '+');
      if (sign) ++at;
      const size_t after = digits_from(at);
      const bool letter_follows = after < source_.size() && is_letter(source_[after]);
      if (after > at && after - at <= 6 && !letter_follows && (source_[end] == 'E' || sign || digits.find('.') != std::string::npos || after - at <= 2)) {
        digits += "e" + source_.substr(end + 1, after - end - 1);
        end = after;
      }
    }
    if (digits.size() > limits_.max_digits) throw Fault{"a number of more than " + std::to_string(limits_.max_digits) + " digits"};
    token_.text = digits;
    position_ = end;
  }

  // What balanced braces from `at` hold; `at` goes behind them. Missing ones are taken as closed at the end.
  std::string braces(size_t& at) const {
    size_t depth = 0, begin = at + 1;
    for (; at < source_.size(); ++at) {
      if (source_[at] == '\\') {
        ++at;
      } else if (source_[at] == '{') {
        ++depth;
      } else if (source_[at] == '}' && --depth == 0) {
        ++at;
        return source_.substr(begin, at - 1 - begin);
      }
    }
    at = source_.size();
    return begin <= source_.size() ? source_.substr(begin) : std::string();
  }

  void read_command() {
    token_.kind = Tok::command;
    const std::string name(command_at(source_, position_));
    if (name.empty()) {
      token_.text = position_ + 1 < source_.size() ? source_.substr(position_ + 1, 1) : std::string();
      position_ = std::min(source_.size(), position_ + 2);
      return;
    }
    position_ += 1 + name.size();
    if (name == "operatorname" && position_ < source_.size() && source_[position_] == '*') ++position_;
    if (one_of(name, kTextCommands)) {
      while (position_ < source_.size() && source_[position_] == ' ') ++position_;
      token_.kind = Tok::text;
      if (position_ < source_.size() && source_[position_] == '{') {
        token_.text = std::string(trim(braces(position_)));
      } else if (position_ < source_.size()) {
        token_.text = source_.substr(position_, 1);
        ++position_;
      }
      if (name == "mathbb") token_.text = "mathbb " + token_.text;
      return;
    }
    token_.text = name;
  }

  bool take(char c) {
    if (!token_.is(c)) return false;
    advance();
    return true;
  }

  // ---- grammar

  static bool is_and_or(std::string_view text) {
    const std::string lower = to_lower_ascii(trim(text));
    return lower == "and" || lower == "or" || lower == ", and" || lower == ", or" || lower == ",and" || lower == ",or" || lower == ",";
  }
  bool at_separator() const {
    return token_.is(',') || token_.is(';') || ((token_.kind == Tok::word || token_.kind == Tok::text) && is_and_or(token_.text)) || token_.is_command("\\") || token_.is_command("lor") || token_.is_command("vee") ||
           token_.is_command("land") || token_.is_command("wedge");
  }

  bool at_close() const {
    return token_.kind == Tok::end || token_.is(')') || token_.is(']') || token_.is('}') || token_.is_command("}") || token_.is_command("rangle") || token_.is_command("rbrace") || token_.is_command("rbrack") ||
           token_.is_command("end") || token_.is('&');
  }

  std::vector<Expression> item_list() {
    std::vector<Expression> out;
    for (;;) {
      while (at_separator() && !row_ends()) advance();
      if (at_close() || row_ends()) break;
      out.push_back(relation());
      if (!at_separator() || row_ends()) break;
    }
    return out;
  }
  bool row_ends() const { return in_matrix_ > 0 && (token_.is_command("\\") || token_.is('&')); }

  Expression items() {
    std::vector<Expression> all = item_list();
    if (all.empty()) fault("nothing to read");
    if (all.size() == 1) return std::move(all[0]);
    return made(Kind::list, {}, std::move(all));
  }

  char relation_sign() {
    char sign = 0;
    if (token_.kind == Tok::sign) {
      if (token_.is('=')) sign = '=';
      else if (token_.is('<')) sign = '<';
      else if (token_.is('>')) sign = '>';
      else if (token_.is('!') && position_ < source_.size() && source_[position_] == '=') {
        advance();
        sign = 'n';
      }
      if (sign == 0) return 0;
      advance();
      if (sign != 'n' && token_.is('=') && !token_.space_before) {  // <=, >=, ==
        sign = sign == '<' ? 'l' : sign == '>' ? 'g' : '=';
        advance();
      }
      return sign;
    }
    if (token_.kind != Tok::command) return 0;
    const std::string& t = token_.text;
    if (t == "le" || t == "leq" || t == "leqslant" || t == "leqq") sign = 'l';
    else if (t == "ge" || t == "geq" || t == "geqslant" || t == "geqq") sign = 'g';
    else if (t == "ne" || t == "neq") sign = 'n';
    else if (t == "lt") sign = '<';
    else if (t == "gt") sign = '>';
    else if (t == "in") sign = 'i';
    else if (t == "approx" || t == "simeq" || t == "doteq") sign = '~';
    else if (t == "equiv" || t == "cong") sign = '=';
    else if (t == "not" && position_ < source_.size() && source_[position_] == '=') {
      advance();
      sign = 'n';
    }
    if (sign != 0) advance();
    return sign;
  }

  Expression relation() {
    Deeper deeper(*this);
    std::vector<Expression> sides;
    std::string signs;
    sides.push_back(sets());
    while (char sign = relation_sign()) {
      signs += sign;
      sides.push_back(sets());
    }
    Expression result = signs.empty() ? std::move(sides[0]) : made(Kind::relation, signs, std::move(sides));
    if (token_.is_command("pmod") || token_.is_command("mod") || token_.is_command("bmod") ||
        (token_.is('(') && (source_.compare(position_, 5, "\\bmod") == 0 || source_.compare(position_, 4, "\\mod") == 0 || source_.compare(position_, 3, "mod") == 0))) {
      const bool bracket = token_.is('(');
      if (bracket) advance();
      advance();
      Expression modulus = token_.is('{') ? argument() : sum();
      if (bracket) take(')');
      Expression left = made(Kind::words, ""), right = result;
      if (result.kind == Kind::relation && result.args.size() == 2) {
        left = result.args[0];
        right = result.args[1];
      }
      return made(Kind::congruence, {}, {std::move(left), std::move(right), std::move(modulus)});
    }
    return result;
  }

  Expression sets() {
    Expression left = ratio();
    for (;;) {
      const char* name = nullptr;
      if (token_.is_command("cup") || token_.is_command("bigcup")) name = "union";
      else if (token_.is_command("cap")) name = "intersection";
      else if (token_.is_command("setminus") || token_.is_command("backslash")) name = "difference";
      else if (at_union_word() && is_set_like(left)) name = "union";
      else if (token_.is('\\')) name = "difference";
      if (name == nullptr) return left;
      advance();
      Expression right = ratio();
      left = made(Kind::set_operation, name, {std::move(left), std::move(right)});
    }
  }
  // "(1, 2) U (3, 4)": the letter between brackets.
  bool at_union_word() const {
    if (token_.kind != Tok::word || (token_.text != "U" && token_.text != "union" && token_.text != "cup")) return false;
    size_t before = token_.begin, after = token_.end;
    while (before > 0 && source_[before - 1] == ' ') --before;
    while (after < source_.size() && source_[after] == ' ') ++after;
    return before > 0 && std::strchr(")]}", source_[before - 1]) != nullptr && after < source_.size() && std::strchr("([{\\", source_[after]) != nullptr;
  }
  static bool is_set_like(const Expression& e) { return e.kind == Kind::bracket || e.kind == Kind::set || e.kind == Kind::set_operation || e.kind == Kind::set_builder; }

  Expression ratio() {
    Expression first = sum();
    if (!token_.is(':') || in_set_ > 0) return first;
    std::vector<Expression> parts;
    parts.push_back(std::move(first));
    while (take(':')) parts.push_back(sum());
    return made(Kind::ratio, {}, std::move(parts));
  }

  Expression sum() {
    Deeper deeper(*this);
    std::vector<Expression> terms;
    Expression first;
    if (token_.is_command("pm") || token_.is_command("mp") || at_plus_minus()) {
      const std::string sign = take_plus_minus();
      first = made(Kind::plus_minus, sign, {product()});
    } else {
      first = product();
    }
    terms.push_back(std::move(first));
    for (;;) {
      if (at_plus_minus() || token_.is_command("pm") || token_.is_command("mp")) {
        const std::string sign = take_plus_minus();
        Expression left = terms.size() == 1 ? std::move(terms[0]) : made(Kind::add, {}, std::move(terms));
        Expression right = product();
        terms.clear();
        terms.push_back(made(Kind::plus_minus, sign, {std::move(left), std::move(right)}));
      } else if (token_.is('+')) {
        advance();
        terms.push_back(product());
      } else if (token_.is('-')) {
        advance();
        terms.push_back(made(Kind::negate, {}, {product()}));
      } else {
        break;
      }
    }
    if (terms.size() == 1) return std::move(terms[0]);
    return made(Kind::add, {}, std::move(terms));
  }
  bool at_plus_minus() const {  // "+-", "+/-"
    if (!token_.is('+')) return false;
    return source_.compare(position_, 2, "/-") == 0;
  }
  std::string take_plus_minus() {
    const std::string sign = token_.is_command("mp") ? "-+" : "+-";
    if (token_.is('+')) seek(position_ + 2);
    else advance();
    return sign;
  }

  Expression product() {
    Expression left = factor();
    for (;;) {
      if (token_.is('*') || token_.is_command("cdot") || token_.is_command("times") || token_.is_command("ast") || token_.is_command("bullet")) {
        advance();
        Expression right = factor();
        left = times(std::move(left), std::move(right));
      } else if (token_.is('/') || token_.is_command("div")) {
        advance();
        Expression right = factor();
        left = made(Kind::divide, {}, {std::move(left), std::move(right)});
      } else if (follows_as_factor()) {
        if (const std::string unit = unit_here(left); !unit.empty()) {
          left = made(Kind::unit, unit, {std::move(left)});
        } else {
          Expression right = power();
          // A value and what is counted: 7 apples.
          if (right.kind == Kind::words && left.kind != Kind::words) left = made(Kind::unit, right.text, {std::move(left)});
          else left = times(std::move(left), std::move(right));
        }
      } else {
        return left;
      }
    }
  }
  Expression times(Expression left, Expression right) {
    if (left.kind == Kind::multiply) {
      left.args.push_back(std::move(right));
      return left;
    }
    return made(Kind::multiply, {}, {std::move(left), std::move(right)});
  }

  // May the token begin a factor that stands right behind another?
  bool follows_as_factor() const {
    switch (token_.kind) {
      case Tok::end: return false;
      case Tok::number: {  // two numbers side by side are no product; (n-2) 2^n is one
        if (limits_.as_math_verify) return true;
        size_t before = token_.begin;
        while (before > 0 && source_[before - 1] == ' ') --before;
        return before > 0 && (source_[before - 1] == ')' || source_[before - 1] == '}');
      }
      case Tok::word: return !is_and_or(token_.text) && token_.text != "mod" && !at_union_word();
      case Tok::text: return !is_and_or(token_.text);
      case Tok::sign: return token_.is('(') || token_.is('{') || token_.is('[') || (token_.is('|') && bars_ == 0 && in_set_ == 0);
      case Tok::command: return begins_primary();
    }
    return false;
  }
  bool begins_primary() const {
    static constexpr std::array<std::string_view, 19> kStarts = {"frac", "sqrt", "cbrt", "binom", "pi", "infty", "lfloor", "lceil", "lvert", "overline", "boxed", "fbox", "{", "lbrace", "begin", "triangle", "emptyset", "varnothing", "imath"};
    return one_of(token_.text, kStarts) || one_of(token_.text, kGreek) || one_of(token_.text, kDecorations) || !canonical_function(token_.text).empty() || token_.text == "langle" || token_.text == "degree" ||
           token_.text == "circ" || token_.text == "%" || token_.text == "lVert";
  }

  // A unit behind a value: words in \text{}, or a known word. Takes its power and the units divided by ("km/h", "m^2").
  std::string unit_here(const Expression& value) {
    std::string unit;
    if (token_.kind == Tok::text) {
      const std::string name = token_.text;
      if (name.starts_with("mathbb ") || !canonical_function(name).empty() || name.empty()) return {};
      if (std::any_of(name.begin(), name.end(), is_digit) && !is_letter(name[0])) return {};
      if (name == "i" || name == "e" || name == "d") return {};
      unit = name;
    } else if (token_.kind == Tok::word && !limits_.as_math_verify && !in_power_ && open_brackets_ == 0 && token_.text.size() > 1 && one_of(token_.text, kUnitWords)) {
      unit = token_.text;
    } else if (token_.kind == Tok::word && !limits_.as_math_verify && token_.space_before && open_brackets_ == 0 && value.kind == Kind::number && token_.text.size() == 1 && std::strchr("msghL", token_.text[0]) != nullptr && ends_after(token_.end)) {
      unit = token_.text;
    } else {
      return {};
    }
    advance();
    // Further words, powers and quotients of units.
    for (;;) {
      if (token_.is('^')) {
        const size_t from = token_.begin;
        advance();
        Expression power = argument();
        (void)power;
        unit += source_.substr(from, token_.begin - from);
        while (!unit.empty() && unit.back() == ' ') unit.pop_back();
      } else if (token_.kind == Tok::text && !is_and_or(token_.text) && canonical_function(token_.text).empty()) {
        unit += " " + token_.text;
        advance();
      } else if (token_.kind == Tok::word && token_.text.size() > 1 && !is_and_or(token_.text) && token_.text != "union") {
        unit += " " + token_.text;
        advance();
      } else if (token_.is('/') && next_is_unit()) {
        advance();
        unit += "/" + token_.text;
        advance();
      } else {
        break;
      }
    }
    return unit;
  }
  bool ends_after(size_t at) const {
    while (at < source_.size() && source_[at] == ' ') ++at;
    return at >= source_.size() || source_[at] == '^' || source_[at] == '/';
  }
  bool next_is_unit() const {
    size_t at = position_;
    while (at < source_.size() && source_[at] == ' ') ++at;
    return source_.compare(at, 6, "\\text{") == 0 || source_.compare(at, 8, "\\mathrm{") == 0 || (at < source_.size() && is_letter(source_[at]));
  }

  Expression factor() {
    Deeper deeper(*this);
    if (take('-')) return made(Kind::negate, {}, {factor()});
    if (take('+')) return factor();
    return power();
  }

  // "^\circ", "^{\circ}": goes behind it.
  bool at_degree() {
    const size_t end = token_.is('^') ? end_of_degree() : 0;
    if (end == 0) return false;
    seek(end);
    return true;
  }
  bool degree_follows() const { return end_of_degree() != 0; }
  size_t end_of_degree() const {
    size_t at = position_;
    const auto skip = [&] {
      while (at < source_.size() && source_[at] == ' ') ++at;
    };
    skip();
    const bool brace = at < source_.size() && source_[at] == '{';
    if (brace) ++at;
    skip();
    if (source_.compare(at, 5, "\\circ") == 0) at += 5;
    else if (source_.compare(at, 7, "\\degree") == 0) at += 7;
    else return 0;
    if (at < source_.size() && is_letter(source_[at])) return 0;
    skip();
    if (brace && at < source_.size() && source_[at] == '}') ++at;
    return at;
  }

  Expression power() {
    Deeper deeper(*this);
    Expression base = postfix();
    if (at_degree()) {
      Expression value = made(Kind::degree, {}, {std::move(base)});
      if (token_.kind == Tok::word && (token_.text == "C" || token_.text == "F")) {  // Celsius, Fahrenheit
        value = made(Kind::unit, "deg" + token_.text, {std::move(value.args[0])});
        advance();
      }
      return value;
    }
    if (!token_.is('^')) return base;
    advance();
    Expression exponent = this->exponent();
    Expression result = made(Kind::power, {}, {std::move(base), std::move(exponent)});
    while (token_.is('!') && !(position_ < source_.size() && source_[position_] == '=')) {
      advance();
      result = made(Kind::function, "factorial", {std::move(result)});
    }
    if (at_degree()) result = made(Kind::degree, {}, {std::move(result)});
    return result;
  }

  Expression exponent() {
    Deeper deeper(*this);
    const bool before = in_power_;
    in_power_ = true;
    Expression result;
    if (token_.is('-')) {
      advance();
      result = made(Kind::negate, {}, {exponent()});
    } else if (token_.is('+')) {
      advance();
      result = exponent();
    } else {
      result = token_.is('{') ? argument() : plain_exponent();
      if (token_.is('^') && !degree_follows()) {
        advance();
        Expression higher = exponent();
        result = made(Kind::power, {}, {std::move(result), std::move(higher)});
      }
    }
    in_power_ = before;
    return result;
  }
  // Outside of braces: a number, one letter or command, or a bracket.
  Expression plain_exponent() {
    if (token_.kind == Tok::word && token_.text.size() > 1 && canonical_function(token_.text).empty() && token_.text != "pi") {
      const std::string first = token_.text.substr(0, 1);
      seek(token_.begin + 1);
      return letter(first);
    }
    Expression base = primary();
    while (token_.is('!') && !(position_ < source_.size() && source_[position_] == '=')) {
      advance();
      base = made(Kind::function, "factorial", {std::move(base)});
    }
    return base;
  }

  Expression postfix() {
    Expression value = primary();
    for (;;) {
      if (token_.is('!') && !(position_ < source_.size() && source_[position_] == '=')) {
        advance();
        const bool twice = token_.is('!') && !token_.space_before;
        if (twice) advance();
        value = made(Kind::function, twice ? "double_factorial" : "factorial", {std::move(value)});
      } else if (token_.is('%') || token_.is_command("%") || (token_.kind == Tok::text && is_percent(token_.text)) || (token_.kind == Tok::word && is_percent(token_.text))) {
        advance();
        value = made(Kind::percent, {}, {std::move(value)});
      } else if (token_.is_command("degree") || token_.is_command("circ") || (token_.kind == Tok::text && is_degrees(token_.text)) || (token_.kind == Tok::word && is_degrees(token_.text))) {
        const bool word = token_.kind == Tok::text || token_.kind == Tok::word;
        advance();
        value = made(Kind::degree, word ? "word" : "", {std::move(value)});
      } else {
        return value;
      }
    }
  }
  static bool is_percent(std::string_view t) { return t == "percent" || t == "Percent" || t == "pct" || t == "%" || t == "\\%"; }
  static bool is_degrees(std::string_view t) { return t == "degrees" || t == "degree" || t == "deg"; }

  // A group, or one digit, letter or command: what LaTeX takes as an argument.
  Expression argument() {
    Deeper deeper(*this);
    if (token_.is('{')) {
      const int brackets = open_brackets_, bars = bars_, set = in_set_;
      bars_ = in_set_ = 0;
      open_brackets_ = 0;
      advance();
      Expression inner = token_.is('}') ? made(Kind::words, "") : items();
      open_brackets_ = brackets;
      bars_ = bars;
      in_set_ = set;
      close('}');
      return inner;
    }
    if (token_.kind == Tok::number) {
      const char digit = source_[token_.begin];
      if (!is_digit(digit)) unexpected();
      seek(token_.begin + 1);
      return made(Kind::number, std::string(1, digit));
    }
    if (token_.kind == Tok::word) {
      const std::string first = token_.text.substr(0, 1);
      seek(token_.begin + 1);
      return letter(first);
    }
    return primary();
  }

  // A bracket that the text forgot to close is closed by its end.
  void close(char c) {
    if (token_.is(c)) advance();
    else if (token_.kind != Tok::end) fault("'" + std::string(1, c) + "' is missing");
  }

  Expression letter(const std::string& name) {
    if (name == "e" && !at_subscript()) return made(Kind::constant, "e");
    if (name == "i" && !at_subscript()) return made(Kind::constant, "i");
    return named(name);
  }
  bool at_subscript() const { return token_.is('_'); }

  // A symbol with its primes and index: x', x_1, a_{n+1}.
  Expression named(std::string name) {
    for (;;) {
      if (token_.is('\'')) {
        name += "'";
        advance();
      } else if (token_.is_command("prime")) {
        name += "'";
        advance();
      } else if (token_.is('^') && at_prime()) {
        name += "'";
      } else if (token_.is('_')) {
        name += "_" + index_text();
      } else {
        break;
      }
    }
    static constexpr std::array<std::string_view, 9> kUnknownFunctions = {"f", "g", "h", "F", "G", "H", "P", "Q", "T"};
    const bool of_zero = source_.compare(token_.begin, 3, "(0)") == 0;  // nobody multiplies by it
    if (token_.is('(') && !token_.space_before && (of_zero || one_of(name.substr(0, 1), kUnknownFunctions)) && (of_zero || name.size() == 1 || name[1] == '_' || name[1] == '\'')) {
      Expression inside = primary();
      std::vector<Expression> args;
      if (inside.kind == Kind::bracket) args = std::move(inside.args);
      else args.push_back(std::move(inside));
      return made(Kind::function, name, std::move(args));
    }
    return made(Kind::symbol, std::move(name));
  }
  // "^{\prime}", "^\prime", "^{'}": goes behind it.
  bool at_prime() {
    for (std::string_view spelled : {"{\\prime}", "{\\prime }", "{ \\prime }", "\\prime", "{'}"}) {
      if (source_.compare(position_, spelled.size(), spelled) == 0) {
        seek(position_ + spelled.size());
        return true;
      }
    }
    return false;
  }
  std::string index_text() {
    size_t at = position_;
    std::string text;
    while (at < source_.size() && source_[at] == ' ') ++at;
    if (at < source_.size() && source_[at] == '{') {
      text = braces(at);
    } else if (at < source_.size() && source_[at] == '\\') {
      text = "\\" + std::string(command_at(source_, at));
      at += std::max<size_t>(1, text.size());
    } else if (at < source_.size() && is_digit(source_[at])) {
      const size_t end = digits_from(at);
      text = source_.substr(at, end - at);
      at = end;
    } else if (at < source_.size()) {
      text = source_.substr(at, 1);
      ++at;
    }
    seek(std::min(at, source_.size()));
    std::string compact;
    for (char c : text) {
      if (c != ' ' && c != '{' && c != '}') compact += c;
    }
    if (compact.starts_with("\\text")) compact = compact.substr(5);
    return compact;
  }

  Expression primary() {
    Deeper deeper(*this);
    switch (token_.kind) {
      case Tok::end: unexpected();
      case Tok::number: return number();
      case Tok::word: return word();
      case Tok::text: return text();
      case Tok::command: return command();
      case Tok::sign: break;
    }
    if (token_.is('(') || token_.is('[')) return bracket();
    if (token_.is('{')) return argument();
    if (token_.is('|')) return bars("|");
    unexpected();
  }

  // "2\frac{1}{3}", "2 1/3": a whole number and a fraction of whole numbers are a sum. "0.\overline{3}", "1011_2".
  Expression number() {
    std::string digits = token_.text;
    const size_t begin = token_.begin;
    const bool whole = digits.find_first_not_of("0123456789") == std::string::npos;
    // "1A3_{16}": letters are digits when a base follows.
    if (whole) {
      size_t at = token_.end;
      while (at < source_.size() && (is_digit(source_[at]) || (source_[at] >= 'A' && source_[at] <= 'Z'))) ++at;
      if (at > token_.end && at < source_.size() && source_[at] == '_') {
        digits = source_.substr(begin, at - begin);
        seek(at);
        return based(digits);
      }
    }
    advance();
    if (token_.is('_')) return based(digits);
    if (token_.is_command("overline") || token_.is_command("bar") || token_.is_command("dot")) {
      if (digits.find('.') != std::string::npos || source_[token_.begin - 1] == '.') {
        advance();
        size_t at = token_.begin;
        std::string repeated;
        if (token_.is('{')) repeated = braces(at);
        else if (token_.kind == Tok::number) repeated = source_.substr(at, 1), ++at;
        seek(at);
        if (repeated.empty() || repeated.find_first_not_of("0123456789") != std::string::npos) fault("an overline wants digits");
        return repeating(digits, repeated);
      }
    }
    Expression value = made(Kind::number, digits);
    if (!whole) return value;
    if (token_.is_command("frac")) {
      // Only digits on both sides make it a mixed number; anything else is a product.
      const size_t here = token_.begin;
      const Expression fraction = primary();
      if (fraction.kind == Kind::divide && is_whole(fraction.args[0]) && is_whole(fraction.args[1])) return made(Kind::add, {}, {std::move(value), fraction});
      seek(here);
      return value;
    }
    if (!limits_.as_math_verify && token_.kind == Tok::number && token_.space_before && token_.text.find('.') == std::string::npos) {
      const size_t here = token_.begin;
      Expression above = made(Kind::number, token_.text);
      advance();
      if (token_.is('/')) {
        advance();
        if (token_.kind == Tok::number) {
          Expression below = made(Kind::number, token_.text);
          advance();
          Expression fraction = made(Kind::divide, {}, {std::move(above), std::move(below)});
          return made(Kind::add, {}, {std::move(value), std::move(fraction)});
        }
      }
      seek(here);
    }
    return value;
  }
  static bool is_whole(const Expression& e) { return e.kind == Kind::number && e.text.find_first_not_of("0123456789") == std::string::npos; }

  // digits_base as the function "base" of its digits, so that the value is computed exactly later.
  Expression based(const std::string& digits) {
    const std::string base = index_text();
    if (base.empty() || base.size() > 2 || base.find_first_not_of("0123456789") != std::string::npos) fault("'" + base + "' is no base");
    return made(Kind::function, "base", {made(Kind::words, digits), made(Kind::number, base)});
  }
  // 0.1\overline{6} = (16 - 1)/90
  Expression repeating(const std::string& digits, const std::string& repeated) {
    const size_t point = digits.find('.');
    const std::string whole = point == std::string::npos ? digits : digits.substr(0, point), first = point == std::string::npos ? std::string() : digits.substr(point + 1);
    const std::string nines = std::string(repeated.size(), '9') + std::string(first.size(), '0');
    Expression fixed = made(Kind::number, first.empty() ? whole : whole + "." + first);
    Expression tail = made(Kind::divide, {}, {made(Kind::number, repeated), made(Kind::number, nines)});
    return made(Kind::add, {}, {std::move(fixed), std::move(tail)});
  }

  Expression bracket() {
    const char open = token_.text[0];
    ++open_brackets_;
    const int bars = bars_, set = in_set_;
    bars_ = in_set_ = 0;
    advance();
    std::vector<Expression> inside = item_list();
    bars_ = bars;
    in_set_ = set;
    --open_brackets_;
    char shut = open == '(' ? ')' : ']';
    if (token_.is(')') || token_.is(']')) {
      shut = token_.text[0];
      advance();
    } else if (token_.kind != Tok::end) {
      unexpected();
    }
    if (inside.empty()) fault("empty brackets");
    if (inside.size() == 1 && (open == '(') == (shut == ')')) {
      if (inside[0].kind != Kind::relation || open == '(') return std::move(inside[0]);
    }
    return made(Kind::bracket, std::string{open, shut}, std::move(inside));
  }

  Expression bars(const std::string& name) {
    const bool norm = name == "lVert" || name == "|";
    const bool plain = token_.is('|');
    advance();
    const int set = in_set_;
    in_set_ = 0;
    ++bars_;
    Expression inside = items();
    --bars_;
    in_set_ = set;
    (void)norm;
    if (token_.is('|') || token_.is_command("rvert") || token_.is_command("vert") || token_.is_command("|") || token_.is_command("rVert") || token_.is_command("Vert")) advance();
    else if (token_.kind != Tok::end || !plain) fault("a bar is missing");
    return made(Kind::function, "abs", {std::move(inside)});
  }

  Expression set() {
    advance();
    const int brackets = open_brackets_++;
    ++in_set_;
    std::vector<Expression> inside = item_list();
    const bool builds = token_.is('|') || token_.is_command("mid") || token_.is(':') || token_.is_command("vert");
    std::vector<Expression> conditions;
    if (builds) {
      advance();
      const int set = in_set_;
      in_set_ = 0;
      conditions = item_list();
      in_set_ = set;
    }
    --in_set_;
    open_brackets_ = brackets;
    if (token_.is_command("}") || token_.is_command("rbrace") || token_.is('}')) advance();
    else if (token_.kind != Tok::end) fault("'\\}' is missing");
    if (builds) {
      if (inside.size() != 1 || conditions.empty()) fault("a set is described by one term and conditions");
      conditions.insert(conditions.begin(), std::move(inside[0]));
      return made(Kind::set_builder, {}, std::move(conditions));
    }
    return made(Kind::set, {}, std::move(inside));
  }

  // ---- names

  Expression word() {
    const std::string name = token_.text;
    const size_t begin = token_.begin;
    if (name.size() == 1) {
      advance();
      return letter(name);
    }
    if (limits_.as_math_verify) {  // every letter is a factor
      seek(begin + 1);
      return letter(name.substr(0, 1));
    }
    if (name == "pi" || name == "Pi") {
      advance();
      return made(Kind::constant, "pi");
    }
    if (name == "inf" || name == "infinity" || name == "infty" || name == "oo" || name == "Infinity") {
      advance();
      return made(Kind::constant, "inf");
    }
    if (name == "sqrt" || name == "cbrt" || name == "frac" || name == "binom") {
      advance();
      return call(name);
    }
    if (name == "choose") unexpected();
    if (const std::string function = canonical_function(name); !function.empty()) {
      advance();
      return apply(function);
    }
    if (one_of(name, kGreek)) {
      advance();
      return named(name);
    }
    // "sinx", "sqrtx": a known name and a letter
    for (std::string_view known : {"arcsin", "arccos", "arctan", "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp"}) {
      if (name.size() == known.size() + 1 && name.starts_with(known)) {
        seek(begin + known.size());
        return apply(std::string(known));
      }
    }
    if (name.size() >= 4 && name.ends_with("pi") == false && is_prose(name)) {
      size_t end = token_.end;
      std::string all = name;
      advance();
      while (token_.kind == Tok::word && !is_and_or(token_.text) && token_.text.size() > 1) {
        all += " " + token_.text;
        end = token_.end;
        advance();
      }
      (void)end;
      return made(Kind::words, all);
    }
    // Letters side by side are factors: one now, the others come as the product goes on.
    if (name.size() == 3 && name.substr(1) == "pi") {
      seek(begin + 1);
      return letter(name.substr(0, 1));
    }
    seek(begin + 1);
    return letter(name.substr(0, 1));
  }
  // A word of prose has a vowel and more than three letters, or is a known short one; "abcd" is taken for factors.
  static bool is_prose(std::string_view name) {
    const std::string lower = to_lower_ascii(name);
    const size_t vowels = static_cast<size_t>(std::count_if(lower.begin(), lower.end(), [](char c) { return std::strchr("aeiou", c) != nullptr; }));
    return lower.size() >= 4 && vowels >= 1 && (vowels * 4 >= lower.size() || lower.ends_with("ty"));
  }

  Expression text() {
    const std::string inside = token_.text;
    if (inside.starts_with("mathbb ")) {
      advance();
      return named(inside);
    }
    if (const std::string function = canonical_function(inside); !function.empty()) {
      advance();
      return apply(function);
    }
    advance();
    if (inside.size() == 1 && is_letter(inside[0])) {
      if (inside == "e" || inside == "i") return made(Kind::constant, inside);
      return token_.kind == Tok::end && depth_ <= 8 ? made(Kind::words, inside) : named(inside);
    }
    // Mathematics in \text{}: "\text{13}", "\text{x = 5}", "\text{7 apples}".
    if (!limits_.as_math_verify && (std::any_of(inside.begin(), inside.end(), is_digit) || inside.find('\\') != std::string::npos)) {
      try {
        Parser inner(plain_source(inside), limits_, depth_, nodes_);
        Expression value = inner.answer();
        nodes_ = inner.nodes_;
        return value;
      } catch (const Fault&) {
      }
    }
    std::string words = inside;
    while (token_.kind == Tok::text && !is_and_or(token_.text)) {
      words += " " + token_.text;
      advance();
    }
    return made(Kind::words, words);
  }

  Expression call(const std::string& name) {
    if (name == "sqrt" || name == "cbrt") {
      Expression index = made(Kind::number, name == "sqrt" ? "2" : "3");
      if (token_.is('[')) {
        advance();
        index = sum();
        close(']');
      }
      Expression inside = argument();
      return made(Kind::root, {}, {std::move(inside), std::move(index)});
    }
    if (name == "frac" || name == "binom") {
      if (token_.is('(')) {  // frac(1, 2)
        Expression inside = bracket();
        if (inside.kind == Kind::bracket && inside.args.size() == 2) {
          return name == "frac" ? made(Kind::divide, {}, std::move(inside.args)) : made(Kind::function, "binomial", std::move(inside.args));
        }
        if (name == "binom") unexpected();
        Expression below = argument();
        return made(Kind::divide, {}, {std::move(inside), std::move(below)});
      }
      Expression above = argument(), below = argument();
      return name == "frac" ? made(Kind::divide, {}, {std::move(above), std::move(below)}) : made(Kind::function, "binomial", {std::move(above), std::move(below)});
    }
    unexpected();
  }

  Expression apply(const std::string& function) {
    std::vector<Expression> args;
    Expression base, power;
    bool has_base = false, has_power = false;
    if (token_.is('_')) {
      advance();
      if (token_.kind == Tok::number && source_[token_.begin] != '{') {
        // "\log_2 8": the base is the digits up to the space; "\log_28" has a base of one digit.
        const bool whole = token_.end < source_.size() && !is_digit(source_[token_.end]);
        if (whole && (source_[token_.end] == ' ' || source_[token_.end] == '(' || source_[token_.end] == '{' || source_[token_.end] == '\\')) {
          base = made(Kind::number, token_.text);
          advance();
        } else {
          base = argument();
        }
      } else {
        base = argument();
      }
      has_base = true;
    }
    if (token_.is('^')) {
      advance();
      power = exponent();
      has_power = true;
    }
    if (token_.is('_') && !has_base) {
      advance();
      base = argument();
      has_base = true;
    }
    std::string name = function;
    if (has_power && power.kind == Kind::negate && power.args[0].is(Kind::number, "1")) {  // \sin^{-1}
      static constexpr std::array<std::string_view, 6> kInvertible = {"sin", "cos", "tan", "cot", "sec", "csc"};
      if (one_of(name, kInvertible)) {
        name = "arc" + name;
        has_power = false;
      }
    }
    if (token_.is('(') || token_.is('[') || (token_.is('{') && true)) {
      Expression inside = token_.is('{') ? argument() : bracket();
      if (inside.kind == Kind::bracket || inside.kind == Kind::list) args = std::move(inside.args);
      else args.push_back(std::move(inside));
    } else {
      args.push_back(function_argument());
    }
    if (name == "exp") {
      Expression result = made(Kind::power, {}, {made(Kind::constant, "e"), std::move(args[0])});
      return has_power ? made(Kind::power, {}, {std::move(result), std::move(power)}) : result;
    }
    if (name == "ln") name = "log";
    else if (name == "log" && has_base) args.push_back(std::move(base));
    else if (name == "log") name = "log_plain";
    Expression result = made(Kind::function, name, std::move(args));
    return has_power ? made(Kind::power, {}, {std::move(result), std::move(power)}) : result;
  }

  // Without brackets a function takes the factors that follow, up to the next function: \sin 2x \cos y.
  Expression function_argument() {
    Deeper deeper(*this);
    if (take('-')) return made(Kind::negate, {}, {function_argument()});
    Expression left = power();
    for (;;) {
      const bool another = (token_.kind == Tok::command && !canonical_function(token_.text).empty()) || (token_.kind == Tok::word && !canonical_function(token_.text).empty()) ||
                           (token_.kind == Tok::text && !canonical_function(token_.text).empty());
      if (another || token_.is('(') || token_.is('[') || !follows_as_factor()) return left;
      if (token_.kind == Tok::text) return left;
      Expression right = power();
      left = times(std::move(left), std::move(right));
    }
  }

  Expression command() {
    const std::string name = token_.text;
    if (name == "{" || name == "lbrace") return set();
    if (name == "|" || name == "lvert" || name == "lVert" || name == "vert" || name == "Vert") return bars(name);
    if (name == "emptyset" || name == "varnothing") {
      advance();
      return made(Kind::set, {});
    }
    if (name == "pi" || name == "infty") {
      advance();
      return made(Kind::constant, name == "pi" ? "pi" : "inf");
    }
    if (name == "imath" || name == "mathrm{i}") {
      advance();
      return made(Kind::constant, "i");
    }
    if (name == "sqrt" || name == "cbrt" || name == "frac" || name == "binom") {
      advance();
      return call(name);
    }
    if (name == "lfloor" || name == "lceil") {
      advance();
      Expression inside = items();
      if (token_.is_command("rfloor") || token_.is_command("rceil")) advance();
      else if (token_.kind != Tok::end) unexpected();
      return made(Kind::function, name == "lfloor" ? "floor" : "ceil", {std::move(inside)});
    }
    if (name == "langle") {
      advance();
      ++open_brackets_;
      std::vector<Expression> inside = item_list();
      --open_brackets_;
      if (token_.is_command("rangle")) advance();
      else if (token_.kind != Tok::end) unexpected();
      if (inside.empty()) fault("empty brackets");
      return made(Kind::bracket, "()", std::move(inside));
    }
    if (name == "begin") return environment();
    if (name == "boxed" || name == "fbox" || name == "color" || name == "textcolor") {
      advance();
      if (name == "color" || name == "textcolor") (void)argument();
      return argument();
    }
    if (name == "overline" || name == "underline") {
      advance();
      size_t at = token_.begin;
      if (!token_.is('{')) return argument();
      const std::string inside = braces(at);
      seek(at);
      return made(Kind::symbol, name + " " + without_spaces(inside));
    }
    if (one_of(name, kDecorations) || name == "triangle") {
      advance();
      size_t at = token_.begin;
      std::string inside;
      if (token_.is('{')) {
        inside = braces(at);
        seek(at);
      } else if (token_.kind == Tok::word || token_.kind == Tok::command) {
        inside = token_.text;
        advance();
      }
      return named(name + " " + without_spaces(inside));
    }
    if (const std::string function = canonical_function(name); !function.empty()) {
      advance();
      return apply(function);
    }
    if (one_of(name, kGreek)) {
      advance();
      return named(name.starts_with("var") && name != "vartheta" ? name.substr(3) : name);
    }
    fault("\\" + name + " is not known here");
  }
  static std::string without_spaces(std::string_view text) {
    std::string out;
    for (char c : text) {
      if (c != ' ') out += c;
    }
    return out;
  }

  // pmatrix, bmatrix, ... and arrays: rows of cells. cases is not read.
  Expression environment() {
    size_t at = token_.end;
    if (at >= source_.size() || source_[at] != '{') unexpected();
    const std::string name = braces(at);
    if (name.find("matrix") == std::string::npos && name != "array") fault("\\begin{" + name + "} is not read");
    if (name == "array") {
      while (at < source_.size() && source_[at] == ' ') ++at;
      if (at < source_.size() && source_[at] == '{') (void)braces(at);
    }
    seek(at);
    ++in_matrix_;
    ++open_brackets_;
    const int bars = bars_, set = in_set_;
    bars_ = in_set_ = 0;
    std::vector<Expression> rows;
    std::vector<Expression> cells;
    const auto row_done = [&] {
      if (!cells.empty()) rows.push_back(made(Kind::list, {}, std::move(cells)));
      cells.clear();
    };
    while (token_.kind != Tok::end && !token_.is_command("end")) {
      if (token_.is_command("\\")) {
        advance();
        row_done();
      } else if (token_.is('&')) {
        advance();
      } else if (token_.is_command("hline")) {
        advance();
      } else {
        cells.push_back(relation());
      }
    }
    row_done();
    if (token_.is_command("end")) {
      at = token_.end;
      if (at < source_.size() && source_[at] == '{') (void)braces(at);
      seek(at);
    }
    --in_matrix_;
    --open_brackets_;
    bars_ = bars;
    in_set_ = set;
    if (rows.empty()) fault("an empty matrix");
    for (const Expression& row : rows) {
      if (row.args.size() != rows[0].args.size()) fault("a matrix with rows of different lengths");
    }
    Expression matrix = made(Kind::matrix, {}, std::move(rows));
    if (name == "vmatrix") return made(Kind::function, "det", {std::move(matrix)});
    return matrix;
  }

  std::string source_;
  ParseLimits limits_;
  size_t position_ = 0;
  Token token_;
  int depth_ = 0, open_brackets_ = 0, bars_ = 0, in_set_ = 0, in_matrix_ = 0;
  int64_t nodes_ = 0;
  bool in_power_ = false;
};

// An answer that is prose from end to end is words, not a product of letters.
bool is_only_prose(std::string_view source) {
  size_t longest = 0, run = 0, words = 0;
  bool commas = false;
  for (char c : source) {
    if (is_letter(c)) {
      if (run == 0) ++words;
      longest = std::max(longest, ++run);
    } else if (c == ' ' || c == '\'' || c == '-' || c == '.' || c == ',') {
      commas = commas || c == ',';
      run = 0;
    } else {
      return false;
    }
  }
  return words >= (commas ? 4 : 2) && longest >= 4;
}

}  // namespace

Parsed parse_answer(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.max_bytes) return {std::nullopt, "longer than " + std::to_string(limits.max_bytes) + " bytes"};
  std::string source = plain_source(text);
  if (source.empty()) return {std::nullopt, "nothing to read"};
  if (is_only_prose(source)) return {Expression(Kind::words, source), {}};
  try {
    return {Parser(std::move(source), limits).answer(), {}};
  } catch (const Fault& fault) {
    return {std::nullopt, fault.says};
  }
}

}  // namespace reprise::grading::math
