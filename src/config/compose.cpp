// extends, use, --set.
#include "config/compose.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"

namespace reprise::config {
namespace {

constexpr size_t kMostFiles = 256;  // in one recipe; a tower of fragments that double themselves stops here

// The key that names an element of the list under `key`; "" for lists that merge as a whole.
std::string naming_key(const std::string& key) {
  if (key == "stages") return "stage";
  if (key == "claims") return "claim";
  return "";
}

std::string name_of(const Node& element, const std::string& naming) {
  const Node* name = element.is_map() ? element.find(naming) : nullptr;
  return name && name->is_scalar() ? name->text : "";
}

class Composer {
 public:
  Composer(const ComposeOptions& options, Problems& problems) : options_(options), problems_(problems) {}

  Node load(const fs::path& file, bool is_recipe) {
    const std::string canonical = fs::weakly_canonical(file).string();
    if (const auto found = std::find(chain_.begin(), chain_.end(), canonical); found != chain_.end()) {
      std::vector<std::string> names;
      for (auto at = found; at != chain_.end(); ++at) names.push_back(fs::path(*at).filename().string());
      names.push_back(file.filename().string());
      throw Error("includes itself: " + join(names, " -> "), file.string(), "break the circle of `extends:` and `use:`");
    }
    if (++num_files_ > kMostFiles) {
      throw Error("is made of more than " + std::to_string(kMostFiles) + " files", chain_.empty() ? file.string() : chain_.front());
    }
    chain_.push_back(canonical);
    Node node = parse_yaml_file(file, problems_);
    if (!node.is_map()) throw Error("a recipe or fragment is a map of keys, not " + node.shown(), node.origin.text());
    node = expand(std::move(node), file, is_recipe);
    chain_.pop_back();
    return node;
  }

 private:
  // Replaces `extends:` and `use:` in this map and below.
  Node expand(Node node, const fs::path& file, bool top) {
    if (node.is_list()) {
      for (Node& item : node.items) item = expand(std::move(item), file, false);
      return node;
    }
    if (!node.is_map()) return node;
    Node base;
    base.kind = Node::Kind::map;
    base.origin = node.origin;
    base.key_origin = node.key_origin;
    bool composed = false;
    if (top) {
      if (const Node* extends = node.find("extends")) {
        if (extends->is_scalar()) {
          merge(base, load(locate(*extends, file), true));
          composed = true;
        } else {
          problems_.add("'extends' names one recipe, not " + extends->shown(), extends->origin);
        }
        node.erase("extends");
      }
    }
    if (const Node* use = node.find("use")) {
      std::vector<Node> names = use->is_list() ? use->items : std::vector<Node>{*use};
      for (const Node& name : names) {
        if (!name.is_scalar()) {
          problems_.add("'use' lists files, not " + name.shown(), name.origin);
          continue;
        }
        merge(base, load(locate(name, file), false));
        composed = true;
      }
      node.erase("use");
    }
    for (auto& [key, value] : node.entries) value = expand(std::move(value), file, false);
    if (!composed) return node;
    base.origin = node.origin;
    base.key_origin = node.key_origin;
    merge(base, std::move(node));
    return base;
  }

  fs::path locate(const Node& name, const fs::path& from) const {
    const fs::path wanted = name.text;
    std::vector<fs::path> tried;
    if (wanted.is_absolute()) {
      tried = {wanted};
    } else {
      tried.push_back(from.parent_path() / wanted);
      for (const fs::path& folder : options_.folders) tried.push_back(folder / wanted);
    }
    for (const fs::path& path : tried) {
      if (is_file(path)) return path;
      if (path.extension() != ".yaml" && is_file(path.string() + ".yaml")) return path.string() + ".yaml";
    }
    std::vector<std::string> neighbours;
    std::error_code ignored;
    for (const fs::path& path : tried) {
      for (fs::directory_iterator at(path.parent_path(), ignored), end; !ignored && at != end; at.increment(ignored)) {
        neighbours.push_back(at->path().filename().string());
      }
    }
    std::sort(neighbours.begin(), neighbours.end());
    const auto guess = nearest(wanted.filename().string(), neighbours);
    throw Error("no such file: '" + name.text + "'", name.origin.text(),
                guess ? "did you mean '" + *guess + "'?" : "paths are relative to this file or to configs/");
  }

