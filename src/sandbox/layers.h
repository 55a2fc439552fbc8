// The layers of isolation, one function each. Those that act on the process itself throw Error where they fail: nothing runs
// less isolated than was asked.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sandbox/request.h"

namespace reprise::sandbox {

struct Layers {
  bool namespaces = false;       // pid, mount, net, ipc, uts; user where we are not root
  bool user_namespace = false;
  int landlock_abi = 0;          // 0: not there
  bool seccomp = false;
  bool own_uid = false;          // root gives each run a uid that nobody has
  std::vector<std::string> names() const;
  bool has(const std::string& name) const;  // ns, net, fs, seccomp, uid
};

// What this machine allows, found by trying each in a child.
Layers probe_layers();

// New private mounts: an empty root with /usr and its kin read-only, a few devices, and `folder` writable at its own path.
void enter_private_root(const std::string& folder);
// Only reading of system folders, and everything in `folder` (Landlock).
void restrict_files(const std::string& folder, int abi);
// No sockets, tracing, namespaces, mounts, kernel keys, io_uring, bpf; no signals to others; no fork unless allowed (libseccomp).
void restrict_system_calls(bool may_fork);
// The same without fork, as the kernel reads it, for a process that loads it itself. Where its own pid belongs, kSelf stands.
constexpr uint32_t kSelf = 0x05EAF00D;
std::string system_call_filter();
// Of a process: {RLIMIT_..., soft, hard}; the address space is the last of them.
struct ResourceLimit {
  int resource;
  uint64_t soft, hard;
};
std::vector<ResourceLimit> resource_limits(const Limits& limits, bool uid_is_its_own);
// All of them but the address space.
void limit_resources(const Limits& limits, bool uid_is_its_own);
// The address space: the last thing before exec, because what we are may already be larger.
bool limit_memory(const Limits& limits);
void drop_to(uid_t uid);

}  // namespace reprise::sandbox
