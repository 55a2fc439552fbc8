// Segments, and a journal of lines behind them. A row that a kill left in both is told apart by its key and counted once.
#include "evaluation/harness/sample_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "io/hdf5_file.h"
#include "io/jsonl.h"

namespace reprise::evaluation {

using nlohmann::json;

namespace {

constexpr const char* kFormat = "reprise samples 1";
constexpr size_t kSealBytes = size_t{64} << 20;    // a journal of this size becomes a segment by itself
constexpr uint64_t kSmallSegment = uint64_t{32} << 20;  // smaller ones are put together

std::vector<fs::path> segments_of(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("segment-") && name.ends_with(".h5")) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string text_of(const json& row, const char* key) { return row.at(key).get<std::string>(); }

// What every reader of a protocol counts on: a model and a benchmark with names.
StoredProtocol parsed_protocol(const std::string& id, const std::string& text, const fs::path& folder) {
  json facts = nesting_depth(text) > 64 ? json() : json::parse(text, nullptr, false);
  const auto named = [&](const char* place) {
    const json::json_pointer pointer(place);
    return facts.is_object() && facts.contains(pointer) && facts.at(pointer).is_string();
  };
  if (!named("/model/name") || !named("/benchmark/id")) throw Error("has a protocol without a model or a benchmark", folder.string(), "the store is damaged");
  for (const char* place : {"/engine/name", "/prompt/preset", "/prompt/answer_begins"}) {
    if (facts.contains(json::json_pointer(place)) && !named(place)) throw Error(std::string("has a protocol whose ") + place + " is no text", folder.string(), "the store is damaged");
  }
  return {id, std::move(facts)};
}

void flatten(const json& value, const std::string& name, std::map<std::string, std::string>& out) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) flatten(inner, name.empty() ? key : name + "." + key, out);
  } else {
    out[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
}

}  // namespace

std::string protocol_id(const json& facts) { return sha256_hex(facts.dump(-1, ' ', false, json::error_handler_t::replace)).substr(0, 16); }

std::vector<std::string> protocol_differences(const json& a, const json& b) {
  std::map<std::string, std::string> x, y;
  flatten(a, "", x);
  flatten(b, "", y);
  std::vector<std::string> out;
  for (const auto& [name, value] : x) {
    const auto there = y.find(name);
    if (there == y.end()) out.push_back(name + ": " + value + " and nothing");
    else if (there->second != value) out.push_back(name + ": " + value + " and " + there->second);
  }
  for (const auto& [name, value] : y) {
    if (!x.contains(name)) out.push_back(name + ": nothing and " + value);
  }
  return out;
}

std::string sample_key(const std::string& protocol, const std::string& prompt_sha256, const std::string& problem, int64_t index) {
  return sha256_hex(json{protocol, prompt_sha256, problem, index}.dump(-1, ' ', false, json::error_handler_t::replace)).substr(0, 32);
}

// Rows in memory, each kind with what tells it apart.
struct SampleStore::Tables {
  std::map<std::string, std::string> protocols;  // id -> JSON
  std::map<std::string, std::string> prompts;    // sha256 -> text
  std::vector<StoredSample> samples;
  std::set<std::string> keys;
  std::map<std::pair<std::string, std::string>, StoredVerdict> verdicts;  // (rule, key)

  void add(StoredSample sample) {
    if (keys.insert(sample.key).second) samples.push_back(std::move(sample));
  }

