// Every generated problem has the answer that it claims, by the grader or by brute force.
#include "datasets/generators/generator.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/json.h"
#include "datasets/generators/last_digit_chains.h"
#include "grading/grader.h"

namespace reprise::datasets {
namespace {

GeneratorConfig config_of(const std::string& generator, int64_t size = 300, int64_t min_level = 3, int64_t max_level = 5) {
  GeneratorConfig config;
  config.generator = generator;
  config.size = size;
  config.min_level = min_level;
  config.max_level = max_level;
  return config;
}

grading::VerdictKind kind(const data::Problem& problem, const std::string& answer) {
  return grading::grade({problem, "<think>.</think><answer>" + answer + "</answer>"}).kind;
}

TEST(Generators, EverySolutionIsRightAndAnotherIsNot) {
  for (const auto& p : generate(config_of("countdown"), 1).problems) {
    EXPECT_EQ(kind(p, p.solution), grading::VerdictKind::correct) << p.prompt;
    EXPECT_EQ(kind(p, p.solution + " + 1"), grading::VerdictKind::incorrect);
  }
  for (const auto& p : generate(config_of("arithmetic"), 1).problems) {
    EXPECT_EQ(kind(p, p.answer), grading::VerdictKind::correct);
    EXPECT_EQ(kind(p, p.answer + "1"), grading::VerdictKind::incorrect);
  }
}

// Counted here from the text of the puzzle, without the generator's own code.
TEST(Generators, KnightsAndKnavesHaveOneSolution) {
  for (const auto& p : generate(config_of("knights_and_knaves", 200, 2, 5), 1).problems) {
    const auto metadata = nlohmann::json::parse(p.metadata);
    const std::vector<std::string> names = metadata["names"];
    const auto number = [&](const std::string& name) { return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin()); };
    int solutions = 0;
    for (unsigned guess = 0; guess < 1u << names.size(); ++guess) {
      bool fits = true;
      for (const std::string& speaker : names) {
        const size_t at = p.prompt.find(" " + speaker + " says: ");
        ASSERT_NE(at, std::string::npos);
        std::string said = p.prompt.substr(at + speaker.size() + 8);
        said = said.substr(0, said.find('.'));
        const size_t space = said.find(' ');
        const bool first = guess >> number(said.substr(0, space)) & 1;
        bool truth = false;
        if (said.find(" is a ") != std::string::npos) truth = first == (said.find("is a knight") != std::string::npos);
        else {
          const size_t second_at = said.find(" and ") + 5;
          const bool second = guess >> number(said.substr(second_at, said.find(' ', second_at) - second_at)) & 1;
          truth = (first == second) == (said.find("same kind") != std::string::npos);
        }
        fits &= truth == ((guess >> number(speaker) & 1) != 0);
      }
      if (!fits) continue;
      ++solutions;
      for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ((guess >> i & 1) != 0, metadata["solution"][i].get<bool>()) << p.prompt;
    }
    EXPECT_EQ(solutions, 1) << p.prompt;
    EXPECT_EQ(kind(p, p.answer), grading::VerdictKind::correct);
  }
}

TEST(Generators, ChainsAnswerTheirOwnPrompt) {
  for (const auto& p : generate(config_of("last_digit_chains", 500), 1).problems) {
    if (p.language != "en") continue;
    // "3 (1) plus 4 (2) times 7 ?"
    int value = -1;
    std::string op;
    std::string word;
    for (char c : p.prompt + " ") {
      if (c != ' ') {
        word += c;
        continue;
      }
      if (word == "plus" || word == "minus" || word == "times") op = word;
      else if (word.size() == 1 && std::isdigit(static_cast<unsigned char>(word[0]))) {
        const int digit = word[0] - '0';
        value = value < 0 ? digit : op == "plus" ? (value + digit) % 10 : op == "minus" ? (value - digit + 10) % 10 : value * digit % 10;
      }
      word.clear();
    }
    EXPECT_EQ(std::to_string(value), p.answer) << p.prompt;
  }
}

TEST(Generators, SplitsShareNoProblem) {
  for (const char* generator : {"last_digit_chains", "arithmetic", "countdown", "knights_and_knaves"}) {
    std::set<std::string> seen;
    size_t total = 0;
    for (const char* split : {"train", "validation", "test"}) {
      GeneratorConfig config = config_of(generator, 150);
      config.split = split;
      for (const auto& p : generate(config, 1).problems) seen.insert(p.prompt);
      total += 150;
    }
    EXPECT_EQ(seen.size(), total) << generator;
  }
}

TEST(Generators, ALargerSizeKeepsTheRowsOfASmaller) {
  for (const char* generator : {"last_digit_chains", "last_digit_chains_web", "arithmetic", "countdown", "knights_and_knaves"}) {
    const Generated few = generate(config_of(generator, 50), 7), many = generate(config_of(generator, 100), 7), other = generate(config_of(generator, 50), 8);
    const auto prompts = [](const Generated& made) {
      std::vector<std::string> all;
      for (const auto& p : made.problems) all.push_back(p.prompt);
      for (const auto& e : made.examples) all.push_back(e.prompt + e.completion);
      return all;
    };
    std::vector<std::string> first = prompts(many);
    first.resize(50);
    EXPECT_EQ(prompts(few), first) << generator;
    EXPECT_NE(prompts(few), prompts(other)) << generator;
  }
}

TEST(Generators, SayWhenASplitIsExhausted) {
  EXPECT_THROW(generate(config_of("knights_and_knaves", 10000, 2, 2), 1), Error);
  EXPECT_THROW(generate(config_of("countdown", 10, 5, 4), 1), Error);
}

}  // namespace
}  // namespace reprise::datasets
