// Stores by batches of rows, JSON by lines.
#include "data/row_stream.h"

#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "data/store.h"
#include "io/hdf5_file.h"
#include "io/jsonl.h"
#include "io/lines.h"

namespace reprise::data {
namespace {

constexpr size_t kMaxLineBytes = size_t{64} << 20;
constexpr size_t kMaxInflatedBytes = size_t{1} << 40;  // line by line: no memory is bound to it

std::vector<std::string> columns_of(const std::filesystem::path& path) {
  return read_manifest(path).kind == "examples" ? std::vector<std::string>{"id", "prompt", "completion"} : std::vector<std::string>{"id", "prompt", "solution"};
}

// One word is a name, a label or an answer: nothing to be found again.
bool has_two_words(std::string_view text) {
  const std::string_view inner = trim(text);
  return inner.find_first_of(" \t\n") != std::string_view::npos || inner.size() > 24;
}

void collect_texts(const nlohmann::json& value, std::vector<std::string_view>& texts) {
  if (value.is_string()) {
    if (const auto& text = value.get_ref<const std::string&>(); has_two_words(text)) texts.push_back(text);
  } else if (value.is_structured()) {
    for (const auto& inner : value) collect_texts(inner, texts);
  }
}

}  // namespace

void for_each_store_row(const std::filesystem::path& path, const OnTextRow& row) {
  io::Hdf5TextReader reader(path, columns_of(path));
  std::vector<std::vector<std::string>> columns;
  std::vector<std::string_view> texts;
  while (reader.next(columns)) {
    for (size_t i = 0; i < columns[0].size(); ++i) {
      texts.clear();
      for (size_t c = 1; c < columns.size(); ++c) {
        if (!columns[c][i].empty()) texts.push_back(columns[c][i]);
      }
      row(columns[0][i], texts);
    }
  }
}

bool is_store(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  char head[8] = {};
  file.read(head, sizeof head);
  return file.gcount() == sizeof head && std::string_view(head, sizeof head) == std::string_view("\x89HDF\r\n\x1a\n", 8);
}

void for_each_text_row(const std::filesystem::path& path, const OnTextRow& row) {
  if (!is_file(path)) throw Error("is not there, or is no file", path.string(), "check the name");
  if (is_store(path)) return for_each_store_row(path, row);
  std::vector<std::string_view> texts;
  const auto one = [&](int64_t line, const nlohmann::json& value) {
    texts.clear();
    collect_texts(value, texts);
    row("line " + std::to_string(line), texts);
  };
  io::LineReader reader(path, kMaxLineBytes, kMaxInflatedBytes);
  bool first = true;
  for (int64_t number = 1; reader.next(); ++number) {
    const std::string where = path.string() + ":" + std::to_string(number);
    if (reader.too_long()) throw Error("has more than " + std::to_string(kMaxLineBytes) + " bytes", where, "is this the right file?");
    std::string_view text = trim(reader.line());
    if (first && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (text.empty()) continue;
    if (first && text.starts_with('[')) return io::read_json_rows(path, one);
    first = false;
    nlohmann::json value;
    try {
      value = io::parse_json_row(text);
    } catch (const Error&) {
      throw Error("is not a JSON object", where, "give a store, JSON Lines or a JSON array");
    }
    one(number, value);
  }
}

}  // namespace reprise::data
