// One loop watches one program, or two that talk to each other.
#include "sandbox/supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/error.h"
#include "sandbox/cold_run.h"
#include "sandbox/folder.h"

namespace reprise::sandbox {
namespace {

constexpr unsigned kFirstUid = 61000, kNumUids = 4000;
constexpr int kPollMilliseconds = 5;
// What a line of a pair's candidate may take on the clock, from what it may take of the processor.
constexpr double kWallPerCpu = 3, kWallSlackSeconds = 5;

double cpu_seconds_of(pid_t pid) {
  clockid_t clock;
  timespec time{};
  if (pid <= 0 || ::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

int64_t resident_bytes(pid_t pid) {
  char text[128];
  const Descriptor statm(::open(("/proc/" + std::to_string(pid) + "/statm").c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = statm.fd < 0 ? 0 : ::read(statm.fd, text, sizeof text - 1);
  if (size <= 0) return 0;
  text[size] = 0;
  const char* second = std::strchr(text, ' ');
  return second == nullptr ? 0 : std::atoll(second) * ::sysconf(_SC_PAGESIZE);
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

double now_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

struct Supervisor::Lane {
  const Request* request = nullptr;
  Seat seat = cold;
  Layers layers;
  unsigned uid = 0;
  std::unique_ptr<Folder> folder;      // of a cold run
  std::unique_ptr<Running> running;
  Result result;
  std::string to_give;                 // to its standard input
  size_t given = 0;
  bool gets_more = false;              // a pair's other half may write yet
  std::optional<Ending> stopped;
  bool dismissed = false;              // ended by us because it is not needed any more
  int64_t peak = 0, num_read = 0;
  double began = 0, next_tree_look = 0, cpu_at_line = 0, wall_at_line = 0, cpu = 0;
  double cpu_before = 0;               // of a server that lives on
  double cpu_seconds_per_line = 0;

  void stop(Ending why) {
    if (stopped) return;
    stopped = why;
    running->kill(false);
  }
};

Supervisor::Supervisor() : layers_(probe_layers()) {
  ::signal(SIGPIPE, SIG_IGN);
  remove_stale_folders();
  // A name in the abstract socket namespace is held by one process and let go with it: a lock on the uid without a file.
  unsigned n = 0;
  for (int seat = 0; layers_.own_uid && seat < num_seats; ++seat) {
    for (; uids_[seat] == 0 && n < kNumUids; ++n) {
      sockaddr_un name{};
      name.sun_family = AF_UNIX;
      const std::string text = "reprise-sandbox-uid-" + std::to_string(kFirstUid + n);
      std::memcpy(name.sun_path + 1, text.data(), text.size());
      const int lock = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (lock >= 0 && ::bind(lock, reinterpret_cast<const sockaddr*>(&name), static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size())) == 0) {
        uids_[seat] = kFirstUid + n;
        uid_locks_[seat] = lock;
      } else if (lock >= 0) {
        ::close(lock);
      }
    }
    if (uids_[seat] == 0) layers_.own_uid = false;
  }
}

Supervisor::~Supervisor() {
  for (int lock : uid_locks_) {
    if (lock >= 0) ::close(lock);
  }
}

void Supervisor::start(Lane& lane, const Request& request, Seat seat) {
  lane.request = &request;
  lane.seat = seat;
  lane.uid = uids_[seat];
  lane.layers = layers_;
  for (const std::string& name : request.without) {
    if (name == "ns") lane.layers.namespaces = lane.layers.user_namespace = false;
    else if (name == "landlock") lane.layers.landlock_abi = 0;
    else if (name == "seccomp") lane.layers.seccomp = false;
    else if (name == "uid") lane.layers.own_uid = false;
    else throw Error("there is no layer '" + name + "'");
  }
  for (const std::string& name : request.required) {
    if (!lane.layers.has(name)) throw Error("the layer '" + name + "' is required and not to be had here");
  }
  if (request.command.empty() || request.command[0].empty() || (request.command[0][0] != '/' && !request.command[0].starts_with("./"))) throw Error("the command is no full path");
  lane.result.layers = lane.layers.names();
  lane.to_give = request.standard_input;
  lane.began = now_seconds();
  if (!request.warm) {
    lane.folder = std::make_unique<Folder>(lane.layers.own_uid ? lane.uid : 0);
    lane.folder->put(request.files);
    lane.running = std::make_unique<ColdRun>(request, lane.layers, lane.uid, lane.folder->path());
  } else {
    if (!lane.layers.seccomp) throw Error("warm programs need the layer 'seccomp': without it they could fork");
    if (request.limits.num_processes > 1 || (request.command.size() < 2 && !request.in_server)) throw Error("a warm program is {python, file, arguments...} and cannot fork");
    auto& server = servers_[seat];
    if (server == nullptr || server->preload() != request.preload || server_without_[seat] != request.without) {
      server.reset();
      server = std::make_unique<ForkServer>(lane.layers, lane.uid, request.preload);
      server_without_[seat] = request.without;
    }
    try {
      server->prepare(request.prepare);
      lane.running = server->start(request);
    } catch (const Error&) {
      if (!server->clean()) server.reset();
      throw;
    }
    lane.result.layers.push_back("warm");
    lane.began = now_seconds();
  }
  ::fcntl(lane.running->in.fd, F_SETFL, O_NONBLOCK);
}

void Supervisor::watch(Lane* lanes, int count) {
  const bool pair = count == 2;
  const auto open = [](const Lane& lane) { return !lane.running->over || lane.running->out.fd >= 0 || lane.running->err.fd >= 0; };
  const auto take = [&](Lane& lane, int stream, const char* bytes, size_t size) {
    const int64_t room = std::max<int64_t>(0, lane.request->limits.output_bytes - lane.num_read);
    const size_t kept = static_cast<size_t>(std::min<int64_t>(room, static_cast<int64_t>(size)));
    lane.num_read += static_cast<int64_t>(size);
    if (pair && stream == 0) {
      Lane& other = lanes[&lane == lanes ? 1 : 0];
      if (other.running->in.fd >= 0) other.to_give.append(bytes, kept);
      if (std::memchr(bytes, '\n', size) != nullptr) {
        lane.cpu_at_line = lane.cpu;
        lane.wall_at_line = now_seconds() - lane.began;
      }
    } else if (!pair || &lane == lanes + 1) {
      (stream == 0 ? lane.result.standard_output : lane.result.standard_error).append(bytes, kept);
    }
    if (kept < size) lane.stop(Ending::output_limit);
  };
  const auto drain = [&](Lane& lane, int stream, bool once) {
    Descriptor& from = stream == 0 ? lane.running->out : lane.running->err;
    char bytes[65536];
    while (from.fd >= 0) {
      const ssize_t n = ::read(from.fd, bytes, sizeof bytes);
      if (n > 0) take(lane, stream, bytes, static_cast<size_t>(n));
      else if (n == 0 || (errno != EINTR && errno != EAGAIN)) from.close();
      else if (errno == EAGAIN) return;
      if (once) return;
    }
  };
  for (;;) {
    pollfd fds[8];
    int num_fds = 0;
    bool any = false;
    for (int i = 0; i < count; ++i) {
      Lane& lane = lanes[i];
      Running& r = *lane.running;
      any = any || open(lane);
      fds[num_fds++] = {r.out.fd, POLLIN, 0};
      fds[num_fds++] = {r.err.fd, POLLIN, 0};
      fds[num_fds++] = {lane.given < lane.to_give.size() ? r.in.fd : -1, POLLOUT, 0};
      fds[num_fds++] = {r.over ? -1 : r.descriptor(), POLLIN, 0};
    }
    if (!any) return;
    ::poll(fds, static_cast<nfds_t>(num_fds), kPollMilliseconds);
    for (int i = 0; i < count; ++i) {
      Lane& lane = lanes[i];
      Running& r = *lane.running;
      if (!open(lane)) continue;
      if (!r.over) {
        if (r.program > 0 && lane.request->in_server && lane.cpu_before == 0) lane.cpu_before = cpu_seconds_of(r.program);
        lane.cpu = std::max(lane.cpu, cpu_seconds_of(r.program) - lane.cpu_before);
        r.look();
        // Killed before it had said hello: now it can be met.
        if (lane.stopped || lane.dismissed) r.kill(false);
      }
      if (r.in.fd >= 0) {
        while (lane.given < lane.to_give.size()) {
          const ssize_t n = ::write(r.in.fd, lane.to_give.data() + lane.given, lane.to_give.size() - lane.given);
          if (n <= 0) {
            if (n < 0 && errno != EAGAIN && errno != EINTR) r.in.close();
            break;
          }
          lane.given += static_cast<size_t>(n);
        }
        if (lane.given == lane.to_give.size()) {
          lane.to_give.clear();
          lane.given = 0;
          if (!lane.gets_more) r.in.close();
        }
      }
      for (int stream = 0; stream < 2; ++stream) {
        if ((fds[4 * i + stream].revents & (POLLIN | POLLHUP | POLLERR)) != 0) drain(lane, stream, true);
      }
      if (r.over) {
        // What is still in the pipes is read; a stray that holds them open is not waited for.
        for (int stream = 0; stream < 2; ++stream) {
          Descriptor& from = stream == 0 ? r.out : r.err;
          if (from.fd >= 0) ::fcntl(from.fd, F_SETFL, O_NONBLOCK);
          drain(lane, stream, false);
          from.close();
        }
      }
      if (pair && r.out.fd < 0) lanes[1 - i].gets_more = false;
      if (pair && i == 1 && r.over && open(lanes[0]) && !lanes[0].dismissed && !lanes[0].stopped) {
        lanes[0].dismissed = true;
        lanes[0].running->kill(false);
      }
      if (r.over) continue;
      double cpu = lane.cpu;
      int64_t resident = r.program > 0 ? resident_bytes(r.program) : 0;
      const double seconds = now_seconds() - lane.began;
      if (lane.request->limits.num_processes > 1 && lane.layers.own_uid && seconds >= lane.next_tree_look) {
        double tree_cpu = 0;
        resident = std::max(resident, resident_bytes_of_uid(lane.uid, tree_cpu));
        cpu = std::max(cpu, tree_cpu);
        lane.next_tree_look = seconds + 0.02;
      }
      lane.peak = std::max(lane.peak, resident);
      if (cpu > lane.request->limits.cpu_seconds) lane.stop(Ending::cpu_limit);
      if (lane.cpu_seconds_per_line > 0 && cpu - lane.cpu_at_line > lane.cpu_seconds_per_line) lane.stop(Ending::cpu_limit);
      if (lane.cpu_seconds_per_line > 0 && seconds - lane.wall_at_line > kWallPerCpu * lane.cpu_seconds_per_line + kWallSlackSeconds) lane.stop(Ending::wall_limit);
      if (resident > lane.request->limits.memory_bytes) lane.stop(Ending::memory_limit);
      if (seconds > lane.request->limits.wall_seconds) lane.stop(Ending::wall_limit);
      // One that does not end within a second of being stopped is stuck on us: it goes with all around it.
      if (lane.stopped && seconds > lane.request->limits.wall_seconds + 1) r.kill(true);
    }
  }
}

void Supervisor::conclude(Lane& lane) {
  Running& r = *lane.running;
  r.finish();
  Result& result = lane.result;
  result.wall_seconds = now_seconds() - lane.began;
  const auto not_started = [&](const std::string& fault) {
    result.ending = Ending::not_started;
    result.fault = fault;
  };
  const Ended ended = r.ended.value_or(Ended{});
  result.cpu_seconds = ended.cpu_seconds;
  result.strays_killed = ended.strays_killed;
  result.peak_memory_bytes = std::max(lane.peak, ended.peak_memory_bytes);
  if (!r.fault.empty() && !lane.stopped) {
    not_started(r.fault);
  } else if (lane.stopped) {
    result.ending = *lane.stopped;
    if (!r.ended) result.cpu_seconds = std::max(lane.cpu, result.ending == Ending::cpu_limit ? lane.request->limits.cpu_seconds : 0);
  } else if (!r.ended) {
    if (lane.dismissed) {
      result.ending = Ending::signalled;
      result.signal = SIGKILL;
    } else {
      not_started("nobody told how it ended");
    }
  } else if (WIFSIGNALED(ended.status)) {
    result.signal = WTERMSIG(ended.status);
    result.ending = result.signal == SIGXCPU || (result.signal == SIGKILL && ended.cpu_seconds >= lane.request->limits.cpu_seconds) ? Ending::cpu_limit : Ending::signalled;
  } else {
    result.exit_code = WEXITSTATUS(ended.status);
    if (!lane.request->collect.empty() && lane.folder) result.collected = lane.folder->read(lane.request->collect);
    result.ending = Ending::exited;
  }
  lane.running.reset();
  if (lane.request->warm && !servers_[lane.seat]->clean()) servers_[lane.seat].reset();
}

Result Supervisor::run(const Request& request) {
  Lane lane;
  try {
    start(lane, request, request.warm ? warm : cold);
    watch(&lane, 1);
    conclude(lane);
  } catch (const std::exception& error) {
    lane.result.ending = Ending::not_started;
    lane.result.fault = error.what();
  }
  return lane.result;
}

PairResult Supervisor::run(const Pair& pair) {
  Lane lanes[2];
  try {
    start(lanes[1], pair.checker, checker);
    start(lanes[0], pair.candidate, warm);
    lanes[0].gets_more = lanes[1].gets_more = true;
    lanes[0].cpu_seconds_per_line = pair.candidate.limits.cpu_seconds_per_line;
    if (lanes[0].cpu_seconds_per_line > 0 && servers_[checker]) lanes[0].cpu_seconds_per_line = std::max(lanes[0].cpu_seconds_per_line, servers_[checker]->cpu_seconds_per_line());
    watch(lanes, 2);
    for (Lane& lane : lanes) conclude(lane);
  } catch (const std::exception& error) {
    for (Lane& lane : lanes) {
      if (lane.running) {
        lane.running->kill(false);
        lane.running->finish();
        lane.running.reset();
        if (servers_[lane.seat] && !servers_[lane.seat]->clean()) servers_[lane.seat].reset();
      }
      lane.result.ending = Ending::not_started;
      lane.result.fault = error.what();
    }
  }
  return {lanes[0].result, lanes[1].result};
}

}  // namespace reprise::sandbox
