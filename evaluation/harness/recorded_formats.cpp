// The two passes. In the first, documents find their problems and gather what the harness thinks of them; lines of one document may stand far
// apart, one for each filter. In the second, samples are given out.
#include "evaluation/harness/recorded_formats.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "evaluation/harness/foreign_document.h"
#include "evaluation/harness/problem_match.h"
#include "grading/math/math_grader.h"
#include "io/jsonl.h"

namespace reprise::evaluation {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr size_t kMaxDocuments = 5'000'000;
// A row may hold 64 generations of 32,768 tokens, each token with its number.
constexpr size_t kMaxRowBytes = size_t{512} << 20;

// Ends the reading of a file of which enough was seen.
struct Enough {};

std::string shortened(std::string_view text) {
  std::string out(text.substr(0, 120));
  while (!out.empty() && !valid_utf8(out)) out.pop_back();
  return replace_all(out, "\n", " ") + (text.size() > out.size() ? " ..." : "");
}

std::optional<RecordedFormat> format_of(const json& row) {
  const auto has = [&](const char* key) { return row.contains(key); };
  if (has("doc_id") && has("resps") && has("arguments")) return RecordedFormat::lm_eval;
  if (has("model_response") && has("doc")) return RecordedFormat::lighteval;
  if (has("predictions") && has("full_prompt")) return RecordedFormat::lighteval;
  if (has("generations") || has("generation")) return RecordedFormat::open_r1;
  return std::nullopt;
}

// A document for people.
std::string label(const ForeignDocument& document) { return "'" + shortened(!document.id.empty() ? document.id : document.texts.empty() ? document.key : document.texts[0]) + "'"; }

ForeignDocument read_row(RecordedFormat format, const json& row, const ForeignOptions& options) {
  switch (format) {
    case RecordedFormat::lm_eval: return read_lm_eval_row(row);
    case RecordedFormat::lighteval: return read_lighteval_row(row);
    case RecordedFormat::open_r1: return read_open_r1_row(row);
    case RecordedFormat::plain: return read_plain_row(row, options);
  }
  return {};
}

// Of the metrics of a document the one that is the verdict on its only sample; "" where none is clearly it.
std::string deciding_metric(const std::map<std::string, double>& metrics, const std::string& wanted) {
  const auto named = [&](const std::string& name) -> std::string {
    if (metrics.contains(name)) return name;
    std::vector<std::string> filtered;
    for (const auto& [key, value] : metrics) {
      if (key.starts_with(name + ",")) filtered.push_back(key);
    }
    return filtered.size() == 1 ? filtered[0] : "";
  };
  if (!wanted.empty()) return named(wanted);
  if (metrics.size() == 1) return metrics.begin()->first;
  for (const char* name : {"exact_match", "extractive_match", "math_verify", "acc", "pass@1", "prompt_level_strict_acc"}) {
    if (const std::string found = named(name); !found.empty()) return found;
  }
  return "";
}

class Importing {
 public:
  Importing(const fs::path& file, const ForeignOptions& options, const std::vector<TaskName>& names, const ProblemsOf& problems_of) : file_(file), options_(options), names_(names), problems_of_(problems_of) {
    summary_.format = recognize_recording(file, options);
  }

  ForeignSummary run(const std::function<void(const ForeignRow&)>& give) {
    each_document([&](const ForeignDocument& document, const std::string& where) { learn(document, where); });
    if (known_.empty()) throw Error("has no row", file_.string());
    tell_unmatched();
    std::unordered_map<std::string, int64_t> num_given;
    std::set<std::string> models;
    each_document([&](const ForeignDocument& document, const std::string& where) {
      Known& known = known_.at(document.key);
      if (known.is_given && !document.has_more_samples) return;
      known.is_given = true;
      ForeignRow row = row_of(document, known, where);
      models.insert(row.model);
      summary_.num_missing += document.num_missing;
      for (const ForeignSample& sample : document.samples) {
        row.sample = num_given[row.problem]++;
        fill(row, document, known, sample);
        ++summary_.num_samples;
        summary_.num_verdicts += row.correct.has_value();
        give(row);
      }
    });
    summary_.num_documents = static_cast<int64_t>(known_.size());
    summary_.model = models.size() == 1 ? *models.begin() : "";
    summary_.harness_version = run_.harness_version;
    summary_.results_file = run_.results_file;
    summary_.task = task_;
    summary_.benchmark = benchmark_;
    return std::move(summary_);
  }

