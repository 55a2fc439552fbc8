// Two levels: the root's attributes, and one dataset pair (or one dataset) per column. Behind the HDF5 file, where its library does not look, stands
// a seal: a hash of its bytes.
#include "io/hdf5_file.h"

#include <hdf5.h>

#include <mutex>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"

namespace reprise::io {
namespace {

using Closer = herr_t (*)(hid_t);

class Handle {
 public:
  Handle(hid_t id, Closer closer) : id_(id), closer_(closer) {}
  ~Handle() {
    if (id_ >= 0) closer_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  hid_t get() const { return id_; }
  bool ok() const { return id_ >= 0; }

 private:
  hid_t id_;
  Closer closer_;
};

// The library keeps global state: one caller at a time, and no printing of its own error stack.
class Session {
 public:
  Session() : lock_(mutex()) { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

 private:
  static std::mutex& mutex() {
    static std::mutex m;
    return m;
  }
  std::lock_guard<std::mutex> lock_;
};

constexpr const char* kFetchAgain = "the file is damaged or not a Reprise store; make it again";

void require(bool ok, const std::string& what, const std::filesystem::path& path, const char* hint = kFetchAgain) {
  if (!ok) throw Error(what, path.string(), hint);
}

constexpr std::string_view kSeal = "\nreprise-seal ";
constexpr size_t kSealBytes = kSeal.size() + 32;

std::string seal_of(const void* bytes, size_t size) {
  StateHash hash;
  hash.add(bytes, size);
  return std::string(kSeal) + hash.hex();
}

// Damaged bytes are told here: the library reads and writes beyond its memory on some of them (1.10.8: attributes, block sizes).
void check_seal(const std::filesystem::path& path) {
  require(is_file(path), "is not there", path, "check the name");
  const MappedFile file(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  require(bytes.starts_with("\x89HDF\r\n\x1a\n"), "is not an HDF5 file", path);
  require(bytes.size() > kSealBytes, "is cut off", path);
  const std::string_view seal = bytes.substr(bytes.size() - kSealBytes);
  require(seal.starts_with(kSeal), "is damaged, cut off, or not written by Reprise: it has no seal at its end", path);
  require(seal == seal_of(bytes.data(), bytes.size() - kSealBytes), "is damaged: its bytes do not give the hash at its end", path);
}

void write_dataset(hid_t file, const std::string& name, hid_t type, hsize_t count, const void* data, const std::filesystem::path& path) {
  const Handle space(H5Screate_simple(1, &count, nullptr), H5Sclose);
  const Handle options(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (count > 4096) {
    const hsize_t chunk = std::min<hsize_t>(count, 1 << 20);
    H5Pset_chunk(options.get(), 1, &chunk);
    H5Pset_deflate(options.get(), 1);
  }
  const Handle set(H5Dcreate2(file, name.c_str(), type, space.get(), H5P_DEFAULT, options.get(), H5P_DEFAULT), H5Dclose);
  const bool ok = set.ok() && (count == 0 || H5Dwrite(set.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
  require(ok, "column " + name + " cannot be put together", path, "free some memory");
}

// Length of a one-dimensional dataset of the wanted class, or an Error.
hsize_t open_checked(hid_t set, H5T_class_t wanted, size_t element, uint64_t max_bytes, const std::string& name, const std::filesystem::path& path) {
  const Handle type(H5Dget_type(set), H5Tclose), space(H5Dget_space(set), H5Sclose);
  require(type.ok() && H5Tget_class(type.get()) == wanted, "column " + name + " has another type", path);
  hsize_t count = 0;
  require(space.ok() && H5Sget_simple_extent_ndims(space.get()) == 1 && H5Sget_simple_extent_dims(space.get(), &count, nullptr) == 1,
          "column " + name + " is not a list", path);
  require(count <= max_bytes / element, "column " + name + " has " + std::to_string(count) + " entries, more than fit", path);
  return count;
}

template <class T>
std::vector<T> read_dataset(hid_t file, const std::string& name, hid_t memory_type, uint64_t max_bytes, const std::filesystem::path& path) {
  const Handle set(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  require(set.ok(), "column " + name + " is missing", path);
  std::vector<T> values(open_checked(set.get(), H5T_INTEGER, sizeof(T), max_bytes, name, path));
  require(values.empty() || H5Dread(set.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0,
          "column " + name + " cannot be read", path);
  return values;
}

herr_t collect_name(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}
herr_t collect_attribute(hid_t, const char* name, const H5A_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

std::map<std::string, std::string> read_attributes(hid_t file, const std::filesystem::path& path) {
  std::vector<std::string> names;
  H5Aiterate2(file, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_attribute, &names);
  std::map<std::string, std::string> attributes;
  for (const std::string& name : names) {
    const Handle attribute(H5Aopen(file, name.c_str(), H5P_DEFAULT), H5Aclose);
    const Handle type(attribute.ok() ? H5Aget_type(attribute.get()) : -1, H5Tclose);
    require(type.ok() && H5Tget_class(type.get()) == H5T_STRING && H5Tis_variable_str(type.get()) == 0, "attribute " + name + " is not a string", path);
    std::string value(H5Tget_size(type.get()), '\0');
    require(value.size() < (64u << 20) && H5Aread(attribute.get(), type.get(), value.data()) >= 0, "attribute " + name + " cannot be read", path);
    value.resize(value.find_last_not_of('\0') + 1);
    attributes[name] = value;
  }
  return attributes;
}

// The whole file as bytes. The library writes to memory, never to the disk: on a full one it fails to flush and then
// crashes at exit (seen with 1.10.8).
std::string file_image(const Hdf5Content& content, const std::filesystem::path& path) {
  constexpr size_t kGrowth = size_t{1} << 20;
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  require(access.ok() && H5Pset_fapl_core(access.get(), kGrowth, 0) >= 0, "cannot be put together", path);
  const Handle file(H5Fcreate(path.filename().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
  require(file.ok(), "cannot be put together", path, "free some memory");
  for (const auto& [name, value] : content.attributes) {
    const Handle type(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Screate(H5S_SCALAR), H5Sclose);
    H5Tset_size(type.get(), std::max<size_t>(1, value.size()));
    H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
    const Handle attribute(H5Acreate2(file.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    require(attribute.ok() && H5Awrite(attribute.get(), type.get(), value.empty() ? "\0" : value.data()) >= 0, "attribute " + name + " cannot be written", path);
  }
  for (const auto& [name, rows] : content.text_columns) {
    std::string blob;
    std::vector<uint64_t> offsets = {0};
    for (const std::string& row : rows) {
      blob += row;
      offsets.push_back(blob.size());
    }
    write_dataset(file.get(), name + ".bytes", H5T_NATIVE_UINT8, blob.size(), blob.data(), path);
    write_dataset(file.get(), name + ".offsets", H5T_NATIVE_UINT64, offsets.size(), offsets.data(), path);
  }
  for (const auto& [name, rows] : content.integer_columns) write_dataset(file.get(), name + ".int64", H5T_NATIVE_INT64, rows.size(), rows.data(), path);
  require(H5Fflush(file.get(), H5F_SCOPE_GLOBAL) >= 0, "cannot be put together", path, "free some memory");
  const ssize_t size = H5Fget_file_image(file.get(), nullptr, 0);
  require(size > 0, "cannot be put together", path, "free some memory");
  std::string image(static_cast<size_t>(size), '\0');
  require(H5Fget_file_image(file.get(), image.data(), image.size()) == size, "cannot be put together", path);
  return image;
}

}  // namespace

void write_hdf5(const std::filesystem::path& path, const Hdf5Content& content) {
  const Session session;
  std::string bytes = file_image(content, path);
  bytes += seal_of(bytes.data(), bytes.size());
  write_file(path, bytes);
}

Hdf5Content read_hdf5(const std::filesystem::path& path, uint64_t max_bytes, const std::function<bool(const std::string&)>& wanted) {
  const Session session;
  check_seal(path);
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  require(file.ok(), "is not an HDF5 file", path);
  Hdf5Content content;
  content.attributes = read_attributes(file.get(), path);
  std::vector<std::string> names;
  H5Literate(file.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_name, &names);
  for (const std::string& name : names) {
    if (wanted && !wanted(name.substr(0, name.rfind('.')))) continue;
    if (name.ends_with(".int64")) {
      content.integer_columns[name.substr(0, name.size() - 6)] = read_dataset<int64_t>(file.get(), name, H5T_NATIVE_INT64, max_bytes, path);
    }
    if (!name.ends_with(".offsets")) continue;
    const std::string column = name.substr(0, name.size() - 8);
    const auto offsets = read_dataset<uint64_t>(file.get(), name, H5T_NATIVE_UINT64, max_bytes, path);
    const auto blob = read_dataset<char>(file.get(), column + ".bytes", H5T_NATIVE_UINT8, max_bytes, path);
    require(!offsets.empty() && offsets.front() == 0 && offsets.back() == blob.size(), "column " + column + " has offsets that do not fit its bytes", path);
    std::vector<std::string>& rows = content.text_columns[column];
    rows.reserve(offsets.size() - 1);
    for (size_t i = 0; i + 1 < offsets.size(); ++i) {
      require(offsets[i] <= offsets[i + 1] && offsets[i + 1] <= blob.size(), "column " + column + " row " + std::to_string(i) + " has offsets out of order", path);
      rows.emplace_back(blob.data() + offsets[i], offsets[i + 1] - offsets[i]);
    }
  }
  return content;
}

struct Hdf5TextReader::Parts {
  struct Column {
    std::string name;
    std::unique_ptr<Handle> offsets, bytes;
    uint64_t num_bytes = 0;
  };
  std::filesystem::path path;
  std::unique_ptr<Handle> file;
  std::vector<Column> columns;
  uint64_t num_rows = 0, at = 0;
};

namespace {

constexpr uint64_t kBatchRows = 4096, kBatchBytes = uint64_t{16} << 20;

// A chunk of ours has 2^20 entries, of up to 8 bytes: one is kept inflated, or each read would inflate it again.
std::unique_ptr<Handle> open_dataset(hid_t file, const std::string& name) {
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  H5Pset_chunk_cache(access.get(), 521, size_t{17} << 20, 1);
  return std::make_unique<Handle>(H5Dopen2(file, name.c_str(), access.get()), H5Dclose);
}

template <class T>
std::vector<T> read_slice(hid_t set, hid_t memory_type, uint64_t first, uint64_t count, const std::string& name, const std::filesystem::path& path) {
  std::vector<T> values(count);
  if (count == 0) return values;
  const Handle there(H5Dget_space(set), H5Sclose);
  const hsize_t start = first, size = count;
  const Handle here(H5Screate_simple(1, &size, nullptr), H5Sclose);
  require(there.ok() && here.ok() && H5Sselect_hyperslab(there.get(), H5S_SELECT_SET, &start, nullptr, &size, nullptr) >= 0 &&
              H5Dread(set, memory_type, here.get(), there.get(), H5P_DEFAULT, values.data()) >= 0,
          "column " + name + " cannot be read", path);
  return values;
}

}  // namespace

Hdf5TextReader::Hdf5TextReader(const std::filesystem::path& path, std::vector<std::string> columns) : parts_(std::make_unique<Parts>()) {
  const Session session;
  check_seal(path);
  parts_->path = path;
  parts_->file = std::make_unique<Handle>(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  require(parts_->file->ok(), "is not an HDF5 file", path);
  for (std::string& name : columns) {
    Parts::Column column;
    column.offsets = open_dataset(parts_->file->get(), name + ".offsets");
    column.bytes = open_dataset(parts_->file->get(), name + ".bytes");
    require(column.offsets->ok() && column.bytes->ok(), "column " + name + " is missing", path);
    const uint64_t offsets = open_checked(column.offsets->get(), H5T_INTEGER, 1, UINT64_MAX, name, path);
    column.num_bytes = open_checked(column.bytes->get(), H5T_INTEGER, 1, UINT64_MAX, name, path);
    require(offsets > 0 && (parts_->columns.empty() || offsets - 1 == parts_->num_rows), "column " + name + " has another number of rows", path);
    parts_->num_rows = offsets - 1;
    column.name = std::move(name);
    parts_->columns.push_back(std::move(column));
  }
}

Hdf5TextReader::~Hdf5TextReader() {
  const Session session;
  parts_.reset();
}

uint64_t Hdf5TextReader::num_rows() const { return parts_->num_rows; }

bool Hdf5TextReader::next(std::vector<std::vector<std::string>>& rows, uint64_t max_row_bytes) {
  const Session session;
  const std::filesystem::path& path = parts_->path;
  rows.assign(parts_->columns.size(), {});
  uint64_t count = std::min(kBatchRows, parts_->num_rows - parts_->at);
  if (count == 0) return false;
  std::vector<std::vector<uint64_t>> offsets;
  for (const auto& column : parts_->columns) {
    offsets.push_back(read_slice<uint64_t>(column.offsets->get(), H5T_NATIVE_UINT64, parts_->at, count + 1, column.name, path));
    const std::vector<uint64_t>& own = offsets.back();
    for (uint64_t i = 0; i < count; ++i) {
      require(own[i] <= own[i + 1] && own[i + 1] <= column.num_bytes, "column " + column.name + " row " + std::to_string(parts_->at + i) + " has offsets out of order", path);
      require(own[i + 1] - own[i] <= max_row_bytes, "column " + column.name + " row " + std::to_string(parts_->at + i) + " has " + std::to_string(own[i + 1] - own[i]) + " bytes", path);
      // Fewer rows where they are long, but at least one.
      if (i > 0 && own[i + 1] - own[0] > kBatchBytes) count = i;
    }
  }
  for (size_t c = 0; c < parts_->columns.size(); ++c) {
    const auto& column = parts_->columns[c];
    const std::vector<uint64_t>& own = offsets[c];
    const auto blob = read_slice<char>(column.bytes->get(), H5T_NATIVE_UINT8, own[0], own[count] - own[0], column.name, path);
    for (uint64_t i = 0; i < count; ++i) rows[c].emplace_back(blob.data() + (own[i] - own[0]), own[i + 1] - own[i]);
  }
  parts_->at += count;
  return true;
}

std::map<std::string, std::string> read_hdf5_attributes(const std::filesystem::path& path) {
  const Session session;
  check_seal(path);
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  require(file.ok(), "is not an HDF5 file", path);
  return read_attributes(file.get(), path);
}

}  // namespace reprise::io
