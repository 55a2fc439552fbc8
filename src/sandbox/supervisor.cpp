// Three processes a run: this one watches, an init holds the namespaces and reaps, the program is the init's child.
#include "sandbox/supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/error.h"

namespace reprise::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kFirstUid = 61000, kNumUids = 4000;
constexpr int kPollMilliseconds = 5;

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  void close() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};
struct Pipe {
  Descriptor read, write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(std::string("no pipe (") + std::strerror(errno) + ")", "sandbox");
    read.fd = ends[0];
    write.fd = ends[1];
  }
};

// What the init tells at the end.
struct Ended {
  int status = 0;
  double cpu_seconds = 0;
  int64_t peak_memory_bytes = 0;
};

// A folder of its own, gone with everything in it.
class Folder {
 public:
  Folder(const Request& request, bool own_uid, unsigned uid) {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base != nullptr && base[0] == '/' ? base : "/tmp") + "/reprise-sandbox-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw Error(std::string("no folder (") + std::strerror(errno) + ")", "sandbox");
    path_ = name;
    for (const auto& [file, content] : request.files) {
      if (file.empty() || file.find('/') != std::string::npos || file == "." || file == "..") throw Error("'" + file + "' is no name of a file", "sandbox");
      std::ofstream out(path_ + "/" + file, std::ios::binary);
      out.write(content.data(), static_cast<std::streamsize>(content.size()));
      out.close();
      if (!out) throw Error("cannot be written (is the disk full?)", path_ + "/" + file);
      ::chmod((path_ + "/" + file).c_str(), 0755);
    }
    if (own_uid && ::chown(path_.c_str(), uid, uid) != 0) throw Error("cannot be given away", path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    fs::remove_all(path_ + ".root", ignored);
  }
  const std::string& path() const { return path_; }
  // A regular file of its own, no link to anywhere; nothing for any other.
  std::string read(const std::string& name) const {
    const Descriptor file(::open((path_ + "/" + name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info;
    if (name.find('/') != std::string::npos || file.fd < 0 || ::fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1 || info.st_size > (64 << 20)) return {};
    std::string bytes(static_cast<size_t>(info.st_size), 0);
    size_t got = 0;
    for (ssize_t n = 0; got < bytes.size() && (n = ::read(file.fd, bytes.data() + got, bytes.size() - got)) > 0;) got += static_cast<size_t>(n);
    bytes.resize(got);
    return bytes;
  }

 private:
  std::string path_;
};

[[noreturn]] void tell_and_exit(int fd, const std::string& fault) {
  (void)!::write(fd, fault.data(), fault.size());
  ::_exit(127);
}

// The program's own process, up to exec.
[[noreturn]] void become_program(const Request& request, const Layers& layers, unsigned uid, const std::string& folder, int in, int out, int err, int fault, int hello) {
  try {
    ::setsid();
    // Its pid as seen from outside, for the one who watches.
    char byte = 1;
    (void)!::write(hello, &byte, 1);
    if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) throw Error("no standard streams", "sandbox");
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
    if (!limit_memory(request.limits)) tell_and_exit(fault, "the memory cannot be limited");
    ::execve(arguments[0], arguments.data(), const_cast<char**>(environment));
    tell_and_exit(fault, request.command[0] + " cannot be started (" + std::strerror(errno) + ")");
  } catch (const std::exception& error) {
    tell_and_exit(fault, error.what());
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

struct Ends {
  Pipe in, out, err, fault, ended, strays;
  Descriptor hello_ours, hello_theirs;
  Ends() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) throw Error("no socket pair", "sandbox");
    hello_ours.fd = pair[0];
    hello_theirs.fd = pair[1];
    const int on = 1;
    ::setsockopt(hello_ours.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  }
};

void write_text(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    if (fd >= 0) ::close(fd);
    throw Error("cannot write " + path, "sandbox");
  }
  ::close(fd);
}

[[noreturn]] void become_init(const Request& request, const Layers& layers, unsigned uid, const std::string& folder, Ends& ends, uid_t outside_uid, gid_t outside_gid) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
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
    if (program == 0) become_program(request, layers, uid, folder, ends.in.read.fd, ends.out.write.fd, ends.err.write.fd, ends.fault.write.fd, ends.hello_theirs.fd);
    // Only the program holds the streams now, so that their end is its end.
    for (Descriptor* d : {&ends.in.read, &ends.in.write, &ends.out.read, &ends.out.write, &ends.err.read, &ends.err.write, &ends.fault.write, &ends.hello_theirs, &ends.hello_ours}) d->close();
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
    const int64_t strays = request.limits.num_processes > 1 && !layers.namespaces ? kill_strays(layers.own_uid, uid) : 0;
    (void)!::write(ends.ended.write.fd, &ended, sizeof ended);
    (void)!::write(ends.strays.write.fd, &strays, sizeof strays);
    ::_exit(0);  // and with it everything in its pid namespace
  } catch (const std::exception& error) {
    tell_and_exit(ends.fault.write.fd, error.what());
  }
}

