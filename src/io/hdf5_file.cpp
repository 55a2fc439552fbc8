// Two levels: the root's attributes, and one dataset pair (or one dataset) per column.
#include "io/hdf5_file.h"

#include <hdf5.h>

#include <mutex>

#include "base/error.h"
#include "base/files.h"

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
  write_file(path, file_image(content, path));
}

Hdf5Content read_hdf5(const std::filesystem::path& path, uint64_t max_bytes, const std::function<bool(const std::string&)>& wanted) {
  const Session session;
  require(is_file(path), "is not there", path, "check the name");
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

std::map<std::string, std::string> read_hdf5_attributes(const std::filesystem::path& path) {
  const Session session;
  require(is_file(path), "is not there", path, "check the name");
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  require(file.ok(), "is not an HDF5 file", path);
  return read_attributes(file.get(), path);
}

}  // namespace reprise::io