  io::Hdf5Content content() const {
    io::Hdf5Content out;
    auto& text = out.text_columns;
    for (const auto& [id, facts] : protocols) {
      text["protocol_id"].push_back(id);
      text["protocol_facts"].push_back(facts);
    }
    for (const auto& [sha, prompt] : prompts) {
      text["prompt_sha256"].push_back(sha);
      text["prompt_text"].push_back(prompt);
    }
    for (const char* name : {"protocol_id", "protocol_facts", "prompt_sha256", "prompt_text", "key", "protocol", "problem", "prompt", "completion", "reasoning", "stop_reason", "details", "verdict_key",
                             "verdict_rule", "verdict_answer", "verdict_reason"}) {
      text[name];
    }
    for (const char* name : {"index", "num_prompt_tokens", "num_cached_tokens", "num_tokens", "verdict_kind"}) out.integer_columns[name];
    auto& whole = out.integer_columns;
    for (const StoredSample& s : samples) {
      text["key"].push_back(s.key);
      text["protocol"].push_back(s.protocol);
      text["problem"].push_back(s.problem);
      text["prompt"].push_back(s.prompt);
      text["completion"].push_back(s.completion);
      text["reasoning"].push_back(s.reasoning);
      text["stop_reason"].push_back(s.stop_reason);
      text["details"].push_back(s.details);
      whole["index"].push_back(s.index);
      whole["num_prompt_tokens"].push_back(s.num_prompt_tokens);
      whole["num_cached_tokens"].push_back(s.num_cached_tokens);
      whole["num_tokens"].push_back(s.num_tokens);
    }
    for (const auto& [name, verdict] : verdicts) {
      text["verdict_rule"].push_back(name.first);
      text["verdict_key"].push_back(name.second);
      text["verdict_answer"].push_back(verdict.answer);
      text["verdict_reason"].push_back(verdict.reason);
      whole["verdict_kind"].push_back(static_cast<int64_t>(verdict.kind));
    }
    out.attributes["format"] = kFormat;
    out.attributes["num_samples"] = std::to_string(samples.size());
    return out;
  }

  // with_texts: the completions and prompts too. Throws Error where the file does not fit the format.
  void read_segment(const fs::path& path, bool with_texts, const std::string& only_protocol = "") {
    const auto in = io::read_hdf5(path, uint64_t{8} << 30, [&](const std::string& column) {
      if (with_texts) return true;
      return column != "completion" && column != "reasoning" && column != "details" && column != "prompt_text" && !column.starts_with("verdict");
    });
    const auto format = in.attributes.find("format");
    if (format == in.attributes.end() || format->second != kFormat) throw Error("is no segment of a sample store", path.string(), "move it away");
    const std::vector<std::string> none;
    const auto text = [&](const char* name, size_t rows) -> const std::vector<std::string>& {
      const auto found = in.text_columns.find(name);
      if (found == in.text_columns.end() || found->second.size() != rows) throw Error(std::string("the column '") + name + "' is missing or has another length", path.string(), "the file is damaged");
      return found->second;
    };
    const auto whole = [&](const char* name, size_t rows) -> const std::vector<int64_t>& {
      const auto found = in.integer_columns.find(name);
      if (found == in.integer_columns.end() || found->second.size() != rows) throw Error(std::string("the column '") + name + "' is missing or has another length", path.string(), "the file is damaged");
      return found->second;
    };
    const auto rows_of = [&](const char* name) { return in.text_columns.contains(name) ? in.text_columns.at(name).size() : 0; };
    const size_t num_protocols = rows_of("protocol_id"), num_prompts = rows_of("prompt_sha256"), n = rows_of("key"), num_verdicts = rows_of("verdict_key");
    for (size_t i = 0; i < num_protocols; ++i) protocols.emplace(text("protocol_id", num_protocols)[i], text("protocol_facts", num_protocols)[i]);
    for (size_t i = 0; i < num_prompts; ++i) prompts.emplace(text("prompt_sha256", num_prompts)[i], with_texts ? text("prompt_text", num_prompts)[i] : std::string());
    const auto &key = text("key", n), &protocol = text("protocol", n), &problem = text("problem", n), &prompt = text("prompt", n), &stop = text("stop_reason", n);
    const auto &index = whole("index", n), &prompt_tokens = whole("num_prompt_tokens", n), &cached = whole("num_cached_tokens", n), &tokens = whole("num_tokens", n);
    for (size_t i = 0; i < n; ++i) {
      if (!only_protocol.empty() && protocol[i] != only_protocol) continue;
      StoredSample s{.key = key[i], .protocol = protocol[i], .problem = problem[i], .index = index[i], .prompt = prompt[i]};
      s.stop_reason = stop[i];
      s.num_prompt_tokens = prompt_tokens[i];
      s.num_cached_tokens = cached[i];
      s.num_tokens = tokens[i];
      if (with_texts) {
        s.completion = text("completion", n)[i];
        s.reasoning = text("reasoning", n)[i];
        s.details = text("details", n)[i];
      }
      add(std::move(s));
    }
    if (!with_texts) return;
    for (size_t i = 0; i < num_verdicts; ++i) {
      const int64_t kind = whole("verdict_kind", num_verdicts)[i];
      if (kind < 0 || kind > 3) throw Error("has a verdict of an unknown kind", path.string(), "the file is damaged");
      verdicts.emplace(std::pair(text("verdict_rule", num_verdicts)[i], text("verdict_key", num_verdicts)[i]),
                       StoredVerdict{static_cast<grading::VerdictKind>(kind), text("verdict_answer", num_verdicts)[i], text("verdict_reason", num_verdicts)[i]});
    }
  }

