// Who may include whom: the floors of ARCHITECTURE.md, read from the sources. And what stays free of LibTorch.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "base/files.h"
#include "support/test_data.h"

namespace reprise {
namespace {

// Larger is higher; a file includes its own room and rooms of lower floors only.
const std::map<std::string, int> kFloors = {
    {"base", 0},     {"config", 1},   {"io", 1}, {"sandbox", 1},       {"kernels", 1},  {"text", 2},       {"data", 3},    {"model", 4},  {"pipeline", 4}, {"checkpoint", 5},
    {"grading", 5},  {"generation", 6}, {"training", 6}, {"rewards", 6},  {"datasets", 6},
    {"rl", 7},       {"serving", 7},  {"evaluation", 8}, {"stages", 9}, {"engine", 10}, {"cli", 10}};
// What a room's *_config files may use beyond their own floor: the torch-free halves are one library.
const std::set<std::string> kTorchRooms = {"kernels", "model", "checkpoint", "generation", "training", "rl", "stages", "engine"};

std::string room_of(const fs::path& relative) {
  const std::string first = relative.begin()->string();
  if (first != "src") return first;  // datasets, evaluation
  const auto second = std::next(relative.begin());
  return std::next(second) == relative.end() ? "main" : second->string();
}

struct Include {
  fs::path file;
  int line;
  std::string target;
};

std::vector<Include> includes() {
  std::vector<Include> out;
  const std::regex pattern("^#include \"([^\"]+)\"");
  for (const char* root : {"src", "datasets", "evaluation"}) {
    for (const auto& entry : fs::recursive_directory_iterator(testing::source_folder() / root)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp" && extension != ".cu" && extension != ".cuh") continue;
      const std::string text = read_file(entry.path());
      int line = 0;
      for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        ++line;
        std::smatch match;
        const std::string one = text.substr(begin, end - begin);
        if (std::regex_search(one, match, pattern)) out.push_back({fs::relative(entry.path(), testing::source_folder()), line, match[1]});
        begin = end + 1;
      }
    }
  }
  return out;
}

TEST(Floors, IncludesOnlyGoDown) {
  const auto all = includes();
  ASSERT_GT(all.size(), 500u);
  for (const Include& one : all) {
    const std::string room = room_of(one.file), target = *fs::path(one.target).begin();
    if (room == "main" || target == room || !kFloors.count(target)) continue;
    ASSERT_TRUE(kFloors.count(room)) << "a new room '" << room << "': give it a floor here and in ARCHITECTURE.md";
    EXPECT_GT(kFloors.at(room), kFloors.at(target)) << one.file.string() << ":" << one.line << " includes " << one.target;
  }
}

TEST(Floors, LibTorchStaysInItsRooms) {
  const std::regex torch("^#include <(ATen|torch|c10)/");
  for (const char* root : {"src", "datasets", "evaluation"}) {
    for (const auto& entry : fs::recursive_directory_iterator(testing::source_folder() / root)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      const fs::path relative = fs::relative(entry.path(), testing::source_folder());
      const std::string name = entry.path().stem().string();
      if (kTorchRooms.count(room_of(relative)) && !name.ends_with("_config")) continue;
      const std::string text = read_file(entry.path());
      EXPECT_FALSE(std::regex_search(text, std::regex("(^|\n)#include <(ATen|torch|c10)/"))) << relative.string();
    }
  }
}

// A torch-free file must not pull LibTorch in through a header of ours.
TEST(Floors, TorchFreeFilesIncludeTorchFreeHeaders) {
  std::map<std::string, std::vector<std::string>> graph;
  std::set<std::string> uses_torch;
  for (const char* root : {"src", "datasets", "evaluation"}) {
    for (const auto& entry : fs::recursive_directory_iterator(testing::source_folder() / root)) {
      if (entry.path().extension() != ".h" && entry.path().extension() != ".cpp") continue;
      const fs::path relative = fs::relative(entry.path(), testing::source_folder());
      const std::string key = relative.string().starts_with("src/") ? relative.string().substr(4) : relative.string();
      if (std::regex_search(read_file(entry.path()), std::regex("(^|\n)#include <(ATen|torch|c10)/"))) uses_torch.insert(key);
    }
  }
  for (const Include& one : includes()) {
    const std::string file = one.file.string();
    graph[file.starts_with("src/") ? file.substr(4) : file].push_back(one.target);
  }
  for (const auto& [file, targets] : graph) {
    const std::string room = room_of(file.starts_with("datasets") || file.starts_with("evaluation") ? fs::path(file) : fs::path("src") / file);
    const bool config = fs::path(file).stem().string().ends_with("_config");
    if ((kTorchRooms.count(room) && !config) || file == "engine_main.cpp") continue;
    std::set<std::string> seen = {file};
    std::vector<std::string> open = {file};
    while (!open.empty()) {
      const std::string at = open.back();
      open.pop_back();
      EXPECT_FALSE(uses_torch.count(at)) << file << " reaches LibTorch through " << at;
      for (const std::string& next : graph.count(at) ? graph.at(at) : std::vector<std::string>{}) {
        if (seen.insert(next).second) open.push_back(next);
      }
    }
  }
}

}  // namespace
}  // namespace reprise
