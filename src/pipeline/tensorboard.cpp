// The few fields of Event and Summary that scalars need, by hand: a protobuf library would be larger than the rest.
#include "pipeline/tensorboard.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/files.h"

namespace reprise::pipeline {
namespace {

std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0x82F63B78u : 0);
    table[i] = value;
  }
  return table;
}

uint32_t masked(const std::string& bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

template <class T>
std::string little_endian(T value) {
  std::string out(sizeof value, '\0');
  std::memcpy(out.data(), &value, sizeof value);  // x86-64 and AArch64
  return out;
}

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
  return out + static_cast<char>(value);
}
// Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
std::string head(int field, int wire) { return varint(static_cast<uint64_t>(field << 3 | wire)); }
std::string bytes_field(int field, const std::string& bytes) { return head(field, 2) + varint(bytes.size()) + bytes; }

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

struct File {
  explicit File(const fs::path& path) : path(path), stream(std::fopen(path.c_str(), "wb"), std::fclose) {
    if (!stream) throw Error("cannot be written", path.string());
  }
  void write(const std::string& event) {
    const std::string record = tensorboard_record(event);
    if (std::fwrite(record.data(), 1, record.size(), stream.get()) != record.size() || std::fflush(stream.get()) != 0) {
      throw Error("cannot be written: is the disk full?", path.string(), "make room and run with --resume");
    }
  }
  fs::path path;
  std::unique_ptr<FILE, int (*)(FILE*)> stream;
};

}  // namespace

uint32_t crc32c(const std::string& bytes) {
  static const std::array<uint32_t, 256> table = crc_table();
  uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : bytes) crc = table[(crc ^ static_cast<unsigned char>(byte)) & 255] ^ (crc >> 8);
  return ~crc;
}

std::string tensorboard_record(const std::string& data) {
  const std::string length = little_endian(static_cast<uint64_t>(data.size()));
  return length + little_endian(masked(length)) + data + little_endian(masked(data));
}

std::string tensorboard_event(double wall_time, int64_t step, const Metrics& metrics) {
  std::string summary;
  for (const auto& [name, value] : metrics) {
    if (name == "step" || !std::isfinite(value)) continue;
    summary += bytes_field(1, bytes_field(1, name) + head(2, 5) + little_endian(static_cast<float>(value)));
  }
  return head(1, 1) + little_endian(wall_time) + head(2, 0) + varint(static_cast<uint64_t>(step)) + bytes_field(5, summary);
}

EventSink open_tensorboard(const fs::path& stage_folder) {
  auto file = std::make_shared<File>(stage_folder / ("events.out.tfevents." + std::to_string(static_cast<int64_t>(now())) + ".reprise"));
  file->write(head(1, 1) + little_endian(now()) + bytes_field(3, "brain.Event:2"));
  return [file](int64_t step, const Metrics& metrics) { file->write(tensorboard_event(now(), step, metrics)); };
}

}  // namespace reprise::pipeline