  void read_row(const json& row) {
    if (const auto found = row.find("sample"); found != row.end()) {
      const json& in = *found;
      StoredSample s{.key = text_of(in, "key"), .protocol = text_of(in, "protocol"), .problem = text_of(in, "problem"), .index = in.at("index").get<int64_t>(), .prompt = text_of(in, "prompt")};
      s.completion = text_of(in, "completion");
      s.reasoning = text_of(in, "reasoning");
      s.stop_reason = text_of(in, "stop_reason");
      s.num_prompt_tokens = in.at("num_prompt_tokens").get<int64_t>();
      s.num_cached_tokens = in.at("num_cached_tokens").get<int64_t>();
      s.num_tokens = in.at("num_tokens").get<int64_t>();
      s.details = text_of(in, "details");
      add(std::move(s));
    } else if (const auto verdict = row.find("verdict"); verdict != row.end()) {
      const int64_t kind = verdict->at("kind").get<int64_t>();
      if (kind < 0 || kind > 3) throw Error("has a verdict of an unknown kind");
      verdicts.emplace(std::pair(text_of(*verdict, "rule"), text_of(*verdict, "key")),
                       StoredVerdict{static_cast<grading::VerdictKind>(kind), text_of(*verdict, "answer"), text_of(*verdict, "reason")});
    } else if (const auto prompt = row.find("prompt"); prompt != row.end()) {
      prompts.emplace(text_of(*prompt, "sha256"), text_of(*prompt, "text"));
    } else if (const auto protocol = row.find("protocol"); protocol != row.end()) {
      protocols.emplace(text_of(*protocol, "id"), text_of(*protocol, "facts"));
    } else {
      throw Error("has a row of an unknown kind");
    }
  }

  // Whole lines; what stands behind the last whole one is left out. Returns the bytes of the whole ones.
  uint64_t read_journal(const fs::path& path) {
    if (!path_exists(path)) return 0;
    const MappedFile file(path);
    const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    size_t begin = 0;
    for (int64_t line = 1;; ++line) {
      const size_t end = text.find('\n', begin);
      if (end == std::string_view::npos) return begin;
      const json row = json::parse(text.substr(begin, end - begin), nullptr, false);
      const std::string where = path.string() + ":" + std::to_string(line);
      if (!row.is_object()) {
        // Where power went, the last line may stand there unwritten.
        if (text.find('\n', end + 1) == std::string_view::npos) return begin;
        throw Error("is no row of a sample store", where, "the file is damaged: cut it in front of this line to keep what is whole");
      }
      try {
        read_row(row);
      } catch (const json::exception& fault) {
        throw Error(std::string("has a row that does not fit: ") + fault.what(), where, "the file is damaged");
      } catch (const Error& fault) {
        throw Error(fault.fault(), where, "the file is damaged");
      }
      begin = end + 1;
    }
  }
};

// The journal as a file, and its rows.
struct SampleStore::Journal {
  fs::path path;
  int descriptor = -1;
  uint64_t bytes = 0;
  Tables tables;

  ~Journal() {
    if (descriptor >= 0) ::close(descriptor);
  }