double cpu_seconds_of(pid_t pid) {
  clockid_t clock;
  timespec time{};
  if (pid <= 0 || ::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

int64_t resident_bytes(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  int64_t total = 0, resident = 0;
  return statm >> total >> resident ? resident * ::sysconf(_SC_PAGESIZE) : 0;
}

// Of all processes of a uid; only for runs that may fork.
int64_t resident_bytes_of_uid(unsigned uid, double& cpu) {
  int64_t sum = 0;
  cpu = 0;
  DIR* proc = ::opendir("/proc");
  while (dirent* entry = proc != nullptr ? ::readdir(proc) : nullptr) {
    const int pid = std::atoi(entry->d_name);
    struct stat info;
    if (pid <= 0 || ::stat(("/proc/" + std::string(entry->d_name) + "/task").c_str(), &info) != 0) continue;
    std::ifstream status("/proc/" + std::string(entry->d_name) + "/status");
    std::string line;
    unsigned owner = 0;
    while (std::getline(status, line)) {
      if (line.starts_with("Uid:")) owner = static_cast<unsigned>(std::strtoul(line.c_str() + 4, nullptr, 10));
    }
    if (owner != uid) continue;
    sum += resident_bytes(pid);
    cpu += cpu_seconds_of(pid);
  }
  if (proc != nullptr) ::closedir(proc);
  return sum;
}

pid_t pid_from(int socket) {
  char byte = 0;
  iovec data = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(socket, &message, MSG_DONTWAIT) <= 0) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) return -1;
  ucred credentials;
  std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
  return credentials.pid;
}

}  // namespace

Supervisor::Supervisor() : layers_(probe_layers()) {
  // A name in the abstract socket namespace is held by one process and let go with it: a lock on the uid without a file.
  for (unsigned n = 0; layers_.own_uid && uid_ == 0 && n < kNumUids; ++n) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const std::string text = "reprise-sandbox-uid-" + std::to_string(kFirstUid + n);
    std::memcpy(name.sun_path + 1, text.data(), text.size());
    uid_lock_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (uid_lock_ >= 0 && ::bind(uid_lock_, reinterpret_cast<const sockaddr*>(&name), static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size())) == 0) {
      uid_ = kFirstUid + n;
    } else if (uid_lock_ >= 0) {
      ::close(uid_lock_);
      uid_lock_ = -1;
    }
  }
  if (uid_ == 0) layers_.own_uid = false;
}

Supervisor::~Supervisor() {
  if (uid_lock_ >= 0) ::close(uid_lock_);
}

