// Each puzzle is made from its solution, so that none is unsolvable.
#include "datasets/generators/puzzles.h"

#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"

namespace reprise::datasets {
namespace {

// A split by the hash of the problem's text: the three never share one.
bool in_split(const std::string& text, const std::string& split) {
  const uint64_t bucket = RandomStream({name_number(text)}).below(8);
  return split == (bucket == 0 ? "test" : bucket == 1 ? "validation" : "train");
}

// Draws until `size` distinct problems of the split are there.
template <class Make>
Generated collect(const GeneratorConfig& config, uint64_t seed, Make make) {
  if (config.min_level > config.max_level) throw Error("min_level is larger than max_level", config.generator);
  Generated out;
  std::set<std::string> seen;
  constexpr uint64_t kPatience = 200000;  // draws without a new problem
  for (uint64_t draw = 0, last_new = 0; static_cast<int64_t>(out.problems.size()) < config.size; ++draw) {
    if (draw - last_new > kPatience) {
      throw Error("found only " + std::to_string(out.problems.size()) + " distinct problems of these levels", config.generator, "ask for fewer, or for more levels");
    }
    RandomStream stream({seed, name_number(config.generator), name_number(config.split), draw});
    const int64_t level = config.min_level + static_cast<int64_t>(stream.below(static_cast<uint64_t>(config.max_level - config.min_level + 1)));
    data::Problem problem;
    problem.level = level;
    problem.language = "en";
    if (!make(stream, level, problem) || !in_split(problem.prompt, config.split) || !seen.insert(problem.prompt).second) continue;
    problem.id = config.generator + "-" + config.split + "-" + std::to_string(draw);
    out.problems.push_back(std::move(problem));
    last_new = draw;
  }
  return out;
}

struct Expression {
  std::string text;
  int64_t value = 0;
  bool atom = true;
};

std::string bracketed(const Expression& e) { return e.atom ? e.text : "(" + e.text + ")"; }

// Joins all parts two by two in random order; division only where it is exact. False when no value stays in range.
bool combine(std::vector<Expression> parts, RandomStream& stream, int num_ops, Expression& out) {
  while (parts.size() > 1) {
    const size_t i = stream.below(parts.size());
    const Expression a = parts[i];
    parts.erase(parts.begin() + static_cast<int64_t>(i));
    const size_t j = stream.below(parts.size());
    const Expression b = parts[j];
    Expression joined;
    joined.atom = false;
    switch (stream.below(static_cast<uint64_t>(num_ops))) {
      case 0:
        joined.value = a.value + b.value;
        joined.text = bracketed(a) + " + " + bracketed(b);
        break;
      case 1:
        joined.value = a.value - b.value;
        joined.text = bracketed(a) + " - " + bracketed(b);
        break;
      case 2:
        joined.value = a.value * b.value;
        joined.text = bracketed(a) + " * " + bracketed(b);
        break;
      default:
        if (b.value == 0 || a.value % b.value != 0) return false;
        joined.value = a.value / b.value;
        joined.text = bracketed(a) + " / " + bracketed(b);
    }
    if (joined.value > 100000 || joined.value < -100000) return false;
    parts[j] = joined;
  }
  out = parts[0];
  return true;
}

constexpr const char* kNames[] = {"Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana"};

// "speaker says: about is a knight/knave" or "... are the same kind".
struct Statement {
  int speaker = 0, about = 0, other = 0;
  int form = 0;  // 0 knight, 1 knave, 2 same kind, 3 different kinds

