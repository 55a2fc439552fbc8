// Lexer and recursive-descent parser in one: templates are small. Precedence as in jinja2, loosest first:
// conditional, or, and, not, comparison, + -, ~, * / // %, unary, **, postfix, filters and tests.
#include <optional>

#include "base/error.h"
#include "base/strings.h"
#include "text/jinja_syntax.h"

namespace reprise::text::jinja {
namespace {

constexpr int kMaxDepth = 100;
using Kind = Expression::Kind;

struct Token {
  enum class Type { name, integer, real, text, op, end };
  Type type = Type::end;
  std::string text;
  int line = 0;
};

class Fault {
 public:
  Fault(std::string where, int line) : where_(std::move(where)), line_(line) {}
  [[noreturn]] void raise(const std::string& what) const { throw Error(what, where_ + ":" + std::to_string(line_), "the chat template is not valid Jinja, or uses what is not supported"); }

 private:
  std::string where_;
  int line_;
};

bool name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool name_part(char c) { return name_start(c) || (c >= '0' && c <= '9'); }

std::vector<Token> tokenize(std::string_view s, int line, const std::string& where) {
  std::vector<Token> out;
  for (size_t i = 0; i < s.size();) {
    const char c = s[i];
    if (c == '\n') ++line;
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      ++i;
      continue;
    }
    Token token;
    token.line = line;
    const size_t start = i;
    if (name_start(c)) {
      while (i < s.size() && name_part(s[i])) ++i;
      token.type = Token::Type::name;
      token.text = s.substr(start, i - start);
    } else if (c >= '0' && c <= '9') {
      token.type = Token::Type::integer;
      while (i < s.size() && ((s[i] >= '0' && s[i] <= '9') || s[i] == '_')) ++i;
      if (i + 1 < s.size() && s[i] == '.' && s[i + 1] >= '0' && s[i + 1] <= '9') {
        token.type = Token::Type::real;
        ++i;
        while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
      }
      token.text = replace_all(std::string(s.substr(start, i - start)), "_", "");
    } else if (c == '"' || c == '\'') {
      token.type = Token::Type::text;
      for (++i;; ++i) {
        if (i >= s.size()) Fault(where, line).raise("a string does not end");
        if (s[i] == c) break;
        if (s[i] == '\n') ++line;
        if (s[i] != '\\' || i + 1 >= s.size()) {
          token.text += s[i];
          continue;
        }
        const char e = s[++i];
        if (e == 'n') token.text += '\n';
        else if (e == 't') token.text += '\t';
        else if (e == 'r') token.text += '\r';
        else if (e == '\\' || e == '\'' || e == '"') token.text += e;
        else if ((e == 'u' && i + 4 < s.size()) || (e == 'x' && i + 2 < s.size())) {
          const size_t digits = e == 'u' ? 4 : 2;
          append_utf8(token.text, static_cast<char32_t>(std::strtoul(std::string(s.substr(i + 1, digits)).c_str(), nullptr, 16)));
          i += digits;
        } else {
          token.text += '\\';
          token.text += e;
        }
      }
      ++i;
    } else {
      token.type = Token::Type::op;
      const std::string_view two = s.substr(i, 2);
      const bool pair = two == "==" || two == "!=" || two == "<=" || two == ">=" || two == "//" || two == "**";
      token.text = s.substr(i, pair ? 2 : 1);
      if (std::string_view("+-*/%~()[]{}.,:|=<>!").find(c) == std::string_view::npos) Fault(where, line).raise(std::string("an unexpected '") + c + "'");
      i += token.text.size();
    }
    out.push_back(std::move(token));
  }
  out.push_back({Token::Type::end, "", line});
  return out;
}

class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, const std::string& where) : tokens_(std::move(tokens)), where_(where) {}

  const Token& peek() const { return tokens_[at_]; }
  bool is_op(const char* text) const { return peek().type == Token::Type::op && peek().text == text; }
  bool is_name(const char* text) const { return peek().type == Token::Type::name && peek().text == text; }
  bool take_op(const char* text) { return is_op(text) ? (++at_, true) : false; }
  bool take_name(const char* text) { return is_name(text) ? (++at_, true) : false; }
  void need_op(const char* text) {
    if (!take_op(text)) fail(std::string("expected '") + text + "'");
  }
  std::string need_name() {
    if (peek().type != Token::Type::name) fail("expected a name");
    return tokens_[at_++].text;
  }
  bool done() const { return peek().type == Token::Type::end; }
  void need_end() {
    if (!done()) fail("unexpected '" + peek().text + "'");
  }
  [[noreturn]] void fail(const std::string& what) const { Fault(where_, peek().line).raise(what); }

  ExpressionPtr expression(bool allow_conditional = true) {
    Depth depth(*this);
    ExpressionPtr value = logic_or();
    if (allow_conditional && take_name("if")) {
      auto node = make(Kind::conditional);
      node->parts.push_back(std::move(value));
      node->parts.push_back(logic_or());
      node->parts.push_back(take_name("else") ? expression() : nullptr);
      return node;
    }
    return value;
  }
  // a, b, c without brackets
  ExpressionPtr expression_list() {
    ExpressionPtr first = expression();
    if (!is_op(",")) return first;
    auto tuple = make(Kind::tuple);
    tuple->parts.push_back(std::move(first));
    while (take_op(",") && !done()) tuple->parts.push_back(expression());
    return tuple;
  }
  std::vector<Argument> call_arguments() {
    std::vector<Argument> out;
    while (!take_op(")")) {
      Argument argument;
      if (peek().type == Token::Type::name && tokens_[at_ + 1].type == Token::Type::op && tokens_[at_ + 1].text == "=") {
        argument.name = need_name();
        ++at_;
      }
      argument.value = expression();
      out.push_back(std::move(argument));
      if (!is_op(")")) need_op(",");
    }
    return out;
  }

 private:
  struct Depth {
    explicit Depth(ExpressionParser& p) : parser(p) {
      if (++parser.depth_ > kMaxDepth) parser.fail("is nested too deeply");
    }
    ~Depth() { --parser.depth_; }
    ExpressionParser& parser;
  };

  ExpressionPtr make(Kind kind) const {
    auto e = std::make_unique<Expression>();
    e->kind = kind;
    e->line = peek().line;
    return e;
  }
  ExpressionPtr binary(Kind kind, std::string op, ExpressionPtr a, ExpressionPtr b) {
    auto e = make(kind);
    e->text = std::move(op);
    e->parts.push_back(std::move(a));
    e->parts.push_back(std::move(b));
    return e;
  }

  ExpressionPtr logic_or() {
    auto a = logic_and();
    while (take_name("or")) a = binary(Kind::logic_or, "or", std::move(a), logic_and());
    return a;
  }
  ExpressionPtr logic_and() {
    auto a = logic_not();
    while (take_name("and")) a = binary(Kind::logic_and, "and", std::move(a), logic_not());
    return a;
  }
  ExpressionPtr logic_not() {
    Depth depth(*this);
    if (!take_name("not")) return comparison();
    auto e = make(Kind::logic_not);
    e->parts.push_back(logic_not());
    return e;
  }
  ExpressionPtr comparison() {
    // a < b < c is (a < b) and (b < c): b is parsed twice from the same tokens, which is right without side effects.
    auto left = additive();
    ExpressionPtr all;
    for (;;) {
      std::string op;
      if (peek().type == Token::Type::op && (peek().text == "==" || peek().text == "!=" || peek().text == "<" || peek().text == ">" || peek().text == "<=" || peek().text == ">=")) {
        op = tokens_[at_++].text;
      } else if (is_name("in")) {
        ++at_;
        op = "in";
      } else if (is_name("not") && tokens_[at_ + 1].type == Token::Type::name && tokens_[at_ + 1].text == "in") {
        at_ += 2;
        op = "not in";
      } else {
        return all ? std::move(all) : std::move(left);
      }
      const size_t start = at_;
      auto right = additive();
      const size_t end = at_;
      auto one = binary(Kind::binary, op, std::move(left), std::move(right));
      all = all ? binary(Kind::logic_and, "and", std::move(all), std::move(one)) : std::move(one);
      at_ = start;
      left = additive();
      at_ = end;
    }
  }
  ExpressionPtr additive() {
    auto a = concatenation();
    while (is_op("+") || is_op("-")) {
      const std::string op = tokens_[at_++].text;
      a = binary(Kind::binary, op, std::move(a), concatenation());
    }
    return a;
  }
  ExpressionPtr concatenation() {
    auto a = multiplicative();
    while (take_op("~")) a = binary(Kind::binary, "~", std::move(a), multiplicative());
    return a;
  }
  ExpressionPtr multiplicative() {
    auto a = unary();
    while (is_op("*") || is_op("/") || is_op("//") || is_op("%")) {
      const std::string op = tokens_[at_++].text;
      a = binary(Kind::binary, op, std::move(a), unary());
    }
    return a;
  }
  ExpressionPtr unary() {
    Depth depth(*this);
    if (is_op("-") || is_op("+")) {
      auto e = make(Kind::unary);
      e->text = tokens_[at_++].text;
      e->parts.push_back(unary_operand());
      return filters(std::move(e));
    }
    return filters(unary_operand());
  }
  // Without filters: -1|abs is (-1)|abs in jinja2.
  ExpressionPtr unary_operand() {
    if (is_op("-") || is_op("+")) {
      Depth depth(*this);
      auto e = make(Kind::unary);
      e->text = tokens_[at_++].text;
      e->parts.push_back(unary_operand());
      return e;
    }
    auto a = postfix(primary());
    if (take_op("**")) a = binary(Kind::binary, "**", std::move(a), unary_operand());
    return a;
  }
  ExpressionPtr primary() {
    Depth depth(*this);
    const Token token = peek();
    if (token.type == Token::Type::text) {
      auto e = make(Kind::text);
      while (peek().type == Token::Type::text) e->text += tokens_[at_++].text;  // adjacent literals join
      return e;
    }
    if (token.type == Token::Type::integer) {
      auto e = make(Kind::integer);
      const auto value = parse_int(token.text);
      if (!value) fail("a number is too large");
      e->integer = *value;
      ++at_;
      return e;
    }
    if (token.type == Token::Type::real) {
      auto e = make(Kind::real);
      e->real = parse_double(token.text).value_or(0);
      ++at_;
      return e;
    }
    if (token.type == Token::Type::name) {
      ++at_;
      if (token.text == "true" || token.text == "True" || token.text == "false" || token.text == "False") {
        auto e = make(Kind::boolean);
        e->truth = token.text == "true" || token.text == "True";
        return e;
      }
      if (token.text == "none" || token.text == "None") return make(Kind::none);
      auto e = make(Kind::name);
      e->text = token.text;
      return e;
    }
    if (take_op("(")) {
      if (take_op(")")) return make(Kind::tuple);
      auto first = expression();
      if (is_op(",")) {
        auto tuple = make(Kind::tuple);
        tuple->parts.push_back(std::move(first));
        while (take_op(",") && !is_op(")")) tuple->parts.push_back(expression());
        first = std::move(tuple);
      }
      need_op(")");
      return first;
    }
    if (take_op("[")) {
      auto list = make(Kind::list);
      while (!take_op("]")) {
        list->parts.push_back(expression());
        if (!is_op("]")) need_op(",");
      }
      return list;
    }
    if (take_op("{")) {
      auto map = make(Kind::map);
      while (!take_op("}")) {
        auto key = expression();
        need_op(":");
        map->entries.emplace_back(std::move(key), expression());
        if (!is_op("}")) need_op(",");
      }
      return map;
    }
    fail(done() ? "an expression ends too early" : "unexpected '" + token.text + "'");
  }
  ExpressionPtr postfix(ExpressionPtr base) {
    for (;;) {
      if (take_op(".")) {
        auto e = make(Kind::attribute);
        if (peek().type == Token::Type::integer) {
          e->kind = Kind::item;
          e->parts.push_back(std::move(base));
          e->parts.push_back(primary());
        } else {
          e->text = need_name();
          e->parts.push_back(std::move(base));
        }
        base = std::move(e);
      } else if (take_op("[")) {
        base = subscript(std::move(base));
      } else if (take_op("(")) {
        auto e = make(Kind::call);
        e->parts.push_back(std::move(base));
        e->arguments = call_arguments();
        base = std::move(e);
      } else {
        return base;
      }
    }
  }
  ExpressionPtr subscript(ExpressionPtr base) {
    ExpressionPtr parts[3];
    int count = 0;
    bool slice = false;
    for (;;) {
      if (!is_op(":") && !is_op("]")) parts[count] = expression();
      if (!take_op(":")) break;
      slice = true;
      if (++count > 2) fail("a slice has too many parts");
    }
    need_op("]");
    auto e = make(slice ? Kind::slice : Kind::item);
    e->parts.push_back(std::move(base));
    if (!slice && !parts[0]) fail("an index is missing");
    for (int i = 0; i < (slice ? 3 : 1); ++i) e->parts.push_back(std::move(parts[i]));
    return e;
  }
  ExpressionPtr filters(ExpressionPtr base) {
    for (;;) {
      if (take_op("|")) {
        auto e = make(Kind::filter);
        e->text = need_name();
        e->parts.push_back(std::move(base));
        if (take_op("(")) e->arguments = call_arguments();
        base = postfix(std::move(e));
      } else if (take_name("is")) {
        auto e = make(Kind::test);
        e->truth = take_name("not");
        if (peek().type != Token::Type::name) fail("expected the name of a test");
        e->text = need_name();
        e->parts.push_back(std::move(base));
        if (take_op("(")) {
          e->arguments = call_arguments();
        } else if (starts_operand()) {
          Argument argument;
          argument.value = postfix(primary());
          e->arguments.push_back(std::move(argument));
        }
        base = std::move(e);
      } else {
        return base;
      }
    }
  }
  bool starts_operand() const {
    const Token& t = peek();
    if (t.type == Token::Type::text || t.type == Token::Type::integer || t.type == Token::Type::real) return true;
    if (t.type == Token::Type::op) return t.text == "[" || t.text == "{";
    return t.type == Token::Type::name && t.text != "and" && t.text != "or" && t.text != "not" && t.text != "if" && t.text != "else" && t.text != "is" && t.text != "in";
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  const std::string& where_;
};

