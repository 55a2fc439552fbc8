// Builds Nodes from yaml-cpp's events, with every bound checked while the events come in.
#include "config/node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"

namespace reprise::config {

Node::Node() = default;
Node::~Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

Node& Node::set(const std::string& key, Node value) {
  if (Node* known = find(key)) return *known = std::move(value);
  entries.emplace_back(key, std::move(value));
  return entries.back().second;
}

bool Node::erase(std::string_view key) {
  return std::erase_if(entries, [&](const auto& entry) { return entry.first == key; }) > 0;
}

std::string Node::shown() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
    case Kind::scalar: break;
  }
  constexpr size_t kLongest = 60;
  if (text.size() <= kLongest) return "'" + text + "'";
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return "'" + text.substr(0, end) + "...'";
}

namespace {

class Builder : public YAML::EventHandler {
 public:
  Builder(const std::string& file, Problems& problems, const ParseLimits& limits)
      : file_(file), problems_(problems), limits_(limits) {}

  Node take() { return std::move(root_); }
  bool has_root() const { return has_root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.origin = at(mark);
    finish(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Error("an alias inside the value it names", at(mark).text());
    Node copy = found->second.first;
    count(found->second.second, at(mark));
    copy.key_origin = {};
    add(std::move(copy));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(tag, mark);
    Node node;
    node.origin = at(mark);
    node.quoted = tag == "!";
    node.text = value;
    node.kind = !node.quoted && (value.empty() || value == "~" || value == "null") ? Node::Kind::null
                                                                                  : Node::Kind::scalar;
    if (!valid_utf8(value)) throw Error("a value is not valid UTF-8", node.origin.text());
    finish(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    size_t nodes_before;
    bool has_key = false;
    std::string key;
    Origin key_origin;
  };

  Origin at(const YAML::Mark& mark) const { return {file_, mark.line + 1}; }

  void check_tag(const std::string& tag, const YAML::Mark& mark) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Error("YAML tags are not read here (" + tag + ")", at(mark).text(), "write the plain value");
  }

  void count(size_t nodes, const Origin& where) {
    num_nodes_ += nodes;
    if (num_nodes_ > limits_.max_nodes) {
      throw Error("holds more than " + format_count(static_cast<int64_t>(limits_.max_nodes)) +
                      " values, aliases counted for all that they repeat",
                  where.text());
    }
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(tag, mark);
    if (static_cast<int>(stack_.size()) >= limits_.max_depth) {
      throw Error("is nested deeper than " + std::to_string(limits_.max_depth) + " levels", at(mark).text());
    }
    Open next{{}, anchor, num_nodes_};
    next.node.kind = kind;
    next.node.origin = at(mark);
    count(1, next.node.origin);
    stack_.push_back(std::move(next));
  }

  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    if (done.anchor) anchors_[done.anchor] = {done.node, num_nodes_ - done.nodes_before};
    add(std::move(done.node));
  }

  void finish(Node node, YAML::anchor_t anchor) {
    count(1, node.origin);
    if (anchor) anchors_[anchor] = {node, 1};
    add(std::move(node));
  }

  void add(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      has_root_ = true;
      return;
    }
    Open& top = stack_.back();
    if (top.node.kind == Node::Kind::list) {
      top.node.items.push_back(std::move(node));
      return;
    }
    if (!top.has_key) {
      if (node.is_list() || node.is_map()) throw Error("a key must be a word", node.origin.text());
      if (!node.quoted && node.text == "<<") {
        throw Error("merge keys (<<) are not read here", node.origin.text(), "put the shared keys into a file and name it under `use:`");
      }
      top.has_key = true;
      top.key = node.text;
      top.key_origin = node.origin;
      return;
    }
    top.has_key = false;
    node.key_origin = top.key_origin;
    // yaml-cpp places an absent value at the next token, lines below.
    if (node.is_null()) node.origin = node.key_origin;
    if (const Node* first = top.node.find(top.key)) {
      problems_.add("key '" + top.key + "' stands here twice", top.key_origin,
                    "its first place is line " + std::to_string(first->key_origin.line));
      return;
    }
    top.node.entries.emplace_back(std::move(top.key), std::move(node));
  }

  const std::string& file_;
  Problems& problems_;
  const ParseLimits& limits_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, std::pair<Node, size_t>> anchors_;
  Node root_;
  bool has_root_ = false;
  size_t num_nodes_ = 0;
};

}  // namespace

Node parse_yaml(std::string_view text, const std::string& file, Problems& problems, const ParseLimits& limits) {
  if (text.size() > limits.max_bytes) {
    throw Error("is larger than the " + format_bytes(static_cast<double>(limits.max_bytes)) + " that a recipe may have", file);
  }
  if (text.find('\0') != std::string_view::npos) throw Error("is not a text file", file);
  // yaml-cpp recurses once a level before it tells us of any: its own guard is 500 levels, which fits a stack.
  Builder builder(file, problems, limits);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder) && builder.has_root()) {
      Builder second(file, problems, limits);
      if (parser.HandleNextDocument(second)) throw Error("holds several YAML documents", file, "keep one");
    }
  } catch (const YAML::Exception& error) {
    throw Error("is not valid YAML (" + error.msg + ")", Origin{file, std::max(0, error.mark.line + 1)}.text());
  }
  Node root = builder.take();
  if (root.origin.file.empty()) root.origin = {file, 1};
  return root;
}

Node parse_yaml_file(const std::filesystem::path& file, Problems& problems, const ParseLimits& limits) {
  return parse_yaml(read_file(file, limits.max_bytes), file.string(), problems, limits);
}

Node node_from_json(const nlohmann::ordered_json& json, const std::string& name) {
  Node node;
  node.origin = node.key_origin = {name, 0};
  if (json.is_object()) {
    node.kind = Node::Kind::map;
    for (const auto& [key, value] : json.items()) node.entries.emplace_back(key, node_from_json(value, name));
  } else if (json.is_array()) {
    node.kind = Node::Kind::list;
    for (const auto& value : json) node.items.push_back(node_from_json(value, name));
  } else if (!json.is_null()) {
    node.kind = Node::Kind::scalar;
    node.quoted = json.is_string();
    node.text = json.is_string()         ? json.get<std::string>()
                : json.is_number_float() ? format_double(json.get<double>())
                                         : json.dump();
  }
  return node;
}

nlohmann::ordered_json node_to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return nullptr;
    case Node::Kind::list: {
      auto out = nlohmann::ordered_json::array();
      for (const Node& item : node.items) out.push_back(node_to_json(item));
      return out;
    }
    case Node::Kind::map: {
      auto out = nlohmann::ordered_json::object();
      for (const auto& [key, value] : node.entries) out[key] = node_to_json(value);
      return out;
    }
    case Node::Kind::scalar: break;
  }
  if (node.quoted) return node.text;
  if (node.text == "true") return true;
  if (node.text == "false") return false;
  if (const auto integer = parse_int(node.text)) return *integer;
  if (const auto number = parse_double(node.text); number && *number - *number == 0) return *number;
  return node.text;
}

}  // namespace reprise::config
