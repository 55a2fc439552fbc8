// A leaf's value as JSON. Exact things that JSON's numbers would spoil are text: decimals ("12.50"), dates ("2024-05-01"),
// times and timestamps (ISO 8601, as many digits as the unit has, Z where the file says UTC), UUIDs.
#pragma once

#include "base/json.h"
#include "io/parquet/schema.h"
#include "io/parquet/values.h"

namespace reprise::io::parquet {

// Numbers that are none become the words of io/jsonl.h ("NaN", "Infinity", "-Infinity"). Text that is not UTF-8 has U+FFFD
// for each wrong byte. JSON columns are parsed where they are JSON, else text. Bytes without an annotation are text where
// they are UTF-8, else "base64:" and their base64. Throws BadPage: a decimal of more than 64 bytes, bytes of a wrong length.
nlohmann::json to_json(const LeafType& type, const Value& value);

}  // namespace reprise::io::parquet
