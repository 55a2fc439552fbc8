// Rendering: contexts of problems, shots by their rule, and the two forms.
#include "evaluation/harness/prompt_ask.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/hash.h"
#include "base/python_random.h"
#include "base/strings.h"

namespace reprise::evaluation {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxNesting = 100;  // of metadata: templates walk it recursively

Json read_json(const data::Problem& problem, const std::string& text) {
  if (nesting_depth(text) > kMaxNesting) throw Error("its metadata are nested too deeply", "problem " + problem.id, "keep them below " + std::to_string(kMaxNesting) + " levels");
  return Json::parse(text, nullptr, false);
}

Json metadata_of(const data::Problem& problem) {
  Json metadata = read_json(problem, problem.metadata.empty() ? "{}" : problem.metadata);
  return metadata.is_object() ? metadata : Json::object();
}

// Importers write a choice as its question and a line "A. ..." for each option. Taken apart from the end: a question may hold such lines itself.
void split_options(const std::string& prompt, Json& context) {
  std::array<std::string, 4> options;
  size_t end = prompt.size();
  for (size_t i = 4; i-- > 0;) {
    const std::string mark = {'\n', static_cast<char>('A' + i), '.', ' '};
    const size_t at = end == 0 ? std::string::npos : prompt.rfind(mark, end - 1);
    if (at == std::string::npos) return;
    options[i] = prompt.substr(at + mark.size(), end - at - mark.size());
    end = at;
  }
  context["question"] = prompt.substr(0, end);
  context["options"] = options;
}

const std::string* text_in(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get_ptr<const std::string*>() : nullptr;
}

// Indices into a pool of `size`, as Python draws them for the problem at `place`: one generator for all problems, in their order.
std::vector<size_t> drawn_at_random(int64_t seed, int64_t place, size_t size, size_t count) {
  PythonRandom random(seed);
  std::vector<size_t> drawn;
  for (int64_t i = 0; i <= place; ++i) drawn = random.sample(size, count);
  return drawn;
}

[[noreturn]] void too_few(const PromptTask& task, size_t there, int64_t wanted, const std::string& where) {
  throw Error("the task '" + task.name + "' wants " + std::to_string(wanted) + " shots, and " + std::to_string(there) + " are there", where, "ask for fewer shots");
}

std::vector<const data::Problem*> shots_of(const PromptTask& task, const data::Problem& problem, const ShotSource& source, int64_t wanted) {
  const ShotRule& rule = task.shots;
  std::vector<const data::Problem*> out;
  if (wanted == 0) return out;
  if (!rule.exemplars.empty()) {
    if (wanted > static_cast<int64_t>(rule.exemplars.size())) too_few(task, rule.exemplars.size(), wanted, rule.exemplars_name);
    for (int64_t i = 0; i < wanted; ++i) out.push_back(&rule.exemplars[static_cast<size_t>(i)]);
    return out;
  }
  if (rule.pool.importer.empty()) throw Error("the task '" + task.name + "' has no shots", "", "ask without shots");
  std::vector<const data::Problem*> pool;
  const Json own = metadata_of(problem);
  const std::string* same = rule.pool.same.empty() ? nullptr : text_in(own, rule.pool.same);
  if (!rule.pool.same.empty() && !same) throw Error("has no '" + rule.pool.same + "' in its metadata", "problem " + problem.id, "shots of the task '" + task.name + "' are chosen by it");
  for (const data::Problem& one : source.pool(rule.pool)) {
    if (same) {
      const Json metadata = metadata_of(one);
      const std::string* theirs = text_in(metadata, rule.pool.same);
      if (!theirs || *theirs != *same) continue;
    }
    pool.push_back(&one);
  }
  if (rule.choose == "ids") {
    if (wanted > static_cast<int64_t>(rule.ids.size())) too_few(task, rule.ids.size(), wanted, rule.pool.path);
    for (int64_t i = 0; i < wanted; ++i) {
      const std::string& id = rule.ids[static_cast<size_t>(i)];
      const auto found = std::find_if(pool.begin(), pool.end(), [&](const data::Problem* one) { return one->id == id; });
      if (found == pool.end()) throw Error("has no problem '" + id + "'", rule.pool.path, "the task '" + task.name + "' shows it: is it the publisher's own file?");
      out.push_back(*found);
    }
    return out;
  }
  if (rule.choose == "random") {
    if (wanted > static_cast<int64_t>(pool.size())) too_few(task, pool.size(), wanted, rule.pool.path);
    for (const size_t index : drawn_at_random(rule.seed, source.place(problem), pool.size(), static_cast<size_t>(wanted))) out.push_back(pool[index]);
    return out;
  }
  for (const data::Problem* one : pool) {
    if (static_cast<int64_t>(out.size()) == wanted) break;
    if (one->id != problem.id || one->prompt != problem.prompt) out.push_back(one);
  }
  if (static_cast<int64_t>(out.size()) < wanted) too_few(task, out.size(), wanted, rule.pool.path);
  return out;
}

}  // namespace

