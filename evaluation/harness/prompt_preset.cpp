// Reading presets. A task may say `like: OTHER` and give only what differs: the struct of the other is read over, so that errors keep their lines.
#include "evaluation/harness/prompt_preset.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "evaluation/harness/report.h"
#include "evaluation/harness/yaml_fields.h"

namespace reprise::evaluation {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxShots = 1000;

bool contains(const std::vector<std::string>& list, const std::string& word) { return std::find(list.begin(), list.end(), word) != list.end(); }

// Names become parts of paths and of words on the command line.
void check_name(const std::string& name, const std::string& where) {
  const bool plain = !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
  if (!plain || name.starts_with('.')) throw Error("'" + name.substr(0, 100) + "' is no name", where, "use letters, digits, '_' and '-'");
}

void read_template(YamlFields& reader, const YAML::Node& map, const char* key, PromptTemplate& into, const char* doc) {
  std::optional<std::string> source;
  reader.field(key, source, doc);
  if (!source) return;
  into = {.source = *source};
  // The interpreter drops a newline at the very end, as it must for chat templates: here it belongs to the prompt.
  if (!source->empty()) into.parsed = text::ChatTemplate::parse(*source + "{{ '' }}", reader.place(map[key]) + " (" + key + ")");
}

struct ExemplarFile {
  std::string source;
  std::vector<data::Problem> exemplars;
};

ExemplarFile read_exemplars(const std::string& name, const fs::path& beside, const std::string& where) {
  check_name(name, where);
  std::vector<fs::path> folders = {beside / "exemplars"};
  if (const fs::path own = presets_folder(); !own.empty()) folders.push_back(own / "exemplars");
  const auto folder = std::find_if(folders.begin(), folders.end(), [&](const fs::path& one) { return path_exists(one / (name + ".yaml")); });
  if (folder == folders.end()) throw Error("there are no exemplars '" + name + "'", where, "put " + name + ".yaml into " + folders.front().string());
  const std::string file = (*folder / (name + ".yaml")).string();
  const YAML::Node root = load_small_yaml(file);
  ExemplarFile out;
  std::string id, note;
  YamlFields reader(root, file);
  reader.field("id", id, "The file's name.", config::required());
  reader.field("source", out.source, "Who published them, and where.", config::required());
  reader.field("note", note, "What a reader should know.");
  reader.finish({"exemplars"});
  if (id != name) throw Error("the id '" + id + "' is not the file's name", file, "rename one");
  const YAML::Node list = root["exemplars"];
  if (!list.IsDefined() || !list.IsSequence() || list.size() == 0 || list.size() > kMaxShots) throw Error("`exemplars` should be a list", reader.place(root), "write `- {prompt: ..., solution: ...}`");
  for (const auto& node : list) {
    data::Problem problem;
    problem.metadata = "{}";
    problem.id = name + "/" + std::to_string(out.exemplars.size() + 1);
    YamlFields one(node, file);
    one.field("prompt", problem.prompt, "The question.", config::required());
    one.field("solution", problem.solution, "What is shown as its answer.", config::required());
    one.field("answer", problem.answer, "The bare answer.");
    one.finish();
    out.exemplars.push_back(std::move(problem));
  }
  return out;
}

ShotRule read_shots(const YAML::Node& node, const std::string& file) {
  ShotRule rule;
  YamlFields reader(node, file);
  reader.field("num", rule.num, "How many.", {.minimum = 0, .maximum = kMaxShots, .required = true});
  reader.field("exemplars", rule.exemplars_name, "A file of presets/exemplars.");
  reader.field("importer", rule.pool.importer, "How the pool's file is read (reprise keys importer).");
  reader.field("path", rule.pool.path, "The pool's file below REPRISE_DATA.");
  reader.field("split", rule.pool.split, "Of the file.");
  reader.field("same", rule.pool.same, "A key of metadata in which shot and problem must agree.");
  reader.field("choose", rule.choose, "Which of the pool.", config::one_of({"first", "ids", "random"}));
  reader.field("ids", rule.ids, "choose: ids.");
  reader.field("seed", rule.seed, "choose: random; of Python's random.Random.", config::at_least(0));
  reader.finish();
  const std::string place = reader.place(node);
  if (rule.exemplars_name.empty() == rule.pool.importer.empty()) throw Error("shots come from `exemplars` or from a pool", place, "give `exemplars: NAME`, or `importer` and `path`");
  if (rule.pool.importer.empty() != rule.pool.path.empty()) throw Error("`importer` and `path` belong together", place, "give both");
  if (!rule.exemplars_name.empty()) {
    if (rule.choose != "first") throw Error("exemplars are taken from the front", place, "leave `choose` out");
    ExemplarFile read = read_exemplars(rule.exemplars_name, fs::path(file).parent_path(), place);
    rule.exemplars = std::move(read.exemplars);
    rule.exemplars_source = std::move(read.source);
    if (rule.num > static_cast<int64_t>(rule.exemplars.size())) throw Error("there are " + std::to_string(rule.exemplars.size()) + " exemplars, not " + std::to_string(rule.num), place, "lower `num`");
  }
  if ((rule.choose == "ids") != !rule.ids.empty()) throw Error("`choose: ids` and `ids` belong together", place, "give both");
  if (rule.choose == "ids" && rule.num > static_cast<int64_t>(rule.ids.size())) throw Error("`num` is larger than the list of `ids`", place, "lower it");
  return rule;
}

// Over what `task` holds already: its `like`, or nothing.
void read_task(const YAML::Node& node, const std::string& file, PromptTask& task) {
  YamlFields reader(node, file);
  std::string like;
  reader.field("name", task.name, "Of the task, as the harness calls it.");
  reader.field("like", like, "Another task of this file, of which only what differs is given.");
  reader.field("benchmarks", task.benchmarks, "Ids of evaluation/benchmarks that it asks.");
  reader.field("families", task.families, "Families of benchmarks that it asks (families.yaml).");
  reader.field("form", task.form, "What is sent.", config::one_of({"chat", "completion"}));
  read_template(reader, node, "system", task.system, "The system message, or what the text starts with.");
  read_template(reader, node, "question", task.question, "Of the problem and of every shot.");
  read_template(reader, node, "answer", task.answer, "Of a shot.");
  reader.field("between", task.between, "From a shot's question to its answer.");
  reader.field("after", task.after, "Behind a shot's answer.");
  read_template(reader, node, "prefix", task.prefix, "What the answer starts with.");
  reader.field("shots_in", task.shots_in, "chat: where shots stand.", config::one_of({"turns", "message"}));
  reader.field("stop", task.stop, "Texts that end an answer.");
  reader.field("choices", task.choices, "Continuations to be compared by likelihood.");
  reader.field("temperature", task.sampling.temperature, "The harness's default.", config::at_least(0));
  reader.field("top_p", task.sampling.top_p, "The harness's default.", config::between(0, 1));
  reader.field("max_tokens", task.sampling.max_tokens, "The harness's default.", config::at_least(1));
  reader.field("num_generations", task.sampling.num_generations, "The harness's default.", config::at_least(1));
  reader.field("sampling_evidence", task.sampling.evidence, "What says so.");
  reader.field("grader", task.grader, "The rule that stands for the harness's own.");
  reader.field("file", task.file, "Where the harness has it.");
  reader.field("note", task.note, "What a reader should know.");
  reader.finish({"shots"});
  if (const YAML::Node shots = node["shots"]; shots.IsDefined()) task.shots = read_shots(shots, file);
  const std::string place = reader.place(node);
  if (task.question.source.empty()) throw Error("the key 'question' is missing", place, "add it: {{prompt}} stands for the problem");
  if (task.form.empty()) throw Error("the key 'form' is missing", place, "chat or completion");
  if (task.shots.num > 0 && task.answer.source.empty()) throw Error("shots need an `answer`", place, "add it: {{solution}} stands for the shot's solution");
  const AskedSampling& s = task.sampling;
  if ((s.temperature || s.top_p || s.max_tokens || s.num_generations) && s.evidence.empty()) throw Error("no `sampling_evidence`", place, "say what states these values");
}

std::map<std::string, std::vector<std::string>> read_families(const fs::path& path) {
  std::map<std::string, std::vector<std::string>> out;
  const std::string file = path.string();
  const YAML::Node root = load_small_yaml(path);
  if (!root.IsMap()) throw Error("expected a map of families", file, "write `NAME: [benchmark, ...]`");
  YamlFields reader(root, file);
  std::vector<std::string> names;
  for (const auto& entry : root) {
    if (!entry.first.IsScalar()) throw Error("expected a family's name", reader.place(entry.first), "write `NAME: [benchmark, ...]`");
    names.push_back(entry.first.Scalar());
  }
  for (const std::string& name : names) {
    check_name(name, file);
    reader.field(name.c_str(), out[name], "");
  }
  reader.finish();
  return out;
}

}  // namespace

