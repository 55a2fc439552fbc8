// The values of a page, one after the other, whatever their encoding. Byte arrays are views: of the page, of the dictionary,
// or of the decoder's own memory until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "io/parquet/metadata.h"

namespace reprise::io::parquet {

// Which member holds a value is the column's physical type: BOOLEAN, INT32 and INT64 are integers, FLOAT and DOUBLE reals, the
// others bytes (an INT96 has twelve).
union Value {
  Value() : integer(0) {}
  int64_t integer;
  double real;
  std::string_view bytes;
};

// The physical type and, of FIXED_LEN_BYTE_ARRAY, the length in bytes.
struct Stored {
  Physical type = Physical::int32;
  int32_t length = 0;
};

class ValueDecoder {
 public:
  virtual ~ValueDecoder() = default;
  // Throws BadPage where there are no more.
  virtual void next(Value& value) = 0;
};

using Dictionary = std::vector<Value>;

// `page` outlives the decoder, and so does `dictionary` (null where the column has none yet). max_value_bytes bounds what a
// page of DELTA_BYTE_ARRAY may grow to. Throws BadPage: an encoding that is unknown or not for this type, a damaged head.
std::unique_ptr<ValueDecoder> make_decoder(int32_t encoding, Stored stored, std::span<const std::byte> page, const Dictionary* dictionary, size_t max_value_bytes);

// The entries of a dictionary page; they point into `page`. Throws BadPage.
Dictionary read_dictionary(Stored stored, std::span<const std::byte> page, int32_t num_values);

}  // namespace reprise::io::parquet
