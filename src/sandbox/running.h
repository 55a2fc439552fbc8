// A program that runs in the sandbox, as the one who watches it sees it.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace reprise::sandbox {

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd, other.fd);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};
// Both close on exec. Throw Error.
struct Pipe {
  Descriptor read, write;
  Pipe();
};
// Two ends that send packets; `ours` learns who sent them.
struct PacketPair {
  Descriptor ours, theirs;
  PacketPair();
};
// One packet that is there now: nothing where there is none. `gone` when the other end is closed.
struct Packet {
  std::string bytes;
  pid_t sender = -1;
};
std::optional<Packet> receive_packet(int socket, bool& gone);

// What is told when a program has ended.
struct Ended {
  int status = 0;  // as of wait
  double cpu_seconds = 0;
  int64_t peak_memory_bytes = 0;
  int64_t strays_killed = 0;
};

class Running {
 public:
  virtual ~Running() = default;
  Descriptor in, out, err;      // our ends of its streams
  pid_t program = -1;           // its pid seen from here, once it has said hello
  bool over = false;            // nothing more will be told
  std::optional<Ended> ended;   // nothing when those who would tell were killed with it
  std::string fault;            // it was never started
  // Readable when `look` has something to see.
  virtual int descriptor() const = 0;
  virtual void look() = 0;
  // `hard`: with everyone around it.
  virtual void kill(bool hard) = 0;
  // Waits until nothing of it is left.
  virtual void finish() = 0;
};

}  // namespace reprise::sandbox
