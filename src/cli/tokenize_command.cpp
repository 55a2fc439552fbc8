// `reprise tokenize`: lines to ids and back.
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "text/tokenizer.h"

namespace reprise::cli {
namespace {

std::string ids_text(const std::vector<int32_t>& ids) {
  std::string out;
  for (int32_t id : ids) {
    if (!out.empty()) out += ' ';
    out += std::to_string(id);
  }
  return out;
}

std::vector<int32_t> read_ids(const std::string& line, int64_t number) {
  std::vector<int32_t> ids;
  for (const std::string& word : split(line, ' ')) {
    if (word.empty()) continue;
    const auto id = parse_int(word);
    if (!id || *id < 0 || *id > INT32_MAX) throw Error("'" + word.substr(0, 40) + "' is not a token id", "line " + std::to_string(number));
    ids.push_back(static_cast<int32_t>(*id));
  }
  return ids;
}

}  // namespace

int tokenize_command(const Arguments& arguments) {
  namespace options = boost::program_options;
  std::string file;
  options::options_description shown("options");
  shown.add_options()("help,h", "this text")("tokenizer", options::value(&file)->value_name("FILE"), "tokenizer.json, plain or gzip")(
      "add-special-tokens", "run the post-processor (a leading BOS where the tokenizer has one)")(
      "decode", "the other way: lines of ids to text")("skip-special-tokens", "with --decode: leave special tokens out")(
      "json", "texts are JSON strings, one a line, so that they can hold newlines")("bench", "print megabytes a second to standard error");
  options::variables_map values;
  try {
    options::store(options::command_line_parser(arguments).options(shown).run(), values);
    options::notify(values);
  } catch (const options::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise tokenize --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise tokenize --tokenizer FILE < lines > ids\n\n  echo 'Hello world' | reprise tokenize --tokenizer models/qwen/tokenizer.json\n\n" << shown;
    return 0;
  }
  if (file.empty()) throw UsageError("no tokenizer", "", "for example `reprise tokenize --tokenizer tokenizer.json < lines`");
  const auto tokenizer = text::Tokenizer::from_file(file);
  const bool decode = values.contains("decode"), json = values.contains("json"), special = values.contains("add-special-tokens");
  std::ios::sync_with_stdio(false);
  std::string line, out;
  int64_t number = 0, bytes = 0;
  double seconds = 0;
  while (std::getline(std::cin, line)) {
    ++number;
    if (json && !decode) {
      const auto value = nlohmann::json::parse(line, nullptr, false);
      if (!value.is_string()) throw Error("is not a JSON string", "line " + std::to_string(number));
      line = value.get<std::string>();
    }
    const auto start = std::chrono::steady_clock::now();
    if (decode) {
      out = tokenizer->decode(read_ids(line, number), {.skip_special_tokens = values.contains("skip-special-tokens")});
      if (json) out = nlohmann::json(out).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    } else {
      const auto ids = tokenizer->encode(line, special);
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      bytes += static_cast<int64_t>(line.size());
      out = ids_text(ids);
    }
    out += '\n';
    std::fwrite(out.data(), 1, out.size(), stdout);
  }
  if (std::fflush(stdout) != 0) throw Error("cannot be written (disk full?)", "standard output");
  if (values.contains("bench")) std::fprintf(stderr, "%.2f MB in %.3f s: %.1f MB/s\n", static_cast<double>(bytes) * 1e-6, seconds, static_cast<double>(bytes) * 1e-6 / std::max(seconds, 1e-9));
  return 0;
}

}  // namespace reprise::cli
