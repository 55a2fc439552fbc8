// Getting files over HTTP(S), by libcurl: resumed after an interruption, tried again after a passing fault, and kept only
// when the hash is right. Redirects are followed; a token goes to the first host alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace reprise::io {

struct Download {
  std::string url;
  std::filesystem::path target;
  std::string sha256;               // of the whole file, 64 hex digits; "" when the publisher tells none
  std::string git_sha1;             // of a git blob (what a hub tells of small files); "" for none
  std::string bearer_token;         // sent as Authorization; "" for none
  int num_retries = 4;              // after faults that may pass: broken connections, 429, 5xx
  double first_wait_seconds = 1;    // doubled at each retry
  double stall_seconds = 60;        // without a byte: the connection counts as broken
  std::function<void(int64_t done, int64_t total)> progress;  // bytes; total -1 when the server does not tell
  std::function<bool()> stop;       // asked often; true ends with Interrupted, the part is kept
};

// Writes target whole or not at all; until then target.part holds what came, and the next call goes on from there.
// A target that is there with the right hash is left alone (returns false). Throws Error: the URL, what the server said,
// and what to do; a wrong hash removes the part.
bool download(const Download& request);

// A small text (an API's answer). Throws Error past max_bytes and for every status but 200.
std::string http_get(const std::string& url, const std::string& bearer_token, size_t max_bytes = size_t{64} << 20);

}  // namespace reprise::io