// A piece of the template: raw text, or the inside of {{ }} or {% %}.
struct Piece {
  enum class Type { text, output, statement } type = Type::text;
  std::string text;
  int line = 1;
};

std::vector<Piece> cut(std::string_view source, const std::string& where) {
  std::vector<Piece> pieces;
  std::string text;
  int line = 1, text_line = 1;
  bool strip_next = false, trim_newline = false;
  const auto flush = [&](bool strip_end) {
    if (strip_next) text.erase(0, text.find_first_not_of(" \t\r\n"));
    if (strip_end) text.erase(text.find_last_not_of(" \t\r\n") + 1);
    if (!text.empty()) pieces.push_back({Piece::Type::text, text, text_line});
    text.clear();
    strip_next = false;
  };
  for (size_t i = 0; i < source.size();) {
    if (trim_newline) {  // trim_blocks: the first newline after a block goes
      trim_newline = false;
      if (source[i] == '\n') {
        ++i;
        ++line;
        continue;
      }
    }
    const std::string_view open = source.substr(i, 2);
    if (open != "{{" && open != "{%" && open != "{#") {
      if (source[i] == '\n') ++line;
      text += source[i++];
      continue;
    }
    const char kind = open[1];
    size_t inner = i + 2;
    const bool strip_before = inner < source.size() && source[inner] == '-', keep_before = inner < source.size() && source[inner] == '+';
    if (strip_before || keep_before) ++inner;
    if (kind != '{' && !strip_before && !keep_before) {  // lstrip_blocks: only spaces between the line's start and the block
      const size_t last = text.find_last_not_of(" \t");
      const bool at_line_start = last == std::string::npos ? i == text.size() || source[i - text.size() - 1] == '\n' : text[last] == '\n';
      if (at_line_start) text.erase(last == std::string::npos ? 0 : last + 1);
    }
    flush(strip_before);
    text_line = line;
    // The closing mark, not inside a string.
    const std::string close = kind == '{' ? "}}" : kind == '%' ? "%}" : "#}";
    size_t end = inner;
    char quote = 0;
    int braces = 0;
    for (;; ++end) {
      if (end + 1 >= source.size()) Fault(where, line).raise("'" + std::string(open) + "' is never closed");
      const char c = source[end];
      if (kind != '#') {
        if (quote) {
          if (c == '\\') ++end;
          else if (c == quote) quote = 0;
          continue;
        }
        if (c == '"' || c == '\'') {
          quote = c;
          continue;
        }
        if (kind == '{' && c == '{') ++braces;
        if (kind == '{' && c == '}' && braces > 0) {
          --braces;
          continue;
        }
      }
      if (source.substr(end, 2) == close) break;
    }
    size_t inner_end = end;
    const bool strip_after = inner_end > inner && source[inner_end - 1] == '-';
    const bool keep_after = inner_end > inner && source[inner_end - 1] == '+' && kind != '{';
    if (strip_after || keep_after) --inner_end;
    if (kind != '#') pieces.push_back({kind == '{' ? Piece::Type::output : Piece::Type::statement, std::string(source.substr(inner, inner_end - inner)), line});
    for (size_t k = i; k < end; ++k) line += source[k] == '\n';
    i = end + 2;
    text_line = line;
    strip_next = strip_after;
    trim_newline = kind != '{' && !strip_after && !keep_after;
  }
  // keep_trailing_newline is off: one newline at the very end goes.
  if (text.ends_with("\n")) text.pop_back();
  flush(false);
  return pieces;
}