std::string PromptTemplate::render(const nlohmann::ordered_json& context) const { return parsed ? parsed->render(context, true) : std::string(); }

bool ShotPool::operator<(const ShotPool& other) const { return std::tie(importer, path, split, same) < std::tie(other.importer, other.path, other.split, other.same); }

bool PromptTask::asks(const std::string& benchmark) const { return contains(benchmarks, benchmark) || contains(family_benchmarks, benchmark); }

const PromptTask* PromptPreset::task(const std::string& name) const {
  const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const PromptTask& one) { return one.name == name; });
  return found == tasks.end() ? nullptr : &*found;
}

const PromptTask* PromptPreset::task_for(const std::string& benchmark, const std::vector<std::string>& of) const {
  for (const PromptTask& one : tasks) {
    if (one.asks(benchmark)) return &one;
  }
  for (const PromptTask& one : tasks) {
    for (const std::string& family : of) {
      if (contains(one.families, family)) return &one;
    }
  }
  return nullptr;
}

const PromptPreset& PromptPresets::find(const std::string& id) const {
  std::vector<std::string> ids;
  for (const PromptPreset& one : presets) {
    if (one.id == id) return one;
    ids.push_back(one.id);
  }
  const auto guess = nearest(id, ids);
  throw Error("there is no preset '" + id + "'", "", guess ? "did you mean '" + *guess + "'?" : "there are: " + join(ids, ", "));
}

