#include "evaluation/harness/task_names.h"

#include "base/error.h"
#include "evaluation/harness/yaml_fields.h"

namespace reprise::evaluation {

std::vector<TaskName> read_task_names(const std::filesystem::path& file) {
  const std::string where = file.string();
  const YAML::Node root = load_small_yaml(file);
  YamlFields reader(root, where);
  reader.finish({"tasks"});
  const YAML::Node tasks = root["tasks"];
  if (!tasks.IsDefined() || !tasks.IsSequence() || tasks.size() > 10'000) throw Error("`tasks` should be a list", where, "write `- {harness: ..., task: ..., benchmark: ...}`");
  std::vector<TaskName> out;
  for (const auto& node : tasks) {
    TaskName one;
    YamlFields fields(node, where);
    fields.field("harness", one.harness, "Whose name it is.", config::one_of({"lm-eval", "lighteval"}));
    fields.field("task", one.task, "The name; a * at its end stands for anything.", config::required());
    fields.field("benchmark", one.benchmark, "The benchmark of ours.", config::required());
    fields.field("metric", one.metric, "Whose value is the verdict on one sample.");
    fields.finish();
    if (one.harness.empty()) throw Error("the key 'harness' is missing", fields.place(node), "add it");
    if (one.task.find('*') < one.task.size() - 1) throw Error("the '*' of '" + one.task + "' is not at its end", fields.place(node), "only there it stands for anything");
    for (const TaskName& other : out) {
      if (other.harness == one.harness && other.task == one.task) throw Error("the task '" + one.task + "' stands twice", fields.place(node), "remove one");
    }
    out.push_back(std::move(one));
  }
  return out;
}

const TaskName* find_task(const std::vector<TaskName>& names, const std::string& harness, const std::string& task) {
  const TaskName* best = nullptr;
  for (const TaskName& one : names) {
    if (one.harness != harness) continue;
    if (one.task == task) return &one;
    if (!one.task.ends_with('*') || !task.starts_with(one.task.substr(0, one.task.size() - 1))) continue;
    if (!best || one.task.size() > best->task.size()) best = &one;
  }
  return best;
}

}  // namespace reprise::evaluation
