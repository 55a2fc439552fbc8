// Server and client against each other, and the server against peers that do not know how to behave.
#include "io/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "io/http_client.h"
#include "support/fault_of.h"

namespace reprise::io {
namespace {

using ::testing::HasSubstr;

// A server for the life of the object.
class Running {
 public:
  explicit Running(HttpServerOptions options, std::function<void(HttpExchange&)> handler) : server_(options, std::move(handler)), thread_([this] { server_.run([this] { return stop_.load(); }, 2); }) {}
  ~Running() {
    stop_ = true;
    thread_.join();
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(server_.port()) + path; }
  int port() const { return server_.port(); }

 private:
  std::atomic<bool> stop_{false};
  HttpServer server_;
  std::thread thread_;
};

void echo(HttpExchange& exchange) {
  if (exchange.request().path == "/throw") throw std::runtime_error("a bug");
  if (exchange.request().path == "/stream") {
    exchange.begin_stream("text/event-stream");
    for (int i = 0; i < 50; ++i) exchange.write("data: " + std::to_string(i) + "\n\n");
    return exchange.end_stream();
  }
  exchange.answer(exchange.request().path == "/teapot" ? 418 : 200, "text/plain", exchange.request().method + " " + exchange.request().query + " " + exchange.request().body, {{"X-Length", std::to_string(exchange.request().body.size())}});
}

// Raw bytes to a port; what comes back until the other side closes or nothing comes for a while.
std::string raw(int port, const std::string& bytes, bool close_write = true) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  const timeval patience{5, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string out;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) out = "";
    if (close_write) ::shutdown(fd, SHUT_WR);
    char piece[4096];
    for (ssize_t n; (n = ::recv(fd, piece, sizeof piece, 0)) > 0;) out.append(piece, static_cast<size_t>(n));
  }
  ::close(fd);
  return out;
}

TEST(HttpServer, AnswersOverAKeptConnection) {
  const Running server({}, echo);
  HttpClient client;
  for (int i = 0; i < 20; ++i) {
    const std::string body(static_cast<size_t>(i) * 5000 + 1, static_cast<char>('a' + i));
    const HttpAnswer answer = client.exchange({.url = server.url("/x?q=" + std::to_string(i)), .body = body});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.fault, "");
    EXPECT_EQ(answer.body, "POST q=" + std::to_string(i) + " " + body);
    EXPECT_EQ(answer.headers.at("x-length"), std::to_string(body.size()));
  }
  EXPECT_EQ(client.exchange({.url = server.url("/teapot")}).status, 418);
  EXPECT_EQ(client.exchange({.url = server.url("/throw")}).status, 500);
  EXPECT_EQ(client.exchange({.url = server.url("/after")}).body, "GET  ") << "a bug of one request is not the next one's";
}

TEST(HttpServer, StreamsInPieces) {
  const Running server({}, echo);
  HttpClient client;
  std::string seen;
  const HttpAnswer answer = client.exchange({.url = server.url("/stream"), .body = "{}", .on_data = [&](std::string_view piece) {
                                               seen += piece;
                                               return true;
                                             }});
  EXPECT_EQ(answer.fault, "");
  std::string expected;
  for (int i = 0; i < 50; ++i) expected += "data: " + std::to_string(i) + "\n\n";
  EXPECT_EQ(seen, expected);
  EXPECT_TRUE(client.exchange({.url = server.url("/stream"), .body = "{}", .on_data = [](std::string_view) { return false; }}).stopped);
}

TEST(HttpServer, ServesManyAtOnce) {
  std::atomic<int> now{0}, most{0};
  const Running server({}, [&](HttpExchange& exchange) {
    const int here = ++now;
    int before = most;
    while (here > before && !most.compare_exchange_weak(before, here)) {
    }
    // Holds until all are here, or long enough that the test should fail.
    for (int i = 0; i < 500 && most < 16; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    --now;
    echo(exchange);
  });
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      HttpClient client;
      good += client.exchange({.url = server.url("/")}).status == 200;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 16);
  EXPECT_EQ(most, 16);
}

TEST(HttpServer, BoundsWhatAPeerMayDo) {
  HttpServerOptions options{.max_connections = 2, .max_body_bytes = 1000, .read_seconds = 0.5, .idle_seconds = 0.5};
  const Running server(options, echo);
  HttpClient client;
  EXPECT_EQ(client.exchange({.url = server.url("/"), .body = std::string(2000, 'x')}).status, 413);
  EXPECT_EQ(client.exchange({.url = server.url("/"), .body = std::string(1000, 'x')}).status, 200);
  EXPECT_THAT(raw(server.port(), "\x16\x03\x01 this is TLS\r\n\r\n"), HasSubstr("400"));
  EXPECT_THAT(raw(server.port(), "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(100'000, 'a') + "\r\n\r\n"), HasSubstr("413"));
  EXPECT_EQ(raw(server.port(), ""), "");
  // A request that never ends, and a connection on which nothing comes: closed by the server, not by us.
  EXPECT_EQ(raw(server.port(), "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", false), "");
  EXPECT_EQ(raw(server.port(), "", false), "");
  EXPECT_THAT(raw(server.port(), "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), HasSubstr("200")) << "two requests in one piece";
  // A place is free again when the server has seen its connection end, which may be a moment after we have.
  auto status = client.exchange({.url = server.url("/"), .body = "still here"}).status;
  for (int attempt = 0; attempt < 2000 && status == 503; ++attempt) status = client.exchange({.url = server.url("/"), .body = "still here"}).status;
  EXPECT_EQ(status, 200);
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const HttpServer first({}, echo);
  EXPECT_THAT(testing::fault_of([&] { HttpServer({.port = first.port()}, echo); }), HasSubstr("--port"));
  EXPECT_THAT(testing::fault_of([] { HttpServer({.host = "nowhere.invalid"}, echo); }), HasSubstr("is no address"));
}

TEST(HttpClient, TellsFaultsApart) {
  HttpClient client;
  EXPECT_EQ(client.exchange({.url = "http://127.0.0.1:1/"}).status, 0);
  EXPECT_NE(client.exchange({.url = "http://127.0.0.1:1/"}).fault, "");
  std::atomic<bool> go{false};
  const Running slow({}, [&](HttpExchange& exchange) {
    while (!go && !exchange.peer_is_gone()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    exchange.answer(200, "text/plain", "late");
  });
  const HttpAnswer late = client.exchange({.url = slow.url("/"), .total_seconds = 0.3});
  EXPECT_NE(late.fault, "");
  const HttpAnswer stopped = client.exchange({.url = slow.url("/"), .stop = [] { return true; }});
  EXPECT_TRUE(stopped.stopped);
  const Running talker({}, [](HttpExchange& exchange) { exchange.answer(200, "text/plain", std::string(5000, 'x')); });
  EXPECT_THAT(client.exchange({.url = talker.url("/"), .max_bytes = 1000}).fault, HasSubstr("longer than"));
  const Running moved({}, [](HttpExchange& exchange) { exchange.answer(302, "text/plain", "", {{"Location", "http://127.0.0.1:1/"}}); });
  EXPECT_EQ(client.exchange({.url = moved.url("/"), .body = "{}", .bearer_token = "secret"}).status, 302) << "a key goes nowhere else";
}

}  // namespace
}  // namespace reprise::io
