// A small HTTP server on a port of this machine, for tests of downloads: it does ranges, and what a test asks it to do
// wrong.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/fault_of.h"

namespace reprise::testing {

struct ServedFile {
  std::string bytes;
  std::string token;             // needed when not empty
  int num_faults = 0;            // answers of 503 before the first good one
  size_t cut_after = 0;          // the first answer ends after so many bytes, without a word; 0: whole
  bool ranges = true;
  std::string redirect;
};

class LocalServer {
 public:
  LocalServer() {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    ::listen(socket_, 16);
    thread_ = std::thread([this] { serve(); });
  }
  ~LocalServer() {
    ::shutdown(socket_, SHUT_RDWR);
    ::close(socket_);
    thread_.join();
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  ServedFile& file(const std::string& path) { return files_[path]; }
  // One line a request: "GET /x 0-" with the start of its range.
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) return;
      answer(client);
      ::close(client);
    }
  }
  static void send_all(int client, const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = ::send(client, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  }
  void answer(int client) {
    std::string head;
    char byte;
    while (head.find("\r\n\r\n") == std::string::npos && ::recv(client, &byte, 1, 0) == 1) head += byte;
    const size_t from = head.find(' ') + 1;
    const std::string path = head.substr(from, head.find(' ', from) - from);
    size_t start = 0;
    if (const size_t range = head.find("Range: bytes="); range != std::string::npos) start = std::stoull(head.substr(range + 13));
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back("GET " + path + " " + std::to_string(start));
    }
    const auto found = files_.find(path);
    const auto status = [&](const std::string& line, const std::string& more = "") {
      send_all(client, "HTTP/1.1 " + line + "\r\nContent-Length: 0\r\nConnection: close\r\n" + more + "\r\n");
    };
    if (found == files_.end()) return status("404 Not Found");
    ServedFile& file = found->second;
    if (!file.redirect.empty()) return status("302 Found", "Location: " + file.redirect + "\r\n");
    if (!file.token.empty() && head.find("Authorization: Bearer " + file.token + "\r\n") == std::string::npos) return status("401 Unauthorized");
    if (file.num_faults > 0) {
      --file.num_faults;
      return status("503 Service Unavailable");
    }
    if (start > 0 && file.ranges && start >= file.bytes.size()) return status("416 Range Not Satisfiable");
    if (!file.ranges) start = 0;
    std::string body = file.bytes.substr(start);
    const std::string line = start > 0 ? "206 Partial Content\r\nContent-Range: bytes " + std::to_string(start) + "-" + std::to_string(file.bytes.size() - 1) +
                                             "/" + std::to_string(file.bytes.size())
                                       : std::string("200 OK");
    const std::string header = "HTTP/1.1 " + line + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
    if (file.cut_after > 0) {
      body.resize(std::min(body.size(), file.cut_after));
      file.cut_after = 0;
    }
    send_all(client, header + body);
  }

  int socket_ = -1, port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::map<std::string, ServedFile> files_;
  std::vector<std::string> requests_;
};

}  // namespace reprise::testing
