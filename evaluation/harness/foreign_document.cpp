// What the readers of the formats share.
#include "evaluation/harness/foreign_document.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"

namespace reprise::evaluation {

using nlohmann::json;

namespace {
constexpr size_t kMaxResultsBytes = size_t{256} << 20;
constexpr size_t kMaxDepth = 100;
}  // namespace

const json* part(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string plain_text(const json* value) {
  if (!value) return "";
  if (value->is_string()) return value->get<std::string>();
  if (value->is_number_integer()) return value->dump();
  if (value->is_number()) return condition_text(value->get<double>());
  if (value->is_array() && value->size() == 1) return plain_text(&(*value)[0]);
  return "";
}

std::optional<double> number_of(const json* value) {
  if (!value) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>() ? 1 : 0;
  if (value->is_number()) return value->get<double>();
  return std::nullopt;
}

std::string condition_text(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return std::to_string(static_cast<int64_t>(value));
  return format_double(value);
}

std::vector<std::string> problem_texts(const json& document) {
  std::vector<std::string> out;
  std::string options;
  for (const char* key : {"choices", "options"}) {
    const json* list = part(document, key);
    if (list && list->is_object()) list = part(*list, "text");  // ARC's layout
    if (!list || !list->is_array() || !options.empty()) continue;
    char letter = 'A';
    for (const json& option : *list) options += std::string("\n") + letter++ + ". " + plain_text(&option);
  }
  for (const char* key : {"problem", "Problem", "question", "Question", "prompt", "text", "query", "input", "instruction", "description"}) {
    const json* value = part(document, key);
    if (!value || !value->is_string()) continue;
    if (!options.empty()) out.push_back(value->get<std::string>() + options);
    out.push_back(value->get<std::string>());
  }
  return out;
}

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') out += c;
  }
  return out;
}

std::optional<bool> finished_by(const std::string& reason) {
  if (reason == "stop" || reason == "eos" || reason == "eos_token" || reason == "stop_sequence" || reason == "end_turn") return true;
  if (reason == "length" || reason == "max_tokens") return false;
  return std::nullopt;
}

std::optional<json> read_results(const std::filesystem::path& file) {
  if (!is_file(file)) return std::nullopt;
  const std::string text = read_file(file, kMaxResultsBytes);
  if (nesting_depth(text) > kMaxDepth) throw Error("is nested too deeply", file.string(), "it should be a harness's results");
  json out = json::parse(text, nullptr, false);
  if (!out.is_object()) throw Error("is not JSON", file.string(), "it should be the results of the run beside which it lies; move it away to go on without");
  return out;
}

std::string letter_of_greatest(const std::vector<double>& values) {
  const auto greatest = std::max_element(values.begin(), values.end());
  const auto place = greatest - values.begin();
  return values.empty() || place >= 26 ? "" : std::string(1, static_cast<char>('A' + place));
}

}  // namespace reprise::evaluation
