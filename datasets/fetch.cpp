// Manifests and hubs, turned into downloads.
#include "datasets/fetch.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "config/compose.h"
#include "config/reader.h"
#include "io/http.h"

namespace reprise::datasets {
namespace {

struct FileKeys {
  std::string path, url, sha256;

  template <class Visitor>
  void fields(Visitor& v) {
    v.field("path", path, "Where the file goes, below the target folder.", config::required());
    v.field("url", url, "Where it lies.", config::required());
    v.field("sha256", sha256, "What it hashes to.", config::required());
  }
};

struct ManifestKeys {
  std::string name, kind = "data", licence, source, token_variable;
  std::vector<FileKeys> files;

  template <class Visitor>
  void fields(Visitor& v) {
    v.field("name", name, "The manifest's name.", config::required());
    v.field("kind", kind, "What it holds.", config::one_of({"data", "model"}));
    v.field("licence", licence, "Licence of the files.", config::required());
    v.field("source", source, "Who publishes them.", config::required());
    v.field("token_variable", token_variable, "Environment variable that may hold an access token.");
    v.list("files", files, "The files.");
  }
};

bool is_hash(const std::string& text, size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// Nobody's list may write outside the folder.
bool stays_inside(const std::string& path) {
  const fs::path plain = fs::path(path).lexically_normal();
  return !path.empty() && !plain.is_absolute() && *plain.begin() != ".." && path.find('\\') == std::string::npos && path.find('\0') == std::string::npos;
}

void check(const FetchManifest& manifest, const std::string& where) {
  std::set<std::string> paths;
  for (const FetchFile& file : manifest.files) {
    if (!stays_inside(file.path)) throw Error("names the path '" + file.path + "', which leaves the folder", where);
    if (!paths.insert(file.path).second) throw Error("names '" + file.path + "' twice", where);
    if (!file.url.starts_with("https://") && !file.url.starts_with("http://")) throw Error("'" + file.url + "' is no http(s) address", where);
    if (!is_hash(file.sha256, 64) && !is_hash(file.git_sha1, 40)) throw Error("'" + file.path + "' has no hash to check it by", where);
  }
  if (manifest.files.empty()) throw Error("names no files", where);
}

bool a_model_needs(const std::string& name) {
  if (name.find('/') != std::string::npos) return false;  // other formats live in folders of their own
  static const std::set<std::string> names = {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
                                              "special_tokens_map.json", "chat_template.jinja", "model.safetensors.index.json", "LICENSE", "README.md"};
  return names.count(name) > 0 || name.ends_with(".safetensors");
}

}  // namespace

FetchManifest read_fetch_manifest(const fs::path& file) {
  config::Problems problems;
  const config::Node root = config::compose(file, {}, problems);
  ManifestKeys keys;
  config::read(root, keys, problems);
  problems.throw_if_any();
  FetchManifest manifest{keys.name, keys.kind, keys.licence, keys.source, keys.token_variable, "", {}};
  for (const FileKeys& one : keys.files) manifest.files.push_back({one.path, one.url, one.sha256, "", -1});
  check(manifest, file.string());
  return manifest;
}

fs::path manifests_folder() {
  const fs::path root = installed_folder();
  const fs::path folder = root.empty() ? fs::path() : root / "datasets" / "manifests";
  std::error_code ignored;
  return is_folder(folder) ? folder : fs::path();
}

std::vector<std::string> manifest_names(const std::string& kind) {
  std::vector<std::string> names;
  if (manifests_folder().empty()) return names;
  for (const auto& entry : fs::directory_iterator(manifests_folder())) {
    if (entry.path().extension() == ".yaml" && read_fetch_manifest(entry.path()).kind == kind) names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

FetchManifest hub_manifest(const std::string& endpoint, const std::string& repository, const std::string& revision, const std::string& token) {
  const std::string url = endpoint + "/api/models/" + repository + "/revision/" + revision + "?blobs=true";
  const auto answer = nlohmann::json::parse(io::http_get(url, token), nullptr, false);
  if (!answer.is_object() || !answer.contains("siblings") || !answer["siblings"].is_array()) throw Error("the answer is no list of a repository's files", url);
  FetchManifest manifest;
  manifest.name = repository;
  manifest.kind = "model";
  manifest.source = endpoint + "/" + repository;
  manifest.token_variable = "HF_TOKEN";
  const auto text = [](const nlohmann::json& object, const char* key) {
    return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : std::string();
  };
  manifest.revision = text(answer, "sha");
  if (!is_hash(manifest.revision, 40)) throw Error("the answer does not tell the revision's commit", url);
  if (answer.contains("cardData")) manifest.licence = text(answer["cardData"], "license");
  for (const auto& sibling : answer["siblings"]) {
    FetchFile file;
    file.path = text(sibling, "rfilename");
    if (!a_model_needs(file.path)) continue;
    // By the commit and not by the branch's name, so that all files are of one state.
    file.url = endpoint + "/" + repository + "/resolve/" + manifest.revision + "/" + file.path;
    if (sibling.contains("lfs")) file.sha256 = text(sibling["lfs"], "sha256");
    if (file.sha256.empty()) file.git_sha1 = text(sibling, "blobId");
    if (sibling.contains("size") && sibling["size"].is_number_integer()) file.bytes = sibling["size"].get<int64_t>();
    manifest.files.push_back(std::move(file));
  }
  check(manifest, url);
  const auto has = [&](const char* name) {
    return std::any_of(manifest.files.begin(), manifest.files.end(), [&](const FetchFile& file) { return file.path == name; });
  };
  if (!has("config.json")) throw Error("has no config.json", manifest.source, "only models as Hugging Face folders can be fetched");
  const bool weights = std::any_of(manifest.files.begin(), manifest.files.end(), [](const FetchFile& file) { return file.path.ends_with(".safetensors"); });
  if (!weights) throw Error("has no safetensors", manifest.source);
  return manifest;
}

FetchReport fetch(const FetchManifest& manifest, const fs::path& folder,
                  const std::function<void(const std::string&, int64_t, int64_t)>& progress, const std::function<bool()>& stop) {
  std::string token;
  if (!manifest.token_variable.empty()) {
    if (const char* value = std::getenv(manifest.token_variable.c_str())) token = value;
  }
  FetchReport report;
  for (const FetchFile& file : manifest.files) {
    io::Download request;
    request.url = file.url;
    request.target = folder / file.path;
    request.sha256 = file.sha256;
    request.git_sha1 = file.git_sha1;
    request.bearer_token = token;
    request.stop = stop;
    if (progress) request.progress = [&](int64_t done, int64_t total) { progress(file.path, done, total < 0 ? file.bytes : total); };
    (io::download(request) ? report.num_downloaded : report.num_there) += 1;
  }
  return report;
}

}  // namespace reprise::datasets