 private:
  struct Known {
    std::string problem;
    bool is_matched = false, is_given = false;
    std::map<std::string, double> metrics;
  };

  void each_document(const std::function<void(const ForeignDocument&, const std::string& where)>& take) {
    io::read_json_rows(file_, [&](int64_t line, const json& row) {
      const std::string where = file_.string() + ":" + std::to_string(line);
      ForeignDocument document;
      try {
        document = read_row(summary_.format, row, options_);
      } catch (const Error& fault) {
        throw Error(fault.fault(), where, fault.hint().empty() ? std::string("it was taken for a file of ") + name_of(summary_.format) : fault.hint());
      }
      if (document.key.empty()) document.key = std::to_string(line - 1);
      take(document, where);
    }, kMaxRowBytes);
  }

  // The benchmark, and what the results beside the file say; known with the first document.
  void begin(const ForeignDocument& document) {
    task_ = document.task;
    if (task_.empty() && summary_.format == RecordedFormat::lm_eval) task_ = lm_eval_task_of(file_);
    if (task_.empty() && summary_.format == RecordedFormat::lighteval) task_ = lighteval_task_of(file_);
    if (summary_.format == RecordedFormat::lm_eval) run_ = read_lm_eval_run(file_, task_);
    if (summary_.format == RecordedFormat::lighteval) run_ = read_lighteval_run(file_, task_);
    const TaskName* name = find_task(names_, name_of(summary_.format), task_);
    table_metric_ = name ? name->metric : "";
    benchmark_ = !options_.benchmark.empty() ? options_.benchmark : name ? name->benchmark : "";
    if (benchmark_.empty()) {
      throw Error(task_.empty() ? "does not say which benchmark it is of" : "is of the task '" + task_ + "', which evaluation/tasks.yaml does not know", file_.string(), "say --benchmark ID");
    }
    if (!options_.own_ids) problems_ = problems_of_(benchmark_);
    if (problems_) index_.emplace(*problems_);
  }

  void learn(const ForeignDocument& document, const std::string& where) {
    if (known_.empty()) begin(document);
    if (!document.task.empty() && document.task != task_) throw Error("is of the task '" + document.task + "' where the rows before are of '" + task_ + "'", where, "a file holds one task");
    if (known_.size() == kMaxDocuments) throw Error("has more than " + std::to_string(kMaxDocuments) + " documents", file_.string(), "split it");
    const auto [found, is_new] = known_.try_emplace(document.key);
    Known& known = found->second;
    for (const auto& [name, value] : document.metrics) {
      if (!known.metrics.emplace(name, value).second && !document.has_more_samples) throw Error("is document " + label(document) + " a second time", where, "two runs in one file?");
    }
    if (!is_new) return;
    if (!problems_) {
      known.problem = short_key(document);
      ++summary_.num_unmatched;
      return;
    }
    auto match = find(document);
    if (!match) {
      if (++num_lost_ == 1) first_lost_ = "number " + std::to_string(known_.size()) + ", '" + shortened(document.texts.empty() ? document.prompt : document.texts[0]) + "'";
      return;
    }
    tell_apart(match->problems, document);
    // Problems that are the same in all of this are told apart by nothing but their order.
    const auto free = std::find_if(match->problems.begin(), match->problems.end(), [&](size_t i) { return !taken_.contains(i); });
    if (free == match->problems.end()) {
      const size_t i = match->problems.front();
      throw Error("document " + label(document) + " is problem '" + (*problems_)[i].id + "' of '" + benchmark_ + "', and so is document " + taken_.at(i), where, "say --own-ids to keep the file's own ids");
    }
    taken_.emplace(*free, label(document));
    known.problem = (*problems_)[*free].id;
    known.is_matched = true;
    (match->kind == MatchKind::id ? summary_.num_by_id : match->kind == MatchKind::text ? summary_.num_by_text : summary_.num_by_likeness) += 1;
  }

  // A key that is a whole text is named by its hash.
  static std::string short_key(const ForeignDocument& document) { return document.key.size() <= 100 && document.key_is_id ? document.key : sha256_hex(document.key).substr(0, 16); }

