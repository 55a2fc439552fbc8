// What OpenAI's protocol may ask of us (POST /v1/completions and /v1/chat/completions), read strictly: a parameter that would change the answer and that
// we do not have is refused by name, never passed over. Beyond OpenAI's own: top_k, min_p, min_tokens, ignore_eos, stop_token_ids, add_generation_prompt
// and continue_final_message, with vLLM's names and meanings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "generation/sampling_config.h"
#include "text/chat_template.h"

namespace reprise::serving {

// A fault of the request, answered with its status.
struct RequestFault {
  int status = 400;
  std::string message, parameter, code;
};

struct ServedRequest {
  bool is_chat = false;
  std::string model;                                                   // "" where none is named
  std::vector<std::variant<std::string, std::vector<int32_t>>> prompts;  // completions: texts or ids
  std::vector<text::ChatMessage> messages;                             // chat
  bool add_generation_prompt = true, continue_final_message = false;
  int64_t num_generations = 1;
  generation::SamplingConfig sampling;                                 // max_completion_length is max_tokens, where it is told
  std::optional<int64_t> max_tokens;
  std::optional<uint64_t> seed;
  std::vector<int32_t> stop_token_ids;
  bool ignore_end = false;
  bool stream = false, include_usage = false, echo = false;
  std::optional<int64_t> num_alternatives;                             // of log-probs; absent: none are told
};

// Throws RequestFault.
ServedRequest parse_request(std::string_view body, bool is_chat);

}  // namespace reprise::serving
