// The interpreter: walks the tree with a stack of scopes. Steps, output and recursion are bounded.
#include "text/chat_template.h"

#include <cmath>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "text/jinja_builtins.h"
#include "text/jinja_syntax.h"

namespace reprise::text {

using namespace jinja;

struct ChatTemplate::Program {
  Block block;
  std::string where;
};

namespace {

constexpr int64_t kMaxSteps = 5'000'000;
constexpr size_t kMaxOutput = 64u << 20;
constexpr int kMaxRecursion = 120;

struct BreakLoop {};
struct ContinueLoop {};

Value boolean(bool b) { return Value(Value::Data(b)); }
Value integer(int64_t i) { return Value(Value::Data(i)); }
Value undefined(std::string name) { return Value(Value::Data(Undefined{std::move(name)})); }

class Interpreter {
 public:
  Interpreter(const std::string& where, Map globals, bool strict) : where_(where), strict_(strict) { scopes_.push_back(std::move(globals)); }

  void run(const Block& block, std::string& out) {
    for (const auto& statement : block) execute(*statement, out);
  }

 private:
  void step(int line) {
    line_ = line;
    if (++steps_ > kMaxSteps) fail("takes more than " + std::to_string(kMaxSteps) + " steps");
  }
  [[noreturn]] void fail(const std::string& what) const { throw Error(what, where_ + ":" + std::to_string(line_)); }

  void emit(std::string& out, const std::string& text) const {
    out += text;
    if (out.size() > kMaxOutput) fail("writes more than " + std::to_string(kMaxOutput) + " bytes");
  }

  Value* lookup(const std::string& name) {
    for (size_t i = scopes_.size(); i-- > 0;) {
      for (auto& [key, value] : scopes_[i]) {
        if (key == name) return &value;
      }
    }
    return nullptr;
  }
  void assign(const std::string& name, Value value) {
    for (auto& [key, old] : scopes_.back()) {
      if (key == name) {
        old = std::move(value);
        return;
      }
    }
    scopes_.back().emplace_back(name, std::move(value));
  }
  void assign_all(const std::vector<std::string>& names, Value value) {
    if (names.size() == 1) return assign(names[0], std::move(value));
    if (!value.list() || value.list()->size() != names.size()) fail("a value that cannot be taken apart into " + std::to_string(names.size()) + " names");
    for (size_t i = 0; i < names.size(); ++i) assign(names[i], (*value.list())[i]);
  }

  void execute(const Statement& s, std::string& out) {
    step(s.line);
    switch (s.kind) {
      case Statement::Kind::text: emit(out, s.text); return;
      case Statement::Kind::output: {
        const Value value = evaluate(*s.value);
        if (strict_ && value.undefined()) fail("'" + value.as<Undefined>()->name + "' is undefined");
        emit(out, to_text(value));
        return;
      }
      case Statement::Kind::branch:
        for (const auto& [condition, body] : s.branches) {
          if (!condition || truthy(evaluate(*condition))) return run(body, out);
        }
        return;
      case Statement::Kind::loop: loop(s, out); return;
      case Statement::Kind::set:
        if (s.attribute_target) {
          set_attribute(s.targets[0], s.targets[1], evaluate(*s.value));
        } else {
          assign_all(s.targets, evaluate(*s.value));
        }
        return;
      case Statement::Kind::set_block: {
        std::string text;
        scopes_.emplace_back();
        run(s.body, text);
        scopes_.pop_back();
        Value value = make_text(text);
        for (const Argument& filter : s.filters) value = apply_filter(filter.name, value, {});
        if (s.attribute_target) set_attribute(s.targets[0], s.targets[1], std::move(value));
        else assign(s.targets[0], std::move(value));
        return;
      }
      case Statement::Kind::macro: assign(s.text, macro(s)); return;
      case Statement::Kind::call_break: throw BreakLoop{};
      case Statement::Kind::call_continue: throw ContinueLoop{};
      case Statement::Kind::block: run(s.body, out); return;
    }
  }

  void set_attribute(const std::string& name, const std::string& attribute, Value value) {
    Value* target = lookup(name);
    if (!target || !target->is_namespace) fail("'" + name + "' is no namespace: its attributes cannot be set");
    Map& map = *std::get<std::shared_ptr<Map>>(target->data);
    for (auto& [key, old] : map) {
      if (key == attribute) {
        old = std::move(value);
        return;
      }
    }
    map.emplace_back(attribute, std::move(value));
  }

