// The instructions of one prompt, held against one response or its eight forms.
#include "grading/instructions/ifeval.h"

#include <algorithm>
#include <vector>

#include "grading/instructions/rules.h"
#include "text/letter_case.h"

namespace reprise::grading {
namespace {

using instructions::Arguments;
using instructions::Rule;

struct Instruction {
  const Rule* rule = nullptr;
  Arguments arguments;
};

// The instructions of a prompt, or what is wrong with them.
std::string read_instructions(const nlohmann::json& metadata, std::vector<Instruction>& out) {
  const auto list = [&](const char* key) -> const nlohmann::json* {
    const auto found = metadata.is_object() ? metadata.find(key) : metadata.end();
    return found != metadata.end() && found->is_array() ? &*found : nullptr;
  };
  const nlohmann::json *ids = list("instruction_id_list"), *kwargs = list("kwargs");
  if (!ids || !kwargs || ids->size() != kwargs->size() || ids->empty()) return "lacks 'instruction_id_list' and 'kwargs' of one length";
  for (size_t i = 0; i < ids->size(); ++i) {
    if (!(*ids)[i].is_string() || !((*kwargs)[i].is_object() || (*kwargs)[i].is_null())) return "has instructions or kwargs of the wrong type";
    const std::string& id = (*ids)[i].get_ref<const std::string&>();
    Instruction one{instructions::find_rule(id), {}};
    if (!one.rule) return "has the instruction '" + id + "', which is none of IFEval's 25";
    const std::string fault = one.rule->read((*kwargs)[i].is_null() ? nlohmann::json::object() : (*kwargs)[i], one.arguments);
    if (!fault.empty()) return fault + " for " + id;
    out.push_back(std::move(one));
  }
  return "";
}

std::vector<std::u32string> forms_of(const std::u32string& response) {
  const std::u32string_view whole = response;
  const size_t first = whole.find(U'\n'), last = whole.rfind(U'\n');
  const bool one_line = first == std::u32string_view::npos;
  const std::u32string_view without_first = one_line ? std::u32string_view() : whole.substr(first + 1), without_last = one_line ? std::u32string_view() : whole.substr(0, last);
  const std::u32string_view without_both = one_line || first == last ? std::u32string_view() : whole.substr(first + 1, last - first - 1);
  std::vector<std::u32string> out = {response};
  for (const std::u32string_view part : {without_first, without_last, without_both}) out.emplace_back(text::strip(part));
  for (size_t i = 0; i < 4; ++i) {
    std::u32string plain = out[i];
    std::erase(plain, U'*');
    out.push_back(std::move(plain));
  }
  return out;
}

Verdict graded(const data::Problem& problem, const std::string& response, bool loose) {
  std::vector<Instruction> asked;
  const std::string fault = read_instructions(nlohmann::json::parse(problem.metadata, nullptr, false), asked);
  if (!fault.empty()) return {VerdictKind::unverifiable, "", "the problem " + fault};
  const std::u32string whole = text::code_points(response);
  if (text::strip(whole).empty()) return {VerdictKind::no_answer, "", "a blank response"};
  const std::vector<std::u32string> forms = loose ? forms_of(whole) : std::vector<std::u32string>{whole};
  const Rule* broken = nullptr;
  size_t num_followed = 0;
  for (const Instruction& one : asked) {
    const bool follows = std::ranges::any_of(forms, [&](const std::u32string& form) { return !text::strip(form).empty() && one.rule->follows(one.arguments, form); });
    num_followed += follows;
    if (!follows && !broken) broken = one.rule;
  }
  const std::string count = std::to_string(num_followed) + " of " + std::to_string(asked.size());
  const std::string how = loose ? "loose: " : "strict: ";
  if (!broken) return {VerdictKind::correct, "", how + "follows " + count};
  return {VerdictKind::incorrect, "", how + "breaks " + broken->id + "; follows " + count};
}

}  // namespace

Verdict grade_ifeval_strict(const data::Problem& problem, const std::string& response) { return graded(problem, response, false); }
Verdict grade_ifeval_loose(const data::Problem& problem, const std::string& response) { return graded(problem, response, true); }

std::string instructions::fault_of(const nlohmann::json& metadata) {
  std::vector<Instruction> ignored;
  return read_instructions(metadata, ignored);
}

}  // namespace reprise::grading
