// From the outside in: words, units, relations, collections, then numbers. A number's equality is tried in the order of what it
// costs: equal trees, exact rationals, quotients of polynomials, balls (which prove inequality), Calcium (which can prove equality).
#include "grading/math/equal.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "base/strings.h"
#include "grading/math/exact.h"
#include "grading/math/numeric.h"

namespace reprise::grading::math {

const char* to_string(Status status) {
  switch (status) {
    case Status::proved_equal: return "proved_equal";
    case Status::proved_different: return "proved_different";
    case Status::numerically_equal: return "numerically_equal";
    case Status::unverifiable: return "unverifiable";
    case Status::unparsable: return "unparsable";
    case Status::no_answer: return "no_answer";
    case Status::over_budget: return "over_budget";
  }
  return "?";
}

// Calcium's context is kept warm, and renewed now and then because it grows.
struct Workspace::Machines {
  exact_numbers* numbers = nullptr;
  int uses = 0;
  ~Machines() { exact_numbers_free(numbers); }
  exact_numbers* fresh_numbers() {
    if (numbers != nullptr && ++uses % 64 != 0) return numbers;
    exact_numbers_free(numbers);
    numbers = exact_numbers_new();
    return numbers;
  }
  void drop_numbers() {
    exact_numbers_free(numbers);
    numbers = nullptr;
  }
};
Workspace::Workspace() {
  // FLINT and Arb keep caches for each thread; the last to go in a thread frees them.
  thread_local struct Caches {
    ~Caches() { flint_cleanup(); }
  } caches;
  (void)caches;
  machines_ = std::make_unique<Machines>();
}
Workspace::~Workspace() = default;

namespace {

constexpr long kMaxTerms = 2000;     // of a polynomial
constexpr int kMaxAtoms = 12;        // generators that are no symbols
constexpr size_t kMaxItems = 100;    // of a collection without order
constexpr slong kPrecisions[] = {64, 256, 1024};

bool says_equal(const Comparison& c) { return c.status == Status::proved_equal || c.status == Status::numerically_equal; }

Comparison equal(std::string reason) { return {Status::proved_equal, std::move(reason), 0}; }
Comparison different(std::string reason) { return {Status::proved_different, std::move(reason), 0}; }
Comparison unknown(std::string reason) { return {Status::unverifiable, std::move(reason), 0}; }

std::string shortened(const Expression& e) {
  const std::string text = to_text(e);
  return text.size() > 80 ? text.substr(0, 77) + "..." : text;
}

bool is_infinite(const Expression& e) { return e.is(Kind::constant, "inf") || (e.kind == Kind::negate && is_infinite(e.args[0])); }

bool is_collection(const Expression& e) {
  return e.kind == Kind::list || e.kind == Kind::bracket || e.kind == Kind::set || e.kind == Kind::set_builder || e.kind == Kind::set_operation || e.kind == Kind::matrix;
}

std::string letters_of(std::string_view text) {
  std::string out;
  for (char c : to_lower_ascii(text)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) out += c;
  }
  return out;
}

// "even" as letters, whether it was read as a word or as the product e*v*e*n.
std::optional<std::string> as_word(const Expression& e) {
  if (e.kind == Kind::words) return letters_of(e.text);
  if (e.kind == Kind::symbol && e.text.size() == 1) return letters_of(e.text);
  if (e.kind == Kind::constant && e.text.size() == 1) return e.text;
  if (e.kind == Kind::multiply || e.kind == Kind::unit) {
    std::string all;
    for (const Expression& arg : e.args) {
      const auto part = as_word(arg);
      if (!part) return std::nullopt;
      all += *part;
    }
    if (e.kind == Kind::unit) all += letters_of(e.text);
    return all;
  }
  return std::nullopt;
}

constexpr std::pair<const char*, const char*> kNumberWords[] = {{"zero", "0"}, {"one", "1"}, {"two", "2"}, {"three", "3"}, {"four", "4"}, {"five", "5"}, {"six", "6"}, {"seven", "7"}, {"eight", "8"}, {"nine", "9"}, {"ten", "10"},
                                                                {"eleven", "11"}, {"twelve", "12"}, {"twenty", "20"}, {"hundred", "100"}, {"infinity", "inf"}, {"infinite", "inf"}};

// ---- Units: a spelling for each measure, and its size in the first of its kind ------------------------------------------

struct Measure {
  const char* spelled;
  const char* kind;
  int64_t above;
  uint64_t below;
};
constexpr Measure kMeasures[] = {
    {"mm", "length", 1, 1000}, {"millimeter", "length", 1, 1000}, {"cm", "length", 1, 100}, {"centimeter", "length", 1, 100}, {"m", "length", 1, 1}, {"meter", "length", 1, 1}, {"metre", "length", 1, 1}, {"km", "length", 1000, 1},
    {"kilometer", "length", 1000, 1}, {"in", "length", 127, 5000}, {"inch", "length", 127, 5000}, {"inche", "length", 127, 5000}, {"ft", "length", 381, 1250}, {"feet", "length", 381, 1250}, {"foot", "length", 381, 1250}, {"yd", "length", 1143, 1250},
    {"yard", "length", 1143, 1250}, {"mi", "length", 201168, 125}, {"mile", "length", 201168, 125}, {"s", "time", 1, 1}, {"sec", "time", 1, 1}, {"second", "time", 1, 1}, {"min", "time", 60, 1}, {"minute", "time", 60, 1}, {"h", "time", 3600, 1},
    {"hr", "time", 3600, 1}, {"hour", "time", 3600, 1}, {"day", "time", 86400, 1}, {"week", "time", 604800, 1}, {"mg", "mass", 1, 1000}, {"g", "mass", 1, 1}, {"gram", "mass", 1, 1}, {"kg", "mass", 1000, 1}, {"kilogram", "mass", 1000, 1},
    {"cent", "money", 1, 100}, {"dollar", "money", 1, 1}, {"ml", "volume", 1, 1000}, {"milliliter", "volume", 1, 1000}, {"l", "volume", 1, 1}, {"liter", "volume", 1, 1}, {"litre", "volume", 1, 1},
};

std::string plain_unit(std::string_view unit) {
  std::string out;
  for (char c : to_lower_ascii(unit)) {
    if (c != ' ' && c != '\\' && c != '.' && c != '{' && c != '}') out += c;
  }
  const auto starts = [&](std::string_view s) { return out.starts_with(s); };
  int power = 1;
  if (starts("square")) out = out.substr(6), power = 2;
  else if (starts("sq")) out = out.substr(2), power = 2;
  else if (starts("cubic")) out = out.substr(5), power = 3;
  else if (starts("cu")) out = out.substr(2), power = 3;
  if (const size_t hat = out.find('^'); hat != std::string::npos && hat + 2 == out.size()) {
    power = out.back() - '0';
    out = out.substr(0, hat);
  }
  if (out.size() > 3 && out.back() == 's') out.pop_back();
  return power == 1 ? out : out + "^" + std::to_string(power);
}

const Measure* measure_of(std::string_view name) {
  for (const Measure& m : kMeasures) {
    if (name == m.spelled) return &m;
  }
  return nullptr;
}

// ---- Sets of real numbers: sorted pieces ----------------------------------------------------------------------------------

struct End {
  Expression value;  // a number, or +-inf
  bool closed = false;
};
struct Piece {
  End low, high;
};

class Comparer {
 public:
  Comparer(Workspace& workspace, const EqualityLimits& limits, std::vector<std::string>* steps) : workspace_(workspace), budget_(limits.steps), where_real_(limits.where_real), steps_(steps) {}

  Comparison run(const Expression& g, const Expression& a) {
    try {
      return compare(g, a);
    } catch (const OverBudget& fault) {
      return {Status::over_budget, fault.says, 0};
    } catch (const NoValue& fault) {
      return unknown(fault.says);
    }
  }

 private:
  void step(const std::string& line) {
    if (steps_ != nullptr) steps_->push_back(line);
  }

