// Text <-> token ids, identical to Hugging Face tokenizers for byte-level BPE (GPT-2, Llama 3, Qwen2/2.5,
// DeepSeek, SmolLM2) and for WordLevel + WhitespaceSplit (our miniature recipes). Immutable after loading and
// safe to share between threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::text {

struct DecodeOptions {
  bool skip_special_tokens = false;
};

class Tokenizer {
 public:
  // tokenizer.json, plain or gzip. tokenizer_config.json beside it (if any) names eos/bos/pad.
  // Throws Error: truncated, hostile or unsupported files, naming the part that is not understood.
  static std::shared_ptr<const Tokenizer> from_file(const std::filesystem::path& path);
  static std::shared_ptr<const Tokenizer> from_json(std::string_view json, const std::string& name_for_errors);
  // tokenizer_config_json: "" or the text of tokenizer_config.json, which names bos, eos and pad.
  static std::shared_ptr<const Tokenizer> from_json(std::string_view json, std::string_view tokenizer_config_json,
                                                    const std::string& name_for_errors);
  virtual ~Tokenizer() = default;

  // add_special_tokens: run the post-processor (BOS of Llama/DeepSeek). Special tokens written in the text are
  // always recognised, as in HF. Invalid UTF-8 is read as HF reads it after Python's errors="replace".
  virtual std::vector<int32_t> encode(std::string_view text, bool add_special_tokens) const = 0;
  virtual std::string decode(std::span<const int32_t> ids, DecodeOptions options = {}) const = 0;

  virtual int32_t vocab_size() const = 0;  // one more than the largest id, added tokens included
  virtual std::optional<int32_t> id_of(std::string_view token) const = 0;   // exact token content
  virtual std::string token_of(int32_t id) const = 0;                       // as in the vocabulary; "" if unused
  virtual std::optional<int32_t> bos_id() const = 0;
  virtual std::optional<int32_t> eos_id() const = 0;
  virtual std::optional<int32_t> pad_id() const = 0;
  // The tokenizer.json bytes it was loaded from: what a saved model folder carries.
  virtual const std::string& json() const = 0;
};

// Decodes a growing list of ids piece by piece: never emits half of a UTF-8 sequence, and the pieces joined
// equal decode() of the whole.
class StreamingDecoder {
 public:
  explicit StreamingDecoder(std::shared_ptr<const Tokenizer> tokenizer, DecodeOptions options = {});
  std::string add(int32_t id);  // the text that became certain
  std::string finish();         // the rest (incomplete bytes become U+FFFD)

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  DecodeOptions options_;
  std::vector<int32_t> ids_;   // a window
  size_t num_context_ = 0;     // of its ids: their text is out, they stand for what the next is joined to
  size_t num_emitted_ = 0;     // bytes of the window's text that are out
};

}  // namespace reprise::text