Result Supervisor::run(const Request& request) {
  Result result;
  const auto not_started = [&](const std::string& fault) {
    result.ending = Ending::not_started;
    result.fault = fault;
    return result;
  };
  try {
    Layers layers = layers_;
    for (const std::string& name : request.without) {
      if (name == "ns") layers.namespaces = layers.user_namespace = false;
      else if (name == "landlock") layers.landlock_abi = 0;
      else if (name == "seccomp") layers.seccomp = false;
      else if (name == "uid") layers.own_uid = false;
      else return not_started("there is no layer '" + name + "'");
    }
    for (const std::string& name : request.required) {
      if (!layers.has(name)) return not_started("the layer '" + name + "' is required and not to be had here");
    }
    if (request.command.empty() || request.command[0].empty() || (request.command[0][0] != '/' && !request.command[0].starts_with("./"))) return not_started("the command is no full path");
    result.layers = layers.names();
    const Folder folder(request, layers.own_uid, uid_);
    Ends ends;
    const uid_t outside_uid = ::geteuid();
    const gid_t outside_gid = ::getegid();
    const auto start = std::chrono::steady_clock::now();
    const unsigned long flags = SIGCHLD | (layers.namespaces ? CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | (layers.user_namespace ? CLONE_NEWUSER : 0) : 0);
    const pid_t init = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, 0));
    if (init < 0) return not_started(std::string("no process (") + std::strerror(errno) + ")");
    if (init == 0) become_init(request, layers, uid_, folder.path(), ends, outside_uid, outside_gid);
    for (Descriptor* d : {&ends.in.read, &ends.out.write, &ends.err.write, &ends.fault.write, &ends.ended.write, &ends.strays.write, &ends.hello_theirs}) d->close();
    ::fcntl(ends.in.write.fd, F_SETFL, O_NONBLOCK);
    const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };

    pid_t program = -1;
    size_t given = 0;
    std::optional<Ending> stopped;
    if (request.standard_input.empty()) ends.in.write.close();
    int64_t peak = 0;
    bool init_gone = false;
    const auto stop = [&](Ending why) {
      if (stopped) return;
      stopped = why;
      if (layers.namespaces) {
        ::kill(init, SIGKILL);
      } else if (program > 0) {
        ::kill(-program, SIGKILL);  // its session; the init takes care of the others
        ::kill(program, SIGKILL);
      } else {
        ::kill(init, SIGKILL);
      }
    };
    double next_tree_look = 0;
    while (ends.out.read.fd >= 0 || ends.err.read.fd >= 0 || !init_gone) {
      pollfd fds[3] = {{ends.out.read.fd, POLLIN, 0}, {ends.err.read.fd, POLLIN, 0}, {ends.in.write.fd, POLLOUT, 0}};
      ::poll(fds, 3, kPollMilliseconds);
      if (program < 0) program = pid_from(ends.hello_ours.fd);
      if (ends.in.write.fd >= 0 && (fds[2].revents & (POLLOUT | POLLERR | POLLHUP)) != 0) {
        const ssize_t n = ::write(ends.in.write.fd, request.standard_input.data() + given, request.standard_input.size() - given);
        if (n > 0) given += static_cast<size_t>(n);
        if ((n < 0 && errno != EAGAIN && errno != EINTR) || given == request.standard_input.size()) ends.in.write.close();
      }
      Descriptor* readers[2] = {&ends.out.read, &ends.err.read};
      std::string* sinks[2] = {&result.standard_output, &result.standard_error};
      for (int i = 0; i < 2; ++i) {
        if (readers[i]->fd < 0 || (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
        char bytes[65536];
        const ssize_t n = ::read(readers[i]->fd, bytes, sizeof bytes);
        if (n > 0) {
          const int64_t room = request.limits.output_bytes - static_cast<int64_t>(result.standard_output.size() + result.standard_error.size());
          sinks[i]->append(bytes, static_cast<size_t>(std::clamp<int64_t>(room, 0, n)));
          if (n > room) stop(Ending::output_limit);
        } else if (n == 0 || errno != EINTR) {
          readers[i]->close();
        }
      }
      if (!init_gone && ::waitpid(init, nullptr, WNOHANG) == init) {
        init_gone = true;
        // What is still in the pipes is read; a stray that holds them open is not waited for.
        for (Descriptor* d : readers) {
          if (d->fd >= 0) ::fcntl(d->fd, F_SETFL, O_NONBLOCK);
        }
        for (int i = 0; i < 2; ++i) {
          char bytes[65536];
          for (ssize_t n = 0; readers[i]->fd >= 0 && (n = ::read(readers[i]->fd, bytes, sizeof bytes)) > 0;) {
            const int64_t room = request.limits.output_bytes - static_cast<int64_t>(result.standard_output.size() + result.standard_error.size());
            sinks[i]->append(bytes, static_cast<size_t>(std::clamp<int64_t>(room, 0, n)));
            if (n > room) stopped = Ending::output_limit;
          }
          readers[i]->close();
        }
        break;
      }
      double cpu = cpu_seconds_of(program);
      int64_t resident = program > 0 ? resident_bytes(program) : 0;
      if (request.limits.num_processes > 1 && layers.own_uid && seconds() >= next_tree_look) {
        double tree_cpu = 0;
        resident = std::max(resident, resident_bytes_of_uid(uid_, tree_cpu));
        cpu = std::max(cpu, tree_cpu);
        next_tree_look = seconds() + 0.02;
      }
      peak = std::max(peak, resident);
      if (cpu > request.limits.cpu_seconds) stop(Ending::cpu_limit);
      if (resident > request.limits.memory_bytes) stop(Ending::memory_limit);
      if (seconds() > request.limits.wall_seconds) stop(Ending::wall_limit);
      // An init that does not end within a second of its program's end is stuck on us: it goes too.
      if (stopped && seconds() > request.limits.wall_seconds + 1) ::kill(init, SIGKILL);
    }
    if (!init_gone) {
      while (::waitpid(init, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    if (layers.own_uid && request.limits.num_processes > 1) {
      // Whoever left the init's care (killed with it) still has the uid.
      const pid_t helper = ::fork();
      if (helper == 0) {
        (void)!::setresuid(uid_, uid_, uid_);
        ::kill(-1, SIGKILL);
        ::_exit(0);
      }
      while (helper > 0 && ::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    result.wall_seconds = seconds();
    char text[1024];
    const ssize_t said = ::read(ends.fault.read.fd, text, sizeof text);
    if (said > 0 && !stopped) return not_started(std::string(text, static_cast<size_t>(said)));
    Ended ended;
    const bool told = ::read(ends.ended.read.fd, &ended, sizeof ended) == sizeof ended;
    (void)!::read(ends.strays.read.fd, &result.strays_killed, sizeof result.strays_killed);
    result.cpu_seconds = ended.cpu_seconds;
    result.peak_memory_bytes = std::max(peak, ended.peak_memory_bytes);
    if (stopped) {
      result.ending = *stopped;
      if (!told) result.cpu_seconds = result.ending == Ending::cpu_limit ? request.limits.cpu_seconds : 0;
      return result;
    }
    if (!told) return not_started("the init ended without a word");
    if (WIFSIGNALED(ended.status)) {
      result.signal = WTERMSIG(ended.status);
      result.ending = result.signal == SIGXCPU || (result.signal == SIGKILL && ended.cpu_seconds >= request.limits.cpu_seconds) ? Ending::cpu_limit : Ending::signalled;
    } else {
      result.exit_code = WEXITSTATUS(ended.status);
      if (!request.collect.empty()) result.collected = folder.read(request.collect);
      result.ending = Ending::exited;
    }
    return result;
  } catch (const std::exception& error) {
    return not_started(error.what());
  }
}

}  // namespace reprise::sandbox
