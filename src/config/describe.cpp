// Words and tables for the keys reference.
#include "config/describe.h"

#include <cmath>
#include <stdexcept>

#include "base/strings.h"

namespace reprise::config {

void FieldLister::add(FieldInfo info) {
  for (const FieldInfo& known : out_) {
    if (known.name == info.name) throw std::logic_error("key '" + info.name + "' is declared twice");
  }
  out_.push_back(std::move(info));
}

std::string FieldInfo::default_text() const {
  if (bounds.required) return "required";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return format_double(value.get<double>());
  return value.dump();
}

std::string FieldInfo::limits_text() const {
  if (!bounds.choices.empty()) return "one of: " + join(bounds.choices, ", ");
  std::vector<std::string> parts;
  if (std::isfinite(bounds.minimum)) {
    parts.push_back((bounds.minimum_is_open ? "more than " : "at least ") + format_double(bounds.minimum));
  }
  if (std::isfinite(bounds.maximum)) {
    parts.push_back((bounds.maximum_is_open ? "less than " : "at most ") + format_double(bounds.maximum));
  }
  return join(parts, ", ");
}

namespace {

std::string wrapped(const std::string& text, size_t width, const std::string& indent) {
  std::string out, line;
  for (const std::string& word : split(text, ' ')) {
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      out += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return out + indent + line + "\n";
}

}  // namespace

std::string keys_text(const std::vector<FieldInfo>& fields) {
  std::string out;
  for (const FieldInfo& field : fields) {
    std::string head = field.name + " (" + field.type;
    if (field.bounds.required) head += ", required";
    else if (!field.default_text().empty()) head += ", default " + field.default_text();
    if (const std::string limits = field.limits_text(); !limits.empty()) head += ", " + limits;
    out += "  " + head + ")\n" + wrapped(field.doc, 92, "      ");
  }
  return out;
}

std::string keys_markdown(const std::vector<FieldInfo>& fields) {
  std::string out = "| key | type | default | limits | meaning |\n|---|---|---|---|---|\n";
  const auto cell = [](const std::string& text) { return replace_all(replace_all(text, "|", "\\|"), "<", "&lt;"); };
  for (const FieldInfo& field : fields) {
    const std::string value = field.default_text();
    out += "| `" + field.name + "` | " + field.type + " | " +
           (value.empty() ? "" : field.bounds.required ? value : "`" + cell(value) + "`") + " | " +
           cell(field.limits_text()) + " | " + cell(field.doc) + " |\n";
  }
  return out;
}

}  // namespace reprise::config