  void open() {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) throw Error(std::string("cannot be written (") + std::strerror(errno) + ")", path.string());
    // What a kill left half written goes.
    if (::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0 || ::lseek(descriptor, 0, SEEK_END) < 0) throw Error(std::string("cannot be cut (") + std::strerror(errno) + ")", path.string());
  }

  void append(const json& row) {
    const std::string line = row.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    if (descriptor < 0) open();
    size_t sent = 0;
    while (sent < line.size()) {
      const ssize_t n = ::write(descriptor, line.data() + sent, line.size() - sent);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        const std::string why = std::strerror(errno);
        if (::ftruncate(descriptor, static_cast<off_t>(bytes)) == 0) ::lseek(descriptor, 0, SEEK_END);
        throw Error("cannot be written (" + why + ")", path.string(), "make room and start again: what is there is kept");
      }
      sent += static_cast<size_t>(n);
    }
    bytes += line.size();
  }
};

SampleStore::SampleStore(fs::path folder, Mode mode) : folder_(std::move(folder)), journal_(std::make_unique<Journal>()) {
  const fs::path format = folder_ / "format.json";
  if (mode == Mode::write && !path_exists(folder_)) make_folders(folder_);
  if (!is_folder(folder_)) throw Error(path_exists(folder_) ? "is no folder" : "is not there", folder_.string(), "give a store that `reprise evaluate run` or `import` made");
  if (!path_exists(format)) {
    if (mode == Mode::read || !fs::is_empty(folder_)) throw Error("is no store of samples", folder_.string(), "give one that `reprise evaluate run` or `import` made, or a new folder");
    write_file(format, json{{"format", kFormat}}.dump() + "\n");
  }
  const json said = json::parse(read_file(format, 1 << 16), nullptr, false);
  if (!said.is_object() || said.value("format", "") != kFormat) throw Error("is a store of another format than '" + std::string(kFormat) + "'", folder_.string(), "read it with the version that wrote it");
  if (mode == Mode::write) lock_ = std::make_unique<FileLock>(folder_ / "lock", "another process writes this store");
  journal_->path = folder_ / "journal.jsonl";
  load_keys();
  journal_->bytes = journal_->tables.read_journal(journal_->path);
  for (const auto& [id, facts] : journal_->tables.protocols) protocols_.emplace(id, parsed_protocol(id, facts, folder_));
  for (const auto& [sha, text] : journal_->tables.prompts) prompts_.insert(sha);
  for (const StoredSample& s : journal_->tables.samples) {
    if (keys_.insert(s.key).second) ++num_by_protocol_[s.protocol];
  }
}

SampleStore::~SampleStore() = default;

void SampleStore::load_keys() {
  Tables tables;
  for (const fs::path& segment : segments_of(folder_)) tables.read_segment(segment, false);
  for (const auto& [id, facts] : tables.protocols) protocols_.emplace(id, parsed_protocol(id, facts, folder_));
  for (const auto& [sha, text] : tables.prompts) prompts_.insert(sha);
  for (const StoredSample& s : tables.samples) ++num_by_protocol_[s.protocol];
  keys_ = std::move(tables.keys);
}

int64_t SampleStore::num_samples(const std::string& protocol) const {
  const auto found = num_by_protocol_.find(protocol);
  return found == num_by_protocol_.end() ? 0 : found->second;
}

std::vector<StoredSample> SampleStore::samples(const std::string& protocol) const {
  Tables tables;
  for (const fs::path& segment : segments_of(folder_)) tables.read_segment(segment, true, protocol);
  for (const StoredSample& s : journal_->tables.samples) {
    if (s.protocol == protocol) tables.add(s);
  }
  std::sort(tables.samples.begin(), tables.samples.end(), [](const StoredSample& a, const StoredSample& b) { return a.problem != b.problem ? a.problem < b.problem : a.index < b.index; });
  return std::move(tables.samples);
}

std::string SampleStore::prompt_text(const std::string& sha256) const {
  if (const auto found = journal_->tables.prompts.find(sha256); found != journal_->tables.prompts.end()) return found->second;
  for (const fs::path& segment : segments_of(folder_)) {
    const auto in = io::read_hdf5(segment, uint64_t{8} << 30, [](const std::string& column) { return column.starts_with("prompt_"); });
    const auto sha = in.text_columns.find("prompt_sha256"), text = in.text_columns.find("prompt_text");
    if (sha == in.text_columns.end() || text == in.text_columns.end() || sha->second.size() != text->second.size()) continue;
    const auto row = std::find(sha->second.begin(), sha->second.end(), sha256);
    if (row != sha->second.end()) return text->second[static_cast<size_t>(row - sha->second.begin())];
  }
  return "";
}

