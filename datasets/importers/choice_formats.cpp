// Multiple-choice questions. The prompt is the question and its options, a letter before each, without the spaces around them; the metadata have
// their texts as the publisher has them, in the same order, since harnesses send those, and for answers in words.
#include "base/strings.h"
#include "datasets/importers/row.h"

namespace reprise::datasets {
namespace {

constexpr size_t kMostOptions = 10;  // A to J

// A question with its options; `right` is the place of the right one.
data::Problem question(const std::string& text, const std::vector<std::string>& options, size_t right, json metadata) {
  data::Problem p;
  p.prompt = std::string(trim(text));
  for (size_t i = 0; i < options.size(); ++i) p.prompt += std::string("\n") + static_cast<char>('A' + i) + ". " + std::string(trim(options[i]));
  p.answer = std::string(1, static_cast<char>('A' + right));
  p.grader = "choice";
  p.language = "en";
  metadata["question"] = text;
  metadata["options"] = options;
  p.metadata = metadata.dump();
  return p;
}

}  // namespace

data::Problem mmlu(const json& row, const ImporterConfig&) {
  std::vector<std::string> options;
  for (const char* letter : {"A", "B", "C", "D"}) options.push_back(optional_text(row, letter));
  const std::string answer = required_text(row, "answer");
  if (answer.size() != 1 || answer[0] < 'A' || answer[0] > 'D') throw BadRow{"has the answer '" + answer + "', none of A to D"};
  data::Problem p = question(required_text(row, "question"), options, static_cast<size_t>(answer[0] - 'A'), parts_of(row, {"subject"}));
  p.id = required_text(row, "id");
  return p;
}

// Options that are "N/A" fill up lists of ten; the authors' code leaves them out (evaluate_from_local.py).
data::Problem mmlu_pro(const json& row, const ImporterConfig&) {
  const json* given = find(row, "options");
  if (!given || !given->is_array()) throw BadRow{"lacks the list 'options'"};
  std::vector<std::string> options;
  for (const json& option : *given) {
    const std::string text = text_of(option);
    if (text != "N/A") options.push_back(text);
  }
  if (options.size() < 2 || options.size() > kMostOptions) throw BadRow{"has " + std::to_string(options.size()) + " options where 2 to 10 are wanted"};
  const std::string answer = required_text(row, "answer");
  const json* index = find(row, "answer_index");
  if (answer.size() != 1 || answer[0] < 'A' || answer[0] >= static_cast<char>('A' + options.size())) throw BadRow{"has the answer '" + answer + "', none of its " + std::to_string(options.size()) + " options"};
  const auto right = static_cast<size_t>(answer[0] - 'A');
  if (index && (!index->is_number_integer() || index->get<int64_t>() != static_cast<int64_t>(right))) throw BadRow{"has an 'answer' and an 'answer_index' that differ"};
  if (right >= given->size() || text_of((*given)[right]) != options[right]) throw BadRow{"has an option 'N/A' before the right one"};
  data::Problem p = question(required_text(row, "question"), options, right, parts_of(row, {"category", "src"}));
  p.solution = optional_text(row, "cot_content");
  p.id = required_text(row, "question_id");
  return p;
}

data::Problem gpqa(const json& row, const ImporterConfig& config) {
  const std::string right_text = required_text(row, "Correct Answer");
  const std::string texts[] = {right_text, required_text(row, "Incorrect Answer 1"), required_text(row, "Incorrect Answer 2"), required_text(row, "Incorrect Answer 3")};
  std::vector<std::string> options;
  size_t right = 4;
  for (const json& place : row.at(kPermutation)) {
    const std::string& text = texts[place.get<size_t>()];
    // simple-evals looks the right option up by its text: of two equal ones the first.
    if (right == 4 && text == right_text) right = options.size();
    options.push_back(text);
  }
  json metadata = parts_of(row, {kPermutation});
  metadata["option_order"] = config.option_order;
  for (const auto& [column, key] : {std::pair("High-level domain", "domain"), std::pair("Subdomain", "subdomain")}) {
    if (const std::string text = optional_text(row, column); !trim(text).empty()) metadata[key] = std::string(trim(text));
  }
  data::Problem p = question(required_text(row, "Question"), options, right, std::move(metadata));
  p.id = std::string(trim(required_text(row, "Record ID")));
  return p;
}

}  // namespace reprise::datasets
