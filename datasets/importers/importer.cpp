// The table of formats; the reading, checking and splitting that they share.
#include "datasets/importers/importer.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/python_random.h"
#include "base/random.h"
#include "base/strings.h"
#include "datasets/importers/row.h"
#include "io/archive.h"
#include "io/csv.h"
#include "io/jsonl.h"

namespace reprise::datasets {
namespace {

using OnRow = std::function<void(int64_t line, const json& row)>;
using OnBad = std::function<void(int64_t line, const std::string& fault)>;

void read_json(const ImporterConfig& config, const OnRow& row, const OnBad& bad) { io::read_json_rows(config.path, row, bad); }
void read_json_with_text(const ImporterConfig& config, const OnRow& row, const OnBad& bad) {
  io::read_json_texts(config.path, [&](int64_t line, json value, std::string_view text) {
    value[kRowText] = text;
    row(line, value);
  }, bad);
}

// MMLU as published: an archive of SPLIT/SUBJECT_SPLIT.csv without headers, or one such file. Line numbers start anew in
// each member.
void read_mmlu(const ImporterConfig& config, const OnRow& row, const OnBad& bad) {
  const std::string& path = config.path;
  const auto read_one = [&](const std::string& name, std::string_view text) {
    const std::string stem = std::filesystem::path(name).stem().string();
    const size_t mark = stem.rfind('_');
    const std::string split = mark == std::string::npos ? "" : stem.substr(mark + 1), subject = stem.substr(0, mark);
    io::read_csv(text, path + ":" + name, [&](int64_t line, const std::vector<std::string>& fields) {
      if (fields.size() != 6) return bad(line, "of " + name + " has " + std::to_string(fields.size()) + " fields where 6 are wanted: question, A, B, C, D, answer");
      row(line, {{"id", stem + "-" + std::to_string(line)}, {"question", fields[0]}, {"A", fields[1]}, {"B", fields[2]}, {"C", fields[3]}, {"D", fields[4]},
                 {"answer", std::string(trim(fields[5]))}, {"subject", subject}, {"split", split}});
    });
  };
  if (!io::is_archive(path)) return read_one(std::filesystem::path(path).filename().string(), read_file_maybe_gzip(path));
  io::read_archive(path, [](const std::string& name) { return name.ends_with(".csv"); }, read_one);
}

// GPQA as its authors publish it (github.com/idavidrein/gpqa): dataset.zip under the password of its README, or gpqa_diamond.csv out of it, a header
// and columns by name. Options are put in an order here, row by row, because simple-evals draws it so.
void read_gpqa(const ImporterConfig& config, const OnRow& row, const OnBad& bad) {
  constexpr const char* kMember = "gpqa_diamond.csv";
  static constexpr const char* kColumns[] = {"Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3", "Record ID"};
  const auto read_one = [&](const std::string& name, std::string_view text) {
    std::vector<std::string> header;
    PythonRandom random(0);
    io::read_csv(text, config.path + ":" + name, [&](int64_t line, const std::vector<std::string>& fields) {
      if (header.empty()) {
        header = fields;
        for (const char* column : kColumns) {
          if (std::find(header.begin(), header.end(), column) == header.end()) {
            throw Error(std::string("lacks the column '") + column + "'", config.path + ":" + std::to_string(line), "give GPQA's dataset.zip, or the gpqa_diamond.csv in it");
          }
        }
        return;
      }
      const auto drawn = random.sample(4, 4);  // for a bad row too: the others keep theirs
      if (fields.size() != header.size()) return bad(line, "has " + std::to_string(fields.size()) + " fields where the header has " + std::to_string(header.size()));
      json values = json::object();
      for (size_t i = 0; i < header.size(); ++i) values.emplace(header[i], fields[i]);
      values[kPermutation] = json::array();
      const uint64_t first = RandomStream({name_number(std::string(trim(values["Record ID"].get_ref<const std::string&>())))}).below(4);
      for (size_t i = 0; i < 4; ++i) values[kPermutation].push_back(config.option_order == "rotated" ? (i + first) % 4 : drawn[i]);
      row(line, values);
    });
  };
  if (!io::is_archive(config.path)) return read_one(std::filesystem::path(config.path).filename().string(), read_file_maybe_gzip(config.path));
  bool found = false;
  io::read_archive(config.path, [&](const std::string& name) { return std::filesystem::path(name).filename() == kMember; }, [&](const std::string& name, std::string_view text) {
    found = true;
    read_one(name, text);
  }, config.password.empty() ? "deserted-untie-orchid" : config.password, size_t{64} << 20);
  if (!found) throw Error(std::string("holds no ") + kMember, config.path, "give the authors' dataset.zip (github.com/idavidrein/gpqa)");
}

std::string mmlu_split(const json& row) {
  const std::string split = optional_text(row, "split");
  return split == "dev" ? "train" : split == "val" ? "validation" : split;
}

// By task number (Austin et al. 2021): 11-510 test, 511-600 validation, 601-974 train; 1-10 are for prompts.
std::string mbpp_split(const json& row) {
  std::string number = optional_text(row, "task_id");
  if (number.starts_with("Mbpp/")) number = number.substr(5);
  const int64_t task = parse_int(number).value_or(0);
  return task <= 10 ? "prompt" : task <= 510 ? "test" : task <= 600 ? "validation" : "train";
}

struct Row {
  const char* name;
  data::Problem (*function)(const json&, const ImporterConfig&);
  std::string (*published_split)(const json&) = nullptr;  // null: by a hash of the id
  void (*read)(const ImporterConfig&, const OnRow&, const OnBad&) = read_json;
};
constexpr Row kImporters[] = {{"gsm8k", gsm8k},
                              {"math", hendrycks_math},
                              {"math500", math500},
                              {"aime", contest},
                              {"amc23", contest},
                              {"minerva", minerva},
                              {"olympiadbench", olympiadbench},
                              {"deepscaler", deepscaler},
                              {"verl", verl},
                              {"knights_and_knaves", knights_and_knaves},
                              {"reasoning_gym", reasoning_gym},
                              {"humaneval", humaneval, nullptr, read_json_with_text},
                              {"mbpp", mbpp, mbpp_split, read_json_with_text},
                              {"codeforces", stdin_tests},
                              {"code_contests", stdin_tests},
                              {"apps", stdin_tests},
                              {"livecodebench", livecodebench},
                              {"mmlu", mmlu, mmlu_split, read_mmlu},
                              {"mmlu_pro", mmlu_pro},
                              {"gpqa_diamond", gpqa, nullptr, read_gpqa},
                              {"ifeval", ifeval},
                              {"jsonl", generic}};

std::string split_by_hash(const std::string& id) {
  const uint64_t bucket = RandomStream({name_number(id)}).below(16);
  return bucket == 0 ? "test" : bucket == 1 ? "validation" : "train";
}

}  // namespace

std::vector<std::string> importer_names() {
  std::vector<std::string> names;
  for (const Row& row : kImporters) names.emplace_back(row.name);
  return names;
}

bool ImporterConfig::is_day(const std::string& text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (const size_t i : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

Imported import_problems(const ImporterConfig& config) {
  const Row* importer = nullptr;
  for (const Row& row : kImporters) {
    if (config.importer == row.name) importer = &row;
  }
  if (!importer) throw Error("importer '" + config.importer + "' is not known", "", "importers: " + join(importer_names(), ", "));
  Imported out;
  std::set<std::string> ids;
  const auto bad = [&](int64_t line, const std::string& fault) {
    const std::string where = config.path + ":" + std::to_string(line);
    if (!config.skip_bad_rows) throw Error(fault, where, "mend the row, or leave such rows out with skip_bad_rows");
    ++out.num_bad_rows;
    if (out.bad_rows.size() < 20) out.bad_rows.push_back(where + ": " + fault);
  };
  const bool windowed = !config.first_date.empty() || !config.last_date.empty();
  importer->read(config, [&](int64_t line, const json& row) {
    if (config.size > 0 && static_cast<int64_t>(out.problems.size()) >= config.size) return;
    try {
      if (windowed) {
        const std::string day = optional_text(row, "contest_date").substr(0, 10);
        if (!ImporterConfig::is_day(day)) throw BadRow{"has no day in 'contest_date'"};
        if (day < config.first_date || (!config.last_date.empty() && day > config.last_date)) return;
      }
      data::Problem problem = importer->function(row, config);
      if (problem.id.empty()) problem.id = config.importer + "-" + std::to_string(line);
      if (problem.grader.empty()) problem.grader = "math";
      if (problem.metadata.empty()) problem.metadata = "{}";
      const std::string split = importer->published_split ? importer->published_split(row) : split_by_hash(problem.id);
      if (config.split != "all" && config.split != split) return;
      if (!ids.insert(problem.id).second) throw BadRow{"has the id '" + problem.id + "' a second time"};
      out.problems.push_back(std::move(problem));
    } catch (const BadRow& row_fault) {
      bad(line, row_fault.fault);
    } catch (const json::exception& fault) {
      bad(line, std::string("has a part of the wrong type (") + fault.what() + ")");
    }
  }, bad);
  if (out.problems.empty()) throw Error("gave no problem", config.path, windowed ? "is any of its contests within first_date and last_date?" : "is it a " + config.importer + " file?");
  out.source_sha256 = sha256_file_hex(config.path);
  return out;
}

}  // namespace reprise::datasets