const std::vector<data::Problem>& NoShotSource::pool(const ShotPool& pool) const { throw Error("shots come from a file that is not given", pool.path, "ask without shots"); }
int64_t NoShotSource::place(const data::Problem&) const { return 0; }

Json prompt_context(const data::Problem& problem, bool with_row) {
  Json context = {{"id", problem.id},       {"prompt", problem.prompt}, {"question", problem.prompt}, {"answer", problem.answer}, {"solution", problem.solution},
                  {"level", problem.level}, {"language", problem.language}};
  Json metadata = metadata_of(problem);
  if (problem.grader == "choice") split_options(problem.prompt, context);
  // A publisher's own question and options, where the importer kept them, come before what the prompt can be taken apart into.
  if (metadata.contains("options") && metadata["options"].is_array()) {
    context["options"] = metadata["options"];
    if (const std::string* question = text_in(metadata, "question")) context["question"] = *question;
  }
  if (const std::string* row = text_in(metadata, "row")) {
    if (Json read = with_row ? read_json(problem, *row) : Json(); read.is_object()) context["row"] = std::move(read);
    metadata.erase("row");
  }
  context["metadata"] = std::move(metadata);
  return context;
}

AskedPrompt ask(const PromptTask& task, const data::Problem& problem, const ShotSource& source, const AskOptions& options) {
  const int64_t wanted = options.num_shots.value_or(task.shots.num);
  if (wanted < 0) throw Error("a negative number of shots", "", "ask for 0 or more");
  if (wanted > 0 && task.answer.source.empty()) throw Error("the task '" + task.name + "' has no shots", "", "ask without shots");
  const std::string form = options.form.value_or(task.form);
  if (form != "chat" && form != "completion") throw Error("there is no form '" + form + "'", "", "chat or completion");

  AskedPrompt out;
  out.is_chat = form == "chat";
  out.stop_strings = task.stop;
  // Rows of HumanEval+ hold a megabyte of tests: read only for a template that names them.
  bool with_row = false;
  for (const PromptTemplate* one : {&task.system, &task.question, &task.answer, &task.prefix}) with_row |= one->source.find("row") != std::string::npos;
  const Json context = prompt_context(problem, with_row);
  const std::string system = task.system.render(context), question = task.question.render(context), prefix = task.prefix.render(context);
  struct Shot {
    std::string question, answer;
  };
  std::vector<Shot> shots;
  for (const data::Problem* shot : shots_of(task, problem, source, wanted)) {
    const Json own = prompt_context(*shot, with_row);
    shots.push_back({task.question.render(own), task.answer.render(own)});
    out.shot_ids.push_back(shot->id);
  }
  std::string shown;  // the shots in one text
  for (const Shot& shot : shots) shown += shot.question + task.between + shot.answer + task.after;
  for (const std::string& choice : task.choices) out.continuations.push_back(out.is_chat ? choice : task.between + choice);

  if (!out.is_chat) {
    out.text = system + shown + question + prefix;
    return out;
  }
  out.assistant_prefix = prefix;
  if (!system.empty()) out.messages.push_back({"system", system});
  if (task.shots_in == "message") {
    out.messages.push_back({"user", shown + question});
    return out;
  }
  for (Shot& shot : shots) {
    out.messages.push_back({"user", std::move(shot.question)});
    out.messages.push_back({"assistant", std::move(shot.answer)});
  }
  out.messages.push_back({"user", question});
  return out;
}

AskedPrompt ask(const PromptPreset& preset, const std::string& benchmark, const data::Problem& problem, const ShotSource& shots, const AskOptions& options) {
  if (const PromptTask* task = preset.task_for(benchmark)) return ask(*task, problem, shots, options);
  throw Error("the preset '" + preset.id + "' does not ask '" + benchmark + "'", "", "`reprise evaluate presets " + preset.id + "` lists what it asks");
}

std::string canonical_text(const AskedPrompt& prompt) {
  std::string out;
  const auto add = [&](const std::string& name, const std::string& part) { out += name + " " + std::to_string(part.size()) + "\n" + part + "\n"; };
  if (prompt.is_chat) {
    for (const text::ChatMessage& message : prompt.messages) add(message.role, message.content);
    if (!prompt.assistant_prefix.empty()) add("prefix", prompt.assistant_prefix);
  } else {
    add("text", prompt.text);
  }
  for (const std::string& stop : prompt.stop_strings) add("stop", stop);
  for (const std::string& choice : prompt.continuations) add("continuation", choice);
  return out;
}

std::string prompt_sha256(const AskedPrompt& prompt) { return sha256_hex(canonical_text(prompt)); }

}  // namespace reprise::evaluation
