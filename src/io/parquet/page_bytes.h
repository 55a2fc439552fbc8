// The bytes of a page as its values see them: a piece of the mapped file, or unpacked into memory that a budget counts. What
// a page claims to unpack to is bounded before a byte of it is written.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "io/parquet/metadata.h"

namespace reprise::io::parquet {

// Memory that the pages and dictionaries of a file may hold at one time, and bytes that may come out of it in all.
class Budget {
 public:
  Budget(size_t max_held, size_t max_total) : max_held_(max_held), max_total_(max_total) {}
  // Throws Error (naming `where`) where it would be too much.
  void hold(size_t bytes, const std::string& where);
  void release(size_t bytes) { held_ -= bytes; }
  // Bytes that rows were given.
  void spend(size_t bytes, const std::string& where);

 private:
  size_t held_ = 0, total_ = 0, max_held_, max_total_;
};

class PageBytes {
 public:
  PageBytes() = default;
  // Memory of `size` bytes; `budget` outlives it.
  PageBytes(Budget& budget, size_t size, const std::string& where);
  explicit PageBytes(std::span<const std::byte> view) : view_(view) {}
  PageBytes(PageBytes&& other) noexcept { swap(other); }
  PageBytes& operator=(PageBytes&& other) noexcept {
    swap(other);
    return *this;
  }
  ~PageBytes() {
    if (budget_) budget_->release(view_.size());
  }

  std::span<const std::byte> bytes() const { return view_; }
  std::byte* writable() { return owned_.get(); }

 private:
  void swap(PageBytes& other) {
    std::swap(view_, other.view_);
    std::swap(owned_, other.owned_);
    std::swap(budget_, other.budget_);
  }
  std::span<const std::byte> view_;
  std::unique_ptr<std::byte[]> owned_;
  Budget* budget_ = nullptr;
};

// Throws Error where `codec` is none that is read here (LZO, the LZ4 of before 2021, numbers of the future).
void check_codec(int32_t codec, const std::string& where);

// `packed` unpacked to exactly `size` bytes. Uncompressed bytes are not copied. Throws Error: damaged, another size than
// claimed, more than the codec can pack, more than the budget has left.
PageBytes unpack(Codec codec, std::span<const std::byte> packed, size_t size, Budget& budget, const std::string& where);

}  // namespace reprise::io::parquet
