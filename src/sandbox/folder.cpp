// Made, filled, read with care, removed.
#include "sandbox/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "sandbox/running.h"

namespace reprise::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "reprise-sandbox-";
constexpr int64_t kSettledSeconds = 60;  // a younger one may not have its lock yet

std::string base() {
  const char* named = std::getenv("TMPDIR");
  return named != nullptr && named[0] == '/' ? named : "/tmp";
}

// What it made unreadable is made readable first: only root need not.
void open_up(const std::string& folder) {
  ::chmod(folder.c_str(), 0755);
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    if (entry->symlink_status(ignored).type() == fs::file_type::directory) open_up(entry->path());
  }
}

}  // namespace

Folder::Folder(unsigned uid) {
  std::string name = base() + "/" + kPrefix + "XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw Error(std::string("no folder (") + std::strerror(errno) + ")", name);
  path_ = name;
  lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ >= 0) ::flock(lock_, LOCK_EX | LOCK_NB);
  if (uid != 0 && ::chown(path_.c_str(), uid, uid) != 0) throw Error("cannot be given away", path_);
}

Folder::~Folder() {
  clear();
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::remove_all(path_ + ".root", ignored);
  if (lock_ >= 0) ::close(lock_);
}

void remove_stale_folders() {
  std::error_code ignored;
  for (fs::directory_iterator entry(base(), ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    const std::string path = entry->path();
    struct stat info;
    if (!entry->path().filename().string().starts_with(kPrefix) || ::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || ::time(nullptr) - info.st_ctime < kSettledSeconds) continue;
    // Another's folder cannot be removed; one that is locked is in use.
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder.fd < 0 || ::flock(folder.fd, LOCK_EX | LOCK_NB) != 0) continue;
    std::error_code failed;
    if (path.ends_with(".root")) {
      if (!fs::exists(path.substr(0, path.size() - 5), failed)) ::rmdir(path.c_str());
    } else {
      fs::remove_all(path, failed);
    }
  }
}

void Folder::put(const std::vector<std::pair<std::string, std::string>>& files) const {
  for (const auto& [file, content] : files) {
    if (file.empty() || file.find('/') != std::string::npos || file == "." || file == "..") throw Error("'" + file + "' is no name of a file", "sandbox");
    const std::string path = path_ + "/" + file;
    Descriptor out(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0755));
    size_t done = 0;
    for (ssize_t n = 1; out.fd >= 0 && done < content.size() && (n = ::write(out.fd, content.data() + done, content.size() - done)) > 0;) done += static_cast<size_t>(n);
    if (out.fd < 0 || done < content.size()) throw Error(std::string("cannot be written (") + std::strerror(errno) + ")", path);
    ::fchmod(out.fd, 0755);
  }
}

std::string Folder::read(const std::string& name) const {
  const Descriptor file(::open((path_ + "/" + name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info;
  if (name.find('/') != std::string::npos || file.fd < 0 || ::fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1 || info.st_size > (64 << 20)) return {};
  std::string bytes(static_cast<size_t>(info.st_size), 0);
  size_t got = 0;
  for (ssize_t n = 0; got < bytes.size() && (n = ::read(file.fd, bytes.data() + got, bytes.size() - got)) > 0;) got += static_cast<size_t>(n);
  bytes.resize(got);
  return bytes;
}

bool Folder::clear() const {
  std::error_code fault;
  for (int attempt = 0; attempt < 2; ++attempt) {
    fault.clear();
    for (fs::directory_iterator entry(path_, fault), end; !fault && entry != end; entry.increment(fault)) {
      std::error_code failed;
      fs::remove_all(entry->path(), failed);
      if (failed) fault = failed;
    }
    if (!fault) return true;
    open_up(path_);
  }
  return false;
}

}  // namespace reprise::sandbox
