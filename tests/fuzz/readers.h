// Every reader of files that users hand us, as a function of bytes. A reader may throw Error and nothing else: no crash,
// no other exception, no hang, no memory out of proportion. fuzz_main.cpp gives them to libFuzzer, readers_test.cpp
// changes good files in a fixed way on every test run.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::fuzz {

struct Reader {
  const char* name;
  std::function<void(std::string_view bytes)> read;
  std::function<std::vector<std::string>()> seeds;  // good files, small
};

const std::vector<Reader>& readers();
const Reader& reader(std::string_view name);

}  // namespace reprise::fuzz
