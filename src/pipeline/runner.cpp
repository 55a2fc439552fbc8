// The loop over stages.
#include "pipeline/runner.h"

#include <chrono>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/strings.h"
#include "pipeline/plan.h"
#include "pipeline/run_folder.h"
#include "pipeline/stage_graph.h"
#include "pipeline/stop_flag.h"

namespace reprise::pipeline {

fs::path output_of(const fs::path& stage_folder, const std::string& output) {
  return stage_folder / (output == "model" ? "model" : output + ".h5");
}

namespace {

// Every file that a dataset's keys name counts by its content: an import of a changed file is another dataset.
std::string dataset_key(const DatasetSpec& dataset, const Recipe& recipe) {
  nlohmann::json keys = dataset.keys;
  const auto visit = [&](auto& self, nlohmann::json& value) -> void {
    if (value.is_structured()) {
      for (auto& inner : value) self(self, inner);
    } else if (value.is_string() && !value.get_ref<const std::string&>().empty()) {
      const fs::path path = recipe.locate(value.get<std::string>());
      std::error_code ignored;
      if (is_file(path)) value = "content:" + sha256_file_hex(path);
    }
  };
  visit(visit, keys);
  return sha256_hex(nlohmann::json{{"name", dataset.name}, {"keys", keys}, {"seed", recipe.seed}}.dump());
}

class Run {
 public:
  Run(const Recipe& recipe, const RunOptions& options, const std::map<std::string, StageRunner>& runners,
      const MaterializeDataset& materialize, const BuildFacts& facts)
      : recipe_(recipe),
        options_(options),
        runners_(runners),
        materialize_(materialize),
        folder_(options.out.empty() ? fs::path("runs") / recipe.name : options.out, recipe.name),
        progress_(options.progress),
        provenance_(folder_.path() / "provenance.json", recipe, facts),
        isa_(isa_level()) {
    if (!options.stop_requested) signals_.emplace();
    for (const StageSpec& stage : recipe.stages) {
      if (!runners.count(stage.type->name)) throw Error("stage type '" + stage.type->name + "' cannot run in this build", stage.name);
    }
    if (!options.until.empty() && !recipe.stage(options.until)) {
      std::vector<std::string> names;
      for (const StageSpec& stage : recipe.stages) names.push_back(stage.name);
      const auto guess = nearest(options.until, names);
      throw Error("no stage '" + options.until + "'", "--until", guess ? "did you mean '" + *guess + "'?" : "it has " + join(names, ", "));
    }
  }

  RunOutcome go() {
    RunOutcome outcome{folder_.path(), {}};
    // The name tag first: whatever a kill leaves behind belongs to this recipe from here on.
    write_file(folder_.path() / "recipe.lock.yaml", lock_text(recipe_));
    std::vector<std::string> names;
    for (const StageSpec& stage : recipe_.stages) names.push_back(stage.name);
    folder_.keep_only(names);
    provenance_.write("running");
    if (options_.begun) options_.begun(folder_.path());
    try {
      for (size_t i = 0; i < recipe_.stages.size(); ++i) {
        outcome.stages.push_back(run_stage(i + 1, recipe_.stages[i]));
        if (recipe_.stages[i].name == options_.until) break;
      }
    } catch (const Interrupted&) {
      progress_.clear();
      provenance_.write("interrupted");
      throw;
    } catch (...) {
      progress_.clear();
      // A full disk must not hide the fault that it caused.
      try {
        provenance_.write("failed");
      } catch (const Error&) {
      }
      throw;
    }
    provenance_.write("finished");
    return outcome;
  }

 private:
  bool stop_requested() const { return options_.stop_requested ? options_.stop_requested() : StopSignals::requested(); }

  std::string input_hash(const Reference& reference) {
    if (const auto found = hashes_.find(reference.value); found != hashes_.end()) return found->second;
    std::string hash;
    switch (reference.kind) {
      case ReferenceKind::dataset: hash = make_dataset(*recipe_.dataset(reference.value)); break;
      case ReferenceKind::model:
      case ReferenceKind::path: {
        const ModelSpec* model = recipe_.model(reference.value);
        const fs::path path = recipe_.locate(model ? model->path : reference.value);
        if (!path_exists(path)) {
          throw Error("model '" + reference.value + "' is not there: " + path.string(), model ? model->origin.text() : "",
                      model && !model->repository.empty() ? "`reprise model fetch " + model->repository + " --to " + model->path + "`, or give another path" : "give another path");
        }
        paths_[reference.value] = path;
        hash = content_hash(path);
        provenance_.input(model ? "model" : "path", reference.value, hash);
        break;
      }
      case ReferenceKind::stage:  // in hashes_ since it ran
      case ReferenceKind::none: throw Error("stage '" + reference.value + "' has not run", "", "");
    }
    provenance_.write("running");
    return hashes_[reference.value] = hash;
  }