  Comparison compare(const Expression& g, const Expression& a) {
    budget_.spend(1);
    if (++depth_ > 60) throw OverBudget{"collections inside one another more than 60 deep"};
    struct Up {
      int& depth;
      ~Up() { --depth; }
    } up{depth_};
    if (g == a && !contains(g, Kind::divide)) return equal("the same: " + shortened(g));
    if (g.kind == Kind::unit || a.kind == Kind::unit) return compare_units(g, a);
    if (g.kind == Kind::words || a.kind == Kind::words) return compare_words(g, a);
    if (g.kind == Kind::degree || a.kind == Kind::degree) {
      if (g.kind == Kind::degree && a.kind == Kind::degree) return compare(g.args[0], a.args[0]);
      const Expression &degrees = g.kind == Kind::degree ? g : a, &other = g.kind == Kind::degree ? a : g;
      if (!is_collection(other) && other.kind != Kind::relation) {
        if (const Comparison bare = compare(degrees.args[0], other); says_equal(bare)) return {bare.status, "the sign for degrees is left out: " + bare.reason, bare.bits};
      }
    }
    if (g.kind == Kind::percent || a.kind == Kind::percent) {
      if (g.kind == Kind::percent && a.kind == Kind::percent) return compare(g.args[0], a.args[0]);
      const Expression &percent = g.kind == Kind::percent ? g : a, &other = g.kind == Kind::percent ? a : g;
      if (!is_collection(other) && other.kind != Kind::relation) {
        const Comparison whole = numbers(g, a);
        if (says_equal(whole)) return whole;
        if (says_equal(compare(percent.args[0], other))) return unknown("one of the two has a percent sign: " + shortened(percent) + " is a hundredth of " + shortened(other) + ", and what was asked for is not known");
        return whole;
      }
    }
    if (g.kind == Kind::congruence || a.kind == Kind::congruence) return compare_congruences(g, a);
    if (is_relation(g) || is_relation(a)) return compare_relations(g, a);
    if (g.kind == Kind::ratio || a.kind == Kind::ratio) return compare_ratios(g, a);
    if (contains(g, Kind::plus_minus) || contains(a, Kind::plus_minus)) return compare(both_signs(g), both_signs(a));
    if (is_collection(g) || is_collection(a)) return compare_collections(g, a);
    return numbers(g, a);
  }

  // ---- words and units

  Comparison compare_words(const Expression& g, const Expression& a) {
    const auto x = as_word(g), y = as_word(a);
    if (x && y) {
      if (!x->empty() && *x == *y) return equal("the same words: " + *x);
      return different("'" + *x + "' and '" + *y + "' are different words");
    }
    // "three" is 3, "(C)" is C.
    const Expression &words = g.kind == Kind::words ? g : a, &other = g.kind == Kind::words ? a : g;
    const std::string name = letters_of(words.text);
    for (const auto& [word, value] : kNumberWords) {
      if (name == word) {
        const Expression number(std::string_view(value) == "inf" ? Kind::constant : Kind::number, value);
        return compare(number, other.kind == Kind::words ? Expression(Kind::words) : other);
      }
    }
    // "x = \text{even}" against "even"
    if (other.kind == Kind::relation && other.text.back() == '=') return compare_words(words, other.args.back());
    if (name == "allrealnumbers" || name == "allreals" || name == "realnumbers") return compare(Expression(Kind::symbol, "mathbb R"), other);
    if (name == "emptyset" || name == "theemptyset") return compare(Expression(Kind::set), other);
    // A number is no word, unless the words may hold one.
    if (!is_collection(other) && other.kind != Kind::relation && symbols_of(other).empty() && !may_hold_a_number(words.text)) return different("words and a number: " + shortened(g) + " and " + shortened(a));
    return unknown("words against mathematics: " + shortened(g) + " and " + shortened(a));
  }

