// Bytes to columns and back, every length checked.
#include "rl/rollout_file.h"

#include <cstring>

#include "base/error.h"
#include "base/json.h"
#include "io/hdf5_file.h"

namespace reprise::rl {
namespace {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

template <class T>
std::vector<T> values_of(const std::string& bytes, const char* column, const std::string& where) {
  if (bytes.size() % sizeof(T) != 0) throw Error(std::string("column ") + column + " holds a broken row", where);
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

nlohmann::json terms_json(const std::vector<rewards::RewardTerm>& terms) {
  nlohmann::json json = nlohmann::json::array();
  for (const auto& term : terms) json.push_back({{"name", term.name}, {"value", term.value}, {"failed", term.failed}, {"reason", term.reason}});
  return json;
}

}  // namespace

std::string rollout_file_name(int64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 6 - std::min<size_t>(6, digits.size()), '0');
  return "rollout-" + digits + ".h5";
}

void write_rollout(const std::filesystem::path& path, const RecordedRollout& rollout) {
  io::Hdf5Content content;
  content.attributes = {{"kind", "rollout"}, {"number", std::to_string(rollout.number)}, {"weights_hash", rollout.weights_hash}};
  for (const char* name : {"problem_id", "prompt_ids", "completion_ids", "behavior_logprobs", "stop_reason", "terms", "verdict", "reward"}) content.text_columns[name];
  for (const char* name : {"group", "sample_index"}) content.integer_columns[name];
  for (const RecordedSample& s : rollout.samples) {
    content.text_columns["problem_id"].push_back(s.problem_id);
    content.integer_columns["group"].push_back(s.group);
    content.integer_columns["sample_index"].push_back(s.sample_index);
    content.text_columns["prompt_ids"].push_back(bytes_of(s.prompt_ids));
    content.text_columns["completion_ids"].push_back(bytes_of(s.completion_ids));
    content.text_columns["behavior_logprobs"].push_back(bytes_of(s.behavior_logprobs));
    content.text_columns["stop_reason"].push_back(generation::to_string(s.stop_reason));
    content.text_columns["terms"].push_back(terms_json(s.score.terms).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    content.text_columns["verdict"].push_back(grading::to_string(s.score.verdict.kind));
    content.text_columns["reward"].push_back(nlohmann::json(s.score.reward).dump());  // all digits
  }
  io::write_hdf5(path, content);
}

RecordedRollout read_rollout(const std::filesystem::path& path) {
  const std::string where = path.string();
  const io::Hdf5Content content = io::read_hdf5(path);
  const auto attribute = [&](const char* name) {
    const auto found = content.attributes.find(name);
    if (found == content.attributes.end()) throw Error(std::string("is not a rollout: no attribute ") + name, where);
    return found->second;
  };
  if (attribute("kind") != "rollout") throw Error("is not a rollout", where);
  const auto text = [&](const char* name) -> const std::vector<std::string>& {
    const auto found = content.text_columns.find(name);
    if (found == content.text_columns.end()) throw Error(std::string("is not a rollout: no column ") + name, where);
    return found->second;
  };
  const auto integers = [&](const char* name) -> const std::vector<int64_t>& {
    const auto found = content.integer_columns.find(name);
    if (found == content.integer_columns.end()) throw Error(std::string("is not a rollout: no column ") + name, where);
    return found->second;
  };
  const size_t count = text("problem_id").size();
  for (const auto& [name, column] : content.text_columns) {
    if (column.size() != count) throw Error("column " + name + " has " + std::to_string(column.size()) + " rows, problem_id " + std::to_string(count), where);
  }
  for (const auto& [name, column] : content.integer_columns) {
    if (column.size() != count) throw Error("column " + name + " has " + std::to_string(column.size()) + " rows, problem_id " + std::to_string(count), where);
  }
  RecordedRollout rollout;
  rollout.weights_hash = attribute("weights_hash");
  try {
    rollout.number = std::stoll(attribute("number"));
    for (size_t i = 0; i < count; ++i) {
      RecordedSample s;
      s.problem_id = text("problem_id")[i];
      s.group = integers("group")[i];
      s.sample_index = integers("sample_index")[i];
      s.prompt_ids = values_of<int32_t>(text("prompt_ids")[i], "prompt_ids", where);
      s.completion_ids = values_of<int32_t>(text("completion_ids")[i], "completion_ids", where);
      s.behavior_logprobs = values_of<float>(text("behavior_logprobs")[i], "behavior_logprobs", where);
      if (s.behavior_logprobs.size() != s.completion_ids.size()) throw Error("row " + std::to_string(i) + " has not one log-prob a token", where);
      const auto find_kind = [&](const char* column, auto&& kinds) {
        for (auto kind : kinds) {
          if (text(column)[i] == to_string(kind)) return kind;
        }
        throw Error("row " + std::to_string(i) + " has an unknown " + column + " '" + text(column)[i].substr(0, 40) + "'", where);
      };
      s.stop_reason = find_kind("stop_reason", std::vector{generation::StopReason::eos, generation::StopReason::stop_string, generation::StopReason::length});
      using grading::VerdictKind;
      s.score.verdict.kind = find_kind("verdict", std::vector{VerdictKind::correct, VerdictKind::incorrect, VerdictKind::unverifiable, VerdictKind::no_answer});
      s.score.reward = nlohmann::json::parse(text("reward")[i]).get<double>();
      for (const auto& term : nlohmann::json::parse(text("terms")[i])) {
        s.score.terms.push_back({term.at("name"), term.at("value"), term.at("failed"), term.at("reason")});
      }
      rollout.samples.push_back(std::move(s));
    }
  } catch (const nlohmann::json::exception& fault) {
    throw Error(std::string("holds broken JSON (") + fault.what() + ")", where);
  } catch (const std::logic_error&) {
    throw Error("its number is none", where);
  }
  return rollout;
}

}  // namespace reprise::rl