  const ComposeOptions& options_;
  Problems& problems_;
  std::vector<std::string> chain_;
  size_t num_files_ = 0;
};

}  // namespace

void merge(Node& base, Node over, const std::string& key) {
  if (base.is_map() && over.is_map()) {
    for (auto& [name, value] : over.entries) {
      if (Node* known = base.find(name)) {
        merge(*known, std::move(value), name);
      } else {
        base.entries.emplace_back(name, std::move(value));
      }
    }
    return;
  }
  const std::string naming = naming_key(key);
  if (!naming.empty() && base.is_list() && over.is_list()) {
    const size_t num_base = base.items.size();
    for (Node& element : over.items) {
      const std::string name = name_of(element, naming);
      Node* known = nullptr;
      // Only against the base's own: two elements of one name in one file stay two, and are reported later.
      for (size_t i = 0; i < num_base; ++i) {
        if (!name.empty() && name_of(base.items[i], naming) == name) known = &base.items[i];
      }
      if (known) {
        merge(*known, std::move(element));
      } else {
        base.items.push_back(std::move(element));
      }
    }
    return;
  }
  base = std::move(over);
}

Node compose(const fs::path& recipe, const ComposeOptions& options, Problems& problems) {
  Composer composer(options, problems);
  return composer.load(recipe, true);
}

ComposeOptions fragment_folders(const fs::path& recipe, const fs::path& installed) {
  ComposeOptions options;
  const auto add = [&](const fs::path& root) {
    for (const char* name : {"configs", "recipes"}) {
      std::error_code ignored;
      if (is_folder(root / name)) options.folders.push_back(root / name);
    }
  };
  std::error_code ignored;
  for (fs::path at = fs::absolute(recipe, ignored).parent_path(); !at.empty(); at = at.parent_path()) {
    if (is_folder(at / "configs")) {
      add(at);
      break;
    }
    if (at == at.parent_path()) break;
  }
  if (!installed.empty()) add(installed);
  return options;
}

void apply_set(Node& root, const std::string& assignment, Problems& problems) {
  const Origin here{"--set " + assignment, 0};
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    problems.add("wants path=value", here, "for example --set stages.zero.learning_rate=1e-6");
    return;
  }
  Node value;
  try {
    value = parse_yaml(assignment.substr(equals + 1), here.file, problems);
  } catch (const Error& error) {
    problems.add(error.fault(), here, error.hint());
    return;
  }
  const auto restamp = [&](auto& self, Node& node) -> void {
    node.origin = node.key_origin = here;
    for (Node& item : node.items) self(self, item);
    for (auto& [key, inner] : node.entries) self(self, inner);
  };
  restamp(restamp, value);

  Node* at = &root;
  std::string last_key;
  const std::vector<std::string> path = split(assignment.substr(0, equals), '.');
  for (size_t i = 0; i < path.size(); ++i) {
    const std::string& step = path[i];
    if (step.empty()) return problems.add("the path has an empty part", here);
    if (at->is_list()) {
      Node* element = nullptr;
      std::vector<std::string> names;
      for (Node& item : at->items) {
        for (const char* naming : {"stage", "claim", "name"}) {
          const std::string name = name_of(item, naming);
          if (name.empty()) continue;
          names.push_back(name);
          if (name == step) element = &item;
        }
      }
      if (const auto index = parse_int(step); !element && index && *index >= 0 && *index < static_cast<int64_t>(at->items.size())) {
        element = &at->items[static_cast<size_t>(*index)];
      }
      if (!element) {
        const auto guess = nearest(step, names);
        return problems.add("'" + last_key + "' has no element '" + step + "'", here,
                            guess ? "did you mean '" + *guess + "'?" : names.empty() ? "" : "it has " + join(names, ", "));
      }
      at = element;
    } else {
      if (at->is_null()) {
        at->kind = Node::Kind::map;
        at->origin = here;
      }
      if (!at->is_map()) return problems.add("'" + last_key + "' is " + at->shown() + " and has no keys", here);
      Node* found = at->find(step);
      if (!found) {
        Node empty;
        empty.origin = empty.key_origin = here;
        found = &at->set(step, std::move(empty));
      }
      at = found;
    }
    last_key = step;
  }
  *at = std::move(value);
}

}  // namespace reprise::config
