// Anchors and aliases are refused before the tree is built: ten lines of them can stand for a billion nodes.
// Nesting is bounded by yaml-cpp itself (500 levels).
#include "evaluation/harness/yaml_fields.h"

#include <sstream>

#include <yaml-cpp/eventhandler.h>

#include "base/files.h"

namespace reprise::evaluation {

namespace {

class RefuseAliases : public YAML::EventHandler {
 public:
  explicit RefuseAliases(std::string file) : file_(std::move(file)) {}
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Error("an alias (*name)", file_ + ":" + std::to_string(mark.line + 1), "write the value out");
  }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::string file_;
};

}  // namespace

YAML::Node load_small_yaml(const std::filesystem::path& path) {
  const std::string text = read_file(path, size_t{8} << 20);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    RefuseAliases handler(path.string());
    parser.HandleNextDocument(handler);
    return YAML::Load(text);
  } catch (const YAML::Exception& fault) {
    throw Error("not YAML: " + fault.msg, path.string() + ":" + std::to_string(fault.mark.line + 1),
                "correct the line");
  }
}

}  // namespace reprise::evaluation