  std::optional<ProblemMatch> find(const ForeignDocument& document) {
    if (auto match = index_->by_id(document.id)) return match;
    for (const std::string& text : document.texts) {
      if (auto match = index_->by_text(text)) return match;
    }
    // In other words it is the same problem only if it has the same answer.
    for (const std::string& text : document.texts) {
      auto match = index_->by_likeness(text);
      if (!match) continue;
      std::erase_if(match->problems, [&](size_t i) { return !same_answer((*problems_)[i].answer, document.gold); });
      if (!match->problems.empty()) return match;
    }
    return std::nullopt;
  }

  // Of problems with the same letters: those of the task's subject, those with the same signs too, those with the same answer.
  void tell_apart(std::vector<size_t>& candidates, const ForeignDocument& document) {
    const auto narrow = [&](const std::function<bool(const data::Problem&)>& fits) {
      if (candidates.size() < 2) return;
      std::vector<size_t> kept;
      std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(kept), [&](size_t i) { return fits((*problems_)[i]); });
      if (!kept.empty()) candidates = std::move(kept);
    };
    narrow([&](const data::Problem& one) {
      const json metadata = json::parse(one.metadata, nullptr, false);
      const std::string subject = plain_text(part(metadata, "subject"));
      return !subject.empty() && (task_.ends_with(":" + subject) || task_.find("_" + subject) != std::string::npos);
    });
    narrow([&](const data::Problem& one) {
      const std::string wanted = without_blanks(one.prompt);
      return std::any_of(document.texts.begin(), document.texts.end(), [&](const std::string& text) { return without_blanks(text).find(wanted) != std::string::npos; });
    });
    narrow([&](const data::Problem& one) { return same_answer(one.answer, document.gold); });
  }

  bool same_answer(const std::string& a, const std::string& b) {
    if (a.empty() || b.empty()) return false;
    grading::math::MathOptions bare;
    bare.bare = true;
    return a == b || grading::math::grade_math(a, b, workspace_, bare).verdict == grading::VerdictKind::correct;
  }

  void tell_unmatched() const {
    if (num_lost_ == 0) return;
    throw Error(std::to_string(num_lost_) + " of " + std::to_string(known_.size()) + " documents are no problem of '" + benchmark_ + "', the first being " + first_lost_, file_.string(),
                "is it another benchmark (--benchmark ID), or another version of it (--own-ids keeps the file's ids and answers)?");
  }

  ForeignRow row_of(const ForeignDocument& document, const Known& known, const std::string& where) const {
    ForeignRow row;
    row.model = !options_.model.empty() ? options_.model : !document.model.empty() ? document.model : run_.model;
    if (row.model.empty()) throw Error("does not say which model wrote it", where, "say --model NAME");
    row.benchmark = benchmark_;
    row.problem = known.problem;
    row.is_matched = known.is_matched;
    row.gold = document.gold;
    row.prompt = document.prompt;
    row.metrics = known.metrics;
    row.protocol = document.protocol;
    for (const auto& [name, value] : run_.protocol) {
      // What the run was told about lengths overrides what the task asks for.
      if (name == "max_completion_length") row.protocol[name] = value;
      else row.protocol.emplace(name, value);
    }
    row.harness = name_of(summary_.format);
    row.harness_version = run_.harness_version;
    row.task = task_;
    row.document = short_key(document);
    return row;
  }

  void fill(ForeignRow& row, const ForeignDocument& document, const Known& known, const ForeignSample& sample) const {
    row.completion = sample.text;
    row.answer = sample.answer;
    row.num_tokens = sample.num_tokens;
    row.finished = sample.finished;
    row.reasoning = sample.reasoning;
    row.correct = sample.correct;
    row.correct_by = sample.correct_by;
    // A metric of several samples is no verdict on one of them.
    if (!row.correct && document.samples.size() == 1 && document.num_missing == 0 && !document.has_more_samples) {
      row.correct_by = deciding_metric(known.metrics, options_.metric);
      if (options_.metric.empty() && !table_metric_.empty()) {
        // Older versions name no filter, or have another metric: then the file decides.
        if (const std::string listed = deciding_metric(known.metrics, table_metric_); !listed.empty()) row.correct_by = listed;
      }
      if (const auto value = known.metrics.find(row.correct_by); value != known.metrics.end() && (value->second == 0 || value->second == 1)) row.correct = value->second == 1;
      else row.correct_by.clear();
    }
    // As many tokens as there may be: it was cut. Fewer prove nothing, where the prompt left less room than that.
    if (!row.finished && row.num_tokens && run_.max_tokens && *row.num_tokens >= *run_.max_tokens) row.finished = false;
    if (!row.completion && !row.correct) throw Error("holds neither a generation nor a verdict on document '" + row.document + "'", file_.string(), "name the metric that is one: --metric NAME");
  }

