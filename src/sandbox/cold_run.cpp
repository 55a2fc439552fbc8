// clone, layers, exec.
#include "sandbox/cold_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/error.h"

namespace reprise::sandbox {
namespace {

// What comes from the two inner processes, one packet each.
void tell(int socket, char kind, const void* bytes, size_t size) {
  std::string packet(1, kind);
  packet.append(static_cast<const char*>(bytes), std::min<size_t>(size, 1024));
  (void)!::send(socket, packet.data(), packet.size(), MSG_NOSIGNAL);
}
[[noreturn]] void tell_fault(int socket, const std::string& fault) {
  tell(socket, 'f', fault.data(), fault.size());
  ::_exit(127);
}

struct Streams {
  int in, out, err, told;
};

// The program's own process, up to exec.
[[noreturn]] void become_program(const Request& request, const Layers& layers, unsigned uid, const std::string& folder, const Streams& streams) {
  try {
    ::setsid();
    tell(streams.told, 'h', "", 0);  // our pid as seen from outside comes with it
    if (::dup2(streams.in, 0) < 0 || ::dup2(streams.out, 1) < 0 || ::dup2(streams.err, 2) < 0) throw Error("no standard streams", "sandbox");
    if (::chdir(folder.c_str()) != 0) throw Error("cannot enter its folder", "sandbox");
    ::umask(022);
    limit_resources(request.limits, layers.own_uid);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (layers.own_uid) drop_to(uid);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (layers.landlock_abi > 0) restrict_files(folder, layers.landlock_abi);
    if (layers.seccomp) restrict_system_calls(request.limits.num_processes > 1);
    // Everything but the three streams closes with exec.
    (void)::syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int s = 1; s < 32; ++s) ::signal(s, SIG_DFL);
    std::vector<char*> arguments;
    for (const std::string& word : request.command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const std::string home = "HOME=" + folder;
    const std::string temporary = "TMPDIR=" + folder;
    const char* environment[] = {"PATH=/usr/bin:/bin", home.c_str(), temporary.c_str(), "LANG=C.UTF-8", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", nullptr};
    if (!limit_memory(request.limits)) tell_fault(streams.told, "the memory cannot be limited");
    ::execve(arguments[0], arguments.data(), const_cast<char**>(environment));
    tell_fault(streams.told, request.command[0] + " cannot be started (" + std::strerror(errno) + ")");
  } catch (const std::exception& error) {
    tell_fault(streams.told, error.what());
  }
}

// Kills what is left of a uid, or of the init's children where there is no uid of its own. Returns how many.
int64_t kill_strays(bool own_uid, unsigned uid) {
  int64_t killed = 0;
  for (int round = 0; round < 50; ++round) {
    if (own_uid) {
      const pid_t helper = ::fork();
      if (helper == 0) {
        (void)!::setresuid(uid, uid, uid);
        ::kill(-1, SIGKILL);
        ::_exit(0);
      }
      while (helper > 0 && ::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
      }
    } else {
      // Orphans have become children of the init: it is their subreaper.
      DIR* proc = ::opendir("/proc");
      while (dirent* entry = proc != nullptr ? ::readdir(proc) : nullptr) {
        const int pid = std::atoi(entry->d_name);
        if (pid <= 0) continue;
        std::ifstream stat("/proc/" + std::string(entry->d_name) + "/stat");
        std::string line;
        std::getline(stat, line);
        const size_t end = line.rfind(')');
        if (end != std::string::npos && end + 4 < line.size() && std::atoi(line.c_str() + end + 4) == ::getpid()) ::kill(pid, SIGKILL);
      }
      if (proc != nullptr) ::closedir(proc);
    }
    int reaped = 0;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) ++reaped;
    killed += reaped;
    if (reaped == 0 && ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) break;
    ::usleep(1000);
  }
  return killed;
}

void write_text(const std::string& path, const std::string& text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.fd < 0 || ::write(file.fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) throw Error("cannot write " + path, "sandbox");
}

[[noreturn]] void become_init(const Request& request, const Layers& layers, unsigned uid, const std::string& folder, const Streams& streams, uid_t outside_uid, gid_t outside_gid) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  // Where the program has our uid it may signal us; only we are for it to wait for.
  for (int s = 1; s < 32; ++s) {
    if (s != SIGCHLD) ::signal(s, SIG_IGN);
  }
  try {
    if (layers.namespaces) {
      if (layers.user_namespace) {
        write_text("/proc/self/setgroups", "deny");
        write_text("/proc/self/uid_map", "65534 " + std::to_string(outside_uid) + " 1");
        write_text("/proc/self/gid_map", "65534 " + std::to_string(outside_gid) + " 1");
      }
      enter_private_root(folder);
    }
    const pid_t program = ::fork();
    if (program < 0) throw Error("no process", "sandbox");
    if (program == 0) become_program(request, layers, uid, folder, streams);
    // Only the program holds the streams now, so that their end is its end.
    for (unsigned fd = 0; fd < 3; ++fd) ::close(static_cast<int>(fd));
    const auto told = static_cast<unsigned>(streams.told);
    (void)::syscall(SYS_close_range, 3u, told - 1, 0u);
    (void)::syscall(SYS_close_range, told + 1, ~0u, 0u);
    Ended ended;
    rusage usage{};
    for (;;) {
      int status = 0;
      const pid_t gone = ::wait4(-1, &status, 0, &usage);
      if (gone == program) {
        ended.status = status;
        break;
      }
      if (gone < 0 && errno != EINTR) break;
    }
    // Its children's time is the program's too.
    rusage all{};
    ::getrusage(RUSAGE_CHILDREN, &all);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
    ended.cpu_seconds = seconds(all.ru_utime) + seconds(all.ru_stime);
    ended.peak_memory_bytes = static_cast<int64_t>(all.ru_maxrss) * 1024;
    ended.strays_killed = request.limits.num_processes > 1 && !layers.namespaces ? kill_strays(layers.own_uid, uid) : 0;
    tell(streams.told, 'e', &ended, sizeof ended);
    ::_exit(0);  // and with it everything in its pid namespace
  } catch (const std::exception& error) {
    tell_fault(streams.told, error.what());
  }
}

}  // namespace

