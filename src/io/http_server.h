// A small HTTP/1.1 server by Boost.Beast: a thread a connection, limits on everything that a peer may do. It knows nothing of what is asked;
// see serving/ for that.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace reprise::io {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;                       // 0: one that is free
  int max_connections = 256;          // beyond: 503
  size_t max_body_bytes = size_t{64} << 20;
  double read_seconds = 30;           // for a request to come whole, once its first byte is there
  double write_seconds = 60;          // for a piece of an answer to be taken
  double idle_seconds = 60;           // between two requests of a connection
};

struct HttpServerRequest {
  std::string method, path, query;              // "POST", "/v1/completions", ""
  std::map<std::string, std::string> headers;   // names in lower case
  std::string body;
};

// One request and how it is answered: answer() once, or begin_stream(), write() as often as there is something, end_stream().
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual const HttpServerRequest& request() const = 0;
  virtual void answer(int status, const std::string& content_type, std::string_view body, const std::map<std::string, std::string>& headers = {}) = 0;
  virtual void begin_stream(const std::string& content_type) = 0;
  virtual bool write(std::string_view piece) = 0;  // false: the peer is gone
  virtual void end_stream() = 0;
  // Has the peer closed the connection? Asked while an answer is being made.
  virtual bool peer_is_gone() = 0;
};

class HttpServer {
 public:
  // Listens from now on. Throws Error where the address is taken or not ours. The handler is called from many threads at once; what it throws
  // is answered with 500.
  HttpServer(const HttpServerOptions& options, std::function<void(HttpExchange&)> handler);
  ~HttpServer();
  int port() const;
  // Serves until `stop` (asked about five times a second) says so; then no connection is accepted any more, and those that are being answered
  // have `grace_seconds` to end.
  void run(const std::function<bool()>& stop, double grace_seconds = 10);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reprise::io
