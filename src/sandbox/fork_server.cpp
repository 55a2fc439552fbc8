// Orders as JSON packets, streams beside them.
#include "sandbox/fork_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <chrono>
#include <cstring>

#include "base/base64.h"
#include "base/error.h"
#include "base/json.h"
#include "embedded/sandbox/python.h"

namespace reprise::sandbox {
namespace {

constexpr double kStartSeconds = 30, kPrepareSeconds = 120;

Request server_request() {
  Request out;
  out.command = {"/usr/bin/python3", "-s", "-c", fork_server_py};
  out.limits.cpu_seconds = 1e6;
  out.limits.memory_bytes = 8LL << 30;
  out.limits.file_bytes = 1LL << 30;
  out.limits.num_processes = 64;
  out.limits.num_threads = 512;
  return out;
}

}  // namespace

class ForkServer::Child : public Running {
 public:
  Child(ForkServer& server, Pipe& input, Pipe& output, Pipe& errors, bool in_server) : server_(server), in_server_(in_server) {
    in = std::move(input.write);
    out = std::move(output.read);
    err = std::move(errors.read);
  }
  ~Child() override {
    if (!over) {
      kill(false);
      finish();
    }
  }
  int descriptor() const override { return server_.packets_.ours.fd; }
  void look() override {
    while (!over) {
      bool gone = false;
      const auto packet = receive_packet(server_.packets_.ours.fd, gone);
      if (gone) {
        server_.broken_ = over = true;
        if (program < 0) fault = "the fork server ended";
      }
      if (!packet) return;
      const auto message = nlohmann::json::parse(packet->bytes, nullptr, false);
      if (!message.is_object()) continue;
      if (message.contains("hello") && program < 0) program = packet->sender;
      if (message.contains("fault")) {
        fault = message["fault"].is_string() ? message["fault"].get<std::string>() : "?";
        if (program < 0 || in_server_) over = true;  // no child: nothing else will be told
      }
      if (message.contains("status")) {
        ended = Ended{message.value("status", 0), message.value("cpu", 0.0), message.value("peak", int64_t{0}), 0};
        over = true;
      }
    }
  }
  void kill(bool hard) override {
    if (program > 0 && !over && !in_server_) ::kill(program, SIGKILL);
    if (hard || program < 0 || in_server_) {
      server_.server_->kill(true);
      server_.broken_ = true;
    }
  }
  void finish() override {
    const auto start = std::chrono::steady_clock::now();
    while (!over) {
      pollfd fd = {descriptor(), POLLIN, 0};
      ::poll(&fd, 1, 100);
      look();
      if (!over && std::chrono::steady_clock::now() - start > std::chrono::seconds(10)) {
        kill(true);
        over = true;
      }
    }
  }

 private:
  ForkServer& server_;
  bool in_server_;
};

ForkServer::ForkServer(const Layers& layers, unsigned uid, const std::string& preload) : layers_(layers), preload_(preload), folder_(layers.own_uid ? uid : 0) {
  server_ = std::make_unique<ColdRun>(server_request(), layers, uid, folder_.path(), packets_.theirs.fd);
  packets_.theirs.close();
  answer(kStartSeconds);
  order(nlohmann::json{{"op", "filter"}, {"filter", to_base64(system_call_filter())}}.dump(), nullptr);
  answer(kStartSeconds);
  if (!preload.empty()) load("preload", preload);
}

ForkServer::~ForkServer() {
  server_->kill(true);
  server_->finish();
}

void ForkServer::order(const std::string& message, const int* streams) {
  iovec data = {const_cast<char*>(message.data()), message.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {};
  msghdr packet{};
  packet.msg_iov = &data;
  packet.msg_iovlen = 1;
  if (streams != nullptr) {
    packet.msg_control = control;
    packet.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&packet);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(3 * sizeof(int));
    std::memcpy(CMSG_DATA(header), streams, 3 * sizeof(int));
  }
  if (::sendmsg(packets_.ours.fd, &packet, MSG_NOSIGNAL) < 0) {
    broken_ = true;
    throw Error(std::string("the fork server takes no order (") + std::strerror(errno) + ")", "sandbox");
  }
}

std::string ForkServer::answer(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::string fault;
  while (std::chrono::steady_clock::now() < end) {
    pollfd fd = {packets_.ours.fd, POLLIN, 0};
    ::poll(&fd, 1, 100);
    bool gone = false;
    if (const auto packet = receive_packet(packets_.ours.fd, gone)) {
      const auto message = nlohmann::json::parse(packet->bytes, nullptr, false);
      if (message.is_object() && message.contains("fault")) throw Error(message["fault"].get<std::string>(), "sandbox");
      return packet->bytes;
    }
    server_->look();
    if (gone || server_->over) {
      char text[4096];
      ::fcntl(server_->err.fd, F_SETFL, O_NONBLOCK);
      const ssize_t said = ::read(server_->err.fd, text, sizeof text);
      fault = !server_->fault.empty() ? server_->fault : said > 0 ? std::string(text, static_cast<size_t>(said)) : "the fork server ended";
      break;
    }
  }
  broken_ = true;
  throw Error(fault.empty() ? "the fork server does not answer" : fault, "sandbox");
}

void ForkServer::load(const std::string& operation, const std::string& script) {
  folder_.put({{"script.py", script}});
  order(nlohmann::json{{"op", operation}, {"script", "script.py"}}.dump(), nullptr);
  const auto said = nlohmann::json::parse(answer(kPrepareSeconds), nullptr, false);
  cpu_seconds_per_line_ = said.is_object() ? said.value("cpu_seconds_per_line", 0.0) : 0.0;
  if (!folder_.clear()) broken_ = true;
}

void ForkServer::prepare(const std::string& script) {
  if (script == prepared_) return;
  prepared_.clear();
  if (!script.empty()) load("prepare", script);
  prepared_ = script;
}

std::unique_ptr<Running> ForkServer::start(const Request& request) {
  folder_.put(request.files);
  Pipe input, output, errors;
  nlohmann::json limits = nlohmann::json::array();
  // The server itself is one more task of its uid.
  for (const ResourceLimit& limit : resource_limits(request.limits, false)) limits.push_back({limit.resource, limit.soft, limit.hard});
  if (layers_.own_uid) limits.push_back({6 /* RLIMIT_NPROC */, request.limits.num_processes + request.limits.num_threads + 1, request.limits.num_processes + request.limits.num_threads + 1});
  const int streams[3] = {input.read.fd, output.write.fd, errors.write.fd};
  const std::vector<std::string> words(request.command.begin() + 1, request.command.end());
  order(request.in_server ? nlohmann::json{{"op", "inline"}}.dump() : nlohmann::json{{"op", "run"}, {"argv", words}, {"limits", limits}}.dump(), streams);
  return std::make_unique<Child>(*this, input, output, errors, request.in_server);
}

bool ForkServer::clean() {
  if (!broken_ && !folder_.clear()) broken_ = true;
  return !broken_;
}

}  // namespace reprise::sandbox
