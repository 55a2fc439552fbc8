#include "cli/problem_file.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"

namespace reprise::cli {

data::Problem read_problem_file(const fs::path& file) {
  using Json = nlohmann::ordered_json;
  const std::string text = read_file(file, size_t{8} << 20), where = file.string();
  const Json json = nesting_depth(text) > 100 ? Json(nullptr) : Json::parse(text, nullptr, false);
  if (!json.is_object()) throw Error("is no JSON object", where, "write {\"prompt\": \"...\", \"answer\": \"...\"}");
  data::Problem problem;
  Json metadata = Json::object();
  static const std::vector<std::string> known = {"id", "prompt", "question", "options", "answer", "solution", "grader", "metadata"};
  for (const auto& [key, value] : json.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const auto guess = nearest(key, known);
      throw Error("unknown key '" + key + "'", where, guess ? "did you mean '" + *guess + "'?" : "known: " + join(known, ", "));
    }
    const bool list = key == "options" && value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
    if (key == "metadata" ? !value.is_object() : !list && !value.is_string()) throw Error("'" + key + "' is of the wrong type", where, "metadata is an object, options a list of texts, the others are texts");
  }
  if (json.contains("metadata")) metadata = json["metadata"];
  const auto text_of = [&](const char* key, const std::string& otherwise) { return json.contains(key) ? json[key].get<std::string>() : otherwise; };
  problem.id = text_of("id", file.stem().string());
  problem.prompt = text_of("prompt", text_of("question", ""));
  if (problem.prompt.empty()) throw Error("has no prompt", where, "give \"prompt\", or \"question\" and \"options\"");
  problem.answer = text_of("answer", "");
  problem.solution = text_of("solution", "");
  problem.grader = text_of("grader", json.contains("options") ? "choice" : "math");
  if (json.contains("options")) {
    metadata["question"] = text_of("question", problem.prompt);
    metadata["options"] = json["options"];
  }
  problem.metadata = metadata.dump();
  return problem;
}

}  // namespace reprise::cli
