// Members of zip and tar archives (plain, gzip, bzip2, xz; zip also under a password), by libarchive. Nothing is unpacked
// to disk, so a member's name is only a name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace reprise::io {

// Whether the file begins like a zip archive or is a tar by its content.
bool is_archive(const std::filesystem::path& path);

// Calls `member` with each regular file's name and bytes, in the archive's order, where `wanted(name)` holds. `password`
// is tried for encrypted members. Throws Error: not an archive, damaged, a wrong password, a member larger than
// max_member_bytes, all of them together larger than 16 times that.
void read_archive(const std::filesystem::path& path, const std::function<bool(const std::string& name)>& wanted,
                  const std::function<void(const std::string& name, std::string_view bytes)>& member, const std::string& password = "",
                  size_t max_member_bytes = size_t{1} << 30);

}  // namespace reprise::io
