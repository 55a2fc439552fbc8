// The run folder on disk, made so that a kill between any two writes leaves something the next start understands:
//   .lock               held while a run is alive (the kernel lets go of it when the process dies)
//   recipe.lock.yaml    the folder's name tag, written before anything else
//   datasets/NAME.json  key and content hash, written after the dataset itself
//   stages/NN-name/     stage.json first (which key is being computed), done.json last (it is whole)
//   ledger/NAME.jsonl
//   replaced/NAME-KEY8/ a stage whose key changed, moved aside with its ledger; taken back when the key returns
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"

namespace reprise::pipeline {

enum class StageState {
  absent,      // nothing of this key
  unfinished,  // stage.json with this key and no done.json
  done,        // done.json with this key
};

class RunFolder {
 public:
  // Makes the folder where it is missing and locks it. Throws Error: held by another run, belongs to another
  // recipe's name, holds other files, cannot be written.
  RunFolder(std::filesystem::path path, const std::string& recipe_name);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path ledger_file(const std::string& stage) const { return path_ / "ledger" / (stage + ".jsonl"); }
  std::filesystem::path stage_folder(size_t number, const std::string& stage) const;  // stages/03-zero, number from 1

  // Where the stage stands. Finds it under another number or in replaced/ and moves it to its place; a folder of
  // another key in that place is moved aside. `said` gets what was moved, in words.
  StageState prepare(size_t number, const std::string& stage, const std::string& key, std::vector<std::string>& said);
  // The same without moving anything (to ask before the run whether --resume is missing).
  StageState look(const std::string& stage, const std::string& key) const;

  // Stages that this recipe does not name, an earlier one did: moved to replaced/ with their ledgers, or a comparison of runs would miss them.
  void keep_only(const std::vector<std::string>& stages);

  void begin(size_t number, const std::string& stage, const std::string& key, double seconds_so_far);
  void finish(size_t number, const std::string& stage, const nlohmann::ordered_json& done);
  // done.json or stage.json of a stage's folder; null JSON when missing or damaged.
  nlohmann::json read_done(size_t number, const std::string& stage) const;
  nlohmann::json read_begun(size_t number, const std::string& stage) const;

 private:
  std::optional<std::filesystem::path> find(const std::string& stage) const;
  void move_aside(const std::filesystem::path& folder, const std::string& stage, std::vector<std::string>& said);

  std::filesystem::path path_;
  std::unique_ptr<FileLock> lock_;
};

// The `name:` that a run folder's lock says, "" when there is no lock. Damaged locks throw Error.
std::string recipe_name_of(const std::filesystem::path& run);

// A small JSON object from a file; null when it is missing or not whole.
nlohmann::json read_json_or_null(const std::filesystem::path& file);

}  // namespace reprise::pipeline
