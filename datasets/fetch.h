// Files that others publish, named by where they lie and what they hash to. A manifest is one YAML file:
//   name: gsm8k
//   kind: data                     # or model
//   licence: MIT
//   source: https://github.com/openai/grade-school-math
//   token_variable: HF_TOKEN       # environment variable that may hold a token; optional
//   files:
//     - {path: gsm8k/test.jsonl, url: "https://...", sha256: 3730...}
// A model repository of a hub (Qwen/Qwen2.5-3B) is asked for its list of files instead.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace reprise::datasets {

struct FetchFile {
  std::string path;      // below the target folder
  std::string url;
  std::string sha256;
  std::string git_sha1;  // instead of sha256 for small files of a hub
  int64_t bytes = -1;    // -1: not told
};

struct FetchManifest {
  std::string name, kind, licence, source, token_variable;
  std::string revision;  // the commit of a hub's repository
  std::vector<FetchFile> files;
};

// Throws Error with file:line for what is wrong: a path that leaves the folder, a file without a hash, two of one path.
FetchManifest read_fetch_manifest(const std::filesystem::path& file);
// datasets/manifests of the running program; "" when it is not there.
std::filesystem::path manifests_folder();
// Names of the manifests of a kind, sorted.
std::vector<std::string> manifest_names(const std::string& kind);

// The files that running a model needs (config, weights as safetensors, tokenizer, templates), as the hub lists them at
// a revision, each with its hash. `endpoint` is the hub's address (https://huggingface.co).
FetchManifest hub_manifest(const std::string& endpoint, const std::string& repository, const std::string& revision, const std::string& token);

struct FetchReport {
  int64_t num_downloaded = 0, num_there = 0;
};
// Fetches every file below `folder`. progress: "gsm8k/test.jsonl", bytes done, bytes in all (-1: not told).
FetchReport fetch(const FetchManifest& manifest, const std::filesystem::path& folder,
                  const std::function<void(const std::string& path, int64_t done, int64_t total)>& progress,
                  const std::function<bool()>& stop);

}  // namespace reprise::datasets