  Value macro(const Statement& s) {
    return Value(std::make_shared<Function>([this, &s](const Call& call) {
      if (++recursion_ > kMaxRecursion) fail("calls itself too deeply");
      // A macro sees the template's own names, not its caller's.
      std::vector<Map> saved(std::make_move_iterator(scopes_.begin() + 1), std::make_move_iterator(scopes_.end()));
      scopes_.resize(1);
      scopes_.emplace_back();
      for (size_t i = 0; i < s.parameters.size(); ++i) {
        const Argument& p = s.parameters[i];
        const Value* named = find(call.named, p.name);
        Value value = i < call.positional.size() ? call.positional[i] : named ? *named : p.value ? evaluate(*p.value) : undefined(p.name);
        assign(p.name, std::move(value));
      }
      if (call.positional.size() > s.parameters.size()) fail("macro " + s.text + " takes " + std::to_string(s.parameters.size()) + " arguments");
      std::string text;
      run(s.body, text);
      scopes_.resize(1);
      scopes_.insert(scopes_.end(), std::make_move_iterator(saved.begin()), std::make_move_iterator(saved.end()));
      --recursion_;
      return make_text(text);
    }));
  }

  void loop(const Statement& s, std::string& out) {
    const Value iterable = evaluate(*s.value);
    if (iterable.none() || iterable.is_number()) fail("a value that cannot be walked through");
    List items = *apply_filter("list", iterable, {}).list();
    scopes_.emplace_back();
    if (s.condition) {
      List kept;
      for (Value& item : items) {
        assign_all(s.targets, item);
        if (truthy(evaluate(*s.condition))) kept.push_back(std::move(item));
      }
      items = std::move(kept);
    }
    scopes_.pop_back();
    if (items.empty()) return run(s.otherwise, out);
    const int64_t count = static_cast<int64_t>(items.size());
    const size_t depth = scopes_.size();
    for (int64_t i = 0; i < count; ++i) {
      step(s.line);
      scopes_.emplace_back();
      assign_all(s.targets, items[i]);
      const auto cycle = std::make_shared<Function>([i](const Call& call) {
        if (call.positional.empty()) fault("cycle of nothing");
        return call.positional[static_cast<size_t>(i) % call.positional.size()];
      });
      assign("loop", make_map({{"index", integer(i + 1)}, {"index0", integer(i)}, {"revindex", integer(count - i)}, {"revindex0", integer(count - i - 1)},
                               {"first", boolean(i == 0)}, {"last", boolean(i + 1 == count)}, {"length", integer(count)},
                               {"previtem", i > 0 ? items[i - 1] : undefined("previtem")}, {"nextitem", i + 1 < count ? items[i + 1] : undefined("nextitem")},
                               {"cycle", Value(cycle)}}));
      try {
        run(s.body, out);
      } catch (const BreakLoop&) {
        scopes_.resize(depth);
        return;
      } catch (const ContinueLoop&) {
      }
      scopes_.resize(depth);
    }
  }

  Call arguments(const std::vector<Argument>& list) {
    Call call;
    for (const Argument& a : list) {
      Value value = evaluate(*a.value);
      if (a.name.empty()) call.positional.push_back(std::move(value));
      else call.named.emplace_back(a.name, std::move(value));
    }
    return call;
  }

  Value evaluate(const Expression& e) {
    using Kind = Expression::Kind;
    step(e.line);
    switch (e.kind) {
      case Kind::none: return Value();
      case Kind::boolean: return boolean(e.truth);
      case Kind::integer: return integer(e.integer);
      case Kind::real: return Value(Value::Data(e.real));
      case Kind::text: return make_text(e.text);
      case Kind::name: {
        const Value* found = lookup(e.text);
        return found ? *found : undefined(e.text);
      }
      case Kind::list:
      case Kind::tuple: {
        List list;
        for (const auto& part : e.parts) list.push_back(evaluate(*part));
        return make_list(std::move(list));
      }
      case Kind::map: {
        Map map;
        for (const auto& [key, value] : e.entries) map.emplace_back(to_text(evaluate(*key)), evaluate(*value));
        return make_map(std::move(map));
      }
      case Kind::unary: {
        const Value v = evaluate(*e.parts[0]);
        if (!v.is_number()) fail("a sign in front of what is no number");
        if (e.text == "+") return v;
        if (const auto* d = v.as<double>()) return Value(Value::Data(-*d));
        return integer(-static_cast<int64_t>(v.number()));
      }
      case Kind::logic_not: return boolean(!truthy(evaluate(*e.parts[0])));
      case Kind::logic_and: {
        Value a = evaluate(*e.parts[0]);
        return truthy(a) ? evaluate(*e.parts[1]) : a;
      }
      case Kind::logic_or: {
        Value a = evaluate(*e.parts[0]);
        return truthy(a) ? a : evaluate(*e.parts[1]);
      }
      case Kind::conditional:
        if (truthy(evaluate(*e.parts[1]))) return evaluate(*e.parts[0]);
        return e.parts[2] ? evaluate(*e.parts[2]) : undefined("");
      case Kind::binary: return binary(e);
      case Kind::attribute: return attribute(evaluate(*e.parts[0]), e.text);
      case Kind::item: return item(evaluate(*e.parts[0]), evaluate(*e.parts[1]));
      case Kind::slice: return slice(e);
      case Kind::call: return call(e);
      case Kind::filter: return apply_filter(e.text, evaluate(*e.parts[0]), arguments(e.arguments));
      case Kind::test: return boolean(apply_test(e.text, evaluate(*e.parts[0]), arguments(e.arguments)) != e.truth);
    }
    return Value();
  }

