// POSIX file work behind base/files.h.
#include "base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace reprise {
namespace {

struct Descriptor {
  int fd;
  explicit Descriptor(int value) : fd(value) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

std::string reason() { return std::strerror(errno); }

size_t regular_size(int fd, const fs::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw Error("cannot be read (" + reason() + ")", path.string());
  if (!S_ISREG(info.st_mode)) throw Error("is not a regular file", path.string());
  return static_cast<size_t>(info.st_size);
}

int open_for_reading(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw Error("cannot be opened (" + reason() + ")", path.string());
  return fd;
}

}  // namespace

std::string read_file(const fs::path& path, size_t max_bytes) {
  Descriptor file(open_for_reading(path));
  const size_t size = regular_size(file.fd, path);
  if (size > max_bytes) {
    throw Error("is " + std::to_string(size) + " bytes, more than the " + std::to_string(max_bytes) +
                    " that fit here",
                path.string());
  }
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(file.fd, bytes.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("read error (" + reason() + ")", path.string());
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

void fsync_path(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0 || ::fsync(file.fd) != 0) throw Error("cannot be flushed (" + reason() + ")", path.string());
}

void write_file(const fs::path& path, std::string_view bytes) {
  const fs::path temporary = path.string() + ".tmp" + std::to_string(::getpid());
  {
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.fd < 0) throw Error("cannot be written (" + reason() + ")", path.string());
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::write(file.fd, bytes.data() + done, bytes.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        const std::string why = reason();
        ::unlink(temporary.c_str());
        throw Error("cannot be written (" + why + ")", path.string(), "free some space or choose another folder");
      }
      done += static_cast<size_t>(n);
    }
    if (::fsync(file.fd) != 0) {
      const std::string why = reason();
      ::unlink(temporary.c_str());
      throw Error("cannot be flushed (" + why + ")", path.string());
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string why = reason();
    ::unlink(temporary.c_str());
    throw Error("cannot be put in place (" + why + ")", path.string());
  }
  fsync_path(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

void write_folder(const fs::path& path, const std::function<void(const fs::path&)>& fill) {
  const fs::path temporary = path.string() + ".tmp";
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  make_folders(temporary);
  fill(temporary);
  for (const auto& entry : fs::recursive_directory_iterator(temporary)) fsync_path(entry.path());
  fsync_path(temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    throw Error("cannot be put in place (" + reason() + ")", path.string());
  }
  fsync_path(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool path_exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

void make_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error && !is_folder(path)) {
    throw Error("cannot be made (" + error.message() + ")", path.string());
  }
}

std::string read_file_maybe_gzip(const fs::path& path, size_t max_bytes) {
  std::string raw = read_file(path, max_bytes);
  if (raw.size() < 2 || static_cast<unsigned char>(raw[0]) != 0x1f || static_cast<unsigned char>(raw[1]) != 0x8b) {
    return raw;
  }
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 32) != Z_OK) throw Error("cannot start inflating", path.string());
  struct End {
    z_stream* s;
    ~End() { inflateEnd(s); }
  } end{&stream};
  std::string out;
  std::vector<char> buffer(1 << 18);
  stream.next_in = reinterpret_cast<Bytef*>(raw.data());
  stream.avail_in = static_cast<uInt>(raw.size());
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
    if (out.size() > max_bytes) throw Error("inflates to more than " + std::to_string(max_bytes) + " bytes", path.string());
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) return out;
      if (inflateReset(&stream) != Z_OK) throw Error("damaged gzip data", path.string());  // next member
      continue;
    }
    if (status != Z_OK) throw Error("damaged or truncated gzip data", path.string());
    if (stream.avail_in == 0 && stream.avail_out != 0) throw Error("truncated gzip data", path.string());
  }
}

MappedFile::MappedFile(const fs::path& path) : path_(path) {
  Descriptor file(open_for_reading(path));
  size_ = regular_size(file.fd, path);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (address == MAP_FAILED) throw Error("cannot be mapped (" + reason() + ")", path.string());
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

FileLock::FileLock(const fs::path& path, const std::string& busy) {
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw Error("cannot be opened (" + reason() + ")", path.string());
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    descriptor_ = -1;
    throw Error(busy, path.string(), "wait for it to end, or choose another folder");
  }
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

TemporaryFolder::TemporaryFolder() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base && *base ? base : "/tmp") + "/reprise-XXXXXX";
  if (!::mkdtemp(pattern.data())) throw Error("cannot make a temporary folder (" + reason() + ")", pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path executable_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) throw Error("cannot find the running program", "/proc/self/exe");
  return self.parent_path();
}

fs::path installed_folder() {
  const fs::path here = executable_folder();
  for (const fs::path& candidate : {here / "../share/reprise", here / "../../..", here / "../.."}) {
    std::error_code ignored;
    if (is_folder(candidate / "configs") && is_folder(candidate / "recipes")) return fs::weakly_canonical(candidate);
  }
  return {};
}

}  // namespace reprise