std::map<std::string, StoredVerdict> SampleStore::verdicts(const std::string& rule) const {
  std::map<std::string, StoredVerdict> out;
  const auto take = [&](const Tables& tables) {
    for (auto it = tables.verdicts.lower_bound({rule, ""}); it != tables.verdicts.end() && it->first.first == rule; ++it) out.emplace(it->first.second, it->second);
  };
  for (const fs::path& segment : segments_of(folder_)) {
    Tables tables;
    tables.read_segment(segment, true, "nothing but verdicts");
    take(tables);
  }
  take(journal_->tables);
  return out;
}

std::string SampleStore::add_protocol(const json& facts) {
  const std::string id = protocol_id(facts), text = facts.dump(-1, ' ', false, json::error_handler_t::replace);
  if (protocols_.contains(id)) return id;
  journal_->append({{"protocol", {{"id", id}, {"facts", text}}}});
  journal_->tables.protocols[id] = text;
  protocols_[id] = {id, facts};
  return id;
}

bool SampleStore::add(StoredSample s, const std::string& prompt_text) {
  if (keys_.contains(s.key)) return false;
  if (prompts_.insert(s.prompt).second) {
    journal_->append({{"prompt", {{"sha256", s.prompt}, {"text", prompt_text}}}});
    journal_->tables.prompts[s.prompt] = prompt_text;
  }
  journal_->append({{"sample", {{"key", s.key}, {"protocol", s.protocol}, {"problem", s.problem}, {"index", s.index}, {"prompt", s.prompt}, {"completion", s.completion}, {"reasoning", s.reasoning},
                                {"stop_reason", s.stop_reason}, {"num_prompt_tokens", s.num_prompt_tokens}, {"num_cached_tokens", s.num_cached_tokens}, {"num_tokens", s.num_tokens}, {"details", s.details}}}});
  keys_.insert(s.key);
  ++num_by_protocol_[s.protocol];
  journal_->tables.add(std::move(s));
  if (journal_->bytes > kSealBytes) seal();
  return true;
}

void SampleStore::add_verdict(const std::string& key, const std::string& rule, const StoredVerdict& verdict) {
  if (!journal_->tables.verdicts.emplace(std::pair(rule, key), verdict).second) return;
  journal_->append({{"verdict", {{"key", key}, {"rule", rule}, {"kind", static_cast<int64_t>(verdict.kind)}, {"answer", verdict.answer}, {"reason", verdict.reason}}}});
}

void SampleStore::seal() {
  if (journal_->bytes == 0) return;
  const std::vector<fs::path> segments = segments_of(folder_);
  std::vector<fs::path> joined;
  Tables all;
  for (const fs::path& segment : segments) {
    if (fs::file_size(segment) >= kSmallSegment) continue;
    all.read_segment(segment, true);
    joined.push_back(segment);
  }
  Tables& fresh = journal_->tables;
  all.protocols.insert(fresh.protocols.begin(), fresh.protocols.end());
  all.prompts.insert(fresh.prompts.begin(), fresh.prompts.end());
  for (StoredSample& s : fresh.samples) all.add(std::move(s));
  for (auto& [name, verdict] : fresh.verdicts) all.verdicts.emplace(name, std::move(verdict));
  // Order by what a row is, not by when it came: runs that drew the same samples leave the same segment.
  std::sort(all.samples.begin(), all.samples.end(), [](const StoredSample& a, const StoredSample& b) {
    return std::tie(a.protocol, a.problem, a.index, a.key) < std::tie(b.protocol, b.problem, b.index, b.key);
  });
  int64_t number = 1;
  if (!segments.empty()) number = parse_int(segments.back().stem().string().substr(8)).value_or(0) + 1;
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < 6 ? 6 - digits.size() : 0, '0');
  io::write_hdf5(folder_ / ("segment-" + digits + ".h5"), all.content());
  // From here on every row stands in a segment; what is left of the old places is only taken away.
  fresh = {};
  journal_->bytes = 0;
  journal_->open();
  for (const fs::path& old : joined) fs::remove(old);
}

}  // namespace reprise::evaluation