  Value attribute(const Value& base, const std::string& name) {
    if (base.undefined()) fail("'" + base.as<Undefined>()->name + "' is undefined");
    if (base.map()) {
      if (const Value* found = find(*base.map(), name)) return *found;
    }
    if (has_method(base, name)) {
      return Value(std::make_shared<Function>([base, name](const Call& c) { return call_method(base, name, c); }));
    }
    return undefined(name);
  }

  Value item(const Value& base, const Value& index) {
    if (base.undefined()) fail("'" + base.as<Undefined>()->name + "' is undefined");
    if (base.map()) {
      const Value* found = find(*base.map(), to_text(index));
      return found ? *found : undefined(to_text(index));
    }
    if (!index.as<int64_t>()) return index.text() ? attribute(base, *index.text()) : undefined("item");
    const List all = *apply_filter("list", base, {}).list();
    int64_t i = *index.as<int64_t>();
    if (i < 0) i += static_cast<int64_t>(all.size());
    return i >= 0 && i < static_cast<int64_t>(all.size()) ? all[i] : undefined("item");
  }

  Value slice(const Expression& e) {
    const Value base = evaluate(*e.parts[0]);
    if (base.map() || base.none() || base.undefined() || base.is_number()) fail("a slice of what is no list or text");
    const List all = *apply_filter("list", base, {}).list();
    const int64_t n = static_cast<int64_t>(all.size());
    const auto part = [&](int i) -> std::optional<int64_t> {
      if (!e.parts[i]) return std::nullopt;
      const Value v = evaluate(*e.parts[i]);
      if (v.none()) return std::nullopt;
      if (!v.as<int64_t>()) fail("a slice by what is no whole number");
      return *v.as<int64_t>();
    };
    const int64_t step_size = part(3).value_or(1);
    if (step_size == 0) fail("a slice in steps of 0");
    const auto place = [&](std::optional<int64_t> at, int64_t fallback) {
      if (!at) return fallback;
      const int64_t i = *at < 0 ? *at + n : *at;
      return std::clamp<int64_t>(i, step_size > 0 ? 0 : -1, step_size > 0 ? n : n - 1);
    };
    const int64_t start = place(part(1), step_size > 0 ? 0 : n - 1), stop = place(part(2), step_size > 0 ? n : -1);
    List out;
    for (int64_t i = start; step_size > 0 ? i < stop : i > stop; i += step_size) out.push_back(all[i]);
    if (!base.text()) return make_list(std::move(out));
    std::string text;
    for (const Value& v : out) text += to_text(v);
    return make_text(text);
  }

  Value call(const Expression& e) {
    const Value callee = evaluate(*e.parts[0]);
    const auto* function = callee.as<std::shared_ptr<Function>>();
    if (!function) fail(callee.undefined() ? "'" + callee.as<Undefined>()->name + "' is undefined" : "a call of what is no function");
    const Call given = arguments(e.arguments);
    return (**function)(given);
  }

  Value binary(const Expression& e) {
    const std::string& op = e.text;
    const Value a = evaluate(*e.parts[0]), b = evaluate(*e.parts[1]);
    if (op == "==") return boolean(equal(a, b));
    if (op == "!=") return boolean(!equal(a, b));
    if (op == "~") return limited(to_text(a) + to_text(b));
    if (op == "in" || op == "not in") {
      if (b.undefined() || b.none() || b.is_number()) fail("'in' what cannot be searched");
      if (b.text() && !a.text()) fail("'in' a text wants a text");
      return boolean(apply_test("in", a, {{b}, {}}) == (op == "in"));
    }
    if (op == "<" || op == ">" || op == "<=" || op == ">=") {
      const char* name = op == "<" ? "lt" : op == ">" ? "gt" : op == "<=" ? "le" : "ge";
      return boolean(apply_test(name, a, {{b}, {}}));
    }
    if (op == "+" && a.text() && b.text()) return limited(*a.text() + *b.text());
    if (op == "+" && a.list() && b.list()) {
      List all = *a.list();
      all.insert(all.end(), b.list()->begin(), b.list()->end());
      return make_list(std::move(all));
    }
    if (op == "*" && a.text() && b.as<int64_t>()) {
      const int64_t times = std::max<int64_t>(0, *b.as<int64_t>());
      if (times > 0 && a.text()->size() > kMaxOutput / static_cast<size_t>(times)) fail("a text that is too long");
      std::string out;
      for (int64_t i = 0; i < times; ++i) out += *a.text();
      return make_text(out);
    }
    if (op == "%" && a.text()) fail("text formatting with % is not supported");
    if (!a.is_number() || !b.is_number()) fail("'" + op + "' of values that do not go together");
    return arithmetic(op, a, b);
  }

