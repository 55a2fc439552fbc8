// Hugging Face chat templates: a Jinja interpreter of the size they need (transformers' environment:
// trim_blocks, lstrip_blocks, loop controls, tojson, raise_exception, strftime_now), checked against jinja2.
// Bounded: steps, output size and recursion have limits, so a hostile template is an Error, never a hang.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace reprise::text {

struct ChatMessage {
  std::string role;     // system, user, assistant
  std::string content;
};

class ChatTemplate {
 public:
  // Throws Error with the line of a syntax error.
  static ChatTemplate parse(std::string_view source, const std::string& name_for_errors);
  // context: messages, add_generation_prompt, bos_token, eos_token, tools, ... exactly as transformers passes them.
  // strict: a name that the context lacks is an Error where it would be written, not nothing.
  std::string render(const nlohmann::ordered_json& context, bool strict = false) const;
  std::string render(const std::vector<ChatMessage>& messages, bool add_generation_prompt,
                     const std::string& bos_token, const std::string& eos_token) const;

 private:
  struct Program;
  std::shared_ptr<const Program> program_;
};

}  // namespace reprise::text
