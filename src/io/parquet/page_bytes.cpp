// Each codec's one-shot decoder, with the size that the page claims as its bound.
#include "io/parquet/page_bytes.h"

#include <brotli/decode.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"

namespace reprise::io::parquet {
namespace {

constexpr const char* kHint = "the file is damaged; fetch it again";

// The most that a byte of packed data can stand for, from each format's own limits: a Snappy copy of 64 bytes takes three, a
// DEFLATE match of 258 bytes two bits, and an LZ4 length grows by 255 a byte. Zstandard and Brotli have none to speak of.
size_t largest_ratio(Codec codec) {
  switch (codec) {
    case Codec::snappy: return 64;
    case Codec::gzip: return 1032;
    case Codec::lz4_raw: return 255;
    default: return 0;
  }
}

bool unpack_snappy(std::span<const std::byte> packed, std::byte* out, size_t size) {
  const char* data = reinterpret_cast<const char*>(packed.data());
  size_t stated = 0;
  return snappy::GetUncompressedLength(data, packed.size(), &stated) && stated == size && snappy::RawUncompress(data, packed.size(), reinterpret_cast<char*>(out));
}

struct Inflater {
  z_stream stream{};
  bool ready = inflateInit2(&stream, 15 + 32) == Z_OK;  // gzip or zlib, by its head
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
};

// One or more members, as RFC 1952 allows.
bool unpack_gzip(std::span<const std::byte> packed, std::byte* out, size_t size) {
  Inflater inflater;
  if (!inflater.ready) throw std::bad_alloc();
  z_stream& stream = inflater.stream;
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out);
  stream.avail_out = static_cast<uInt>(size);
  for (;;) {
    if (inflate(&stream, Z_FINISH) != Z_STREAM_END) return false;
    if (stream.avail_in == 0) return stream.avail_out == 0;
    if (inflateReset(&stream) != Z_OK) return false;
  }
}

bool unpack_brotli(std::span<const std::byte> packed, std::byte* out, size_t size) {
  size_t written = size;
  return BrotliDecoderDecompress(packed.size(), reinterpret_cast<const uint8_t*>(packed.data()), &written, reinterpret_cast<uint8_t*>(out)) == BROTLI_DECODER_RESULT_SUCCESS && written == size;
}

bool unpack_zstd(std::span<const std::byte> packed, std::byte* out, size_t size) {
  static thread_local const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  return ZSTD_decompressDCtx(context.get(), out, size, packed.data(), packed.size()) == size;
}

bool unpack_lz4(std::span<const std::byte> packed, std::byte* out, size_t size) {
  const int written = LZ4_decompress_safe(reinterpret_cast<const char*>(packed.data()), reinterpret_cast<char*>(out), static_cast<int>(packed.size()), static_cast<int>(size));
  return written >= 0 && static_cast<size_t>(written) == size;
}

}  // namespace

void Budget::hold(size_t bytes, const std::string& where) {
  if (bytes > max_held_ - held_) {
    throw Error("wants more than the " + std::to_string(max_held_) + " bytes of memory that a Parquet file is given", where, "write it with smaller pages or fewer columns");
  }
  held_ += bytes;
}

void Budget::spend(size_t bytes, const std::string& where) {
  if (bytes > max_total_ - total_) throw Error("unpacks to more than " + std::to_string(max_total_) + " bytes", where, "split it");
  total_ += bytes;
}

PageBytes::PageBytes(Budget& budget, size_t size, const std::string& where) {
  budget.hold(size, where);
  budget_ = &budget;
  // Not set to zero: a claim that is not kept costs no memory.
  owned_ = std::make_unique_for_overwrite<std::byte[]>(size);
  view_ = {owned_.get(), size};
}

void check_codec(int32_t codec, const std::string& where) {
  switch (static_cast<Codec>(codec)) {
    case Codec::uncompressed:
    case Codec::snappy:
    case Codec::gzip:
    case Codec::brotli:
    case Codec::zstd:
    case Codec::lz4_raw: return;
    default: break;
  }
  const std::string name = codec == 3 ? "LZO" : codec == 5 ? "the old LZ4" : "number " + std::to_string(codec);
  throw Error("is compressed by " + name + ", which is not read here", where, "write it uncompressed or by Snappy, gzip, Zstandard, LZ4_RAW or Brotli");
}

PageBytes unpack(Codec codec, std::span<const std::byte> packed, size_t size, Budget& budget, const std::string& where) {
  if (codec == Codec::uncompressed) {
    if (packed.size() != size) throw Error("has a page of another size than it says", where, kHint);
    return PageBytes(packed);
  }
  if (size == 0) return PageBytes(std::span<const std::byte>());
  if (const size_t ratio = largest_ratio(codec); ratio > 0 && size / ratio > packed.size()) throw Error("has a page that claims to unpack to " + std::to_string(size) + " bytes", where, kHint);
  PageBytes out(budget, size, where);
  bool good = false;
  switch (codec) {
    case Codec::snappy: good = unpack_snappy(packed, out.writable(), size); break;
    case Codec::gzip: good = unpack_gzip(packed, out.writable(), size); break;
    case Codec::brotli: good = unpack_brotli(packed, out.writable(), size); break;
    case Codec::zstd: good = unpack_zstd(packed, out.writable(), size); break;
    case Codec::lz4_raw: good = unpack_lz4(packed, out.writable(), size); break;
    default: check_codec(static_cast<int32_t>(codec), where);
  }
  if (!good) throw Error("has a page that cannot be unpacked", where, kHint);
  return out;
}

}  // namespace reprise::io::parquet
