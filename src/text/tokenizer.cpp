// Reading tokenizer.json: which kind it is, and the tokens that tokenizer_config.json names.
#include "text/tokenizer.h"

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "text/byte_bpe.h"
#include "text/word_level.h"

namespace reprise::text {
namespace {

constexpr size_t kMaxBytes = 512u << 20;

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_json(std::string_view text, const std::string& where) {
  return from_json(text, "", where);
}

std::shared_ptr<const Tokenizer> Tokenizer::from_json(std::string_view text, std::string_view config, const std::string& where) {
  // The parser recurses: bound the depth before it sees a hostile file.
  if (nesting_depth(text) > 64) throw Error("is nested too deeply", where, "this is not a tokenizer.json");
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("model") || !json["model"].is_object()) {
    throw Error("is not a tokenizer.json (truncated, or another kind of file)", where, "it should hold a JSON object with a model");
  }
  const std::string type = json["model"].contains("type") && json["model"]["type"].is_string() ? json["model"]["type"].get<std::string>()
                           : json["model"].contains("merges")                                     ? "BPE"
                                                                                                  : "";
  try {
    if (type == "WordLevel") return make_word_level_tokenizer(json, std::string(text), where);
    if (type == "BPE") return make_byte_bpe_tokenizer(json, std::string(text), std::string(config), where);
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("has a part of the wrong type (") + error.what() + ")", where);
  }
  throw Error("has a model of type '" + type + "'", where, "BPE and WordLevel are supported");
}

std::shared_ptr<const Tokenizer> Tokenizer::from_file(const std::filesystem::path& path) {
  const std::filesystem::path config = path.parent_path() / "tokenizer_config.json";
  const bool has_config = is_file(config);
  return from_json(read_file_maybe_gzip(path, kMaxBytes), has_config ? read_file(config, kMaxBytes) : "", path.string());
}

StreamingDecoder::StreamingDecoder(std::shared_ptr<const Tokenizer> tokenizer, DecodeOptions options)
    : tokenizer_(std::move(tokenizer)), options_(options) {}

// A window of ids is kept: those of the last piece, which the next may depend on (a space between words), and those whose
// text is not certain yet. A long text is thus decoded in time proportional to its length.
std::string StreamingDecoder::add(int32_t id) {
  ids_.push_back(id);
  const std::string all = tokenizer_->decode(ids_, options_);
  // A text that ends in U+FFFD may be in the middle of a character: wait.
  size_t certain = all.size();
  while (certain >= 3 && std::string_view(all).substr(certain - 3, 3) == "\xEF\xBF\xBD") certain -= 3;
  std::string piece;
  if (certain > num_emitted_) {
    piece = all.substr(num_emitted_, certain - num_emitted_);
    num_emitted_ = certain;
  }
  if (certain == all.size()) {
    const std::vector<int32_t> fresh(ids_.begin() + static_cast<std::ptrdiff_t>(num_context_), ids_.end());
    const size_t size = tokenizer_->decode(fresh, options_).size();
    if (size > 0) {
      ids_ = fresh;
      num_context_ = ids_.size();
      num_emitted_ = size;
    }
  }
  return piece;
}

std::string StreamingDecoder::finish() {
  const std::string all = tokenizer_->decode(ids_, options_);
  return all.size() > num_emitted_ ? all.substr(num_emitted_) : std::string();
}

}  // namespace reprise::text
