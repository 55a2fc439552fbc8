// One easy handle a transfer; the loop over attempts is ours, because a resumed range must be checked each time.
#include "io/http.h"

#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/strings.h"
#include "io/curl_handle.h"

namespace reprise::io {

CurlHandle open_curl(const std::string& url) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  CurlHandle handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) throw Error("libcurl cannot be started", url);
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "reprise");
  curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  return handle;
}

CurlHeaders token_header(CURL* handle, const std::string& token) {
  CurlHeaders headers(nullptr, curl_slist_free_all);
  if (!token.empty()) headers.reset(curl_slist_append(nullptr, ("Authorization: Bearer " + token).c_str()));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  return headers;
}

long curl_status(CURL* handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

namespace {

Error refused(const std::string& url, long status) {
  if (status == 401 || status == 403) {
    return Error("the server refuses access (HTTP " + std::to_string(status) + ")", url, "accept its terms there and give a token: export HF_TOKEN=...");
  }
  if (status == 404) return Error("the server has no such file (HTTP 404)", url);
  return Error("the server answers HTTP " + std::to_string(status), url);
}

struct Transfer {
  const Download* request = nullptr;
  CURL* handle = nullptr;
  FILE* file = nullptr;
  int64_t offset = 0;      // bytes that were there before
  bool checked = false;    // the first bytes came: status looked at
  bool disk_full = false;
  bool stopped = false;
};

size_t receive(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!transfer.checked) {
    transfer.checked = true;
    // A server that does not do ranges sends the whole again.
    if (transfer.offset > 0 && curl_status(transfer.handle) == 200) {
      if (std::freopen(nullptr, "wb", transfer.file) == nullptr) return 0;
      transfer.offset = 0;
    }
  }
  const size_t written = std::fwrite(data, 1, size * count, transfer.file);
  transfer.disk_full = written != size * count;
  return written;
}

int report(void* user, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.request->stop && transfer.request->stop()) {
    transfer.stopped = true;
    return 1;
  }
  if (transfer.request->progress && now > 0) transfer.request->progress(transfer.offset + now, total > 0 ? transfer.offset + total : -1);
  return 0;
}

// What hash a file should have and has; "" when it is right.
std::string wrong_hash(const Download& request, const fs::path& file) {
  if (!request.sha256.empty()) {
    const std::string found = sha256_file_hex(file);
    if (found != to_lower_ascii(request.sha256)) return "sha256 " + found + " instead of " + request.sha256;
  }
  if (!request.git_sha1.empty()) {
    const std::string found = git_blob_sha1_file_hex(file);
    if (found != to_lower_ascii(request.git_sha1)) return "git blob " + found + " instead of " + request.git_sha1;
  }
  return "";
}

enum class Attempt { done, again };

// One request for what is missing of the part.
Attempt attempt(const Download& request, const fs::path& part, std::string& fault) {
  std::error_code ignored;
  Transfer transfer;
  transfer.request = &request;
  transfer.offset = path_exists(part) ? static_cast<int64_t>(fs::file_size(part)) : 0;
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(part.c_str(), "ab"), std::fclose);
  if (!file) throw Error("cannot be written", part.string());
  transfer.file = file.get();
  const CurlHandle handle = open_curl(request.url);
  transfer.handle = handle.get();
  const CurlHeaders headers = token_header(handle.get(), request.bearer_token);
  curl_easy_setopt(handle.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, report);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_seconds));
  if (transfer.offset > 0) curl_easy_setopt(handle.get(), CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.offset));
  const CURLcode code = curl_easy_perform(handle.get());
  const long status = curl_status(handle.get());
  if (std::fflush(file.get()) != 0) transfer.disk_full = true;
  if (transfer.stopped) throw Interrupted("download stopped; the next one goes on from here", part.string());
  if (transfer.disk_full) throw Error("cannot be written: is the disk full?", part.string(), "make room and start again; what came is kept");
  if (code == CURLE_OK && status != 416) return Attempt::done;
  if (status == 416 || code == CURLE_RANGE_ERROR) {
    // Nothing is missing, or the part is of another file: the hash decides, or a fresh start does.
    if (!request.sha256.empty() && wrong_hash(request, part).empty()) return Attempt::done;
    file.reset();
    fs::remove(part, ignored);
    fault = "the part did not fit the file";
    return Attempt::again;
  }
  if (code == CURLE_HTTP_RETURNED_ERROR && status != 429 && status < 500) throw refused(request.url, status);
  fault = status >= 400 ? "HTTP " + std::to_string(status) : curl_easy_strerror(code);
  return Attempt::again;
}

}  // namespace

bool download(const Download& request) {
  if (is_file(request.target)) {
    const std::string wrong = wrong_hash(request, request.target);
    if (wrong.empty()) return false;
    throw Error("is there, but has " + wrong, request.target.string(), "move it away to download it");
  }
  if (request.target.has_parent_path()) make_folders(request.target.parent_path());
  const fs::path part = request.target.string() + ".part";
  const FileLock lock(request.target.string() + ".lock", "another download of it is running");
  double wait = request.first_wait_seconds;
  std::string fault;
  const bool from_part = path_exists(part);
  for (int tries = 0; attempt(request, part, fault) == Attempt::again; ++tries) {
    if (tries == request.num_retries) throw Error("cannot be downloaded: " + fault, request.url, "start again later; what came is kept");
    for (double waited = 0; waited < wait; waited += 0.1) {
      if (request.stop && request.stop()) throw Interrupted("download stopped; the next one goes on from here", part.string());
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(0.1, wait - waited)));
    }
    wait *= 2;
  }
  std::string wrong = wrong_hash(request, part);
  if (!wrong.empty() && from_part) {
    // What lay there may have been of an older file.
    fs::remove(part);
    if (attempt(request, part, fault) == Attempt::again) throw Error("cannot be downloaded: " + fault, request.url, "start again later");
    wrong = wrong_hash(request, part);
  }
  if (!wrong.empty()) {
    fs::remove(part);
    throw Error("has " + wrong, request.url, "the publisher changed the file, or something between changed it: nothing was kept");
  }
  fsync_path(part);
  fs::rename(part, request.target);
  fs::remove(request.target.string() + ".lock");
  return true;
}

std::string http_get(const std::string& url, const std::string& bearer_token, size_t max_bytes) {
  struct Body {
    std::string text;
    size_t limit;
  } body{"", max_bytes};
  const CurlHandle handle = open_curl(url);
  const CurlHeaders headers = token_header(handle.get(), bearer_token);
  const auto keep = +[](char* data, size_t size, size_t count, void* user) -> size_t {
    auto& into = *static_cast<Body*>(user);
    if (into.text.size() + size * count > into.limit) return 0;
    into.text.append(data, size * count);
    return size * count;
  };
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT, 120L);
  const CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_WRITE_ERROR) throw Error("the answer is longer than " + format_bytes(static_cast<double>(max_bytes)), url);
  if (code != CURLE_OK) throw Error(std::string("cannot be reached: ") + curl_easy_strerror(code), url);
  if (const long status = curl_status(handle.get()); status != 200) throw refused(url, status);
  return body.text;
}

}  // namespace reprise::io
