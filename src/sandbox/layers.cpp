// Linux: namespaces, Landlock, seccomp, rlimits.
#include "sandbox/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace reprise::sandbox {
namespace {

[[noreturn]] void failed(const std::string& what) { throw Error(what + " (" + std::strerror(errno) + ")", "sandbox"); }

constexpr const char* kSystemFolders[] = {"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"};
constexpr const char* kDevices[] = {"/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full"};

bool works_in_child(bool (*attempt)()) {
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) ::_exit(attempt() ? 0 : 1);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

constexpr int kNamespaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID;

}  // namespace

std::vector<std::string> Layers::names() const {
  std::vector<std::string> out = {"no_new_privs", "session", "descriptors", "environment", "rlimits", "output_cap", "clocks"};
  if (namespaces) out.push_back(user_namespace ? "ns(user,pid,mount,net,ipc,uts)" : "ns(pid,mount,net,ipc,uts)");
  if (landlock_abi > 0) out.push_back("landlock(" + std::to_string(landlock_abi) + ")");
  if (seccomp) out.push_back("seccomp");
  if (own_uid) out.push_back("uid");
  return out;
}

bool Layers::has(const std::string& name) const {
  if (name == "ns") return namespaces;
  if (name == "net") return namespaces || seccomp;
  if (name == "fs") return namespaces || landlock_abi > 0;
  if (name == "seccomp") return seccomp;
  if (name == "uid") return own_uid;
  if (name == "landlock") return landlock_abi > 0;
  return false;
}

Layers probe_layers() {
  Layers out;
  out.own_uid = ::geteuid() == 0 && works_in_child([] { return ::setgroups(0, nullptr) == 0 && ::setresgid(61000, 61000, 61000) == 0 && ::setresuid(61000, 61000, 61000) == 0; });
  if (::geteuid() == 0) out.namespaces = works_in_child([] { return ::unshare(kNamespaces) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0; });
  if (!out.namespaces) {
    out.namespaces = out.user_namespace = ::geteuid() != 0 && works_in_child([] { return ::unshare(CLONE_NEWUSER | kNamespaces) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0; });
  }
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  out.landlock_abi = abi > 0 ? static_cast<int>(abi) : 0;
  out.seccomp = works_in_child([] {
    try {
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      restrict_system_calls(false);
      return true;
    } catch (const Error&) {
      return false;
    }
  });
  return out;
}