  std::string make_dataset(const DatasetSpec& dataset) {
    make_folders(folder_.path() / "datasets");
    const fs::path target = folder_.path() / "datasets" / (dataset.name + ".h5");
    const fs::path tag = folder_.path() / "datasets" / (dataset.name + ".json");
    const std::string key = dataset_key(dataset, recipe_);
    const auto known = read_json_or_null(tag);
    DatasetFile file;
    if (known.is_object() && known.value("key", "") == key && is_file(known.value("path", "")) &&
        known.value("file_sha256", "") == sha256_file_hex(known.value("path", ""))) {
      file = {known.value("path", ""), known.value("content_hash", ""), known.value("num_rows", int64_t{0})};
    } else {
      std::error_code ignored;
      fs::remove(tag, ignored);
      file = materialize_(dataset, recipe_, target);
      write_file(tag, nlohmann::ordered_json{{"name", dataset.name}, {"key", key}, {"path", fs::absolute(file.path).string()},
                                             {"content_hash", file.content_hash}, {"file_sha256", sha256_file_hex(file.path)},
                                             {"num_rows", file.num_rows}}.dump(2) + "\n");
      progress_.begin_stage("");
      progress_.note("dataset " + dataset.name + ": " + format_count(file.num_rows) + " rows");
    }
    paths_[dataset.name] = file.path;
    provenance_.input("dataset", dataset.name, file.content_hash);
    return file.content_hash;
  }

  fs::path resolve(const std::string& reference) const {
    if (const auto found = paths_.find(reference); found != paths_.end()) return found->second;
    return recipe_.locate(reference);
  }

  StageOutcome run_stage(size_t number, const StageSpec& stage) {
    if (stop_requested()) throw Interrupted("stopped before this stage", stage.name, "go on with --resume");
    std::map<std::string, std::string> inputs;
    for (const Reference& reference : references_of(recipe_, stage)) inputs[reference.value] = input_hash(reference);
    const std::string key = stage_key(recipe_, stage, inputs, isa_);
    progress_.begin_stage(stage.name);

    if (!options_.resume && folder_.look(stage.name, key) == StageState::unfinished) {
      throw Error("holds an unfinished stage '" + stage.name + "'", folder_.path().string(),
                  "add --resume to go on with it, or choose another folder with --out");
    }
    std::vector<std::string> said;
    StageState state = folder_.prepare(number, stage.name, key, said);
    for (const std::string& line : said) progress_.note(line);
    const fs::path folder = folder_.stage_folder(number, stage.name);
    hashes_[stage.name] = key;

    if (state == StageState::done) {
      const auto done = folder_.read_done(number, stage.name);
      const fs::path output = folder / done.value("output", std::string("?"));
      if (path_exists(output) || done.value("output", std::string("?")).empty()) {
        paths_[stage.name] = output;
        progress_.note("is done already, unchanged");
        return {stage.name, true, done.value("seconds", 0.0), done.value("counts", nlohmann::json::object())};
      }
      progress_.note("its output is gone (" + output.string() + "); it runs again");
      fs::remove(folder / "done.json");
      fs::remove_all(folder);
      state = StageState::absent;
    }
    double seconds_before = 0;
    if (state == StageState::unfinished) {
      const auto begun = folder_.read_begun(number, stage.name);
      seconds_before = begun.is_object() && begun.contains("seconds") && begun["seconds"].is_number() ? begun["seconds"].get<double>() : 0;
    }
    folder_.begin(number, stage.name, key, seconds_before);

    RunContextParts parts;
    parts.name = stage.name;
    parts.folder = folder;
    parts.ledger_file = folder_.ledger_file(stage.name);
    parts.seed = static_cast<uint64_t>(recipe_.seed);
    parts.hardware = recipe_.hardware;
    parts.keys = stage.keys;
    parts.resolve = [this](const std::string& reference) { return resolve(reference); };
    parts.open_events = options_.open_events;
    parts.stop_requested = [this] { return stop_requested(); };
    parts.progress = &progress_;
    RunContext context(std::move(parts));

    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [&] { return seconds_before + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
    nlohmann::json counts;
    try {
      counts = runners_.at(stage.type->name)(context);
    } catch (const Interrupted&) {
      folder_.begin(number, stage.name, key, seconds());
      throw;
    }
    const std::string output = find_output(folder);
    nlohmann::ordered_json done = {{"stage", stage.name}, {"type", stage.type->name}, {"key", key}, {"output", output},
                                   {"output_hash", output.empty() ? "" : content_hash(folder / output)},
                                   {"seconds", seconds()}, {"rows", context.num_rows()}, {"counts", counts}};
    if (counts.is_object() && counts.contains("metrics")) done["metrics"] = counts["metrics"];
    folder_.finish(number, stage.name, done);
    paths_[stage.name] = output.empty() ? folder : folder / output;
    progress_.note("done in " + format_seconds(done["seconds"].get<double>()));
    return {stage.name, false, done["seconds"].get<double>(), counts};
  }

  // What the runner left: exactly the outputs that StagePlan::output names. "" for a stage that only scores.
  static std::string find_output(const fs::path& folder) {
    for (const char* name : {"model", "examples.h5", "problems.h5", "samples.h5", "samples.jsonl", "overlap.jsonl"}) {
      if (path_exists(folder / name)) return name;
    }
    return "";
  }

  const Recipe& recipe_;
  const RunOptions& options_;
  const std::map<std::string, StageRunner>& runners_;
  const MaterializeDataset& materialize_;
  RunFolder folder_;
  Progress progress_;
  Provenance provenance_;
  std::string isa_;
  std::optional<StopSignals> signals_;
  std::map<std::string, std::string> hashes_;  // of what references stand for
  std::map<std::string, fs::path> paths_;
};

}  // namespace

RunOutcome run_recipe(const Recipe& recipe, const RunOptions& options, const std::map<std::string, StageRunner>& runners,
                      const MaterializeDataset& materialize, const BuildFacts& facts) {
  return Run(recipe, options, runners, materialize, facts).go();
}

}  // namespace reprise::pipeline
