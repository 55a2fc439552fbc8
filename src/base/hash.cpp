// Thin RAII over OpenSSL's EVP and xxHash.
#include "base/hash.h"

#include <openssl/evp.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdio>
#include <vector>

#include "base/error.h"

namespace reprise {
namespace {

struct Digest {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  explicit Digest(const EVP_MD* kind) { EVP_DigestInit_ex(context, kind, nullptr); }
  ~Digest() { EVP_MD_CTX_free(context); }
  void add(const void* data, size_t bytes) { EVP_DigestUpdate(context, data, bytes); }
  std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context, digest, &size);
    std::string text;
    char pair[3];
    for (unsigned int i = 0; i < size; ++i) {
      std::snprintf(pair, sizeof pair, "%02x", digest[i]);
      text += pair;
    }
    return text;
  }
};

std::string add_file(Digest& hash, const std::filesystem::path& path) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) throw Error("cannot be read", path.string(), "check that the file exists and is readable");
  std::vector<char> buffer(1 << 20);
  while (size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) hash.add(buffer.data(), n);
  if (std::ferror(file.get())) throw Error("read error", path.string());
  return hash.hex();
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  Digest hash(EVP_sha256());
  hash.add(bytes.data(), bytes.size());
  return hash.hex();
}

std::string sha256_file_hex(const std::filesystem::path& path) {
  Digest hash(EVP_sha256());
  return add_file(hash, path);
}

std::string git_blob_sha1_file_hex(const std::filesystem::path& path) {
  Digest hash(EVP_sha1());
  std::error_code ignored;
  const std::string head = "blob " + std::to_string(std::filesystem::file_size(path, ignored));
  hash.add(head.c_str(), head.size() + 1);
  return add_file(hash, path);
}

struct StateHash::State {
  XXH3_state_t* xxh = XXH3_createState();
  State() { XXH3_128bits_reset(xxh); }
  ~State() { XXH3_freeState(xxh); }
};

StateHash::StateHash() : state_(std::make_unique<State>()) {}
StateHash::~StateHash() = default;
StateHash::StateHash(StateHash&&) noexcept = default;

void StateHash::add(const void* data, size_t bytes) { XXH3_128bits_update(state_->xxh, data, bytes); }
void StateHash::add(std::string_view text) {
  add_u64(text.size());
  add(text.data(), text.size());
}
void StateHash::add_u64(uint64_t value) { add(&value, sizeof value); }

std::string StateHash::hex() const {
  const XXH128_hash_t h = XXH3_128bits_digest(state_->xxh);
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(h.high64),
                static_cast<unsigned long long>(h.low64));
  return text;
}

}  // namespace reprise
