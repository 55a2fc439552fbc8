// A request to an HTTP(S) server and its answer, by libcurl, over a connection that is kept. No retries and no opinion: who asks decides
// what a status or a fault means. (Files are fetched by http.h.)
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace reprise::io {

struct HttpRequest {
  std::string url;
  std::string body;                 // JSON; "" asks with GET
  std::string bearer_token;         // sent as Authorization; "" for none
  double connect_seconds = 30;
  double stall_seconds = 600;       // without a byte: given up
  double total_seconds = 0;         // for the whole exchange; 0 without a limit
  size_t max_bytes = size_t{256} << 20;
  // Bytes of the body as they come, when the status is 200; then the answer's body stays empty. False gives up.
  std::function<bool(std::string_view)> on_data;
  std::function<bool()> stop;       // asked about twice a second; true gives up
};

struct HttpAnswer {
  long status = 0;                              // 0: no answer came
  std::string body;
  std::map<std::string, std::string> headers;   // names in lower case
  std::string fault;                            // of the transfer ("connection refused"); "" where it came whole
  bool stopped = false;                         // `stop` or `on_data` gave up
};

// One thread at a time.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpAnswer exchange(const HttpRequest& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reprise::io
