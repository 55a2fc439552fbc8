// From a task and a problem to the very prompt: messages for a chat model, or text for a model that completes. Pure: the same task, problem and
// shots give the same bytes, which tests/golden/prompts.json holds against the harnesses themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/problem.h"
#include "evaluation/harness/prompt_preset.h"
#include "text/chat_template.h"

namespace reprise::evaluation {

struct AskedPrompt {
  bool is_chat = false;
  std::vector<text::ChatMessage> messages;  // chat: ends with a user's message
  std::string assistant_prefix;             // chat: what the answer starts with, written into the assistant's turn
  std::string text;                         // completion: all of it, the prefix included
  std::vector<std::string> stop_strings;    // the model's own end of a turn stops it besides
  std::vector<std::string> continuations;   // not empty: to be compared by likelihood, nothing is sampled
  std::vector<std::string> shot_ids;        // of shots from a pool, in their order
};

// Where shots come from. Kept by its owner: pools are read once.
class ShotSource {
 public:
  virtual ~ShotSource() = default;
  // The pool's problems in their file's order. Throws Error where the file is not there.
  virtual const std::vector<data::Problem>& pool(const ShotPool& pool) const = 0;
  // The problem's place in its benchmark, from 0: shots drawn at random depend on it.
  virtual int64_t place(const data::Problem& problem) const = 0;
};

// Knows no pool: enough for tasks without shots and for fixed exemplars.
class NoShotSource : public ShotSource {
 public:
  const std::vector<data::Problem>& pool(const ShotPool& pool) const override;
  int64_t place(const data::Problem& problem) const override;
};

struct AskOptions {
  std::optional<std::string> form;    // chat or completion, where it should not be the task's own
  std::optional<int64_t> num_shots;   // likewise
};

// What a template may name: id, prompt, question, options, answer, solution, level, language, metadata (an object), row (the publisher's own, where
// the metadata have it). `question` is the prompt without its options, which stand in `options` without their letters.
// with_row = false leaves `row` out, which can be large. Throws Error for metadata that are nested too deeply.
nlohmann::ordered_json prompt_context(const data::Problem& problem, bool with_row = true);

// Throws Error where a template names what the problem does not have, where shots are wanted and there are not enough.
AskedPrompt ask(const PromptTask& task, const data::Problem& problem, const ShotSource& shots, const AskOptions& options = {});
// By the preset's task for that benchmark. Throws Error where it has none.
AskedPrompt ask(const PromptPreset& preset, const std::string& benchmark, const data::Problem& problem, const ShotSource& shots, const AskOptions& options = {});

// One text for all of a prompt, and its SHA-256: reports pin it. Each part stands behind its name and length.
std::string canonical_text(const AskedPrompt& prompt);
std::string prompt_sha256(const AskedPrompt& prompt);

}  // namespace reprise::evaluation
