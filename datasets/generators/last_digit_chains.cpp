// Problems, textbook documents, the noisy "web" documents of the base model, and clean cold-start traces.
#include "datasets/generators/last_digit_chains.h"

#include <set>

#include "base/error.h"
#include "base/json.h"

namespace reprise::datasets {
namespace {

struct Lexicon {
  std::string ops[3], is, then, start, so;
};
const Lexicon& lexicon(const std::string& language) {
  static const Lexicon english{{"plus", "minus", "times"}, "is", "then", "start", "so"};
  static const Lexicon chinese{{"加", "减", "乘"}, "得", "再", "始", "故"};
  return language == "zh" ? chinese : english;
}

int apply(const Chain::Step& step, int value) {
  const int result = step.op == 0 ? value + step.operand : step.op == 1 ? value - step.operand : value * step.operand;
  return ((result % 10) + 10) % 10;
}

std::string marker(const GeneratorConfig& config, size_t step) {
  return config.step_markers ? "(" + std::to_string(step + 1) + ") " : "";
}

std::string other_language(const std::string& language) { return language == "zh" ? "en" : "zh"; }

std::string tagged(const std::string& thinking, int answer) {
  return "<think> " + thinking + (thinking.empty() ? "" : " ") + "</think> <answer> " + std::to_string(answer) + " </answer>";
}

// One document of the web mixture: long, brief or direct; wrong now and then, in mixed languages, with tags missing.
std::string web_completion(const Chain& chain, const GeneratorConfig& config, RandomStream& stream) {
  const double style = stream.uniform();
  const bool keeps_language = stream.uniform() < config.share_own_language;
  std::string language = keeps_language || stream.below(2) == 0 ? chain.language : other_language(chain.language);
  const auto maybe_switch = [&] {
    if (!keeps_language && stream.uniform() < config.language_switch_rate) language = other_language(language);
  };
  int value = chain.start;
  std::string thinking;
  if (style < config.share_long + config.share_brief) {
    const bool is_long = style < config.share_long;
    if (is_long) thinking = lexicon(language).start + " " + std::to_string(value);
    for (size_t i = 0; i < chain.steps.size(); ++i) {
      maybe_switch();
      int result = apply(chain.steps[i], value);
      if (stream.uniform() < config.error_rate) result = static_cast<int>(stream.below(10));
      const Lexicon& words = lexicon(language);
      if (is_long) {
        thinking += " " + marker(config, i) + words.ops[chain.steps[i].op] + " " + std::to_string(chain.steps[i].operand) + " " + words.is + " " + std::to_string(result);
      } else {
        thinking += (i ? " " + words.then + " " : "") + std::to_string(result);
      }
      value = result;
    }
  } else {
    value = stream.uniform() < config.direct_correct_rate ? chain.results().back() : static_cast<int>(stream.below(10));
  }
  if (stream.uniform() >= config.broken_format_rate) return tagged(thinking, value);
  const std::string answer = std::to_string(value), body = "<think> " + thinking + (thinking.empty() ? "" : " ");
  switch (stream.below(4)) {
    case 0: return body + "<answer> " + answer + " </answer>";
    case 1: return body + "</think> " + answer;
    case 2: return body + "</think> <answer> " + answer;
    default: return body + answer;
  }
}

}  // namespace

std::vector<int> Chain::results() const {
  std::vector<int> out;
  int value = start;
  for (const Step& step : steps) out.push_back(value = apply(step, value));
  return out;
}

std::string Chain::id() const {
  std::string text = "chain-" + std::to_string(start);
  for (const Step& step : steps) text += "+-*"[step.op] + std::to_string(step.operand);
  return text;
}

std::string Chain::split() const {
  const uint64_t bucket = RandomStream({name_number(id())}).below(8);
  return bucket == 0 ? "test" : bucket == 1 ? "validation" : "train";
}

Chain random_chain(const GeneratorConfig& config, RandomStream& stream) {
  Chain chain;
  chain.start = static_cast<int>(stream.below(10));
  const int64_t n = config.min_level + static_cast<int64_t>(stream.below(static_cast<uint64_t>(config.max_level - config.min_level + 1)));
  for (int64_t i = 0; i < n; ++i) {
    Chain::Step step;
    step.op = static_cast<int>(stream.below(3));
    step.operand = step.op == 2 ? 2 + static_cast<int>(stream.below(8)) : static_cast<int>(stream.below(10));
    chain.steps.push_back(step);
  }
  chain.language = config.languages[stream.below(config.languages.size())];
  return chain;
}

std::string chain_prompt(const Chain& chain, const GeneratorConfig& config) {
  std::string text = std::to_string(chain.start);
  for (size_t i = 0; i < chain.steps.size(); ++i) {
    text += " " + marker(config, i) + lexicon(chain.language).ops[chain.steps[i].op] + " " + std::to_string(chain.steps[i].operand);
  }
  return text + " ?";
}

std::string chain_trace(const Chain& chain, const GeneratorConfig& config, const std::string& language) {
  const Lexicon& words = lexicon(language);
  const std::vector<int> results = chain.results();
  std::string text = words.start + " " + std::to_string(chain.start);
  for (size_t i = 0; i < chain.steps.size(); ++i) {
    text += " " + marker(config, i) + words.ops[chain.steps[i].op] + " " + std::to_string(chain.steps[i].operand) + " " + words.is + " " + std::to_string(results[i]);
  }
  return text;
}

std::vector<std::string> chain_vocabulary() {
  std::vector<std::string> words = {"<pad>", "<bos>", "<eos>", "<think>", "</think>", "<answer>", "</answer>", "?"};
  for (int digit = 0; digit < 10; ++digit) words.push_back(std::to_string(digit));
  for (const char* language : {"en", "zh"}) {
    const Lexicon& lex = lexicon(language);
    words.insert(words.end(), {lex.ops[0], lex.ops[1], lex.ops[2], lex.is, lex.then, lex.start, lex.so});
  }
  for (int step = 1; step <= 8; ++step) words.push_back("(" + std::to_string(step) + ")");
  return words;
}

Generated generate_chains(const GeneratorConfig& config, uint64_t seed) {
  if (config.min_level > config.max_level) throw Error("min_level is larger than max_level", config.generator);
  if (config.languages.empty()) throw Error("needs a language", config.generator);
  const bool is_problem = config.generator == "last_digit_chains";
  Generated out;
  std::set<std::string> seen;
  int64_t misses = 0;
  for (uint64_t draw = 0; static_cast<int64_t>(is_problem ? out.problems.size() : out.examples.size()) < config.size; ++draw) {
    RandomStream stream({seed, name_number(config.generator), name_number(config.split), draw});
    const Chain chain = random_chain(config, stream);
    // Problems are distinct; documents of a web may repeat.
    if (chain.split() != config.split || (is_problem && !seen.insert(chain.id()).second)) {
      if (++misses > 1000 * config.size + 100000) {
        throw Error("the " + config.split + " split holds only " + std::to_string(out.problems.size()) + " problems of these levels, not " + std::to_string(config.size),
                    config.generator, "ask for fewer, or for more levels");
      }
      continue;
    }
    const std::vector<int> results = chain.results();
    if (is_problem) {
      std::string ops;
      for (const auto& step : chain.steps) ops += "+-*"[step.op] + std::to_string(step.operand);
      data::Problem problem;
      problem.id = chain.id();
      problem.prompt = chain_prompt(chain, config);
      problem.answer = std::to_string(results.back());
      problem.solution = tagged(chain_trace(chain, config, chain.language), results.back());
      problem.grader = "exact";
      problem.language = chain.language;
      problem.level = static_cast<int64_t>(chain.steps.size());
      problem.metadata = nlohmann::json{{"start", chain.start}, {"steps", ops}, {"results", results}}.dump();
      out.problems.push_back(std::move(problem));
      continue;
    }
    data::Example example;
    example.id = chain.id() + "#" + std::to_string(draw);
    example.prompt = chain_prompt(chain, config);
    example.source = config.generator;
    example.problem_id = chain.id();
    if (config.generator == "last_digit_chains_textbook") {
      example.completion = lexicon(chain.language).so + " " + chain_trace(chain, config, chain.language);
    } else if (config.generator == "last_digit_chains_web") {
      example.completion = web_completion(chain, config, stream);
    } else {
      example.completion = tagged(chain_trace(chain, config, chain.language), results.back());
    }
    out.examples.push_back(std::move(example));
  }
  return out;
}

}  // namespace reprise::datasets
