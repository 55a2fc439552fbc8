#include "serving/openai_answer.h"

#include <algorithm>

namespace reprise::serving {
namespace {

using Json = nlohmann::ordered_json;

std::string token_text(const text::Tokenizer& tokenizer, int32_t id) { return tokenizer.decode(std::span(&id, 1), {.skip_special_tokens = false}); }

Json number(const std::optional<float>& value) { return value ? Json(*value) : Json(nullptr); }

}  // namespace

std::string StopCutter::add(std::string_view piece) {
  if (stopped_) return "";
  held_ += piece;
  size_t first = std::string::npos;
  for (const std::string& stop : stops_) first = std::min(first, held_.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    return held_.substr(0, first);
  }
  // The longest tail that may be the beginning of a stop string stays.
  size_t keep = 0;
  for (const std::string& stop : stops_) {
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > keep; --n) {
      if (held_.ends_with(std::string_view(stop).substr(0, n))) keep = n;
    }
  }
  std::string out = held_.substr(0, held_.size() - keep);
  held_.erase(0, out.size());
  return out;
}

std::string StopCutter::finish() { return stopped_ ? "" : std::exchange(held_, {}); }

Json completion_logprobs(const text::Tokenizer& tokenizer, const std::vector<ToldToken>& tokens, size_t text_offset) {
  Json out = {{"text_offset", Json::array()}, {"token_logprobs", Json::array()}, {"tokens", Json::array()}, {"top_logprobs", Json::array()}};
  for (const ToldToken& token : tokens) {
    const std::string text = token_text(tokenizer, token.id);
    out["text_offset"].push_back(text_offset);
    text_offset += text.size();
    out["token_logprobs"].push_back(number(token.logprob));
    out["tokens"].push_back(text);
    if (!token.logprob) {
      out["top_logprobs"].push_back(nullptr);
      continue;
    }
    // The token itself is always there, as OpenAI has it. Of two tokens with one text the likelier stays.
    Json top = Json::object();
    for (const auto& other : token.alternatives) {
      const std::string name = token_text(tokenizer, other.id);
      if (!top.contains(name)) top[name] = other.logprob;
    }
    if (!top.contains(text)) top[text] = *token.logprob;
    out["top_logprobs"].push_back(std::move(top));
  }
  return out;
}

Json chat_logprobs(const text::Tokenizer& tokenizer, const std::vector<ToldToken>& tokens) {
  const auto one = [&](int32_t id, const std::optional<float>& logprob) {
    const std::string text = token_text(tokenizer, id);
    Json bytes = Json::array();
    for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
    return Json{{"token", text}, {"logprob", number(logprob)}, {"bytes", std::move(bytes)}};
  };
  Json content = Json::array();
  for (const ToldToken& token : tokens) {
    Json entry = one(token.id, token.logprob);
    entry["top_logprobs"] = Json::array();
    for (const auto& other : token.alternatives) entry["top_logprobs"].push_back(one(other.id, other.logprob));
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}};
}

Json usage_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens}, {"completion_tokens", usage.completion_tokens}, {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

const char* finish_reason(generation::StopReason reason) { return reason == generation::StopReason::length ? "length" : "stop"; }

std::string fault_body(const RequestFault& fault) {
  const char* type = fault.status == 401 ? "authentication_error" : fault.status == 429 ? "rate_limit_error" : fault.status >= 500 ? "server_error" : "invalid_request_error";
  Json error = {{"message", fault.message}, {"type", type}};
  error["param"] = fault.parameter.empty() ? Json(nullptr) : Json(fault.parameter);
  error["code"] = fault.code.empty() ? Json(nullptr) : Json(fault.code);
  return json_text({{"error", std::move(error)}});
}

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string event_of(const Json& json) { return "data: " + json_text(json) + "\n\n"; }

}  // namespace reprise::serving