  bool truth(unsigned knights) const {
    const bool a = knights >> about & 1, b = knights >> other & 1;
    return form == 0 ? a : form == 1 ? !a : form == 2 ? a == b : a != b;
  }
  std::string text() const {
    const std::string said = std::string(kNames[speaker]) + " says: ";
    if (form < 2) return said + kNames[about] + (form == 0 ? " is a knight." : " is a knave.");
    return said + kNames[about] + " and " + kNames[other] + (form == 2 ? " are of the same kind." : " are of different kinds.");
  }
};

}  // namespace

Generated generate_arithmetic(const GeneratorConfig& config, uint64_t seed) {
  return collect(config, seed, [](RandomStream& stream, int64_t level, data::Problem& problem) {
    std::vector<Expression> parts;
    for (int64_t i = 0; i < level + 1; ++i) {
      const int64_t n = 1 + static_cast<int64_t>(stream.below(99));
      parts.push_back({std::to_string(n), n});
    }
    Expression whole;
    if (!combine(parts, stream, 3, whole)) return false;
    problem.prompt = "Compute " + whole.text + ".";
    problem.answer = std::to_string(whole.value);
    problem.grader = "number";
    return true;
  });
}

Generated generate_countdown(const GeneratorConfig& config, uint64_t seed) {
  return collect(config, seed, [](RandomStream& stream, int64_t level, data::Problem& problem) {
    std::vector<Expression> parts;
    std::vector<int64_t> numbers;
    for (int64_t i = 0; i < std::max<int64_t>(2, level); ++i) {
      numbers.push_back(1 + static_cast<int64_t>(stream.below(99)));
      parts.push_back({std::to_string(numbers.back()), numbers.back()});
    }
    Expression whole;
    if (!combine(parts, stream, 4, whole) || whole.value < 10 || whole.value > 999) return false;
    std::string list;
    for (int64_t n : numbers) list += (list.empty() ? "" : ", ") + std::to_string(n);
    problem.prompt = "Using each of the numbers " + list + " exactly once, with + - * / and brackets, write an expression that equals " + std::to_string(whole.value) + ".";
    problem.answer = std::to_string(whole.value);
    problem.solution = whole.text;
    problem.grader = "countdown";
    problem.metadata = nlohmann::json{{"numbers", numbers}, {"target", whole.value}}.dump();
    return true;
  });
}

Generated generate_knights_and_knaves(const GeneratorConfig& config, uint64_t seed) {
  return collect(config, seed, [](RandomStream& stream, int64_t level, data::Problem& problem) {
    const int people = static_cast<int>(std::max<int64_t>(2, level));
    const unsigned truth = static_cast<unsigned>(stream.below(uint64_t{1} << people));
    std::vector<Statement> statements;
    for (int speaker = 0; speaker < people; ++speaker) {
      Statement s;
      s.speaker = speaker;
      do {
        s.about = static_cast<int>(stream.below(people));
      } while (s.about == speaker);
      do {
        s.other = static_cast<int>(stream.below(people));
      } while (s.other == s.about);
      s.form = static_cast<int>(stream.below(4));
      // Knights tell the truth, knaves lie: turn the statement round where it does not fit.
      if (s.truth(truth) != ((truth >> speaker & 1) != 0)) s.form ^= 1;
      statements.push_back(s);
    }
    int solutions = 0;
    for (unsigned guess = 0; guess < 1u << people; ++guess) {
      bool fits = true;
      for (const Statement& s : statements) fits &= s.truth(guess) == ((guess >> s.speaker & 1) != 0);
      solutions += fits;
    }
    if (solutions != 1) return false;
    nlohmann::json names = nlohmann::json::array(), solution = nlohmann::json::array();
    std::string answer;
    problem.prompt = "Knights always tell the truth and knaves always lie. Of " + std::to_string(people) + " people, who is what?";
    for (const Statement& s : statements) problem.prompt += " " + s.text();
    for (int i = 0; i < people; ++i) {
      const bool knight = truth >> i & 1;
      names.push_back(kNames[i]);
      solution.push_back(knight);
      answer += (i ? ", " : "") + std::string(kNames[i]) + (knight ? " is a knight" : " is a knave");
    }
    problem.answer = answer;
    problem.grader = "knights_knaves";
    problem.metadata = nlohmann::json{{"names", names}, {"solution", solution}}.dump();
    return true;
  });
}

}  // namespace reprise::datasets