void enter_private_root(const std::string& folder) {
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) failed("mounts cannot be made private");
  const std::string root = folder + ".root";
  if (::mkdir(root.c_str(), 0755) != 0 && errno != EEXIST) failed("no folder for a root");
  if (::mount("tmpfs", root.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=200,mode=755") != 0) failed("no tmpfs for a root");
  const auto make_folders_to = [&](const std::string& path, bool folder_itself) {
    for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) ::mkdir((root + path.substr(0, at)).c_str(), 0755);
    if (folder_itself) ::mkdir((root + path).c_str(), 0755);
  };
  const auto bind = [&](const std::string& path, bool writable) {
    struct stat info;
    if (::lstat(path.c_str(), &info) != 0) return;
    if (S_ISLNK(info.st_mode)) {
      char target[4096];
      const ssize_t size = ::readlink(path.c_str(), target, sizeof target - 1);
      if (size <= 0) return;
      target[size] = 0;
      make_folders_to(path, false);
      (void)!::symlink(target, (root + path).c_str());
      return;
    }
    make_folders_to(path, S_ISDIR(info.st_mode));
    if (!S_ISDIR(info.st_mode)) {
      const int fd = ::open((root + path).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
      if (fd >= 0) ::close(fd);
    }
    if (::mount(path.c_str(), (root + path).c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) failed("cannot bind " + path);
    const unsigned long flags = MS_BIND | MS_REMOUNT | MS_NOSUID | (writable ? 0 : MS_RDONLY) | (path.starts_with("/dev") ? 0 : MS_NODEV);
    // In a user namespace a mount keeps the flags it had; then what it had must be enough.
    if (::mount(nullptr, (root + path).c_str(), nullptr, flags, nullptr) != 0 && !(errno == EPERM && (writable || path.starts_with("/dev")))) failed("cannot make " + path + " read-only");
  };
  for (const char* path : kSystemFolders) bind(path, false);
  for (const char* path : kDevices) bind(path, true);
  bind(folder, true);
  if (::chdir(root.c_str()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) failed("cannot change the root");
  if (::umount2(".", MNT_DETACH) != 0) failed("cannot leave the old root");
  (void)::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=200,mode=755");
}

void restrict_files(const std::string& folder, int abi) {
  constexpr uint64_t kRead = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  constexpr uint64_t kWrite = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO;
  constexpr uint64_t kNever = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK;
  const uint64_t later = (abi >= 2 ? uint64_t{1} << 13 : 0) | (abi >= 3 ? uint64_t{1} << 14 : 0) | (abi >= 5 ? uint64_t{1} << 15 : 0);  // refer, truncate, ioctl on devices
  struct {
    uint64_t files, net, scoped;
  } attributes = {kRead | kWrite | kNever | later, abi >= 4 ? uint64_t{3} : 0, abi >= 6 ? uint64_t{3} : 0};  // TCP bind and connect; abstract sockets and signals
  const size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  const int rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
  if (rules < 0) failed("Landlock gives no ruleset");
  const auto allow = [&](const char* path, uint64_t access) {
    const int at = ::open(path, O_PATH | O_CLOEXEC);
    if (at < 0) return;
    struct stat info;
    if (::fstat(at, &info) == 0 && !S_ISDIR(info.st_mode)) access &= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (abi >= 3 ? uint64_t{1} << 14 : 0);
    landlock_path_beneath_attr rule = {access & attributes.files, at};
    const long done = ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    ::close(at);
    if (done != 0) failed(std::string("Landlock refuses a rule for ") + path);
  };
  for (const char* path : kSystemFolders) allow(path, kRead);
  for (const char* path : kDevices) allow(path, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
  allow(folder.c_str(), kRead | kWrite | later);
  if (::syscall(SYS_landlock_restrict_self, rules, 0) != 0) failed("Landlock does not take hold");
  ::close(rules);
}

namespace {

// What no honest program asks for ends the program (SIGSYS); what one may try in passing (a socket for a name service, a fork) is refused.
constexpr const char* kForbidden[] = {"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "pidfd_getfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open",
                                      "userfaultfd", "keyctl", "add_key", "request_key", "unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick",
                                      "mount_setattr", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "open_by_handle_at", "iopl", "ioperm", "modify_ldt", "kcmp", "migrate_pages", "move_pages"};
constexpr const char* kRefused[] = {"socket", "pidfd_open", "pidfd_send_signal", "sethostname", "setdomainname", "syslog", "acct", "quotactl", "quotactl_fd", "fanotify_init", "name_to_handle_at", "personality", "settimeofday", "clock_settime", "clock_adjtime",
                                    "adjtimex", "lookup_dcookie", "vhangup", "mknod", "mknodat", "shmget", "shmat", "msgget", "semget", "mq_open"};

// Null where it cannot be built.
scmp_filter_ctx build_filter(bool may_fork, uint64_t self) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return nullptr;
  int fault = 0;
  const auto deny = [&](const char* name, uint32_t action) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) fault |= seccomp_rule_add(filter, action, number, 0);
  };
  const uint32_t refused = SCMP_ACT_ERRNO(EPERM);
  for (const char* name : kForbidden) deny(name, SCMP_ACT_KILL_PROCESS);
  for (const char* name : kRefused) deny(name, refused);
  deny("clone3", SCMP_ACT_ERRNO(ENOSYS));  // its flags are behind a pointer: the C library falls back on clone
  constexpr uint64_t kNew = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  for (uint64_t flag = 1; flag != 0 && flag <= kNew; flag <<= 1) {
    if ((flag & kNew) != 0) fault |= seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
  }
  // No signals by way of a descriptor's owner, and no other process's limits, priority or processors.
  for (const uint64_t command : {uint64_t{F_SETOWN}, uint64_t{15 /* F_SETOWN_EX */}, uint64_t{10 /* F_SETSIG */}}) fault |= seccomp_rule_add(filter, refused, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, command));
  if (!may_fork) {
    deny("fork", refused);
    deny("vfork", refused);
    fault |= seccomp_rule_add(filter, refused, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    // Without children there is nobody to signal but itself.
    for (int call : {SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo)}) fault |= seccomp_rule_add(filter, refused, call, 1, SCMP_A0(SCMP_CMP_NE, self));
    for (int call : {SCMP_SYS(prlimit64), SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setparam), SCMP_SYS(sched_setattr)}) {
      fault |= seccomp_rule_add(filter, refused, call, 1, SCMP_A0(SCMP_CMP_NE, 0));  // 0 is itself
    }
    fault |= seccomp_rule_add(filter, refused, SCMP_SYS(setpriority), 1, SCMP_A1(SCMP_CMP_NE, 0));
    fault |= seccomp_rule_add(filter, refused, SCMP_SYS(ioprio_set), 1, SCMP_A1(SCMP_CMP_NE, 0));
    deny("tkill", refused);
  }
  if (fault != 0) {
    seccomp_release(filter);
    return nullptr;
  }
  return filter;
}

}  // namespace

