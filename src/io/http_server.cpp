// Asynchronous operations with a deadline, each run to its end on the connection's own io_context: Asio's blocking ones know no timeouts.
#include "io/http_server.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/strings.h"

namespace reprise::io {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

std::chrono::milliseconds milliseconds(double seconds) { return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)); }

class Connection : public HttpExchange {
 public:
  Connection(tcp::socket::native_handle_type descriptor, const tcp& protocol, const HttpServerOptions& options) : options_(options), stream_(context_) {
    stream_.socket().assign(protocol, descriptor);
    beast::error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
  }

  // Reads the next request; false when there is none, for whatever reason.
  bool read(const std::atomic<bool>& stopping) {
    // Waits for the first byte in short turns, so that an idle connection does not hold up the end.
    if (buffer_.size() == 0 && !wait_for_bytes(stopping)) return false;
    http::request_parser<http::string_body> parser;
    parser.body_limit(options_.max_body_bytes);
    parser.header_limit(64 << 10);
    const beast::error_code fault = run(options_.read_seconds, [&](auto done) { http::async_read(stream_, buffer_, parser, done); });
    answered_ = streaming_ = false;
    if (fault == http::error::body_limit || fault == http::error::header_limit || fault == http::error::buffer_overflow) {
      keep_alive_ = false;
      version_ = 11;
      answer(413, "application/json", R"({"error":{"message":"the request is too large","type":"invalid_request_error"}})", {});
      return false;
    }
    if (fault && fault != http::error::end_of_stream && fault.category() == make_error_code(http::error::bad_method).category()) {
      keep_alive_ = false;
      version_ = 11;
      answer(400, "application/json", R"({"error":{"message":"this is no HTTP request","type":"invalid_request_error"}})", {});
      return false;
    }
    if (fault) return false;
    auto message = parser.release();
    version_ = message.version();
    keep_alive_ = message.keep_alive();
    request_ = {};
    request_.method = std::string(message.method_string());
    const std::string target(message.target());
    const size_t mark = target.find('?');
    request_.path = target.substr(0, mark);
    if (mark != std::string::npos) request_.query = target.substr(mark + 1);
    for (const auto& field : message) request_.headers[to_lower_ascii(std::string(field.name_string()))] = std::string(field.value());
    request_.body = std::move(message.body());
    return true;
  }

  const HttpServerRequest& request() const override { return request_; }

  void answer(int status, const std::string& content_type, std::string_view body, const std::map<std::string, std::string>& headers) override {
    if (answered_) return;
    answered_ = true;
    http::response<http::string_body> message(static_cast<http::status>(status), version_);
    message.set(http::field::content_type, content_type);
    message.set(http::field::server, "reprise");
    for (const auto& [name, value] : headers) message.set(name, value);
    message.keep_alive(keep_alive_);
    message.body() = std::string(body);
    message.prepare_payload();
    if (run(options_.write_seconds, [&](auto done) { http::async_write(stream_, message, done); })) broken_ = true;
  }

  void begin_stream(const std::string& content_type) override {
    answered_ = streaming_ = true;
    http::response<http::empty_body> message(http::status::ok, version_);
    message.set(http::field::content_type, content_type);
    message.set(http::field::cache_control, "no-cache");
    message.set(http::field::server, "reprise");
    message.keep_alive(keep_alive_);
    message.chunked(true);
    http::response_serializer<http::empty_body> serializer(message);
    if (run(options_.write_seconds, [&](auto done) { http::async_write_header(stream_, serializer, done); })) broken_ = true;
  }

  bool write(std::string_view piece) override {
    if (broken_ || piece.empty()) return !broken_;
    if (run(options_.write_seconds, [&](auto done) { asio::async_write(stream_, http::make_chunk(asio::const_buffer(piece.data(), piece.size())), done); })) broken_ = true;
    return !broken_;
  }

  void end_stream() override {
    if (!broken_ && run(options_.write_seconds, [&](auto done) { asio::async_write(stream_, http::make_chunk_last(), done); })) broken_ = true;
    streaming_ = false;
  }

  bool peer_is_gone() override {
    char byte;
    const ssize_t n = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return broken_ || n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
  }

  bool goes_on() const { return keep_alive_ && !broken_ && answered_ && !streaming_; }
  bool answered() const { return answered_; }

  void close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

 private:
  template <class Start>
  beast::error_code run(double seconds, const Start& start) {
    beast::error_code result;
    stream_.expires_after(milliseconds(seconds));
    start([&](beast::error_code fault, size_t) { result = fault; });
    context_.restart();
    context_.run();
    return result;
  }