  Value arithmetic(const std::string& op, const Value& a, const Value& b) {
    const double x = a.number(), y = b.number();
    const bool whole = !a.as<double>() && !b.as<double>();
    if ((op == "/" || op == "//" || op == "%") && y == 0) fail("a division by zero");
    double r = 0;
    if (op == "+") r = x + y;
    if (op == "-") r = x - y;
    if (op == "*") r = x * y;
    if (op == "/") return Value(Value::Data(x / y));
    if (op == "//") r = std::floor(x / y);
    if (op == "%") r = x - y * std::floor(x / y);
    if (op == "**") r = std::pow(x, y);
    if (!whole) return Value(Value::Data(r));
    if (std::fabs(r) > 9e15) fail("a number that is too large");
    return r == std::floor(r) ? integer(static_cast<int64_t>(r)) : Value(Value::Data(r));
  }

  Value limited(std::string text) const {
    if (text.size() > kMaxOutput) fail("a text that is too long");
    return make_text(std::move(text));
  }

  const std::string& where_;
  bool strict_;
  std::vector<Map> scopes_;
  int64_t steps_ = 0;
  int line_ = 0, recursion_ = 0;
};

Map globals_of(const nlohmann::ordered_json& context) {
  Map globals;
  globals.emplace_back("raise_exception", Value(std::make_shared<Function>([](const Call& call) -> Value {
    throw Error(call.positional.empty() ? "the template refuses these messages" : to_text(call.positional[0]), "chat template");
  })));
  globals.emplace_back("namespace", Value(std::make_shared<Function>([](const Call& call) {
    Value space = make_map(call.named);
    space.is_namespace = true;
    return space;
  })));
  globals.emplace_back("range", Value(std::make_shared<Function>([](const Call& call) {
    const auto at = [&](size_t i) { return i < call.positional.size() ? static_cast<int64_t>(call.positional[i].number()) : 0; };
    const int64_t start = call.positional.size() > 1 ? at(0) : 0, stop = call.positional.size() > 1 ? at(1) : at(0), step = call.positional.size() > 2 ? at(2) : 1;
    if (step == 0) fault("range in steps of 0");
    List list;
    for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step) {
      if (list.size() >= 100000) fault("range of more than 100000 numbers");
      list.push_back(integer(i));
    }
    return make_list(std::move(list));
  })));
  globals.emplace_back("dict", Value(std::make_shared<Function>([](const Call& call) { return make_map(call.named); })));
  // The time is the caller's to give ("strftime_now": text): a prompt must not depend on the day it is made.
  const std::string now = context.contains("strftime_now") && context["strftime_now"].is_string() ? context["strftime_now"].get<std::string>() : "";
  globals.emplace_back("strftime_now", Value(std::make_shared<Function>([now](const Call&) -> Value {
    if (now.empty()) fault("the template asks for today's date; give it as strftime_now in the context");
    return make_text(now);
  })));
  for (const auto& [key, value] : context.items()) {
    if (key != "strftime_now") globals.emplace_back(key, from_json(value));
  }
  return globals;
}

}  // namespace

ChatTemplate ChatTemplate::parse(std::string_view source, const std::string& where) {
  if (source.size() > (4u << 20)) throw Error("is larger than 4 MiB", where, "this is not a chat template");
  auto program = std::make_shared<Program>();
  program->where = where;
  program->block = jinja::parse(source, where);
  ChatTemplate result;
  result.program_ = program;
  return result;
}

std::string ChatTemplate::render(const nlohmann::ordered_json& context, bool strict) const {
  std::string out;
  Interpreter interpreter(program_->where, globals_of(context), strict);
  try {
    interpreter.run(program_->block, out);
  } catch (const BreakLoop&) {
    throw Error("'break' outside a loop", program_->where);
  } catch (const ContinueLoop&) {
    throw Error("'continue' outside a loop", program_->where);
  }
  return out;
}

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages, bool add_generation_prompt, const std::string& bos_token,
                                 const std::string& eos_token) const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ChatMessage& message : messages) list.push_back({{"role", message.role}, {"content", message.content}});
  return render({{"messages", list}, {"add_generation_prompt", add_generation_prompt}, {"bos_token", bos_token}, {"eos_token", eos_token}});
}

}  // namespace reprise::text