void restrict_system_calls(bool may_fork) {
  scmp_filter_ctx filter = build_filter(may_fork, static_cast<uint64_t>(::getpid()));
  if (filter == nullptr) failed("seccomp gives no filter");
  const int fault = seccomp_load(filter);
  seccomp_release(filter);
  if (fault != 0) failed("seccomp does not take hold");
}

std::string system_call_filter() {
  scmp_filter_ctx filter = build_filter(false, kSelf);
  const int file = ::memfd_create("filter", MFD_CLOEXEC);
  std::string out;
  if (filter != nullptr && file >= 0 && seccomp_export_bpf(filter, file) == 0) {
    char bytes[65536];
    const ssize_t n = ::pread(file, bytes, sizeof bytes, 0);
    if (n > 0 && n < static_cast<ssize_t>(sizeof bytes)) out.assign(bytes, static_cast<size_t>(n));
  }
  if (filter != nullptr) seccomp_release(filter);
  if (file >= 0) ::close(file);
  if (out.empty()) failed("seccomp gives no filter");
  return out;
}

std::vector<ResourceLimit> resource_limits(const Limits& limits, bool uid_is_its_own) {
  const auto cpu = static_cast<uint64_t>(limits.cpu_seconds) + 1;
  const auto file = static_cast<uint64_t>(limits.file_bytes);
  // The soft limit is also what each thread reserves; a program may raise its own.
  const auto stack = static_cast<uint64_t>(std::min<int64_t>(limits.memory_bytes / 2, 512LL << 20));
  std::vector<ResourceLimit> out = {{RLIMIT_CPU, cpu, cpu + 1}, {RLIMIT_FSIZE, file, file}, {RLIMIT_CORE, 0, 0}, {RLIMIT_NOFILE, 64, 64}, {RLIMIT_MEMLOCK, 0, 0}, {RLIMIT_MSGQUEUE, 0, 0}, {RLIMIT_STACK, std::min<uint64_t>(stack, 64 << 20), stack}};
  if (uid_is_its_own) {
    const auto tasks = static_cast<uint64_t>(limits.num_processes + limits.num_threads);
    out.push_back({RLIMIT_NPROC, tasks, tasks});
  }
  const auto memory = static_cast<uint64_t>(limits.memory_bytes);
  out.push_back({RLIMIT_AS, memory, memory});
  return out;
}

void limit_resources(const Limits& limits, bool uid_is_its_own) {
  for (const ResourceLimit& limit : resource_limits(limits, uid_is_its_own)) {
    const rlimit value = {limit.soft, limit.hard};
    if (limit.resource != RLIMIT_AS && ::setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &value) != 0) failed("a limit cannot be set");
  }
}

bool limit_memory(const Limits& limits) {
  const rlimit value = {static_cast<rlim_t>(limits.memory_bytes), static_cast<rlim_t>(limits.memory_bytes)};
  return ::setrlimit(RLIMIT_AS, &value) == 0;
}

void drop_to(uid_t uid) {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 || ::setresuid(uid, uid, uid) != 0) failed("cannot become uid " + std::to_string(uid));
}

}  // namespace reprise::sandbox
