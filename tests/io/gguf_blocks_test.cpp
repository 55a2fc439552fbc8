// Every block type against gguf-py (tests/golden/make_gguf_golden.py).
#include <gtest/gtest.h>

#include <bit>

#include "base/files.h"
#include "base/json.h"
#include "io/gguf.h"
#include "support/test_data.h"

namespace reprise::io {
namespace {

std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

TEST(GgufBlocks, EveryTypeIsWhatGgufPyMakesOfIt) {
  const auto golden = nlohmann::json::parse(read_file(testing::source_folder() / "tests/golden/gguf_blocks.json"));
  ASSERT_EQ(golden["cases"].size(), 11u);
  for (const auto& one : golden["cases"]) {
    const std::vector<std::byte> bytes = from_hex(one["bytes"]), expected = from_hex(one["values"]);
    const size_t count = expected.size() / 4;
    GgufTensor tensor{"t", static_cast<GgmlType>(one["number"].get<uint32_t>()), {static_cast<int64_t>(count)}, bytes};
    EXPECT_EQ(ggml_type_name(tensor.type), one["type"].get<std::string>());
    std::vector<float> values(count);
    dequantize(tensor, values);
    for (size_t i = 0; i < count; ++i) {
      float want = 0;
      std::memcpy(&want, &expected[4 * i], 4);
      // numpy multiplies and adds in another order for the K types; the values are products of small integers and halves.
      EXPECT_NEAR(values[i], want, 1e-6 * std::max(1.0f, std::abs(want))) << one["type"] << " value " << i;
    }
  }
}

}  // namespace
}  // namespace reprise::io
