// open-r1's generations, and plain rows. OpenR1-Math-220k: `generations` with `correctness_math_verify`, `finish_reasons` (null in the rows drawn
// first). CodeForces-CoTs: one `generation` a row, several rows a problem. generate_reasoning.py: the row it was given, with `generations`,
// `finish_reasons` and `api_metadata`. open_r1.generate: distilabel's `generation`, a list where generations are grouped, with `model_name`.
#include "base/error.h"
#include "base/strings.h"
#include "evaluation/harness/foreign_document.h"

namespace reprise::evaluation {
namespace {

using nlohmann::json;

// The part of a list that belongs to sample i of n; null where there is no list. Throws Error for one of another length.
const json* of_sample(const json& row, const char* key, size_t i, size_t n) {
  const json* list = part(row, key);
  if (!list || !list->is_array()) return nullptr;
  if (list->size() != n) throw Error("has " + std::to_string(n) + " generations and " + std::to_string(list->size()) + " '" + key + "'");
  return (*list)[i].is_null() ? nullptr : &(*list)[i];
}

std::optional<int64_t> tokens_in(const json* metadata) {
  if (!metadata || !metadata->is_object()) return std::nullopt;
  if (const auto count = number_of(part(*metadata, "completion_tokens")); count && *count >= 0 && *count < 1e15) return static_cast<int64_t>(*count);
  // distilabel: {"statistics_text_generation_0": {"input_tokens": ..., "output_tokens": ...}}
  for (const auto& [name, value] : metadata->items()) {
    if (!name.starts_with("statistics_")) continue;
    if (const auto count = number_of(part(value, "output_tokens")); count && *count >= 0 && *count < 1e15) return static_cast<int64_t>(*count);
  }
  return std::nullopt;
}

// The part at a path of keys and indices.
const json* at_path(const json& row, const std::string& path) {
  const json* at = &row;
  for (const std::string& key : split(path, '.')) {
    if (at->is_array()) {
      const auto index = parse_int(key);
      if (!index || *index < 0 || *index >= static_cast<int64_t>(at->size())) return nullptr;
      at = &(*at)[static_cast<size_t>(*index)];
    } else if (!(at = part(*at, key.c_str()))) {
      return nullptr;
    }
  }
  return at->is_null() ? nullptr : at;
}

// Without an id, rows are of one document where their problems are the same but for blanks.
void set_key(ForeignDocument& out) {
  out.key = out.id;
  if (!out.key.empty() || out.texts.empty()) return;
  out.key = without_blanks(out.texts[0]);
  out.key_is_id = out.key.empty();
}

std::optional<bool> truth_of(const json* value) {
  if (!value) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  if (value->is_number() && (*value == 0 || *value == 1)) return *value == 1;
  throw Error("has a verdict that is neither true nor false");
}

}  // namespace

ForeignDocument read_open_r1_row(const json& row) {
  ForeignDocument out;
  out.texts = problem_texts(row);
  if (const json* instruction = part(row, "instruction"); out.texts.empty() && instruction) out.texts.push_back(plain_text(instruction));
  for (const char* key : {"uuid", "id", "problem_id"}) {
    if (out.id.empty()) out.id = plain_text(part(row, key));
  }
  set_key(out);
  out.gold = plain_text(part(row, "answer"));
  out.model = plain_text(part(row, "model_name"));
  out.prompt = plain_text(part(row, "prompt"));
  const bool is_list = part(row, "generations") != nullptr;
  const json* generations = is_list ? part(row, "generations") : part(row, "generation");
  if (!generations) throw Error("lacks 'generations' and 'generation'");
  if (!generations->is_array()) {
    out.has_more_samples = true;  // one generation a row
    if (!generations->is_string()) throw Error("has a 'generation' that is no text");
    ForeignSample sample{.text = generations->get<std::string>(), .num_tokens = tokens_in(part(row, "api_metadata"))};
    if (!sample.num_tokens) sample.num_tokens = tokens_in(part(row, "distilabel_metadata"));
    if (const json* reason = part(row, "finish_reason")) sample.finished = finished_by(plain_text(reason));
    out.samples.push_back(std::move(sample));
    return out;
  }
  const size_t n = generations->size();
  for (size_t i = 0; i < n; ++i) {
    const json& text = (*generations)[i];
    if (!text.is_string()) {
      ++out.num_missing;
      continue;
    }
    ForeignSample sample{.text = text.get<std::string>()};
    for (const char* key : {"correctness_math_verify", "correctness_llama"}) {
      if (const json* verdict = of_sample(row, key, i, n); verdict && !sample.correct) {
        sample.correct = truth_of(verdict);
        sample.correct_by = std::string_view(key).substr(12);
      }
    }
    if (const json* reason = of_sample(row, "finish_reasons", i, n)) sample.finished = finished_by(plain_text(reason));
    for (const char* key : {"api_metadata", "distilabel_metadata"}) {
      if (!sample.num_tokens) sample.num_tokens = tokens_in(of_sample(row, key, i, n));
    }
    out.samples.push_back(std::move(sample));
  }
  out.protocol["num_generations"] = std::to_string(n);
  return out;
}

ForeignDocument read_plain_row(const json& row, const ForeignOptions& options) {
  ForeignDocument out;
  const auto wanted = [&](const std::string& path) -> const json& {
    const json* value = at_path(row, path);
    if (!value) throw Error("lacks '" + path + "'");
    return *value;
  };
  if (!options.problem_field.empty()) out.texts.push_back(plain_text(&wanted(options.problem_field)));
  if (!options.id_field.empty()) out.id = plain_text(&wanted(options.id_field));
  if (!options.answer_field.empty()) out.gold = plain_text(&wanted(options.answer_field));
  set_key(out);
  out.has_more_samples = true;
  const json& completions = wanted(options.completion_field);
  const json* verdicts = options.correct_field.empty() ? nullptr : &wanted(options.correct_field);
  const size_t n = completions.is_array() ? completions.size() : 1;
  if (verdicts && verdicts->is_array() && (!completions.is_array() || verdicts->size() != n)) throw Error("has " + std::to_string(n) + " completions and " + std::to_string(verdicts->size()) + " verdicts");
  if (verdicts && !verdicts->is_array() && completions.is_array()) throw Error("has a list of completions and one verdict");
  for (size_t i = 0; i < n; ++i) {
    const json& text = completions.is_array() ? completions[i] : completions;
    if (text.is_null()) {
      ++out.num_missing;
      continue;
    }
    if (!text.is_string()) throw Error("has a completion that is no text at '" + options.completion_field + "'");
    ForeignSample sample{.text = text.get<std::string>()};
    if (verdicts) {
      const json& verdict = verdicts->is_array() ? (*verdicts)[i] : *verdicts;
      sample.correct = verdict.is_null() ? std::nullopt : truth_of(&verdict);
      sample.correct_by = options.correct_field;
    }
    out.samples.push_back(std::move(sample));
  }
  return out;
}

}  // namespace reprise::evaluation