class TemplateParser {
 public:
  TemplateParser(std::vector<Piece> pieces, const std::string& where) : pieces_(std::move(pieces)), where_(where) {}

  Block parse() {
    Block block = body({});
    if (at_ < pieces_.size()) Fault(where_, pieces_[at_].line).raise("'" + std::string(trim(pieces_[at_].text)) + "' closes nothing");
    return block;
  }

 private:
  static std::string keyword(const Piece& piece) {
    const std::string_view text = trim(piece.text);
    size_t end = 0;
    while (end < text.size() && name_part(text[end])) ++end;
    return std::string(text.substr(0, end));
  }
  ExpressionParser expressions(const Piece& piece) const { return {tokenize(piece.text, piece.line, where_), where_}; }

  // Statements up to one of the `closers`, which is left in place.
  Block body(const std::vector<std::string>& closers) {
    if (++depth_ > kMaxDepth) Fault(where_, at_ < pieces_.size() ? pieces_[at_].line : 0).raise("is nested too deeply");
    Block block;
    while (at_ < pieces_.size()) {
      const Piece& piece = pieces_[at_];
      auto statement = std::make_unique<Statement>();
      statement->line = piece.line;
      if (piece.type == Piece::Type::text) {
        statement->text = piece.text;
        ++at_;
        if (statement->text.empty()) continue;
      } else if (piece.type == Piece::Type::output) {
        statement->kind = Statement::Kind::output;
        ExpressionParser p = expressions(piece);
        statement->value = p.expression_list();
        p.need_end();
        ++at_;
      } else {
        const std::string word = keyword(piece);
        bool closes = word.starts_with("end") || word == "elif" || word == "else";
        for (const std::string& closer : closers) closes |= word == closer;
        if (closes) break;
        read_statement(*statement, word);
      }
      block.push_back(std::move(statement));
    }
    --depth_;
    return block;
  }
  void close(const std::string& word, int line) {
    if (at_ >= pieces_.size()) Fault(where_, line).raise("'" + word + "' is missing");
    if (keyword(pieces_[at_]) != word) Fault(where_, pieces_[at_].line).raise("expected '" + word + "', found '" + keyword(pieces_[at_]) + "'");
    ++at_;
  }

