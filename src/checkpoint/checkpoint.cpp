// Writing, finding and reading checkpoints.
#include "checkpoint/checkpoint.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "model/tensor_file.h"

namespace reprise::checkpoint {
namespace {

constexpr std::string_view kPrefix = "step-";

fs::path folder_of(const fs::path& stage_folder) { return stage_folder / "checkpoints"; }

// Whole checkpoints, oldest first. Leftovers of a kill are removed.
std::vector<FoundCheckpoint> list(const fs::path& stage_folder) {
  std::vector<FoundCheckpoint> found;
  const fs::path folder = folder_of(stage_folder);
  if (!is_folder(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix)) continue;
    if (const auto step = parse_int(std::string_view(name).substr(kPrefix.size()))) {
      found.push_back({entry.path(), *step});
    } else {
      fs::remove_all(entry.path());
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  return found;
}

}  // namespace

void write_checkpoint(const fs::path& stage_folder, int64_t step, const CheckpointContent& content, int64_t save_total_limit) {
  make_folders(folder_of(stage_folder));
  char name[32];
  std::snprintf(name, sizeof name, "step-%06lld", static_cast<long long>(step));
  const fs::path target = folder_of(stage_folder) / name;
  fs::remove_all(target);
  write_folder(target, [&](const fs::path& temporary) {
    make_folders(temporary / "model");
    model::save_model(temporary / "model", *content.policy->model, content.policy->tokenizer.get(), content.policy->chat_template,
                      content.policy->generation_config_json);
    write_tensors(temporary / "optimizer.safetensors", content.optimizer);
    if (!content.reference.empty()) write_tensors(temporary / "reference.safetensors", content.reference);
    if (!content.critic.empty()) write_tensors(temporary / "critic.safetensors", content.critic);
    if (!content.critic_optimizer.empty()) write_tensors(temporary / "critic_optimizer.safetensors", content.critic_optimizer);
    write_file(temporary / "state.json", content.state.dump());
  });
  auto all = list(stage_folder);
  while (static_cast<int64_t>(all.size()) > save_total_limit) {
    // Renamed first: a kill in the middle of the removal must not leave half a checkpoint under a whole one's name.
    const fs::path doomed = all.front().folder.string() + ".tmp";
    fs::remove_all(doomed);
    fs::rename(all.front().folder, doomed);
    fs::remove_all(doomed);
    all.erase(all.begin());
  }
}

std::optional<FoundCheckpoint> newest_checkpoint(const fs::path& stage_folder) {
  const auto all = list(stage_folder);
  if (all.empty()) return std::nullopt;
  return all.back();
}

nlohmann::json read_state(const FoundCheckpoint& found) {
  auto state = nlohmann::json::parse(read_file(found.folder / "state.json"), nullptr, false);
  if (!state.is_object()) throw Error("is not a checkpoint's state", (found.folder / "state.json").string(), "remove this checkpoint and resume from an older one");
  return state;
}

Tensors read_tensors(const fs::path& file) {
  if (!path_exists(file)) return {};
  return model::read_tensor_file(file);
}

void write_tensors(const fs::path& file, const Tensors& tensors) { model::write_tensor_file(file, tensors); }

}  // namespace reprise::checkpoint
