// Where the samples of an evaluation come from: the engine beside this program, or a server that speaks OpenAI's protocol.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "generation/sampling_config.h"
#include "text/chat_template.h"

namespace reprise::serving {

// One sample to be drawn.
struct Task {
  std::string problem;                      // for messages
  uint64_t problem_number = 0;              // in the random path: (seed, problem_number, sample_index)
  int64_t sample_index = 0;
  bool is_chat = false;
  std::vector<text::ChatMessage> messages;  // chat
  std::string text;                         // no chat: the prompt as it stands
  std::string assistant_prefix;             // what the answer is made to start with; no part of the completion
  std::vector<std::string> stop_strings;
  std::vector<std::string> continuations;   // not empty: nothing is sampled, the likeliest of these is the completion
};

struct Drawn {
  size_t task = 0;                 // its place in the list
  std::string completion;          // without the stop string that ended it
  std::string reasoning;           // where a server tells it apart
  std::string stop_reason;         // "stop", "length", or what else a server says
  int64_t num_prompt_tokens = -1, num_cached_tokens = -1, num_tokens = -1;  // -1: not told
  nlohmann::json details = nlohmann::json::object();  // seed, seconds, what the server said of itself
};

class Backend {
 public:
  virtual ~Backend() = default;
  // {"model": {...}, "engine": {...}}: what a sample's key rests on beside its prompt and sampling.
  virtual nlohmann::json identity() const = 0;
  // What is asked, as bytes: the very text that the model reads where it is known here, else the request's own part of it.
  virtual std::string prompt_bytes(const Task& task) const = 0;
  // Draws them all under these keys, many at once; each is handed to `keep` from the calling thread as it comes, in any order. `stop` is asked often: true gives up
  // and throws Interrupted; what was kept is kept. Throws Error where no more can come.
  virtual void draw(const std::vector<Task>& tasks, const generation::SamplingConfig& sampling, const std::function<void(Drawn&&)>& keep, const std::function<bool()>& stop) = 0;
};

}  // namespace reprise::serving
