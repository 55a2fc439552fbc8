// One pass over the archive.
#include "io/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "base/error.h"
#include "base/files.h"

namespace reprise::io {
namespace {

constexpr size_t kBlock = size_t{1} << 16;

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;

std::string reason(archive* from) {
  const char* text = archive_error_string(from);
  return text ? text : "no reason given";
}

// Null when the file is no archive of these kinds.
Archive opened(const std::filesystem::path& path, const std::string& password) {
  Archive reader(archive_read_new(), archive_read_free);
  if (!reader) throw std::bad_alloc();
  archive_read_support_format_zip(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_xz(reader.get());
  if (!password.empty()) archive_read_add_passphrase(reader.get(), password.c_str());
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK) return {nullptr, archive_read_free};
  return reader;
}

std::string member_bytes(archive* reader, const std::string& where, size_t most) {
  std::string bytes, block(kBlock, '\0');
  for (;;) {
    const la_ssize_t got = archive_read_data(reader, block.data(), block.size());
    if (got < 0) throw Error("cannot be read (" + reason(reader) + ")", where, "the archive is damaged, or its password is another");
    if (got == 0) return bytes;
    if (bytes.size() + static_cast<size_t>(got) > most) throw Error("unpacks to more than " + std::to_string(most) + " bytes", where);
    bytes.append(block, 0, static_cast<size_t>(got));
  }
}

}  // namespace

bool is_archive(const std::filesystem::path& path) {
  if (!is_file(path)) return false;
  const Archive reader = opened(path, "");
  archive_entry* entry = nullptr;
  return reader && archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK;
}

void read_archive(const std::filesystem::path& path, const std::function<bool(const std::string& name)>& wanted,
                  const std::function<void(const std::string& name, std::string_view bytes)>& member, const std::string& password, size_t max_member_bytes) {
  if (!is_file(path)) throw Error("is not there", path.string(), "check the name");
  const Archive reader = opened(path, password);
  if (!reader) throw Error("is neither a zip nor a tar archive", path.string());
  size_t total = 0;
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) throw Error("cannot be read (" + reason(reader.get()) + ")", path.string(), "the archive is damaged; fetch it again");
    const char* name = archive_entry_pathname_utf8(entry);
    if (!name || archive_entry_filetype(entry) != AE_IFREG || !wanted(name)) continue;
    const std::string bytes = member_bytes(reader.get(), path.string() + ":" + name, max_member_bytes);
    total += bytes.size();
    if (total / 16 > max_member_bytes) throw Error("unpacks to more than " + std::to_string(16 * max_member_bytes) + " bytes", path.string());
    member(name, bytes);
  }
}

}  // namespace reprise::io
