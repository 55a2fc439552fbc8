// libFuzzer's entry: one executable a reader, REPRISE_FUZZ_READER names it. Only Error may come out.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "base/error.h"
#include "fuzz/readers.h"

// Good files to start from, when the corpus folder (the last argument) is there to be filled: libFuzzer calls this once.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  for (int i = 1; i < *argc; ++i) {
    if ((*argv)[i][0] == '-') continue;
    int number = 0;
    for (const std::string& seed : reprise::fuzz::reader(REPRISE_FUZZ_READER).seeds()) {
      const std::string path = std::string((*argv)[i]) + "/seed-" + std::to_string(number++);
      if (FILE* file = std::fopen(path.c_str(), "wb")) {
        std::fwrite(seed.data(), 1, seed.size(), file);
        std::fclose(file);
      }
    }
    break;
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const reprise::fuzz::Reader& reader = reprise::fuzz::reader(REPRISE_FUZZ_READER);
  try {
    reader.read({reinterpret_cast<const char*>(data), size});
  } catch (const reprise::Error&) {
  }
  return 0;
}
