// A program's own folder, gone with everything in it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace reprise::sandbox {

class Folder {
 public:
  // Below TMPDIR. Given to `uid` unless it is 0. Throws Error.
  explicit Folder(unsigned uid);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  // Throws Error for a name with a slash, and on a full disk.
  void put(const std::vector<std::pair<std::string, std::string>>& files) const;
  // A regular file of its own, no link to anywhere; "" for any other.
  std::string read(const std::string& name) const;
  // False when something in it cannot be removed.
  bool clear() const;

 private:
  std::string path_;
  int lock_ = -1;  // on the folder itself, as long as we live: one without is left from a supervisor that was killed
};

// Removes what supervisors that were killed have left behind.
void remove_stale_folders();

}  // namespace reprise::sandbox
