#include "io/http_client.h"

#include <algorithm>

#include "base/strings.h"
#include "io/curl_handle.h"

namespace reprise::io {

struct HttpClient::State {
  CurlHandle handle{nullptr, curl_easy_cleanup};
};

namespace {

struct Exchange {
  const HttpRequest* request = nullptr;
  HttpAnswer* answer = nullptr;
  CURL* handle = nullptr;
  size_t received = 0;
  bool too_long = false;
};

size_t receive(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const size_t bytes = size * count;
  exchange.received += bytes;
  if (exchange.received > exchange.request->max_bytes) {
    exchange.too_long = true;
    return 0;
  }
  if (exchange.request->on_data && curl_status(exchange.handle) == 200) {
    exchange.answer->stopped = !exchange.request->on_data({data, bytes});
    return exchange.answer->stopped ? 0 : bytes;
  }
  exchange.answer->body.append(data, bytes);
  return bytes;
}

size_t keep_header(char* data, size_t size, size_t count, void* user) {
  auto& answer = *static_cast<Exchange*>(user)->answer;
  const std::string_view line(data, size * count);
  if (const size_t colon = line.find(':'); colon != std::string_view::npos && answer.headers.size() < 200) {
    answer.headers[to_lower_ascii(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
  }
  return size * count;
}

int ask_to_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (!exchange.request->stop || !exchange.request->stop()) return 0;
  exchange.answer->stopped = true;
  return 1;
}

}  // namespace

HttpClient::HttpClient() : state_(std::make_unique<State>()) {}
HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::exchange(const HttpRequest& request) {
  // Resetting keeps the connection.
  if (state_->handle) curl_easy_reset(state_->handle.get());
  else state_->handle = open_curl(request.url);
  CURL* handle = state_->handle.get();
  HttpAnswer answer;
  Exchange exchange{&request, &answer, handle};
  std::string error(CURL_ERROR_SIZE, '\0');
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);  // a redirected POST would become a GET, and take the key along
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "reprise");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error.data());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_seconds * 1000));
  if (request.total_seconds > 0) curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_seconds * 1000));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(request.stall_seconds)));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, keep_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, ask_to_stop);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &exchange);
  CurlHeaders headers(nullptr, curl_slist_free_all);
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    headers.release();
    headers.reset(longer);
  };
  if (!request.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    add("Content-Type: application/json");
    add("Expect:");  // not every server answers "100 Continue"
  }
  if (!request.bearer_token.empty()) add("Authorization: Bearer " + request.bearer_token);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(handle);
  answer.status = curl_status(handle);
  if (exchange.too_long) answer.fault = "the answer is longer than " + format_bytes(static_cast<double>(request.max_bytes));
  else if (code == CURLE_OPERATION_TIMEDOUT && curl_status(handle) != 0) answer.fault = "nothing came for too long";
  else if (code != CURLE_OK) answer.fault = error[0] ? std::string(error.c_str()) : curl_easy_strerror(code);
  // The handle outlives what these point to.
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, nullptr);
  return answer;
}

}  // namespace reprise::io