  fs::path file_;
  const ForeignOptions& options_;
  const std::vector<TaskName>& names_;
  const ProblemsOf& problems_of_;
  ForeignSummary summary_;
  ForeignRun run_;
  std::string task_, benchmark_, table_metric_;
  const std::vector<data::Problem>* problems_ = nullptr;
  std::optional<ProblemIndex> index_;
  std::unordered_map<std::string, Known> known_;
  std::unordered_map<size_t, std::string> taken_;  // problem -> the document that is it, for people
  int64_t num_lost_ = 0;
  std::string first_lost_;
  grading::math::Workspace workspace_;
};

}  // namespace

const char* name_of(RecordedFormat format) {
  switch (format) {
    case RecordedFormat::lm_eval: return "lm-eval";
    case RecordedFormat::lighteval: return "lighteval";
    case RecordedFormat::open_r1: return "open-r1";
    case RecordedFormat::plain: return "plain";
  }
  return "?";
}

RecordedFormat recognize_recording(const fs::path& file, const ForeignOptions& options) {
  for (const RecordedFormat format : {RecordedFormat::lm_eval, RecordedFormat::lighteval, RecordedFormat::open_r1, RecordedFormat::plain}) {
    if (options.format != name_of(format)) continue;
    if (format == RecordedFormat::plain && options.completion_field.empty()) throw Error("plain rows need the name of the field that holds the completions", file.string(), "say --completion-field NAME");
    return format;
  }
  if (!options.format.empty()) throw Error("there is no format '" + options.format + "'", "", "there are: lm-eval, lighteval, open-r1, plain");
  if (!options.completion_field.empty()) return RecordedFormat::plain;
  std::optional<json> first;
  try {
    io::read_json_rows(file, [&](int64_t, const json& row) {
      first = row;
      throw Enough();
    }, kMaxRowBytes);
  } catch (const Enough&) {
  }
  if (!first) throw Error("has no row", file.string());
  if (const auto format = format_of(*first)) return *format;
  std::vector<std::string> keys;
  for (const auto& [key, value] : first->items()) {
    if (keys.size() < 20) keys.push_back(shortened(key));
  }
  if (first->contains("benchmark") && first->contains("problem") && first->contains("sample")) throw Error("is in our own recorded form already", file.string(), "`reprise evaluate recorded` reads it");
  throw Error("is no recording that is known: its rows have " + join(keys, ", "), file.string(), "name the fields of plain rows: --problem-field, --completion-field");
}

json to_json(const ForeignRow& row) {
  json out = {{"model", row.model}, {"benchmark", row.benchmark}, {"problem", row.problem}, {"sample", row.sample}};
  if (row.completion) out["completion"] = *row.completion;
  else if (row.correct) out["correct"] = *row.correct;
  if (!row.answer.empty()) out["answer"] = row.answer;
  if (row.num_tokens) out["num_tokens"] = *row.num_tokens;
  if (row.finished) out["finished"] = *row.finished;
  if (row.reasoning) out["reasoning"] = *row.reasoning;
  if (!row.is_matched && !row.gold.empty()) out["gold"] = row.gold;
  if (!row.prompt.empty()) out["prompt"] = row.prompt;
  json& harness = out["harness"] = {{"name", row.harness}, {"document", row.document}};
  if (!row.harness_version.empty()) harness["version"] = row.harness_version;
  if (!row.task.empty()) harness["task"] = row.task;
  if (row.correct) harness["correct"] = *row.correct, harness["correct_by"] = row.correct_by;
  if (!row.metrics.empty()) harness["metrics"] = row.metrics;
  if (!row.gold.empty()) harness["gold"] = row.gold;
  if (!row.protocol.empty()) out["protocol"] = row.protocol;
  return out;
}

ForeignSummary read_foreign_recording(const fs::path& file, const ForeignOptions& options, const std::vector<TaskName>& names, const ProblemsOf& problems_of, const std::function<void(const ForeignRow&)>& row) {
  return Importing(file, options, names, problems_of).run(row);
}

}  // namespace reprise::evaluation
