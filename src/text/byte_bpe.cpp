// Tokens are kept as the bytes they stand for. Words that were merged before come from a cache; short words are merged
// by scanning, long ones by a heap over a linked list, so that no input takes quadratic time.
#include "text/byte_bpe.h"

#include <algorithm>
#include <atomic>
#include <queue>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "text/added_tokens.h"
#include "text/pre_tokenizer.h"
#include "text/unicode.h"

namespace reprise::text {
namespace {


constexpr int64_t kMaxId = 10'000'000;
constexpr size_t kCachedWordBytes = 64;
constexpr size_t kCachedWords = 1 << 16;
constexpr size_t kScannedSymbols = 48;

// GPT-2's alphabet: printable bytes stand for themselves, the others for U+0100 onwards, in order.
struct ByteAlphabet {
  char32_t of_byte[256];
  int16_t byte_of[512];
  ByteAlphabet() {
    std::fill(std::begin(byte_of), std::end(byte_of), int16_t{-1});
    char32_t next = 256;
    for (int b = 0; b < 256; ++b) {
      const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      of_byte[b] = printable ? static_cast<char32_t>(b) : next++;
      byte_of[of_byte[b]] = static_cast<int16_t>(b);
    }
  }
};
const ByteAlphabet& alphabet() {
  static const ByteAlphabet a;
  return a;
}

// Bytes of a vocabulary entry; false when it holds a character outside the alphabet.
bool to_bytes(std::string_view token, std::string& out) {
  out.clear();
  for (size_t i = 0; i < token.size();) {
    const char32_t c = next_code_point(token, i);
    if (c >= 512 || alphabet().byte_of[c] < 0) return false;
    out += static_cast<char>(alphabet().byte_of[c]);
  }
  return true;
}

uint64_t pair_key(int32_t a, int32_t b) { return (uint64_t{static_cast<uint32_t>(a)} << 32) | static_cast<uint32_t>(b); }

struct PairHash {
  size_t operator()(uint64_t x) const {
    x *= 0x9e3779b97f4a7c15ull;
    return x ^ (x >> 29);
  }
};
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
};

struct Merge {
  int32_t rank, id;
};

// Open addressing: one look-up a candidate pair is what encoding time is made of.
class MergeTable {
 public:
  void reserve(size_t count) {
    size_t size = 16;
    while (size < 2 * count) size *= 2;
    slots_.assign(size, {kEmpty, {0, 0}});
  }
  bool insert(uint64_t key, Merge merge) {
    for (size_t i = PairHash()(key) & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].key == key) return false;
      if (slots_[i].key == kEmpty) {
        slots_[i] = {key, merge};
        return true;
      }
    }
  }
  const Merge* find(uint64_t key) const {
    for (size_t i = PairHash()(key) & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].key == key) return &slots_[i].merge;
      if (slots_[i].key == kEmpty) return nullptr;
    }
  }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  struct Slot {
    uint64_t key;
    Merge merge;
  };
  std::vector<Slot> slots_;
};