  static bool may_hold_a_number(std::string_view words) {
    static constexpr std::string_view kMore[] = {"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "thousand", "million", "half", "third", "quarter", "pi", "root", "times", "infin", "undefined", "exist"};
    const std::string lower = to_lower_ascii(words);
    if (lower.find_first_of("0123456789") != std::string::npos) return true;
    if (std::any_of(std::begin(kMore), std::end(kMore), [&](std::string_view w) { return lower.find(w) != std::string::npos; })) return true;
    return std::any_of(std::begin(kNumberWords), std::end(kNumberWords), [&](const auto& w) { return lower.find(w.first) != std::string::npos; });
  }

  Comparison compare_units(const Expression& g, const Expression& a) {
    if (g.kind == Kind::unit && a.kind == Kind::unit) {
      const std::string x = plain_unit(g.text), y = plain_unit(a.text);
      const Comparison bare = compare(g.args[0], a.args[0]);
      if (x == y || x.empty() || y.empty()) return bare;
      const std::string base_x = x.substr(0, x.find('^')), base_y = y.substr(0, y.find('^'));
      const Measure *m = measure_of(base_x), *n = measure_of(base_y);
      const int power_x = x.find('^') == std::string::npos ? 1 : x.back() - '0', power_y = y.find('^') == std::string::npos ? 1 : y.back() - '0';
      if (m != nullptr && n != nullptr) {
        if (std::string_view(m->kind) != n->kind || power_x != power_y) return different("units of different kinds: " + g.text + " and " + a.text);
        const auto in_base = [&](const Expression& value, const Measure& measure) {
          Expression factor(Kind::divide, {}, {Expression(Kind::number, std::to_string(measure.above)), Expression(Kind::number, std::to_string(measure.below))});
          return Expression(Kind::multiply, {}, {value, Expression(Kind::power, {}, {std::move(factor), Expression(Kind::number, std::to_string(power_x))})});
        };
        return compare(in_base(g.args[0], *m), in_base(a.args[0], *n));
      }
      if (!says_equal(bare)) return bare;
      return unknown("the same number with units that may differ: " + g.text + " and " + a.text);
    }
    const Expression& with = g.kind == Kind::unit ? g : a;
    const auto x = as_word(g), y = as_word(a);
    if (x && y) return *x == *y ? equal("the same words: " + *x) : different("'" + *x + "' and '" + *y + "' are different words");
    Comparison bare = g.kind == Kind::unit ? compare(g.args[0], a) : compare(g, a.args[0]);
    bare.reason += "; the unit " + with.text + " stands on one side";
    return bare;
  }

  // ---- collections

  // x +- y as the list of both.
  Expression both_signs(const Expression& e) {
    if (!contains(e, Kind::plus_minus)) return e;
    if (e.kind == Kind::list || e.kind == Kind::set) {
      Expression out(e.kind);
      for (const Expression& item : e.args) {
        const Expression both = both_signs(item);
        if (contains(item, Kind::plus_minus) && both.kind == Kind::list) out.args.insert(out.args.end(), both.args.begin(), both.args.end());
        else out.args.push_back(both);
      }
      return out;
    }
    return Expression(Kind::list, {}, {with_sign(e, true), with_sign(e, false)});
  }
  Expression with_sign(const Expression& e, bool plus) {
    budget_.spend(1);
    Expression out(e.kind, e.text);
    for (const Expression& arg : e.args) out.args.push_back(with_sign(arg, plus));
    if (e.kind != Kind::plus_minus) return out;
    const bool adds = plus == (e.text == "+-");
    Expression term = adds ? out.args.back() : Expression(Kind::negate, {}, {out.args.back()});
    if (out.args.size() == 1) return term;
    return Expression(Kind::add, {}, {out.args[0], std::move(term)});
  }

  static bool is_interval_like(const Expression& e) { return e.kind == Kind::bracket && e.args.size() == 2; }
  static bool is_real_set(const Expression& e) {
    return e.kind == Kind::set_operation || e.kind == Kind::set_builder || e.is(Kind::symbol, "mathbb R") || (is_interval_like(e) && (e.text != "()" || is_infinite(e.args[0]) || is_infinite(e.args[1])));
  }

  Comparison compare_collections(const Expression& g, const Expression& a) {
    if (is_real_set(g) || is_real_set(a)) {
      const auto x = pieces_of(g), y = pieces_of(a);
      if (x && y) return compare_pieces(*x, *y);
    }
    if (g.kind == Kind::matrix || a.kind == Kind::matrix) return compare_matrices(g, a);
    const bool g_ordered = g.kind == Kind::bracket, a_ordered = a.kind == Kind::bracket;
    if (g.kind == Kind::set_operation || a.kind == Kind::set_operation || g.kind == Kind::set_builder || a.kind == Kind::set_builder) {
      if (g.kind == a.kind && g.text == a.text && g.args.size() == a.args.size()) {
        const Comparison parts = in_order(g.args, a.args);
        if (says_equal(parts)) return parts;
      }
      return unknown("sets that cannot be compared: " + shortened(g) + " and " + shortened(a));
    }
    if (g_ordered && a_ordered) {
      if (g.args.size() != a.args.size()) return different(counts(g, a));
      const auto half_open = [](const Expression& e) { return e.text == "(]" || e.text == "[)"; };
      if (g.text != a.text && (g.args.size() == 2 || half_open(g) || half_open(a))) return different("brackets differ: " + g.text + " and " + a.text);
      return in_order(g.args, a.args);
    }
    const bool g_many = g.kind == Kind::list || g.kind == Kind::set, a_many = a.kind == Kind::list || a.kind == Kind::set;
    if (g_ordered || a_ordered) {
      const Expression &tuple = g_ordered ? g : a, &other = g_ordered ? a : g;
      if (other.kind == Kind::list && tuple.text == "()") {  // brackets left out
        if (tuple.args.size() != other.args.size()) return different(counts(g, a));
        return in_order(g.args, a.args);
      }
      if (other.kind == Kind::set) {
        if (other.args.size() == 1) return g_ordered ? compare(g, other.args[0]) : compare(other.args[0], a);
        return different("an ordered " + shortened(tuple) + " and a set " + shortened(other));
      }
      return different(shortened(tuple) + " and " + shortened(other) + " are of different kinds");
    }
    if (g_many && a_many) return without_order(g.args, a.args);
    const Expression &many = g_many ? g : a, &one = g_many ? a : g;
    if (many.args.size() == 1) return g_many ? compare(many.args[0], one) : compare(one, many.args[0]);
    // {3, 3} is one number
    return g_many ? without_order(many.args, {one}) : without_order({one}, many.args);
  }

  static std::string counts(const Expression& g, const Expression& a) { return std::to_string(g.args.size()) + " parts and " + std::to_string(a.args.size()); }

  // All parts equal, one different, or neither.
  Comparison in_order(const std::vector<Expression>& g, const std::vector<Expression>& a) {
    Comparison all = equal("each of " + std::to_string(g.size()) + " parts is equal");
    Comparison open;
    bool undecided = false;
    for (size_t i = 0; i < g.size(); ++i) {
      Comparison part = compare(g[i], a[i]);
      if (part.status == Status::proved_different) return different("part " + std::to_string(i + 1) + ": " + part.reason);
      if (part.status == Status::numerically_equal && all.status == Status::proved_equal) all = {part.status, "each part is equal; part " + std::to_string(i + 1) + ": " + part.reason, part.bits};
      if (!says_equal(part) && !undecided) {
        undecided = true;
        open = {part.status, "part " + std::to_string(i + 1) + ": " + part.reason, 0};
      }
    }
    return undecided ? open : all;
  }

  // Every element of one is in the other, and back.
  Comparison without_order(const std::vector<Expression>& g, const std::vector<Expression>& a) {
    if (g.size() > kMaxItems || a.size() > kMaxItems) throw OverBudget{"more than " + std::to_string(kMaxItems) + " elements"};
    std::vector<std::vector<Comparison>> table(g.size(), std::vector<Comparison>(a.size()));
    Comparison all = equal("the same " + std::to_string(g.size()) + " elements");
    for (size_t i = 0; i < g.size(); ++i) {
      for (size_t j = 0; j < a.size(); ++j) table[i][j] = compare(g[i], a[j]);
    }
    bool undecided = false;
    const auto covered = [&](size_t n, size_t m, auto&& at, const std::vector<Expression>& items) -> std::optional<Comparison> {
      for (size_t i = 0; i < n; ++i) {
        const Comparison* best = nullptr;
        bool open = false;
        for (size_t j = 0; j < m; ++j) {
          const Comparison& c = at(i, j);
          if (says_equal(c) && (best == nullptr || c.status == Status::proved_equal)) best = &c;
          open = open || (!says_equal(c) && c.status != Status::proved_different);
        }
        if (best == nullptr && !open) return different(shortened(items[i]) + " is only on one side");
        if (best == nullptr) undecided = true;
        else if (best->status == Status::numerically_equal && all.status == Status::proved_equal) all = *best;
      }
      return std::nullopt;
    };
    if (auto fault = covered(g.size(), a.size(), [&](size_t i, size_t j) -> const Comparison& { return table[i][j]; }, g)) return *fault;
    if (auto fault = covered(a.size(), g.size(), [&](size_t i, size_t j) -> const Comparison& { return table[j][i]; }, a)) return *fault;
    if (undecided) return unknown("elements that cannot be compared");
    return all;
  }

  Comparison compare_matrices(const Expression& g, const Expression& a) {
    const auto rows = [](const Expression& e) -> std::optional<std::vector<std::vector<Expression>>> {
      std::vector<std::vector<Expression>> out;
      if (e.kind == Kind::matrix) {
        for (const Expression& row : e.args) out.push_back(row.args);
        return out;
      }
      if (e.kind == Kind::bracket || e.kind == Kind::list) {  // a vector written as a tuple, or rows in brackets
        if (!e.args.empty() && std::all_of(e.args.begin(), e.args.end(), [](const Expression& r) { return r.kind == Kind::bracket; })) {
          for (const Expression& row : e.args) out.push_back(row.args);
          return out;
        }
        for (const Expression& item : e.args) out.push_back({item});
        return out;
      }
      return std::nullopt;
    };
    const auto x = rows(g), y = rows(a);
    if (!x || !y) return different("a matrix and " + shortened(g.kind == Kind::matrix ? a : g));
    std::vector<Expression> left, right;
    for (const auto& row : *x) left.insert(left.end(), row.begin(), row.end());
    for (const auto& row : *y) right.insert(right.end(), row.begin(), row.end());
    const bool same_shape = x->size() == y->size() && (*x)[0].size() == (*y)[0].size();
    // A tuple stands for a row or a column.
    const bool vectors = (g.kind != Kind::matrix || a.kind != Kind::matrix) && left.size() == right.size() && (x->size() == 1 || (*x)[0].size() == 1) && (y->size() == 1 || (*y)[0].size() == 1);
    if ((!same_shape && !vectors) || left.size() != right.size()) return different("matrices of different shapes");
    return in_order(left, right);
  }

  // ---- sets of reals

  static Expression infinity(bool plus) { return plus ? Expression(Kind::constant, "inf") : Expression(Kind::negate, {}, {Expression(Kind::constant, "inf")}); }
  static bool is_minus_infinity(const Expression& e) { return e.kind == Kind::negate && e.args[0].is(Kind::constant, "inf"); }
  static bool is_plus_infinity(const Expression& e) { return e.is(Kind::constant, "inf"); }

  // -1, 0, 1; nothing where it cannot be decided. Both must be real.
  std::optional<int> order(const Expression& a, const Expression& b) {
    if (is_infinite(a) || is_infinite(b)) {
      const int x = is_minus_infinity(a) ? -1 : is_plus_infinity(a) ? 1 : 0, y = is_minus_infinity(b) ? -1 : is_plus_infinity(b) ? 1 : 0;
      return x < y ? -1 : x > y ? 1 : 0;
    }
    const auto p = exact_rational(a, budget_), q = exact_rational(b, budget_);
    if (p && q) {
      const int c = fmpq_cmp(p->get(), q->get());
      return c < 0 ? -1 : c > 0 ? 1 : 0;
    }
    if (says_equal(numbers(a, b))) return 0;
    for (slong precision : kPrecisions) {
      const Ball x = ball_of(a, precision, {}, budget_), y = ball_of(b, precision, {}, budget_);
      if (!arb_contains_zero(acb_imagref(x.get())) || !arb_contains_zero(acb_imagref(y.get()))) return std::nullopt;
      if (arb_lt(acb_realref(x.get()), acb_realref(y.get()))) return -1;
      if (arb_gt(acb_realref(x.get()), acb_realref(y.get()))) return 1;
    }
    return std::nullopt;
  }

  // Sorted, disjoint pieces; nothing for what is no set of reals with known ends.
  std::optional<std::vector<Piece>> pieces_of(const Expression& e) {
    budget_.spend(1);
    if (e.is(Kind::symbol, "mathbb R")) return std::vector<Piece>{{{infinity(false), false}, {infinity(true), false}}};
    if (is_interval_like(e)) {
      if (!symbols_of(e).empty() || is_collection(e.args[0]) || is_collection(e.args[1])) return std::nullopt;
      const bool low_closed = e.text[0] == '[' && !is_infinite(e.args[0]), high_closed = e.text[1] == ']' && !is_infinite(e.args[1]);
      const auto c = order(e.args[0], e.args[1]);
      if (!c || *c > 0) return std::nullopt;
      if (*c == 0 && !(low_closed && high_closed)) return std::vector<Piece>{};
      return std::vector<Piece>{{{e.args[0], low_closed}, {e.args[1], high_closed}}};
    }
    if (e.kind == Kind::set || e.kind == Kind::list) {
      std::vector<Piece> out;
      for (const Expression& item : e.args) {
        if (!symbols_of(item).empty()) return std::nullopt;
        if (is_collection(item)) {
          const auto inner = pieces_of(item);
          if (!inner) return std::nullopt;
          out.insert(out.end(), inner->begin(), inner->end());
        } else {
          out.push_back({{item, true}, {item, true}});
        }
      }
      return merged(std::move(out));
    }
    if (e.kind == Kind::relation) return pieces_of_relation(e);
    if (e.kind == Kind::set_builder) {
      if (e.args.size() != 2) return std::nullopt;
      const Expression& term = e.args[0].kind == Kind::relation ? e.args[0].args[0] : e.args[0];
      if (term.kind != Kind::symbol) return std::nullopt;
      return pieces_of(e.args[1]);
    }
    if (e.kind == Kind::set_operation) {
      auto x = pieces_of(e.args[0]), y = pieces_of(e.args[1]);
      if (!x || !y) return std::nullopt;
      if (e.text == "union") {
        x->insert(x->end(), y->begin(), y->end());
        return merged(std::move(*x));
      }
      if (e.text == "difference") {
        y = complement(*y);
        if (!y) return std::nullopt;
      }
      return intersection(*x, *y);
    }
    if (!is_collection(e) && symbols_of(e).empty() && !is_infinite(e) && e.kind != Kind::words) return std::vector<Piece>{{{e, true}, {e, true}}};
    return std::nullopt;
  }

  std::optional<std::vector<Piece>> pieces_of_relation(const Expression& e) {
    // a < x < b, x > a, x = a, x != a, x in S
    size_t symbol = e.args.size();
    for (size_t i = 0; i < e.args.size(); ++i) {
      if (e.args[i].kind == Kind::symbol) {
        if (symbol != e.args.size()) return std::nullopt;
        symbol = i;
      }
    }
    if (symbol == e.args.size()) return std::nullopt;
    if (e.text == "i" && symbol == 0) return pieces_of(e.args[1]);
    std::vector<Piece> out = {{{infinity(false), false}, {infinity(true), false}}};
    for (size_t i = 0; i < e.args.size(); ++i) {
      if (i == symbol) continue;
      if (!symbols_of(e.args[i]).empty() || is_collection(e.args[i])) return std::nullopt;
      // Only the neighbours bound it: a < b < x is no description of x alone.
      if (i + 1 != symbol && i != symbol + 1) return std::nullopt;
      char sign = i < symbol ? e.text[i] : e.text[i - 1];
      if (i < symbol) sign = sign == '<' ? '>' : sign == '>' ? '<' : sign == 'l' ? 'g' : sign == 'g' ? 'l' : sign;
      std::vector<Piece> bound;
      const End open{e.args[i], false}, closed{e.args[i], !is_infinite(e.args[i])};
      switch (sign) {
        case '<': bound = {{{infinity(false), false}, open}}; break;
        case 'l': bound = {{{infinity(false), false}, closed}}; break;
        case '>': bound = {{open, {infinity(true), false}}}; break;
        case 'g': bound = {{closed, {infinity(true), false}}}; break;
        case '=': bound = {{closed, closed}}; break;
        case 'n': bound = {{{infinity(false), false}, open}, {open, {infinity(true), false}}}; break;
        default: return std::nullopt;
      }
      auto both = intersection(out, bound);
      if (!both) return std::nullopt;
      out = std::move(*both);
    }
    return out;
  }

  std::optional<std::vector<Piece>> merged(std::vector<Piece> pieces) {
    if (pieces.size() > kMaxItems) throw OverBudget{"more than " + std::to_string(kMaxItems) + " intervals"};
    // Insertion sort, because an undecided order must be noticed.
    for (size_t i = 1; i < pieces.size(); ++i) {
      for (size_t j = i; j > 0; --j) {
        const auto c = order(pieces[j].low.value, pieces[j - 1].low.value);
        if (!c) return std::nullopt;
        if (*c > 0 || (*c == 0 && (pieces[j - 1].low.closed || !pieces[j].low.closed))) break;
        std::swap(pieces[j], pieces[j - 1]);
      }
    }
    std::vector<Piece> out;
    for (Piece& piece : pieces) {
      if (out.empty()) {
        out.push_back(std::move(piece));
        continue;
      }
      Piece& last = out.back();
      const auto touch = order(piece.low.value, last.high.value);
      if (!touch) return std::nullopt;
      if (*touch > 0 || (*touch == 0 && !piece.low.closed && !last.high.closed)) {
        out.push_back(std::move(piece));
        continue;
      }
      const auto further = order(piece.high.value, last.high.value);
      if (!further) return std::nullopt;
      if (*further > 0) last.high = piece.high;
      else if (*further == 0) last.high.closed = last.high.closed || piece.high.closed;
    }
    return out;
  }

  std::optional<std::vector<Piece>> complement(const std::vector<Piece>& pieces) {
    std::vector<Piece> out;
    End low{infinity(false), false};
    bool nothing_left = false;
    for (const Piece& piece : pieces) {
      if (!is_minus_infinity(piece.low.value)) out.push_back({low, {piece.low.value, !piece.low.closed}});
      low = {piece.high.value, !piece.high.closed && !is_infinite(piece.high.value)};
      nothing_left = is_plus_infinity(piece.high.value);
    }
    if (!nothing_left) out.push_back({low, {infinity(true), false}});
    return out;
  }

  std::optional<std::vector<Piece>> intersection(const std::vector<Piece>& x, const std::vector<Piece>& y) {
    std::vector<Piece> out;
    for (const Piece& p : x) {
      for (const Piece& q : y) {
        const auto low = order(p.low.value, q.low.value), high = order(p.high.value, q.high.value);
        if (!low || !high) return std::nullopt;
        Piece both;
        both.low = *low > 0 ? p.low : *low < 0 ? q.low : End{p.low.value, p.low.closed && q.low.closed};
        both.high = *high < 0 ? p.high : *high > 0 ? q.high : End{p.high.value, p.high.closed && q.high.closed};
        const auto c = order(both.low.value, both.high.value);
        if (!c) return std::nullopt;
        if (*c < 0 || (*c == 0 && both.low.closed && both.high.closed)) out.push_back(both);
      }
    }
    return merged(std::move(out));
  }

  Comparison compare_pieces(const std::vector<Piece>& g, const std::vector<Piece>& a) {
    if (g.size() != a.size()) return different("sets of " + std::to_string(g.size()) + " and " + std::to_string(a.size()) + " pieces");
    Comparison all = equal("the same real numbers");
    for (size_t i = 0; i < g.size(); ++i) {
      if (g[i].low.closed != a[i].low.closed || g[i].high.closed != a[i].high.closed) return different("an end is open on one side and closed on the other");
      for (const auto& [x, y] : {std::pair(&g[i].low.value, &a[i].low.value), std::pair(&g[i].high.value, &a[i].high.value)}) {
        Comparison c = is_infinite(*x) || is_infinite(*y) ? (*x == *y ? equal("") : different("an end is infinite on one side")) : numbers(*x, *y);
        if (!says_equal(c)) return {c.status, "an end: " + c.reason, 0};
        if (c.status == Status::numerically_equal) all = c;
      }
    }
    return all;
  }

  // ---- relations

  static bool is_relation(const Expression& e) {
    if (e.kind == Kind::relation) return true;
    return e.kind == Kind::list && std::any_of(e.args.begin(), e.args.end(), [](const Expression& i) { return i.kind == Kind::relation; });
  }
  static bool names_something(const Expression& e) {  // what "=" may name: x, f(x), (x, y), \angle A, words
    if (e.kind == Kind::symbol || e.kind == Kind::words) return true;
    if (e.kind == Kind::function) return e.text.size() <= 3 && (e.args.empty() || names_something(e.args[0]));
    if (e.kind == Kind::multiply) return std::all_of(e.args.begin(), e.args.end(), [](const Expression& i) { return i.kind == Kind::symbol && i.text.size() == 1; });  // AB = 5
    if (e.kind == Kind::bracket) return std::all_of(e.args.begin(), e.args.end(), [](const Expression& i) { return i.kind == Kind::symbol; });
    return false;
  }
  static bool is_equation(const Expression& e) { return e.kind == Kind::relation && e.text.find_first_not_of("=~") == std::string::npos; }
  static bool is_assignment(const Expression& e) { return is_equation(e) && names_something(e.args[0]); }
  static bool is_inequality(const Expression& e) { return e.kind == Kind::relation && e.text.find_first_not_of("<>lgn") == std::string::npos; }

  // x = 1, x = 2 as 1, 2 where all name the same; otherwise as it is.
  static std::optional<Expression> values_of(const Expression& e) {
    if (is_assignment(e)) return e.args.back();
    if (e.kind == Kind::relation && e.text == "i" && names_something(e.args[0])) return e.args[1];
    if (e.kind != Kind::list) return std::nullopt;
    Expression out(Kind::list);
    const Expression* name = nullptr;
    for (const Expression& item : e.args) {
      if (item.kind == Kind::relation) {
        if (!is_assignment(item)) return std::nullopt;
        if (name != nullptr && !(*name == item.args[0])) name = nullptr;  // several unknowns: their values in order
        else name = &item.args[0];
        out.args.push_back(item.args.back());
      } else {
        out.args.push_back(item);
      }
    }
    return out;
  }
  static bool one_unknown(const Expression& e) {
    const Expression* name = nullptr;
    for (const Expression& item : e.args) {
      if (item.kind != Kind::relation) continue;
      if (name != nullptr && !(*name == item.args[0])) return false;
      name = &item.args[0];
    }
    return true;
  }

  Comparison compare_relations(const Expression& g, const Expression& a) {
    const bool g_relation = is_relation(g), a_relation = is_relation(a);
    if (g_relation && a_relation) {
      if (g.kind == Kind::list || a.kind == Kind::list) return compare_relation_lists(g, a);
      return compare_two_relations(g, a);
    }
    const Expression &relation = g_relation ? g : a, &other = g_relation ? a : g;
    // A set of reals, said as an inequality.
    if (is_inequality(relation) || (relation.kind == Kind::list && std::all_of(relation.args.begin(), relation.args.end(), is_inequality))) {
      const auto x = pieces_of_conditions(relation);
      const auto y = is_collection(other) || other.is(Kind::symbol, "mathbb R") ? pieces_of(other) : std::nullopt;
      if (x && y) return compare_pieces(*x, *y);
      return different("an inequality and " + shortened(other));
    }
    if (const auto values = values_of(relation)) {
      if (relation.kind == Kind::list && !one_unknown(relation) && other.kind == Kind::bracket) {  // x = 1, y = 2 against (1, 2)
        const Expression tuple(Kind::bracket, other.text, values->args);
        return g_relation ? compare(tuple, a) : compare(g, tuple);
      }
      return g_relation ? compare(*values, a) : compare(g, *values);
    }
    if (is_equation(relation)) {
      // The answer may be a computation: 2 + 3 = 5.
      const Expression& last = relation.args.back();
      if (symbols_of(relation).empty()) return g_relation ? compare(last, a) : compare(g, last);
      return different("an equation and a value");
    }
    return unknown("a relation against " + shortened(other));
  }

  // Several inequalities: "or" between them (x < 1 or x > 2).
  std::optional<std::vector<Piece>> pieces_of_conditions(const Expression& e) {
    if (e.kind == Kind::relation) return pieces_of_relation(e);
    std::vector<Piece> all;
    for (const Expression& item : e.args) {
      const auto pieces = pieces_of_relation(item);
      if (!pieces) return std::nullopt;
      all.insert(all.end(), pieces->begin(), pieces->end());
    }
    return merged(std::move(all));
  }

  Comparison compare_relation_lists(const Expression& g, const Expression& a) {
    if (const auto x = pieces_of_conditions_if_inequalities(g), y = pieces_of_conditions_if_inequalities(a); x && y && symbols_of(g) == symbols_of(a)) return compare_pieces(*x, *y);
    if (g.kind == Kind::list && a.kind == Kind::list) {
      // x = 1 or 2: what has no name takes the one before.
      const auto named = [](const Expression& list) {
        std::vector<Expression> out;
        const Expression* name = nullptr;
        for (const Expression& item : list.args) {
          if (item.kind == Kind::relation) {
            name = &item.args[0];
            out.push_back(item);
          } else if (name != nullptr) {
            out.push_back(Expression(Kind::relation, "=", {*name, item}));
          } else {
            out.push_back(item);
          }
        }
        return out;
      };
      return without_order(named(g), named(a));
    }
    const Expression &list = g.kind == Kind::list ? g : a, &one = g.kind == Kind::list ? a : g;
    // (x, y) = (1, 2) against x = 1, y = 2
    if (is_equation(one) && one.args[0].kind == Kind::bracket && one.args.back().kind == Kind::bracket && one.args[0].args.size() == one.args.back().args.size()) {
      std::vector<Expression> parts;
      for (size_t i = 0; i < one.args[0].args.size(); ++i) parts.push_back(Expression(Kind::relation, "=", {one.args[0].args[i], one.args.back().args[i]}));
      return g.kind == Kind::list ? without_order(list.args, parts) : without_order(parts, list.args);
    }
    const auto x = values_of(g), y = values_of(a);
    if (x && y) return compare(*x, *y);
    return different("one relation and several");
  }
  std::optional<std::vector<Piece>> pieces_of_conditions_if_inequalities(const Expression& e) {
    const auto all = [](const Expression& i) { return is_inequality(i); };
    if (e.kind == Kind::list ? !std::all_of(e.args.begin(), e.args.end(), all) : !is_inequality(e)) return std::nullopt;
    return pieces_of_conditions(e);
  }

  static bool mentions(const Expression& e, const Expression& part) {
    return e == part || std::any_of(e.args.begin(), e.args.end(), [&](const Expression& arg) { return mentions(arg, part); });
  }

  Comparison compare_two_relations(const Expression& g, const Expression& a) {
    if (is_equation(g) && is_equation(a)) {
      // x = ... = 5: the first name and the last value.
      if (is_assignment(g) && is_assignment(a) && (g.args[0] == a.args[0] || g.args[0].kind != Kind::symbol || a.args[0].kind != Kind::symbol)) {
        if (g.args[0] == a.args[0]) {
          const Comparison values = compare(g.args.back(), a.args.back());
          // Solved for what they name, both describe the same thing only when the other sides are equal.
          if (says_equal(values) || !(mentions(g.args.back(), g.args[0]) || mentions(a.args.back(), g.args[0]))) return values;
        } else if (g.args[0].kind != a.args[0].kind || g.args[0].kind == Kind::words) {
          return compare(g.args.back(), a.args.back());
        }
      }
      if (g.args.size() == 2 && a.args.size() == 2) return compare_equations(g, a);
      const Expression short_g(Kind::relation, "=", {g.args.front(), g.args.back()}), short_a(Kind::relation, "=", {a.args.front(), a.args.back()});
      return compare_equations(short_g, short_a);
    }
    if (g.text == "i" && a.text == "i") return compare(g.args[1], a.args[1]);
    if (is_inequality(g) && is_inequality(a)) {
      if (symbols_of(g) == symbols_of(a)) {
        const auto x = pieces_of_relation(g), y = pieces_of_relation(a);
        if (x && y) return compare_pieces(*x, *y);
      }
      if (g.text.size() == 1 && a.text.size() == 1) return compare_inequalities(g, a);
      if (g.text.size() == a.text.size()) {
        const Comparison same = g.text == a.text ? in_order(g.args, a.args) : unknown("");
        if (says_equal(same)) return same;
        Expression flipped = a;
        std::reverse(flipped.args.begin(), flipped.args.end());
        std::reverse(flipped.text.begin(), flipped.text.end());
        for (char& c : flipped.text) c = c == '<' ? '>' : c == '>' ? '<' : c == 'l' ? 'g' : c == 'g' ? 'l' : c;
        if (g.text == flipped.text) return in_order(g.args, flipped.args);
        return same;
      }
      return unknown("chains of inequalities of different lengths");
    }
    // x in S against an inequality
    const Expression &member = g.text == "i" ? g : a, &other = g.text == "i" ? a : g;
    if (member.text == "i" && is_inequality(other)) {
      const auto x = pieces_of(member), y = pieces_of(other);
      if (x && y) return compare_pieces(*x, *y);
    }
    return different("relations of different kinds");
  }

  static Expression difference_of(const Expression& relation) { return Expression(Kind::add, {}, {relation.args[0], Expression(Kind::negate, {}, {relation.args[1]})}); }

  // Equations are the same when they hold at the same points.
  Comparison compare_equations(const Expression& g, const Expression& a) {
    const Expression x = difference_of(g), y = difference_of(a);
    if (symbols_of(x) != symbols_of(y)) {
      if (is_assignment(g) && is_assignment(a)) return different("they name different things");
      if (!fractions_of(x, y)) return different("equations in different unknowns");
    }
    if (auto machine = fractions_of(x, y)) {
      const int same = exact_fractions_proportional(machine->get());
      if (same != 0) return equal("one equation is the other times a number");
      if (exact_fractions_same_zeros(machine->get()) == 1) return equal("both hold at the same points");
      if (machine->atoms == 0) return different("the equations do not hold at the same points");
    }
    return proportional_at_points(x, y, false);
  }

  Comparison compare_inequalities(const Expression& g, const Expression& a) {
    Expression x = difference_of(g), y = difference_of(a);
    char p = g.text[0], q = a.text[0];
    const auto normal = [](Expression& e, char& sign) {  // only "<" and "<=" and "!="
      if (sign == '>' || sign == 'g') {
        e = Expression(Kind::negate, {}, {e});
        sign = sign == '>' ? '<' : 'l';
      }
    };
    normal(x, p);
    normal(y, q);
    if (p != q) return different("inequalities of different kinds");
    if (auto machine = fractions_of(x, y)) {
      const int same = exact_fractions_proportional(machine->get());
      const bool whole = machine->polynomials;
      if (whole && (same == 1 || (same == -1 && p == 'n'))) return equal("one inequality is the other times a positive number");
      if (whole && machine->atoms == 0) return different("the inequalities are not proportional");
    }
    return proportional_at_points(x, y, true);
  }

  // ---- ratios and congruences

  Comparison compare_ratios(const Expression& g, const Expression& a) {
    if (g.kind == Kind::ratio && a.kind == Kind::ratio) {
      if (g.args.size() != a.args.size()) return different(counts(g, a));
      if (const Comparison same = in_order(g.args, a.args); says_equal(same)) return same;
      std::vector<Expression> x, y;
      for (size_t i = 1; i < g.args.size(); ++i) {
        x.push_back(Expression(Kind::multiply, {}, {g.args[0], a.args[i]}));
        y.push_back(Expression(Kind::multiply, {}, {a.args[0], g.args[i]}));
      }
      return in_order(x, y);
    }
    const Expression &ratio = g.kind == Kind::ratio ? g : a, &other = g.kind == Kind::ratio ? a : g;
    if (ratio.args.size() != 2 || is_collection(other)) return different("a ratio and " + shortened(other));
    const Expression quotient(Kind::divide, {}, {ratio.args[0], ratio.args[1]});
    return g.kind == Kind::ratio ? compare(quotient, a) : compare(g, quotient);
  }

  Comparison compare_congruences(const Expression& g, const Expression& a) {
    if (g.kind != Kind::congruence || a.kind != Kind::congruence) {
      const Expression &with = g.kind == Kind::congruence ? g : a, &other = g.kind == Kind::congruence ? a : g;
      if (other.kind == Kind::relation) return different("a congruence and a relation");
      // "3 mod 7" where only the residue is given
      const Comparison residue = compare(with.args[1], other);
      return says_equal(residue) ? residue : residue.status == Status::proved_different ? different("the residues differ: " + residue.reason) : residue;
    }
    const Comparison modulus = compare(g.args[2], a.args[2]);
    if (!says_equal(modulus)) return modulus;
    if (!(g.args[0] == a.args[0]) && g.args[0].kind != Kind::words && a.args[0].kind != Kind::words) {
      if (const Comparison left = compare(g.args[0], a.args[0]); !says_equal(left)) return left;
    }
    const auto m = exact_rational(g.args[2], budget_), x = exact_rational(g.args[1], budget_), y = exact_rational(a.args[1], budget_);
    if (!m || !x || !y || m->is_zero()) return compare(g.args[1], a.args[1]);
    Rational quotient;
    fmpq_sub(quotient.get(), x->get(), y->get());
    fmpq_div(quotient.get(), quotient.get(), m->get());
    return quotient.is_integer() ? equal("the residues are the same") : different("the residues differ");
  }

  // ---- numbers

  static bool is_decimal(const Expression& e) {
    if (e.kind == Kind::negate || e.kind == Kind::percent) return is_decimal(e.args[0]);
    return e.kind == Kind::number && e.text.find_first_of(".e") != std::string::npos;
  }

  // Applications of functions without a known meaning: f(x), I(0).
  static std::vector<std::string> unknown_functions(const Expression& e) {
    std::vector<std::string> out;
    const std::function<void(const Expression&)> gather = [&](const Expression& part) {
      if (part.kind == Kind::function && part.text.size() <= 4 && (part.text.size() == 1 || part.text[1] == '_' || part.text[1] == '\'')) out.push_back(to_text(part));
      for (const Expression& arg : part.args) gather(arg);
    };
    gather(e);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  Comparison numbers(const Expression& g, const Expression& a) {
    if (g == a) return equal("the same: " + shortened(g));
    if (is_infinite(g) || is_infinite(a)) {
      if (is_infinite(g) && is_infinite(a)) return different("infinities of different signs");
      return different("infinity and a number");
    }
    for (const Expression* e : {&g, &a}) {
      if (is_collection(*e) || e->kind == Kind::relation || e->kind == Kind::words) return different(shortened(g) + " and " + shortened(a) + " are of different kinds");
    }
    const auto x = exact_rational(g, budget_);
    const auto y = exact_rational(a, budget_);
    if (x && y) {
      if (*x == *y) return equal(x->text() + (is_decimal(g) || is_decimal(a) ? " as exact decimals" : " on both sides"));
      // 0.333 and 1/3: a fraction without an end, rounded.
      if (is_decimal(g) != is_decimal(a) && !has_end(is_decimal(g) ? *y : *x) && rounds_to(is_decimal(g) ? a : g, is_decimal(g) ? g : a)) return rounded();
      return different(x->text() + " is not " + y->text());
    }
    const bool constants = symbols_of(g).empty() && symbols_of(a).empty() && unknown_functions(g).empty() && unknown_functions(a).empty();
    Comparison result = constants ? compare_constants(g, a) : compare_functions(g, a);
    if (result.status == Status::proved_different && constants && (is_decimal(g) != is_decimal(a))) {
      if (rounds_to(is_decimal(g) ? a : g, is_decimal(g) ? g : a)) return rounded();
    }
    return result;
  }

  static Comparison rounded() { return unknown("the decimal is the other side, rounded, and not equal to it; which precision was asked for is not known"); }

  // Whether the decimals of a rational number end: its denominator has no primes but 2 and 5.
  static bool has_end(const Rational& value) {
    Rational rest;
    fmpz* d = fmpq_numref(rest.get());
    fmpz_set(d, fmpq_denref(value.get()));
    for (ulong prime : {2ul, 5ul}) {
      fmpz_t p;
      fmpz_init_set_ui(p, prime);
      fmpz_remove(d, d, p);
      fmpz_clear(p);
    }
    return fmpz_is_one(d);
  }

  // Whether a decimal of at least three digits is the value, rounded to its places.
  bool rounds_to(const Expression& value, const Expression& decimal) {
    const Expression& digits = decimal.kind == Kind::number ? decimal : decimal.args[0];
    if (decimal.kind == Kind::percent || digits.kind != Kind::number || digits.text.find('e') != std::string::npos) return false;
    const size_t point = digits.text.find('.');
    const size_t first = digits.text.find_first_of("123456789");
    if (first == std::string::npos || digits.text.size() - first - (point > first ? 1 : 0) < 3) return false;
    const int64_t places = static_cast<int64_t>(digits.text.size() - point - 1);
    const Ball x = ball_of(value, 256, {}, budget_), y = ball_of(decimal, 256, {}, budget_);
    Ball distance;
    acb_sub(distance.get(), x.get(), y.get(), 256);
    if (!arb_is_zero(acb_imagref(distance.get())) || places > 60) return false;
    Ball half;
    arb_set_ui(acb_realref(half.get()), 10);
    arb_pow_ui(acb_realref(half.get()), acb_realref(half.get()), static_cast<ulong>(places), 256);
    arb_inv(acb_realref(half.get()), acb_realref(half.get()), 256);
    arb_mul_2exp_si(acb_realref(half.get()), acb_realref(half.get()), -1);
    arb_abs(acb_realref(distance.get()), acb_realref(distance.get()));
    return arb_le(acb_realref(distance.get()), acb_realref(half.get()));
  }

  Comparison compare_constants(const Expression& g, const Expression& a) {
    int agreed = 0;
    for (slong precision : kPrecisions) {
      const Ball x = ball_of(g, precision, {}, budget_), y = ball_of(a, precision, {}, budget_);
      if (!acb_is_finite(x.get()) || !acb_is_finite(y.get())) {
        if (precision < kPrecisions[2]) continue;
        return unknown("a value that is not finite");
      }
      if (!acb_overlaps(x.get(), y.get())) {
        step("balls of " + std::to_string(precision) + " bits do not overlap");
        return different("values differ within " + std::to_string(precision) + " bits");
      }
      // The second precision is enough to ask for a proof.
      if (precision == kPrecisions[1]) {
        agreed = static_cast<int>(precision);
        const int proof = prove_zero(g, a);
        if (proof == 1) return equal("Calcium proves the difference zero");
        if (proof == -1) return different("Calcium proves the difference not zero");
      }
      const slong accuracy = std::min(certainty(x), certainty(y));
      if (precision == kPrecisions[2]) agreed = static_cast<int>(std::min<slong>(accuracy, precision));
    }
    if (agreed < 256) return unknown("values too large or too ill-conditioned to be told apart");
    return {Status::numerically_equal, "equal to " + std::to_string(agreed) + " bits", agreed};
  }

  // Bits behind the point, or of the whole value, that the ball is sure of: the smaller.
  static slong certainty(const Ball& ball) {
    const slong relative = acb_rel_accuracy_bits(ball.get());
    const double radius = std::max(mag_get_d_log2_approx(arb_radref(acb_realref(ball.get()))), mag_get_d_log2_approx(arb_radref(acb_imagref(ball.get()))));
    if (!std::isfinite(radius)) return radius < 0 ? 100000 : 0;
    const slong absolute = static_cast<slong>(-radius);
    return std::min(absolute, std::max(relative, absolute));
  }

  // ---- Calcium

  // 1: the two are equal, -1: they are not, 0: not decided or not tried.
  int prove_zero(const Expression& g, const Expression& a) {
    difficulty_ = 1;
    roots_ = 0;
    if (!calcium_can(g) || !calcium_can(a) || difficulty_ > 200 || roots_ > 8) return 0;
    budget_.spend(2000);
    exact_numbers* machine = workspace_.machines().fresh_numbers();
    if (machine == nullptr) return 0;
    int answer = 2;
    if (give(machine, g) && give(machine, a) && exact_apply(machine, EXACT_SUBTRACT)) answer = exact_is_zero(machine);
    if (answer == 2) {
      workspace_.machines().drop_numbers();
      return 0;
    }
    step(answer == 1 ? "Calcium: zero" : answer == -1 ? "Calcium: not zero" : "Calcium: not decided");
    return answer;
  }

  // What Calcium is given: fields of small degree, small exponents. FLINT cannot be interrupted, so that is decided before.
  bool calcium_can(const Expression& e) {
    budget_.spend(1);
    for (const Expression& arg : e.args) {
      if (e.kind == Kind::power && &arg == &e.args[1]) {
        const auto exponent = exact_rational(arg, budget_);
        if (exponent) continue;
      }
      if (e.kind == Kind::root && &arg == &e.args[1]) continue;
      if (!calcium_can(arg)) return false;
    }
    switch (e.kind) {
      case Kind::number: return e.text.size() <= 60;
      case Kind::constant: return e.text != "inf";
      case Kind::add: case Kind::negate: case Kind::percent: case Kind::degree: return true;
      case Kind::multiply: case Kind::divide: return true;
      case Kind::root: {
        const auto n = exact_rational(e.args[1], budget_);
        if (!n || !n->is_integer() || fmpq_cmp_si(n->get(), 2) < 0 || fmpq_cmp_si(n->get(), 12) > 0) return false;
        difficulty_ *= fmpz_get_d(fmpq_numref(n->get()));
        ++roots_;
        return true;
      }
      case Kind::power: {
        const auto n = exact_rational(e.args[1], budget_);
        if (n) {
          if (fmpz_cmp_si(fmpq_denref(n->get()), 12) > 0 || fmpz_cmpabs(fmpq_numref(n->get()), fmpq_numref(Rational(64).get())) > 0) return false;
          if (!n->is_integer()) {
            difficulty_ *= fmpz_get_d(fmpq_denref(n->get()));
            ++roots_;
          }
          return e.args[0].is(Kind::constant) || fmpz_cmpabs(fmpq_numref(n->get()), fmpq_numref(Rational(12).get())) <= 0 || exact_rational(e.args[0], budget_).has_value();
        }
        ++roots_;
        return true;
      }
      case Kind::function: {
        static constexpr std::string_view kKnown[] = {"sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "log", "log_plain", "abs", "floor", "ceil"};
        if (std::find(std::begin(kKnown), std::end(kKnown), e.text) == std::end(kKnown)) return exact_rational(e, budget_).has_value();
        ++roots_;
        difficulty_ *= 1.5;
        return true;
      }
      default: return false;
    }
  }

  bool give(exact_numbers* m, const Expression& e) {
    budget_.spend(5);
    const auto& a = e.args;
    switch (e.kind) {
      case Kind::number: {
        const auto value = rational_of_digits(e.text);
        return value && exact_push(m, value->get());
      }
      case Kind::constant: return exact_apply(m, e.text == "pi" ? EXACT_PI : e.text == "e" ? EXACT_E : EXACT_I);
      case Kind::add: case Kind::multiply:
        if (!give(m, a[0])) return false;
        for (size_t i = 1; i < a.size(); ++i) {
          if (!give(m, a[i]) || !exact_apply(m, e.kind == Kind::add ? EXACT_ADD : EXACT_MULTIPLY)) return false;
        }
        return true;
      case Kind::negate: return give(m, a[0]) && exact_apply(m, EXACT_NEGATE);
      case Kind::divide: return give(m, a[0]) && give(m, a[1]) && exact_apply(m, EXACT_DIVIDE);
      case Kind::percent: return give(m, a[0]) && exact_push(m, Rational(100).get()) && exact_apply(m, EXACT_DIVIDE);
      case Kind::degree: return give(m, a[0]) && exact_apply(m, EXACT_PI) && exact_apply(m, EXACT_MULTIPLY) && exact_push(m, Rational(180).get()) && exact_apply(m, EXACT_DIVIDE);
      case Kind::root: {
        const auto n = exact_rational(a[1], budget_);
        return n && give_root(m, a[0], *n);
      }
      case Kind::power: {
        const auto exponent = exact_rational(a[1], budget_);
        if (!exponent) return give(m, a[0]) && give(m, a[1]) && exact_apply(m, EXACT_POWER);
        if (exponent->is_integer() || a[0].is(Kind::constant)) return give(m, a[0]) && exact_push(m, exponent->get()) && exact_apply(m, EXACT_POWER);
        Rational numerator, denominator;
        fmpz_set(fmpq_numref(numerator.get()), fmpq_numref(exponent->get()));
        fmpz_set(fmpq_numref(denominator.get()), fmpq_denref(exponent->get()));
        return give_root(m, a[0], denominator) && exact_push(m, numerator.get()) && exact_apply(m, EXACT_POWER);
      }
      case Kind::function: return give_function(m, e);
      default: return false;
    }
  }

  // As in ball_of: odd roots of negative numbers are real, so Calcium is given the root of the magnitude.
  bool give_root(exact_numbers* m, const Expression& inside, const Rational& n) {
    Rational exponent;
    fmpq_inv(exponent.get(), n.get());
    const bool odd = fmpz_is_odd(fmpq_numref(n.get()));
    bool negative = false;
    if (odd) {
      const Ball value = ball_of(inside, 128, {}, budget_);
      const bool real = arb_contains_zero(acb_imagref(value.get())) && (contains(inside, Kind::constant, "i") ? arb_is_zero(acb_imagref(value.get())) : true);
      negative = real && arb_is_negative(acb_realref(value.get()));
      if (!negative && arb_contains_zero(acb_realref(value.get()))) return false;
    }
    if (!give(m, inside)) return false;
    if (negative && !exact_apply(m, EXACT_NEGATE)) return false;
    if (fmpq_cmp_si(n.get(), 2) == 0) {
      if (!exact_apply(m, EXACT_SQRT)) return false;
    } else if (!exact_push(m, exponent.get()) || !exact_apply(m, EXACT_POWER)) {
      return false;
    }
    return !negative || exact_apply(m, EXACT_NEGATE);
  }

  bool give_function(exact_numbers* m, const Expression& e) {
    const auto one_over = [&] { return exact_push(m, Rational(-1).get()) && exact_apply(m, EXACT_POWER); };
    const std::string& f = e.text;
    static constexpr std::pair<std::string_view, exact_op> kKnown[] = {{"sin", EXACT_SIN}, {"cos", EXACT_COS}, {"tan", EXACT_TAN}, {"arcsin", EXACT_ASIN}, {"arccos", EXACT_ACOS}, {"arctan", EXACT_ATAN},
                                                                      {"abs", EXACT_ABS}, {"floor", EXACT_FLOOR}, {"ceil", EXACT_CEIL}};
    for (const auto& [name, op] : kKnown) {
      if (f == name) return e.args.size() == 1 && give(m, e.args[0]) && exact_apply(m, op);
    }
    if (f == "cot") return give(m, e.args[0]) && exact_apply(m, EXACT_TAN) && one_over();
    if (f == "sec") return give(m, e.args[0]) && exact_apply(m, EXACT_COS) && one_over();
    if (f == "csc") return give(m, e.args[0]) && exact_apply(m, EXACT_SIN) && one_over();
    if (f == "log" || f == "log_plain") {
      if (!give(m, e.args[0]) || !exact_apply(m, EXACT_LOG)) return false;
      if (e.args.size() == 1) return true;
      return give(m, e.args[1]) && exact_apply(m, EXACT_LOG) && exact_apply(m, EXACT_DIVIDE);
    }
    const auto value = exact_rational(e, budget_);
    return value && exact_push(m, value->get());
  }

  // ---- polynomials

  struct Fractions {
    exact_fractions* machine = nullptr;
    int atoms = 0;
    bool polynomials = true;
    Fractions() = default;
    Fractions(const Fractions&) = delete;
    Fractions(Fractions&& other) noexcept : machine(std::exchange(other.machine, nullptr)), atoms(other.atoms), polynomials(other.polynomials) {}
    ~Fractions() { exact_fractions_free(machine); }
    exact_fractions* get() const { return machine; }
  };

  // Both as quotients of polynomials in their symbols and in what is none ("atoms": sqrt(2), sin(x)); nothing when too large.
  std::optional<Fractions> fractions_of(const Expression& g, const Expression& a) {
    std::map<std::string, long> numbers;
    int atoms = 0;
    bool divides = false;
    const std::function<bool(const Expression&)> gather = [&](const Expression& e) -> bool {
      budget_.spend(2);
      switch (e.kind) {
        case Kind::number: return true;
        case Kind::add: case Kind::multiply: case Kind::negate: case Kind::percent:
          return std::all_of(e.args.begin(), e.args.end(), gather);
        case Kind::divide:
          if (!symbols_of(e.args[1]).empty()) divides = true;
          return std::all_of(e.args.begin(), e.args.end(), gather);
        case Kind::power: {
          const auto exponent = exact_rational(e.args[1], budget_);
          if (exponent && exponent->is_integer() && fmpz_cmpabs(fmpq_numref(exponent->get()), fmpq_numref(Rational(200).get())) <= 0) {
            if (fmpq_sgn(exponent->get()) < 0) divides = true;
            return gather(e.args[0]);
          }
          break;
        }
        case Kind::symbol: numbers.emplace(e.text, 0); return true;
        case Kind::constant: if (e.text == "inf") return false; break;
        case Kind::root: case Kind::function: case Kind::degree: break;
        default: return false;
      }
      if (exact_rational(e, budget_)) return true;
      if (numbers.emplace("\x01" + to_text(e), 0).second) ++atoms;
      return atoms <= kMaxAtoms;
    };
    if (!gather(g) || !gather(a) || numbers.size() > 24) return std::nullopt;
    long next = 0;
    for (auto& [name, number] : numbers) number = next++;
    Fractions out;
    out.machine = exact_fractions_new(next);
    out.atoms = atoms;
    out.polynomials = !divides;
    if (out.machine == nullptr) return std::nullopt;
    const std::function<bool(const Expression&)> push = [&](const Expression& e) -> bool {
      budget_.spend(10);
      if (e.kind != Kind::add && e.kind != Kind::multiply && e.kind != Kind::symbol) {
        if (symbols_of(e).empty()) {
          if (const auto value = exact_rational(e, budget_)) return exact_fractions_push(out.machine, value->get());
        }
      }
      switch (e.kind) {
        case Kind::add: case Kind::multiply:
          if (!push(e.args[0])) return false;
          for (size_t i = 1; i < e.args.size(); ++i) {
            if (!push(e.args[i]) || !exact_fractions_apply(out.machine, e.kind == Kind::add ? EXACT_ADD : EXACT_MULTIPLY, kMaxTerms)) return false;
            budget_.spend(50);
          }
          return true;
        case Kind::negate: return push(e.args[0]) && exact_fractions_apply(out.machine, EXACT_NEGATE, kMaxTerms);
        case Kind::percent: return push(e.args[0]) && exact_fractions_push(out.machine, Rational(100).get()) && exact_fractions_apply(out.machine, EXACT_DIVIDE, kMaxTerms);
        case Kind::divide: return push(e.args[0]) && push(e.args[1]) && exact_fractions_apply(out.machine, EXACT_DIVIDE, kMaxTerms);
        case Kind::power: {
          const auto exponent = exact_rational(e.args[1], budget_);
          if (exponent && exponent->is_integer() && fmpz_cmpabs(fmpq_numref(exponent->get()), fmpq_numref(Rational(200).get())) <= 0) {
            budget_.spend(200);
            return push(e.args[0]) && exact_fractions_power(out.machine, fmpz_get_si(fmpq_numref(exponent->get())), kMaxTerms);
          }
          break;
        }
        case Kind::symbol: return exact_fractions_push_symbol(out.machine, numbers.at(e.text));
        default: break;
      }
      const auto atom = numbers.find("\x01" + to_text(e));
      return atom != numbers.end() && exact_fractions_push_symbol(out.machine, atom->second);
    };
    if (!push(g) || !push(a)) return std::nullopt;
    return out;
  }

  // ---- functions of variables

  // Points of rational numbers with large primes in them, positive ones first, so that no accident makes two functions meet.
  static Point point(const std::vector<std::string>& names, int number) {
    static constexpr int64_t kAbove[] = {1009, 2053, 3089, 1213, 4001, 2539, 3571, 1823, 2221, 2909};
    static constexpr uint64_t kBelow[] = {677, 911, 1373, 431, 1667, 829, 1009, 733, 613, 1201};
    Point out;
    for (size_t i = 0; i < names.size(); ++i) {
      const size_t at = (static_cast<size_t>(number) * 3 + i * 7) % 10;
      int64_t above = kAbove[at] + 17 * static_cast<int64_t>(i) + 101 * number;
      if (number >= 3 && (number + static_cast<int>(i)) % 2 == 1) above = -above;
      out.emplace_back(names[i], Rational(above, kBelow[at]));
    }
    return out;
  }
  static constexpr int kPoints = 7;

  Comparison compare_functions(const Expression& g, const Expression& a) {
    if (auto machine = fractions_of(g, a)) {
      if (exact_fractions_equal(machine->get()) == 1) return equal("the same quotient of polynomials");
      if (machine->atoms == 0) {
        if (symbols_of(g) != symbols_of(a)) return different("they depend on different symbols");
        return different("different quotients of polynomials");
      }
    }
    std::vector<std::string> names = symbols_of(g);
    for (const std::string& name : symbols_of(a)) names.push_back(name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    // The same applications on both sides stand for any numbers.
    const std::vector<std::string> functions = unknown_functions(g);
    if (functions == unknown_functions(a)) names.insert(names.end(), functions.begin(), functions.end());
    if (names.empty()) return unknown("functions without a known meaning");
    const bool complex = !where_real_ || contains(g, Kind::constant, "i") || contains(a, Kind::constant, "i");
    int agreed = 0;
    slong bits = kPrecisions[1];
    for (int n = 0; n < kPoints; ++n) {
      const Point where = point(names, n);
      bool overlap = false;
      for (slong precision : {kPrecisions[0], kPrecisions[1]}) {
        Ball x, y;
        try {
          x = ball_of(g, precision, where, budget_);
          y = ball_of(a, precision, where, budget_);
        } catch (const NoValue& fault) {
          if (n == 0 && fault.says.find("known") != std::string::npos) throw;
          overlap = false;
          break;
        }
        // Only where both are real numbers (unless they speak of i): sqrt(x) is asked for x >= 0.
        const bool real = arb_contains_zero(acb_imagref(x.get())) && arb_contains_zero(acb_imagref(y.get()));
        if (!acb_is_finite(x.get()) || !acb_is_finite(y.get()) || (!complex && !real)) {
          overlap = false;
          break;
        }
        if (!acb_overlaps(x.get(), y.get())) {
          step("they differ at " + where[0].first + " = " + where[0].second.text());
          return different("they differ at " + where[0].first + " = " + where[0].second.text());
        }
        overlap = std::min(certainty(x), certainty(y)) >= precision / 2;
        bits = std::min(bits, std::min(certainty(x), certainty(y)));
        if (precision == kPrecisions[0]) bits = kPrecisions[1];
      }
      if (overlap) ++agreed;
    }
    if (agreed < 3) return unknown("no common points to compare them at");
    return {Status::numerically_equal, "equal to " + std::to_string(bits) + " bits at " + std::to_string(agreed) + " points", static_cast<int>(bits)};
  }

  // x / y is the same number at all points (a positive one, when asked).
  Comparison proportional_at_points(const Expression& x, const Expression& y, bool positive) {
    std::vector<std::string> names = symbols_of(x);
    for (const std::string& name : symbols_of(y)) names.push_back(name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    if (names.empty()) return unknown("relations without unknowns");
    std::optional<Ball> first;
    int agreed = 0;
    for (int n = 0; n < kPoints; ++n) {
      const Point where = point(names, n);
      Ball quotient;
      try {
        const Ball p = ball_of(x, 256, where, budget_), q = ball_of(y, 256, where, budget_);
        acb_div(quotient.get(), p.get(), q.get(), 256);
      } catch (const NoValue&) {
        continue;
      }
      if (!acb_is_finite(quotient.get()) || !arb_contains_zero(acb_imagref(quotient.get()))) continue;
      if (acb_contains_zero(quotient.get())) return unknown("one of the relations holds where the other does not");
      if (positive && arb_is_negative(acb_realref(quotient.get()))) return unknown("the inequalities are not proportional");
      if (first && !acb_overlaps(first->get(), quotient.get())) return unknown("the relations are not proportional, which does not prove them different");
      if (!first) first = quotient;
      ++agreed;
    }
    if (agreed < 3) return unknown("no common points to compare them at");
    return {Status::numerically_equal, "proportional to 256 bits at " + std::to_string(agreed) + " points", 128};
  }

  Workspace& workspace_;
  Budget budget_;
  bool where_real_;
  std::vector<std::string>* steps_;
  int depth_ = 0, roots_ = 0;
  double difficulty_ = 1;
};

}  // namespace

Comparison compare(const Expression& reference, const Expression& answer, Workspace& workspace, const EqualityLimits& limits, std::vector<std::string>* steps) {
  return Comparer(workspace, limits, steps).run(reference, answer);
}

}  // namespace reprise::grading::math