ColdRun::ColdRun(const Request& request, const Layers& layers, unsigned uid, const std::string& folder, int stream) : layers_(layers), uid_(uid), may_fork_(request.limits.num_processes > 1) {
  Pipe input, output, errors;
  PacketPair packets;
  const Streams theirs = {stream >= 0 ? stream : input.read.fd, output.write.fd, errors.write.fd, packets.theirs.fd};
  const uid_t outside_uid = ::geteuid();
  const gid_t outside_gid = ::getegid();
  const unsigned long flags = SIGCHLD | (layers.namespaces ? CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | (layers.user_namespace ? CLONE_NEWUSER : 0) : 0);
  init_ = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, 0));
  if (init_ < 0) throw Error(std::string("no process (") + std::strerror(errno) + ")", "sandbox");
  if (init_ == 0) become_init(request, layers, uid, folder, theirs, outside_uid, outside_gid);
  in = std::move(input.write);
  out = std::move(output.read);
  err = std::move(errors.read);
  told_ = std::move(packets.ours);
}

ColdRun::~ColdRun() {
  if (init_ > 0) {
    kill(true);
    finish();
  }
}

void ColdRun::look() {
  while (!over) {
    bool gone = false;
    const auto packet = receive_packet(told_.fd, gone);
    if (!packet) {
      over = gone;
      return;
    }
    const std::string rest = packet->bytes.substr(1);
    if (packet->bytes[0] == 'h') program = packet->sender;
    if (packet->bytes[0] == 'f') fault = rest;
    if (packet->bytes[0] == 'e' && rest.size() == sizeof(Ended)) {
      ended.emplace();
      std::memcpy(&*ended, rest.data(), sizeof(Ended));
    }
  }
}

void ColdRun::kill(bool hard) {
  if (init_ <= 0) return;
  if (layers_.namespaces || hard || program <= 0) {
    ::kill(init_, SIGKILL);
  }
  if (!layers_.namespaces && program > 0) {
    ::kill(-program, SIGKILL);  // its session; the init takes care of the others
    ::kill(program, SIGKILL);
  }
}

void ColdRun::finish() {
  while (init_ > 0 && ::waitpid(init_, nullptr, 0) < 0 && errno == EINTR) {
  }
  init_ = -1;
  look();
  // Whoever left the init's care (killed with it) still has the uid.
  if (layers_.own_uid && may_fork_ && !layers_.namespaces) kill_strays(true, uid_);
}

}  // namespace reprise::sandbox
