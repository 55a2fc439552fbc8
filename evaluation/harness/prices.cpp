#include "evaluation/harness/prices.h"

#include "evaluation/harness/yaml_fields.h"

namespace reprise::evaluation {

std::optional<serving::Price> price_of(const std::filesystem::path& file, const std::string& model) {
  const YAML::Node root = load_small_yaml(file);
  if (!root.IsMap() || !root["prices"].IsDefined() || !root["prices"].IsSequence()) throw Error("has no list `prices`", file.string(), "write `prices:` and a `- {model: ..., input: ..., output: ...}` for each");
  for (const auto& node : root["prices"]) {
    serving::Price price;
    std::string name, since;
    YamlFields fields(node, file.string());
    fields.field("model", name, "As the API calls it.", config::required());
    fields.field("currency", price.currency, "Of all three.");
    fields.field("input", price.input, "Of a million prompt tokens.", {.minimum = 0, .required = true});
    fields.field("cached_input", price.cached_input, "Of a million prompt tokens that the server had read before; as input where it is not given.", config::at_least(0));
    fields.field("output", price.output, "Of a million tokens of the answer, its reasoning included.", {.minimum = 0, .required = true});
    fields.field("since", since, "The day from which it holds.");
    fields.field("source", price.source, "Where it was read.");
    fields.finish();
    if (name == model) {
      if (!since.empty()) price.source += (price.source.empty() ? "" : ", ") + ("since " + since);
      return price;
    }
  }
  return std::nullopt;
}

}  // namespace reprise::evaluation
