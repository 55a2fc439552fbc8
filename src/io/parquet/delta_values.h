// Parquet's delta encodings: integers as differences in packed blocks, byte arrays with their lengths so packed, and byte
// arrays that share the front of the one before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "io/parquet/values.h"

namespace reprise::io::parquet {

// All throw BadPage for a damaged head; `page` outlives the decoder.
std::unique_ptr<ValueDecoder> make_delta_integers(Stored stored, std::span<const std::byte> page);
std::unique_ptr<ValueDecoder> make_delta_lengths(std::span<const std::byte> page);
// fixed_length: what every value must have, -1 for any. A prefix costs no bytes in the page, so what the page grows to is
// bounded by max_value_bytes.
std::unique_ptr<ValueDecoder> make_delta_bytes(int32_t fixed_length, std::span<const std::byte> page, size_t max_value_bytes);

}  // namespace reprise::io::parquet