class ByteBpeTokenizer : public Tokenizer {
 public:
  ByteBpeTokenizer(const nlohmann::json& root, std::string source, const std::string& config, const std::string& where)
      : source_(std::move(source)), where_(where), added_(read_added_tokens(root, where)) {
    const nlohmann::json& model = root.at("model");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (model.contains(key) && model[key].is_string() && !model[key].get<std::string>().empty()) throw Error(std::string("uses ") + key + ", which is not supported", where);
    }
    if (model.value("byte_fallback", false)) throw Error("uses byte_fallback, which is not supported", where);
    ignore_merges_ = model.value("ignore_merges", false);
    read_vocabulary(model);
    read_merges(model);
    read_normalizer(root.contains("normalizer") ? root["normalizer"] : nlohmann::json());
    rules_ = read_pre_tokenizer(root.contains("pre_tokenizer") ? root["pre_tokenizer"] : nlohmann::json(), where);
    read_post_processor(root.contains("post_processor") ? root["post_processor"] : nlohmann::json());
    read_names(config);
  }

  std::vector<int32_t> encode(std::string_view raw, bool add_special_tokens) const override {
    std::string repaired;
    if (!valid_utf8(raw)) {  // as Python's errors="replace" hands it to HF
      for (size_t i = 0; i < raw.size();) append_utf8(repaired, next_code_point(raw, i));
      raw = repaired;
    }
    std::vector<int32_t> ids;
    ids.reserve(raw.size() / 3 + 4);
    if (add_special_tokens) ids = front_;
    added_.split(raw, normalizes_, [&](std::string_view piece, int32_t added_id) {
      if (added_id >= 0) {
        ids.push_back(added_id);
      } else {
        split_words(rules_, piece, [&](std::string_view word) { append_word(word, ids); });
      }
    });
    if (add_special_tokens) ids.insert(ids.end(), behind_.begin(), behind_.end());
    return ids;
  }

  std::string decode(std::span<const int32_t> ids, DecodeOptions options) const override {
    std::string bytes;
    for (int32_t id : ids) {
      if (options.skip_special_tokens && added_.is_special(id)) continue;
      if (id >= 0 && static_cast<size_t>(id) < bytes_.size()) bytes += bytes_[id];
    }
    if (valid_utf8(bytes)) return bytes;
    return replaced_utf8(bytes);
  }

  int32_t vocab_size() const override { return static_cast<int32_t>(bytes_.size()); }
  std::optional<int32_t> id_of(std::string_view token) const override {
    const auto found = ids_.find(token);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string token_of(int32_t id) const override { return id >= 0 && static_cast<size_t>(id) < tokens_.size() ? tokens_[id] : ""; }
  std::optional<int32_t> bos_id() const override { return bos_; }
  std::optional<int32_t> eos_id() const override { return eos_; }
  std::optional<int32_t> pad_id() const override { return pad_; }
  const std::string& json() const override { return source_; }

 private:
  void set_token(const std::string& token, const nlohmann::json& id_json) {
    if (!id_json.is_number_integer() || id_json.get<int64_t>() < 0 || id_json.get<int64_t>() > kMaxId) {
      throw Error("gives token '" + token.substr(0, 40) + "' an id that cannot be", where_);
    }
    const size_t id = id_json.get<size_t>();
    if (id >= tokens_.size()) {
      tokens_.resize(id + 1);
      bytes_.resize(id + 1);
    }
    const auto [place, fresh] = ids_.emplace(token, static_cast<int32_t>(id));
    if (!fresh && place->second != static_cast<int32_t>(id)) throw Error("gives token '" + token.substr(0, 40) + "' two ids", where_);
    if (fresh && !tokens_[id].empty()) throw Error("gives id " + std::to_string(id) + " to two tokens", where_);
    tokens_[id] = token;
  }

  void read_vocabulary(const nlohmann::json& model) {
    const auto& vocabulary = model.at("vocab");
    if (!vocabulary.is_object()) throw Error("has a vocabulary that is not a map", where_);
    ids_.reserve(vocabulary.size() * 2);
    std::string bytes;
    for (const auto& [token, id] : vocabulary.items()) {
      set_token(token, id);
      const int32_t number = id.template get<int32_t>();
      // Characters outside the alphabet (a special token listed here too) stand for themselves when decoded.
      bytes_[number] = to_bytes(token, bytes) ? bytes : token;
    }
    for (const AddedToken& token : added_.tokens()) {
      set_token(token.content, token.id);
      bytes_[token.id] = token.content;
    }
    for (int b = 0; b < 256; ++b) {
      std::string symbol;
      append_utf8(symbol, alphabet().of_byte[b]);
      const auto found = ids_.find(symbol);
      byte_ids_[b] = found == ids_.end() ? -1 : found->second;
    }
  }

  void read_merges(const nlohmann::json& model) {
    const auto& merges = model.at("merges");
    if (!merges.is_array()) throw Error("has merges that are not a list", where_);
    merges_.reserve(merges.size());
    int32_t rank = 0;
    for (const auto& merge : merges) {
      std::string left, right;
      if (merge.is_string()) {
        const std::string text = merge;
        const size_t space = text.find(' ');
        if (space == std::string::npos) throw Error("has merge " + std::to_string(rank) + " without two parts", where_);
        left = text.substr(0, space);
        right = text.substr(space + 1);
      } else if (merge.is_array() && merge.size() == 2) {
        left = merge[0];
        right = merge[1];
      } else {
        throw Error("has merge " + std::to_string(rank) + " that is not a pair", where_);
      }
      const auto a = id_of(left), b = id_of(right), joined = id_of(left + right);
      if (!a || !b || !joined) throw Error("has merge " + std::to_string(rank) + " of a token that is not in the vocabulary", where_);
      merges_.insert(pair_key(*a, *b), {rank, *joined});
      ++rank;
    }
  }

  void read_normalizer(const nlohmann::json& part) {
    if (part.is_null()) return;
    const std::string type = part.value("type", "");
    if (type == "NFC") {
      normalizes_ = true;
    } else if (type == "Sequence") {
      for (const auto& inner : part.at("normalizers")) read_normalizer(inner);
    } else {
      throw Error("has a normalizer of type '" + type + "' that is not supported", where_);
    }
  }

  void read_post_processor(const nlohmann::json& part) {
    if (part.is_null()) return;
    const std::string type = part.value("type", "");
    if (type == "Sequence") {
      for (const auto& inner : part.at("processors")) read_post_processor(inner);
    } else if (type == "TemplateProcessing") {
      bool after = false;
      for (const auto& piece : part.at("single")) {
        if (piece.contains("Sequence")) {
          after = true;
          continue;
        }
        const std::string name = piece.at("SpecialToken").at("id");
        for (const auto& id : part.at("special_tokens").at(name).at("ids")) (after ? behind_ : front_).push_back(id.get<int32_t>());
      }
    } else if (type != "ByteLevel") {
      throw Error("has a post-processor of type '" + type + "' that is not supported", where_);
    }
  }

  void read_names(const std::string& config_text) {
    const auto config = nlohmann::json::parse(config_text, nullptr, false);
    if (!config.is_object()) return;
    const auto token = [&](const char* key) -> std::optional<int32_t> {
      const auto found = config.find(key);
      if (found == config.end() || found->is_null()) return std::nullopt;
      if (found->is_string()) return id_of(found->get<std::string>());
      if (found->is_object() && found->contains("content") && (*found)["content"].is_string()) return id_of((*found)["content"].get<std::string>());
      return std::nullopt;
    };
    bos_ = token("bos_token");
    eos_ = token("eos_token");
    pad_ = token("pad_token");
  }

  void append_word(std::string_view word, std::vector<int32_t>& ids) const {
    if (word.size() > kCachedWordBytes) return merge_word(word, ids);
    // One cache a thread; it belongs to one tokenizer at a time.
    struct Cache {
      uint64_t owner = 0;
      std::unordered_map<std::string, std::vector<int32_t>, TextHash, std::equal_to<>> words;
    };
    thread_local Cache cache;
    if (cache.owner != serial_ || cache.words.size() > kCachedWords) {
      cache.words.clear();
      cache.owner = serial_;
    }
    auto found = cache.words.find(word);
    if (found == cache.words.end()) {
      std::vector<int32_t> merged;
      merge_word(word, merged);
      found = cache.words.emplace(std::string(word), std::move(merged)).first;
    }
    ids.insert(ids.end(), found->second.begin(), found->second.end());
  }

  void merge_word(std::string_view word, std::vector<int32_t>& ids) const {
    if (ignore_merges_) {
      std::string spelled;
      for (unsigned char b : word) append_utf8(spelled, alphabet().of_byte[b]);
      if (const auto whole = id_of(spelled)) {
        ids.push_back(*whole);
        return;
      }
    }
    std::vector<int32_t> symbols;
    symbols.reserve(word.size());
    for (unsigned char b : word) {
      if (byte_ids_[b] >= 0) symbols.push_back(byte_ids_[b]);
    }
    if (symbols.size() <= kScannedSymbols) {
      merge_by_scanning(symbols);
    } else {
      merge_by_heap(symbols);
    }
    ids.insert(ids.end(), symbols.begin(), symbols.end());
  }

  void merge_by_scanning(std::vector<int32_t>& symbols) const {
    while (symbols.size() > 1) {
      const Merge* best = nullptr;
      size_t place = 0;
      for (size_t i = 0; i + 1 < symbols.size(); ++i) {
        const Merge* merge = merges_.find(pair_key(symbols[i], symbols[i + 1]));
        if (merge && (!best || merge->rank < best->rank)) {
          best = merge;
          place = i;
        }
      }
      if (!best) return;
      symbols[place] = best->id;
      symbols.erase(symbols.begin() + static_cast<int64_t>(place) + 1);
    }
  }

  void merge_by_heap(std::vector<int32_t>& symbols) const {
    struct Entry {
      int32_t rank, left_id, right_id;
      size_t left;
      bool operator>(const Entry& o) const { return std::pair(rank, left) > std::pair(o.rank, o.left); }
    };
    const size_t n = symbols.size();
    std::vector<size_t> next(n), previous(n);
    for (size_t i = 0; i < n; ++i) {
      next[i] = i + 1;
      previous[i] = i == 0 ? n : i - 1;
    }
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap;
    const auto offer = [&](size_t left) {
      if (left >= n || next[left] >= n) return;
      if (const Merge* merge = merges_.find(pair_key(symbols[left], symbols[next[left]]))) heap.push({merge->rank, symbols[left], symbols[next[left]], left});
    };
    for (size_t i = 0; i + 1 < n; ++i) offer(i);
    while (!heap.empty()) {
      const Entry top = heap.top();
      heap.pop();
      const size_t right = next[top.left];
      if (symbols[top.left] != top.left_id || right >= n || symbols[right] != top.right_id) continue;  // out of date
      symbols[top.left] = merges_.find(pair_key(top.left_id, top.right_id))->id;
      symbols[right] = -1;
      next[top.left] = next[right];
      if (next[right] < n) previous[next[right]] = top.left;
      offer(top.left);
      offer(previous[top.left]);
    }
    std::erase(symbols, -1);
  }

  // Invalid sequences become U+FFFD, one for each maximal invalid part, as Rust's from_utf8_lossy has it.
  static std::string replaced_utf8(std::string_view bytes) {
    std::string out;
    for (size_t i = 0; i < bytes.size();) {
      const size_t before = i;
      const char32_t c = next_code_point(bytes, i);
      if (c != 0xFFFD || i - before == 3) {
        out += bytes.substr(before, i - before);
        continue;
      }
      // How many bytes of a started sequence were still valid: they are replaced together.
      const unsigned char lead = static_cast<unsigned char>(bytes[before]);
      size_t expected = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 1;
      size_t taken = 1;
      while (taken < expected && before + taken < bytes.size()) {
        const unsigned char b = static_cast<unsigned char>(bytes[before + taken]);
        unsigned char low = 0x80, high = 0xBF;
        if (taken == 1 && lead == 0xE0) low = 0xA0;
        if (taken == 1 && lead == 0xED) high = 0x9F;
        if (taken == 1 && lead == 0xF0) low = 0x90;
        if (taken == 1 && lead == 0xF4) high = 0x8F;
        if (b < low || b > high) break;
        ++taken;
      }
      out += "\xEF\xBF\xBD";
      i = before + taken;
    }
    return out;
  }

  static uint64_t next_serial() {
    static std::atomic<uint64_t> counter{0};
    return ++counter;
  }

  std::string source_, where_;
  AddedTokens added_;
  uint64_t serial_ = next_serial();
  bool ignore_merges_ = false, normalizes_ = false;
  std::vector<std::string> tokens_, bytes_;
  std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>> ids_;
  int32_t byte_ids_[256];
  MergeTable merges_;
  std::vector<SplitRule> rules_;
  std::vector<int32_t> front_, behind_;
  std::optional<int32_t> bos_, eos_, pad_;
};

}  // namespace

std::shared_ptr<const Tokenizer> make_byte_bpe_tokenizer(const nlohmann::json& root, std::string source, const std::string& config, const std::string& where) {
  return std::make_shared<ByteBpeTokenizer>(root, std::move(source), config, where);
}

}  // namespace reprise::text