PromptPreset read_preset(const fs::path& path, const std::map<std::string, std::vector<std::string>>& families) {
  const std::string file = path.string();
  const YAML::Node root = load_small_yaml(path);
  PromptPreset preset;
  YamlFields reader(root, file);
  reader.field("id", preset.id, "The file's name.", config::required());
  reader.field("title", preset.title, "For people.", config::required());
  reader.field("project", preset.project, "The harness or paper.", config::required());
  reader.field("version", preset.version, "Of it.", config::required());
  reader.field("note", preset.note, "What a reader should know.");
  reader.finish({"tasks"});
  check_name(preset.id, file);
  const YAML::Node tasks = root["tasks"];
  if (!tasks.IsDefined() || !tasks.IsSequence() || tasks.size() == 0 || tasks.size() > 1000) throw Error("`tasks` should be a list", reader.place(root), "write `- {name: ..., benchmarks: [...], form: ..., question: ...}`");
  for (const auto& node : tasks) {
    PromptTask task;
    if (const YAML::Node like = node.IsMap() ? node["like"] : YAML::Node(YAML::NodeType::Undefined); like.IsDefined()) {
      const std::string name = like.IsScalar() ? like.Scalar() : "";
      const PromptTask* base = preset.task(name);
      if (!base) throw Error("no task '" + name + "' stands before this one", reader.place(like), "`like` names an earlier task of the file");
      task = *base;
      task.name.clear();
      task.note.clear();
      task.family_benchmarks.clear();
    }
    read_task(node, file, task);
    check_name(task.name, reader.place(node));
    if (preset.task(task.name)) throw Error("the task '" + task.name + "' stands twice", reader.place(node), "rename one");
    for (const std::string& family : task.families) {
      const auto known = families.find(family);
      if (known == families.end()) {
        std::vector<std::string> names;
        for (const auto& [name, members] : families) names.push_back(name);
        const auto guess = nearest(family, names);
        throw Error("there is no family '" + family + "'", reader.place(node), guess ? "did you mean '" + *guess + "'?" : "there are: " + join(names, ", "));
      }
      task.family_benchmarks.insert(task.family_benchmarks.end(), known->second.begin(), known->second.end());
    }
    preset.tasks.push_back(std::move(task));
  }
  return preset;
}

PromptPresets read_presets(const fs::path& folder) {
  PromptPresets out;
  std::vector<fs::path> files;
  if (is_folder(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".yaml") continue;
      if (entry.path().stem() == "families") out.families = read_families(entry.path());
      else files.push_back(entry.path());
    }
  }
  if (files.empty()) throw Error("no preset is to be found", folder.empty() ? "evaluation/presets" : folder.string(), "run from the source folder, or name the folder");
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    out.presets.push_back(read_preset(file, out.families));
    if (out.presets.back().id != file.stem().string()) throw Error("the id '" + out.presets.back().id + "' is not the file's name", file.string(), "rename one");
  }
  return out;
}

PromptSection read_prompt_section(const YAML::Node& node, const std::string& file, const std::string& benchmark) {
  PromptSection out;
  if (!node.IsMap()) throw Error("`prompt` should be a map", file + ":" + std::to_string(node.Mark().line + 1), "give a task, or `families`");
  if (node["question"].IsDefined()) {
    PromptTask task;
    task.name = benchmark;
    read_task(node, file, task);
    out.families = task.families;
    task.benchmarks = {benchmark};
    out.own = std::move(task);
    return out;
  }
  YamlFields reader(node, file);
  reader.field("families", out.families, "By whose tasks presets ask it.");
  reader.finish();
  if (out.families.empty()) throw Error("`prompt` says nothing", reader.place(node), "give a task (`form`, `question`, ...), or `families`");
  return out;
}

fs::path presets_folder() {
  const fs::path published = published_folder();
  const fs::path folder = published.empty() ? published : published.parent_path() / "presets";
  return is_folder(folder) ? folder : fs::path();
}

}  // namespace reprise::evaluation
