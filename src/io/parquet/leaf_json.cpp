// The proleptic Gregorian calendar, as Parquet has it; nothing here knows of time zones.
#include "io/parquet/leaf_json.h"

#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/base64.h"
#include "base/strings.h"
#include "io/half.h"
#include "io/parquet/runs.h"

namespace reprise::io::parquet {
namespace {

using nlohmann::json;

constexpr size_t kMaxJsonDepth = 64;
constexpr int64_t kSecondsOfDay = 86'400;
constexpr int64_t kJulianDayOfEpoch = 2'440'588;  // 1970-01-01

json real_json(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

json parsed_json(std::string_view bytes) {
  if (nesting_depth(bytes) <= kMaxJsonDepth) {
    json value = json::parse(bytes, nullptr, false);
    if (!value.is_discarded()) return value;
  }
  return utf8_text(bytes);
}

json bytes_json(std::string_view bytes) {
  if (valid_utf8(bytes)) return std::string(bytes);
  return "base64:" + to_base64(bytes);
}

// Towards minus infinity, b > 0. The remainder is not a - b * floor_div(a, b): near the lowest integer that product overflows.
int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }
int64_t floor_rest(int64_t a, int64_t b) { return a % b + (a % b < 0 ? b : 0); }

// Civil date of a day number. Shifted so that a year begins in March: the leap day is then a year's last.
std::string date_text(int64_t days_since_epoch) {
  const int64_t days = days_since_epoch + 719'468;  // since 0000-03-01
  const int64_t era = floor_div(days, 146'097), day_of_era = days - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * shifted + 2) / 5 + 1, month = shifted < 10 ? shifted + 3 : shifted - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2);
  char text[96];
  std::snprintf(text, sizeof text, "%s%04lld-%02lld-%02lld", year < 0 ? "-" : "", static_cast<long long>(year < 0 ? -year : year), static_cast<long long>(month), static_cast<long long>(day));
  return text;
}

// `fraction` in units of 10^-digits of a second.
std::string time_text(int64_t seconds_of_day, int64_t fraction, int digits) {
  char text[96];
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld.%0*lld", static_cast<long long>(seconds_of_day / 3600), static_cast<long long>(seconds_of_day / 60 % 60),
                static_cast<long long>(seconds_of_day % 60), digits, static_cast<long long>(fraction));
  return text;
}

int digits_of(TimeUnit unit) { return unit == TimeUnit::millis ? 3 : unit == TimeUnit::micros ? 6 : 9; }
int64_t units_of(TimeUnit unit) { return unit == TimeUnit::millis ? 1'000 : unit == TimeUnit::micros ? 1'000'000 : 1'000'000'000; }

json time_json(const LeafType& type, int64_t value) {
  const int64_t per_second = units_of(type.unit);
  if (value < 0 || value >= kSecondsOfDay * per_second) return value;  // no time of a day
  return time_text(value / per_second, value % per_second, digits_of(type.unit));
}

std::string timestamp_text(int64_t value, TimeUnit unit, bool is_utc) {
  const int64_t per_second = units_of(unit), seconds = floor_div(value, per_second);
  return date_text(floor_div(seconds, kSecondsOfDay)) + "T" + time_text(floor_rest(seconds, kSecondsOfDay), floor_rest(value, per_second), digits_of(unit)) + (is_utc ? "Z" : "");
}

// Nanoseconds of the day, then the Julian day.
std::string int96_text(std::string_view bytes) {
  int64_t nanos;
  int32_t julian_day;
  std::memcpy(&nanos, bytes.data(), 8);
  std::memcpy(&julian_day, bytes.data() + 8, 4);
  const int64_t seconds = floor_div(nanos, 1'000'000'000);
  return date_text(julian_day - kJulianDayOfEpoch + floor_div(seconds, kSecondsOfDay)) + "T" + time_text(floor_rest(seconds, kSecondsOfDay), floor_rest(nanos, 1'000'000'000), 9);
}

std::string with_point(std::string digits, bool negative, int32_t scale) {
  if (digits.size() <= static_cast<size_t>(scale)) digits.insert(0, static_cast<size_t>(scale) + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return negative ? "-" + digits : digits;
}

// Two's complement, the highest byte first, divided by 10^9 until nothing is left.
std::string decimal_of_bytes(std::string_view bytes, int32_t scale) {
  if (bytes.empty() || bytes.size() > 64) throw BadPage{"has a decimal that is empty or has more than 64 bytes"};
  const bool negative = static_cast<unsigned char>(bytes[0]) & 0x80;
  std::string magnitude(bytes);
  if (negative) {
    unsigned carry = 1;
    for (size_t i = magnitude.size(); i-- > 0;) {
      const unsigned sum = (static_cast<unsigned char>(magnitude[i]) ^ 0xFFu) + carry;
      magnitude[i] = static_cast<char>(sum & 0xFF);
      carry = sum >> 8;
    }
  }
  std::string digits;
  for (size_t front = 0; front < magnitude.size();) {
    uint64_t rest = 0;
    for (size_t i = front; i < magnitude.size(); ++i) {
      rest = rest << 8 | static_cast<unsigned char>(magnitude[i]);
      magnitude[i] = static_cast<char>(rest / 1'000'000'000);
      rest %= 1'000'000'000;
    }
    while (front < magnitude.size() && magnitude[front] == 0) ++front;
    for (int i = 0; i < 9 && (rest > 0 || front < magnitude.size()); ++i, rest /= 10) digits.insert(digits.begin(), static_cast<char>('0' + rest % 10));
  }
  return with_point(digits.empty() ? "0" : digits, negative, scale);
}

std::string decimal_of_integer(int64_t value, int32_t scale) {
  const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return with_point(std::to_string(magnitude), value < 0, scale);
}

std::string uuid_text(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    constexpr char kHex[] = "0123456789abcdef";
    out += kHex[static_cast<unsigned char>(bytes[i]) >> 4];
    out += kHex[static_cast<unsigned char>(bytes[i]) & 15];
  }
  return out;
}

json interval_json(std::string_view bytes) {
  uint32_t parts[3];
  std::memcpy(parts, bytes.data(), sizeof parts);
  return {{"months", parts[0]}, {"days", parts[1]}, {"milliseconds", parts[2]}};
}

}  // namespace

json to_json(const LeafType& type, const Value& value) {
  switch (type.meaning) {
    case Meaning::boolean: return value.integer != 0;
    case Meaning::integer: return value.integer;
    case Meaning::unsigned32: return static_cast<uint32_t>(value.integer);
    case Meaning::unsigned64: return static_cast<uint64_t>(value.integer);
    case Meaning::real: return real_json(value.real);
    case Meaning::float16: {
      uint16_t bits;
      std::memcpy(&bits, value.bytes.data(), sizeof bits);
      return real_json(f16_to_float(bits));
    }
    case Meaning::text: return utf8_text(value.bytes);
    case Meaning::json: return parsed_json(value.bytes);
    case Meaning::bytes: return bytes_json(value.bytes);
    case Meaning::decimal:
      return type.stored.type == Physical::int32 || type.stored.type == Physical::int64 ? decimal_of_integer(value.integer, type.scale) : decimal_of_bytes(value.bytes, type.scale);
    case Meaning::date: return date_text(value.integer);
    case Meaning::time: return time_json(type, value.integer);
    case Meaning::timestamp: return timestamp_text(value.integer, type.unit, type.is_utc);
    case Meaning::int96_timestamp: return int96_text(value.bytes);
    case Meaning::uuid: return uuid_text(value.bytes);
    case Meaning::interval: return interval_json(value.bytes);
    case Meaning::null: return nullptr;
  }
  return nullptr;
}

}  // namespace reprise::io::parquet