  bool wait_for_bytes(const std::atomic<bool>& stopping) {
    for (double waited = 0; waited < options_.idle_seconds && !stopping; waited += 0.2) {
      char piece[4096];
      size_t read = 0;
      beast::error_code result;
      stream_.expires_after(milliseconds(0.2));
      // async_wait takes no bytes, but knows no deadline: a read into the buffer does both.
      stream_.async_read_some(asio::buffer(piece), [&](beast::error_code fault, size_t n) {
        result = fault;
        read = n;
      });
      context_.restart();
      context_.run();
      if (read > 0) {
        const auto room = buffer_.prepare(read);
        std::memcpy(room.data(), piece, read);
        buffer_.commit(read);
        return true;
      }
      if (result != beast::error::timeout) return false;
    }
    return false;
  }

  const HttpServerOptions& options_;
  asio::io_context context_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{size_t{1} << 20};
  HttpServerRequest request_;
  unsigned version_ = 11;
  bool keep_alive_ = true, answered_ = false, streaming_ = false, broken_ = false;
};

}  // namespace

struct HttpServer::State {
  HttpServerOptions options;
  std::function<void(HttpExchange&)> handler;
  asio::io_context context;
  tcp::acceptor acceptor{context};
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable changed;
  int num_open = 0;

  void serve(tcp::socket::native_handle_type descriptor, const tcp& protocol, bool too_many) {
    try {
      Connection connection(descriptor, protocol, options);
      while (connection.read(stopping)) {
        if (too_many) {
          connection.answer(503, "application/json", R"({"error":{"message":"too many connections","type":"server_error"}})", {{"Retry-After", "1"}});
          break;
        }
        try {
          handler(connection);
        } catch (const std::exception& fault) {
          log_warning(std::string("a request failed: ") + fault.what());
          if (!connection.answered()) connection.answer(500, "application/json", R"({"error":{"message":"the server failed","type":"server_error"}})", {});
          break;
        }
        if (!connection.goes_on()) break;
      }
      connection.close();
    } catch (const std::exception& fault) {
      log_warning(std::string("a connection failed: ") + fault.what());
    }
    const std::lock_guard lock(mutex);
    --num_open;
    changed.notify_all();
  }
};

HttpServer::HttpServer(const HttpServerOptions& options, std::function<void(HttpExchange&)> handler) : state_(std::make_unique<State>()) {
  // A connection takes four descriptors: its own and those of its io_context.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  state_->options = options;
  state_->handler = std::move(handler);
  const std::string where = options.host + ":" + std::to_string(options.port);
  beast::error_code fault;
  const auto address = asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, fault);
  if (fault) throw Error("is no address", where, "give a number such as 127.0.0.1, or 0.0.0.0 for all");
  const tcp::endpoint endpoint(address, static_cast<unsigned short>(options.port));
  auto& acceptor = state_->acceptor;
  acceptor.open(endpoint.protocol(), fault);
  if (!fault) acceptor.set_option(asio::socket_base::reuse_address(true), fault);
  if (!fault) acceptor.bind(endpoint, fault);
  if (!fault) acceptor.listen(1024, fault);
  if (!fault) acceptor.non_blocking(true, fault);
  if (fault) throw Error("cannot be listened on: " + fault.message(), where, "is another server there? give another --port");
}

HttpServer::~HttpServer() {
  state_->stopping = true;
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->num_open == 0; });
}

int HttpServer::port() const { return state_->acceptor.local_endpoint().port(); }

void HttpServer::run(const std::function<bool()>& stop, double grace_seconds) {
  State& state = *state_;
  while (!stop()) {
    beast::error_code fault;
    tcp::socket socket(state.context);
    state.acceptor.accept(socket, fault);
    if (fault == asio::error::would_block || fault == asio::error::try_again) {
      pollfd descriptor{state.acceptor.native_handle(), POLLIN, 0};
      ::poll(&descriptor, 1, 200);
      continue;
    }
    if (fault) {  // out of descriptors, mostly: others end and give theirs back
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    const tcp protocol = state.acceptor.local_endpoint().protocol();
    bool too_many = false;
    {
      const std::lock_guard lock(state.mutex);
      too_many = state.num_open >= state.options.max_connections;
      if (state.num_open >= 2 * state.options.max_connections) continue;  // the socket closes
      ++state.num_open;
    }
    const auto descriptor = socket.release();
    std::thread([&state, descriptor, protocol, too_many] { state.serve(descriptor, protocol, too_many); }).detach();
  }
  state.stopping = true;
  state.acceptor.close();
  std::unique_lock lock(state.mutex);
  state.changed.wait_for(lock, std::chrono::duration<double>(grace_seconds), [&] { return state.num_open == 0; });
}

}  // namespace reprise::io
