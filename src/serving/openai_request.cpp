#include "serving/openai_request.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"

namespace reprise::serving {
namespace {

using nlohmann::json;

constexpr size_t kMostNesting = 64, kMostStops = 16, kMostPrompts = 256, kMostMessages = 4096;
constexpr int64_t kMostGenerations = 128, kMostAlternatives = 20;

[[noreturn]] void refuse(const std::string& parameter, const std::string& what) { throw RequestFault{400, "'" + parameter + "' " + what, parameter, "invalid_value"}; }

// The request's members, each taken once; what is left at the end is unknown.
class Members {
 public:
  explicit Members(const json& object) : object_(object) {}

  const json* take(const std::string& name) {
    known_.push_back(name);
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  double number(const std::string& name, double otherwise, double least, double most) {
    const json* value = take(name);
    if (!value) return otherwise;
    if (!value->is_number()) refuse(name, "should be a number");
    const double x = value->get<double>();
    if (!(x >= least && x <= most)) refuse(name, "should lie between " + format_double(least) + " and " + format_double(most));
    return x;
  }
  std::optional<int64_t> whole(const std::string& name, int64_t least, int64_t most) {
    const json* value = take(name);
    if (!value) return std::nullopt;
    if (!value->is_number_integer() && !(value->is_number_float() && value->get<double>() == static_cast<double>(static_cast<int64_t>(value->get<double>())))) refuse(name, "should be a whole number");
    const double x = value->get<double>();
    if (!(x >= static_cast<double>(least) && x <= static_cast<double>(most))) refuse(name, "should lie between " + std::to_string(least) + " and " + std::to_string(most));
    return value->get<int64_t>();
  }
  bool flag(const std::string& name, bool otherwise) {
    const json* value = take(name);
    if (!value) return otherwise;
    if (!value->is_boolean()) refuse(name, "should be true or false");
    return value->get<bool>();
  }
  std::string word(const std::string& name) {
    const json* value = take(name);
    if (!value) return "";
    if (!value->is_string()) refuse(name, "should be text");
    return value->get<std::string>();
  }
  // A parameter that we do not have, at the value at which it does nothing.
  void only(const std::string& name, const json& harmless) {
    const json* value = take(name);
    if (value && *value != harmless) refuse(name, "is not supported here other than as " + harmless.dump());
  }
  void ignore(const std::string& name) { take(name); }
  void finish() const {
    for (const auto& [name, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      const auto guess = nearest(name, known_);
      throw RequestFault{400, "unknown parameter '" + name + "'" + (guess ? ": did you mean '" + *guess + "'?" : ""), name, "unknown_parameter"};
    }
  }

 private:
  const json& object_;
  std::vector<std::string> known_;
};

std::vector<int32_t> token_ids(const json& list, const std::string& name) {
  std::vector<int32_t> ids;
  for (const json& id : list) {
    if (!id.is_number_integer() || id.get<double>() < 0 || id.get<double>() > INT32_MAX) refuse(name, "holds something that is no token id");
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

void read_prompts(Members& members, ServedRequest& out) {
  const json* prompt = members.take("prompt");
  if (!prompt) refuse("prompt", "is missing");
  const auto add = [&](const json& one) {
    if (one.is_string()) out.prompts.emplace_back(one.get<std::string>());
    else if (one.is_array()) out.prompts.emplace_back(token_ids(one, "prompt"));
    else refuse("prompt", "should be text, a list of token ids, or a list of those");
  };
  const bool is_batch = prompt->is_array() && !prompt->empty() && !(*prompt)[0].is_number();
  if (!is_batch) add(*prompt);
  else if (prompt->size() > kMostPrompts) refuse("prompt", "has more than " + std::to_string(kMostPrompts) + " entries");
  else {
    for (const json& one : *prompt) add(one);
  }
}

std::string content_of(const json& message) {
  const auto content = message.find("content");
  if (content == message.end() || content->is_null()) return "";
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) refuse("messages", "has a message whose content is neither text nor a list of parts");
  std::string text;
  for (const json& part : *content) {
    if (!part.is_object() || part.value("type", json()) != "text" || !part.contains("text") || !part["text"].is_string()) refuse("messages", "has a part that is not text: only text is read here");
    text += part["text"].get<std::string>();
  }
  return text;
}

void read_messages(Members& members, ServedRequest& out) {
  const json* messages = members.take("messages");
  if (!messages || !messages->is_array() || messages->empty()) refuse("messages", "should be a list of messages");
  if (messages->size() > kMostMessages) refuse("messages", "has more than " + std::to_string(kMostMessages) + " entries");
  for (const json& message : *messages) {
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string()) refuse("messages", "has a message without a role");
    std::string role = message["role"].get<std::string>();
    if (role == "developer") role = "system";
    if (role != "system" && role != "user" && role != "assistant") refuse("messages", "has a message of the role '" + role + "': known are system, user and assistant");
    if (message.contains("tool_calls") && !message["tool_calls"].is_null()) refuse("messages", "has a message with tool calls, which are not supported here");
    out.messages.push_back({role, content_of(message)});
  }
}

void read_stops(Members& members, ServedRequest& out) {
  const json* stop = members.take("stop");
  if (!stop) return;
  if (stop->is_string()) out.sampling.stop_strings = {stop->get<std::string>()};
  else if (stop->is_array() && stop->size() <= kMostStops) {
    for (const json& one : *stop) {
      if (!one.is_string()) refuse("stop", "should be text or a list of texts");
      out.sampling.stop_strings.push_back(one.get<std::string>());
    }
  } else {
    refuse("stop", "should be text or a list of at most " + std::to_string(kMostStops) + " texts");
  }
  std::erase(out.sampling.stop_strings, "");
  for (const std::string& one : out.sampling.stop_strings) {
    if (one.size() > 64) refuse("stop", "has an entry longer than 64 bytes");
  }
}

}  // namespace

ServedRequest parse_request(std::string_view body, bool is_chat) {
  if (nesting_depth(body) > kMostNesting) throw RequestFault{400, "the request is nested too deeply", "", "invalid_json"};
  const json in = json::parse(body, nullptr, false);
  if (!in.is_object()) throw RequestFault{400, "the request is no JSON object", "", "invalid_json"};
  Members members(in);
  ServedRequest out;
  out.is_chat = is_chat;
  out.model = members.word("model");
  if (is_chat) read_messages(members, out);
  else read_prompts(members, out);
  generation::SamplingConfig& s = out.sampling;
  s.temperature = members.number("temperature", 1, 0, 100);
  s.top_p = members.number("top_p", 1, 0, 1);
  if (s.top_p == 0) refuse("top_p", "should be above 0");
  s.min_p = members.number("min_p", 0, 0, 1);
  s.top_k = std::max<int64_t>(0, members.whole("top_k", -1, 1 << 30).value_or(0));  // -1: all, as vLLM has it
  s.min_completion_length = members.whole("min_tokens", 0, 1 << 30).value_or(0);
  out.max_tokens = members.whole("max_tokens", 0, 1 << 30);
  if (is_chat) {
    if (const auto newer = members.whole("max_completion_tokens", 0, 1 << 30)) out.max_tokens = newer;
    out.add_generation_prompt = members.flag("add_generation_prompt", true);
    out.continue_final_message = members.flag("continue_final_message", false);
    if (out.continue_final_message && out.messages.back().role != "assistant") refuse("continue_final_message", "needs a last message of the assistant's");
    const bool logprobs = members.flag("logprobs", false);
    const auto top = members.whole("top_logprobs", 0, kMostAlternatives);
    if (top && !logprobs) refuse("top_logprobs", "needs logprobs: true");
    if (logprobs) out.num_alternatives = top.value_or(0);
    for (const char* name : {"tools", "functions"}) members.only(name, json::array());
    members.only("tool_choice", "none");
    members.only("parallel_tool_calls", true);
    members.only("response_format", json{{"type", "text"}});
    members.only("modalities", json::array({"text"}));
  } else {
    if (const json* logprobs = members.take("logprobs")) {
      // true is 1, false is none: as some clients write it.
      if (logprobs->is_boolean()) {
        if (logprobs->get<bool>()) out.num_alternatives = 1;
      } else if (!logprobs->is_number_integer() || logprobs->get<int64_t>() < 0 || logprobs->get<int64_t>() > kMostAlternatives) {
        refuse("logprobs", "should lie between 0 and " + std::to_string(kMostAlternatives));
      } else {
        out.num_alternatives = logprobs->get<int64_t>();
      }
    }
    out.echo = members.flag("echo", false);
    members.only("suffix", "");
  }
  out.num_generations = members.whole("n", 1, kMostGenerations).value_or(1);
  if (const auto best_of = members.whole("best_of", 1, kMostGenerations); best_of && *best_of != out.num_generations) refuse("best_of", "is not supported other than as n");
  if (const auto seed = members.whole("seed", INT64_MIN, INT64_MAX)) out.seed = static_cast<uint64_t>(*seed);
  read_stops(members, out);
  if (const json* ids = members.take("stop_token_ids")) {
    if (!ids->is_array()) refuse("stop_token_ids", "should be a list");
    out.stop_token_ids = token_ids(*ids, "stop_token_ids");
  }
  out.ignore_end = members.flag("ignore_eos", false);
  out.stream = members.flag("stream", false);
  if (const json* options = members.take("stream_options")) {
    if (!options->is_object()) refuse("stream_options", "should be an object");
    out.include_usage = options->value("include_usage", json(false)) == true;
  }
  for (const char* name : {"presence_penalty", "frequency_penalty"}) {
    if (members.number(name, 0, -2, 2) != 0) refuse(name, "is not supported here other than as 0");
  }
  if (members.number("repetition_penalty", 1, 0, 100) != 1) refuse("repetition_penalty", "is not supported here other than as 1");
  members.only("logit_bias", json::object());
  members.only("skip_special_tokens", true);
  for (const char* name : {"user", "metadata", "store", "service_tier", "safety_identifier"}) members.ignore(name);
  members.finish();
  return out;
}

}  // namespace reprise::serving
