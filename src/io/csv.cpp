// One loop over records, one over fields.
#include "io/csv.h"

#include "base/error.h"

namespace reprise::io {

void read_csv(std::string_view text, const std::string& where, const std::function<void(int64_t line, const std::vector<std::string>& fields)>& row) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int64_t line = 1;
  size_t at = 0;
  const auto at_end_of_line = [&] { return at == text.size() || text[at] == '\n' || text.substr(at, 2) == "\r\n"; };
  while (at < text.size()) {
    const int64_t first_line = line;
    std::vector<std::string> fields;
    for (bool more = true; more;) {
      std::string field;
      if (at < text.size() && text[at] == '"') {
        for (++at;; ++at) {
          if (at == text.size()) throw Error("has a quote that never closes", where + ":" + std::to_string(first_line));
          if (text[at] == '\n') ++line;
          if (text[at] == '"' && text.substr(at, 2) != "\"\"") break;
          if (text[at] == '"') ++at;
          field += text[at];
        }
        ++at;
        if (!at_end_of_line() && text[at] != ',') throw Error("has text behind a closing quote", where + ":" + std::to_string(line));
      } else {
        while (!at_end_of_line() && text[at] != ',') field += text[at++];
      }
      fields.push_back(std::move(field));
      more = at < text.size() && text[at] == ',';
      if (more) ++at;
    }
    if (at < text.size()) at += text[at] == '\r' ? 2 : 1;
    ++line;
    if (fields.size() > 1 || !fields[0].empty()) row(first_line, fields);
  }
}

}  // namespace reprise::io