  void read_statement(Statement& s, const std::string& word) {
    const Piece& piece = pieces_[at_];
    ExpressionParser p = expressions(piece);
    p.need_name();
    ++at_;
    if (word == "if") {
      s.kind = Statement::Kind::branch;
      auto condition = p.expression();
      p.need_end();
      s.branches.emplace_back(std::move(condition), body({}));
      while (at_ < pieces_.size() && keyword(pieces_[at_]) == "elif") {
        ExpressionParser q = expressions(pieces_[at_++]);
        q.need_name();
        auto next = q.expression();
        q.need_end();
        s.branches.emplace_back(std::move(next), body({}));
      }
      if (at_ < pieces_.size() && keyword(pieces_[at_]) == "else") {
        ++at_;
        s.branches.emplace_back(nullptr, body({}));
      }
      close("endif", s.line);
    } else if (word == "for") {
      s.kind = Statement::Kind::loop;
      do {
        s.targets.push_back(p.need_name());
      } while (p.take_op(","));
      if (!p.take_name("in")) p.fail("expected 'in'");
      s.value = p.expression(false);
      if (p.take_name("if")) s.condition = p.expression();
      p.need_end();
      s.body = body({});
      if (at_ < pieces_.size() && keyword(pieces_[at_]) == "else") {
        ++at_;
        s.otherwise = body({});
      }
      close("endfor", s.line);
    } else if (word == "set") {
      s.targets.push_back(p.need_name());
      if (p.take_op(".")) {
        s.targets.push_back(p.need_name());
        s.attribute_target = true;
      }
      while (!s.attribute_target && p.take_op(",")) s.targets.push_back(p.need_name());
      if (p.take_op("=")) {
        s.kind = Statement::Kind::set;
        s.value = p.expression_list();
        p.need_end();
      } else {
        s.kind = Statement::Kind::set_block;
        while (p.take_op("|")) {
          Argument filter;
          filter.name = p.need_name();
          s.filters.push_back(std::move(filter));
        }
        p.need_end();
        s.body = body({});
        close("endset", s.line);
      }
    } else if (word == "macro") {
      s.kind = Statement::Kind::macro;
      s.text = p.need_name();
      p.need_op("(");
      while (!p.take_op(")")) {
        Argument parameter;
        parameter.name = p.need_name();
        if (p.take_op("=")) parameter.value = p.expression();
        s.parameters.push_back(std::move(parameter));
        if (!p.is_op(")")) p.need_op(",");
      }
      p.need_end();
      s.body = body({});
      close("endmacro", s.line);
    } else if (word == "generation") {  // transformers' mark of what the assistant wrote: shown as it is
      s.kind = Statement::Kind::block;
      s.body = body({});
      close("endgeneration", s.line);
    } else if (word == "break" || word == "continue") {
      s.kind = word == "break" ? Statement::Kind::call_break : Statement::Kind::call_continue;
      p.need_end();
    } else {
      p.fail("'" + word + "' is not a statement that is supported");
    }
  }

  std::vector<Piece> pieces_;
  size_t at_ = 0;
  int depth_ = 0;
  const std::string& where_;
};

}  // namespace

Block parse(std::string_view source, const std::string& where) {
  // jinja2 reads every line ending as a newline.
  const std::string text = replace_all(replace_all(std::string(source), "\r\n", "\n"), "\r", "\n");
  return TemplateParser(cut(text, where), where).parse();
}

}  // namespace reprise::text::jinja
