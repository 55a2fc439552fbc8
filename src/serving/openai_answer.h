// OpenAI's answers: whole ones, the pieces of a stream, faults.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "generation/completion.h"
#include "serving/openai_request.h"
#include "text/tokenizer.h"

namespace reprise::serving {

// Text that may be sent: what cannot become part of a stop string. Joined, the pieces are the text in front of the first stop string.
class StopCutter {
 public:
  explicit StopCutter(std::vector<std::string> stops) : stops_(std::move(stops)) {}
  std::string add(std::string_view piece);
  std::string finish();
  bool has_stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

// A token as it is told with its log-prob.
struct ToldToken {
  int32_t id = 0;
  std::optional<float> logprob;  // absent: the first of an echoed prompt
  std::vector<generation::TokenLogprob> alternatives;
};

// "logprobs" of a choice. text_offset: where the first token stands in the choice's text.
nlohmann::ordered_json completion_logprobs(const text::Tokenizer& tokenizer, const std::vector<ToldToken>& tokens, size_t text_offset);
nlohmann::ordered_json chat_logprobs(const text::Tokenizer& tokenizer, const std::vector<ToldToken>& tokens);

struct Usage {
  int64_t prompt_tokens = 0, completion_tokens = 0;
};
nlohmann::ordered_json usage_json(const Usage& usage);

// "stop" or "length".
const char* finish_reason(generation::StopReason reason);

std::string fault_body(const RequestFault& fault);
// As bytes; what is not UTF-8 becomes U+FFFD.
std::string json_text(const nlohmann::ordered_json& json);
// An event of a stream: "data: ...\n\n".
std::string event_of(const nlohmann::ordered_json& json);

}  // namespace reprise::serving
