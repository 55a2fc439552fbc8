// Rows, pickles, errata.
#include "grading/code/livecodebench.h"

#include <zlib.h>

#include <utility>

#include "base/base64.h"
#include "base/error.h"
#include "base/json.h"

namespace reprise::grading::code {
namespace {

constexpr size_t kMaxTestBytes = size_t{1} << 30;  // of one problem, inflated

std::string inflated(const std::string& bytes) {
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) throw Error("zlib does not start");
  std::string out;
  char chunk[65536];
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk);
    stream.avail_out = sizeof chunk;
    state = ::inflate(&stream, Z_NO_FLUSH);
    out.append(chunk, sizeof chunk - stream.avail_out);
    if (out.size() > kMaxTestBytes) state = Z_DATA_ERROR;
  }
  ::inflateEnd(&stream);
  if (state != Z_STREAM_END) throw Error("private_test_cases is no whole zlib stream");
  return out;
}

uint64_t little_endian(std::string_view bytes, size_t at, size_t size) {
  if (at + size > bytes.size()) throw Error("is a pickle that ends too early");
  uint64_t out = 0;
  for (size_t i = size; i-- > 0;) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

void add_tests(const nlohmann::json& list, LiveCodeBenchTests& out, bool& functional, bool& streams) {
  if (!list.is_array()) throw Error("has tests that are no list");
  for (const auto& test : list) {
    if (!test.is_object() || !test.contains("input") || !test.contains("output") || !test["input"].is_string() || !test["output"].is_string()) throw Error("has a test without input or output");
    out.tests.push_back({test["input"].get<std::string>(), test["output"].get<std::string>()});
    (test.value("testtype", "stdin") == "functional" ? functional : streams) = true;
  }
}

// Beginnings of ids (AtCoder) and titles (LeetCode).
constexpr std::pair<const char*, const char*> kErrata[] = {{"abc311_c", "multi"}, {"abc326_d", "multi"}, {"abc327_b", "multi"}, {"abc333_e", "multi"}, {"abc343_e", "multi"}, {"abc343_a", "multi"}, {"abc362_c", "multi"}, {"arc185_c", "multi"},
                                                         {"find-words", "multi"}, {"find-the-peaks", "multi"}, {"generate-binary-strings", "multi"}, {"abc337_e", "interactive"}, {"abc355_e", "interactive"},
                                                         {"abc350_c", "wrong"}, {"arc189_a", "wrong"}, {"apply-operations-to-make-string-empty", "wrong"}, {"most-frequent-ids", "wrong"}};

}  // namespace

const char kLiveCodeBenchPrelude[] =
    "from string import *\nfrom re import *\nfrom datetime import *\nfrom collections import *\nfrom heapq import *\nfrom bisect import *\nfrom copy import *\nfrom math import *\nfrom random import *\n"
    "from statistics import *\nfrom itertools import *\nfrom functools import *\nfrom operator import *\nfrom io import *\nfrom sys import *\nfrom json import *\nfrom builtins import *\nfrom typing import *\n"
    "import string, re, datetime, collections, heapq, bisect, copy, math, random, statistics, itertools, functools, operator, io, sys, json\nsys.setrecursionlimit(50000)\n";

std::string text_of_pickle(std::string_view pickle) {
  std::string text;
  bool found = false;
  for (size_t at = 0; at < pickle.size();) {
    const auto op = static_cast<unsigned char>(pickle[at++]);
    size_t width = 0;
    switch (op) {
      case 0x80: at += 1; continue;             // PROTO
      case 0x95: at += 8; continue;             // FRAME
      case 0x94: continue;                      // MEMOIZE
      case 'q': at += 1; continue;              // BINPUT
      case 'r': at += 4; continue;              // LONG_BINPUT
      case '.':                                 // STOP
        if (!found || at != pickle.size()) throw Error("is a pickle of something else than one text");
        return text;
      case 0x8c: width = 1; break;              // SHORT_BINUNICODE
      case 'X': width = 4; break;               // BINUNICODE
      case 0x8d: width = 8; break;              // BINUNICODE8
      default: throw Error("is a pickle of something else than one text", "", "only texts are read: a pickle can run code");
    }
    const uint64_t size = little_endian(pickle, at, width);
    at += width;
    if (found || size > pickle.size() - at) throw Error("is a pickle of something else than one text");
    text.assign(pickle.substr(at, size));
    at += size;
    found = true;
  }
  throw Error("is a pickle that ends too early");
}

LiveCodeBenchTests livecodebench_tests(const nlohmann::json& row) {
  LiveCodeBenchTests out;
  bool functional = false, streams = false;
  const auto tests_in = [&](const char* key) {
    if (!row.contains(key) || row[key].is_null()) return;
    if (row[key].is_array()) return add_tests(row[key], out, functional, streams);
    if (!row[key].is_string()) throw Error(std::string(key) + " is neither a list nor a text");
    const std::string text = row[key].get<std::string>();
    if (text.empty()) return;
    nlohmann::json list = nlohmann::json::parse(text, nullptr, false);
    if (list.is_discarded()) list = nlohmann::json::parse(text_of_pickle(inflated(from_base64(text))), nullptr, false);
    if (list.is_discarded()) throw Error(std::string(key) + " holds no JSON");
    add_tests(list, out, functional, streams);
  };
  tests_in("public_test_cases");
  tests_in("private_test_cases");
  if (out.tests.empty()) throw Error("has no tests", "", "LiveCodeBench's own files have public_test_cases and private_test_cases");
  if (functional && streams) throw Error("has tests of both kinds");
  if (functional) {
    nlohmann::json metadata = row.value("metadata", nlohmann::json());
    if (metadata.is_string()) metadata = nlohmann::json::parse(metadata.get<std::string>(), nullptr, false);
    if (!metadata.is_object() || !metadata.contains("func_name")) throw Error("has functional tests and no func_name");
    out.function = metadata["func_name"].get<std::string>();
  }
  return out;
}

std::string livecodebench_erratum(const std::string& question_id, const std::string& question_title) {
  for (const auto& [name, what] : kErrata) {
    if (question_id.starts_with(name) || question_title.starts_with(name)) return what;
  }
  return {};
}

}  // namespace reprise::grading::code
