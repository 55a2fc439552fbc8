// Pipes and packets.
#include "sandbox/running.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <cstring>

#include "base/error.h"

namespace reprise::sandbox {

Pipe::Pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(std::string("no pipe (") + std::strerror(errno) + ")", "sandbox");
  read.fd = ends[0];
  write.fd = ends[1];
}

PacketPair::PacketPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw Error(std::string("no socket pair (") + std::strerror(errno) + ")", "sandbox");
  ours.fd = ends[0];
  theirs.fd = ends[1];
  const int on = 1;
  ::setsockopt(ours.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

std::optional<Packet> receive_packet(int socket, bool& gone) {
  char bytes[4096];
  iovec data = {bytes, sizeof bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size <= 0) {
    gone = size == 0 || (errno != EAGAIN && errno != EINTR);
    return {};
  }
  Packet out;
  out.bytes.assign(bytes, static_cast<size_t>(size));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials;
      std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
      out.sender = credentials.pid;
    }
  }
  return out;
}

}  // namespace reprise::sandbox
