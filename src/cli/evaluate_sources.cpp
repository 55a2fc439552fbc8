#include "cli/evaluate_sources.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "evaluation/harness/grade_samples.h"
#include "evaluation/harness/prices.h"
#include "evaluation/harness/recorded.h"
#include "evaluation/harness/report.h"
#include "evaluation/harness/sample_store.h"

namespace reprise::cli {
namespace {

using evaluation::SampleStore;
using nlohmann::json;

std::string shown(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// "sampling.temperature=0.6" of a protocol's facts.
bool has_fact(const json& facts, const std::string& wanted) {
  const size_t equals = wanted.find('=');
  if (equals == std::string::npos) throw UsageError("--only wants FACT=VALUE, not '" + wanted + "'", "", "for example --only sampling.temperature=0.6");
  const json::json_pointer place("/" + replace_all(wanted.substr(0, equals), ".", "/"));
  if (!facts.contains(place)) return false;
  const std::string value = wanted.substr(equals + 1), there = shown(facts.at(place));
  const auto x = parse_double(value), y = parse_double(there);
  return x && y ? *x == *y : value == there;
}

std::string title_of(const json& facts) { return facts.at("model").at("name").get<std::string>() + " on " + facts.at("benchmark").at("id").get<std::string>(); }

// What tells protocols of one model and benchmark apart, for people: "temperature 0.6, no system".
std::string difference_label(const json& facts, const std::vector<const evaluation::StoredProtocol*>& siblings) {
  constexpr size_t kMostParts = 6, kMostBytes = 40;
  std::vector<std::string> names, parts;
  for (const auto* one : siblings) {
    for (const std::string& difference : evaluation::protocol_differences(siblings.front()->facts, one->facts)) {
      const std::string name = difference.substr(0, difference.find(": "));
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    if (parts.size() == kMostParts) break;
    const json::json_pointer place("/" + replace_all(name, ".", "/"));
    const std::string last = name.substr(name.rfind('.') + 1);
    parts.push_back(facts.contains(place) ? last + " " + shown(facts.at(place)).substr(0, kMostBytes) : "no " + last);
  }
  return join(parts, ", ");
}

std::string cost_text(const SampleStore& store, const std::string& protocol, const json& facts, const std::string& prices) {
  if (facts.value("/engine/name"_json_pointer, std::string()) != "openai") return "";
  const fs::path table = prices.empty() ? evaluation::published_folder().parent_path() / "prices.yaml" : fs::path(prices);
  const auto price = path_exists(table) ? evaluation::price_of(table, facts.at("model").at("name").get<std::string>()) : std::nullopt;
  int64_t prompt = 0, cached = 0, completion = 0, uncounted = 0;
  double cost = 0;
  for (const auto& s : store.samples(protocol)) {
    if (s.num_prompt_tokens < 0 || s.num_tokens < 0) {
      ++uncounted;
      continue;
    }
    prompt += s.num_prompt_tokens;
    cached += std::max<int64_t>(0, s.num_cached_tokens);
    completion += s.num_tokens;
    if (price) cost += serving::cost_of(*price, s.num_prompt_tokens, s.num_cached_tokens, s.num_tokens).value_or(0);
  }
  std::string out = price ? format_fixed(cost, 2) + " " + price->currency + " (" + price->source + ")" : "no price is known";
  out += ": " + format_count(prompt) + " prompt tokens, " + format_count(cached) + " of them cached, " + format_count(completion) + " of answers";
  if (uncounted > 0) out += "; " + format_count(uncounted) + " samples were not counted by the server";
  return out;
}

Source load_store(const std::string& path, evaluation::BenchmarkLibrary& library, const SourceOptions& options) {
  // Where nobody writes, verdicts are kept; while a run goes on, what is whole is read.
  std::unique_ptr<SampleStore> store;
  bool can_keep = true;
  try {
    store = std::make_unique<SampleStore>(path, SampleStore::Mode::read);
    store = std::make_unique<SampleStore>(path, SampleStore::Mode::write);
  } catch (const Error&) {
    if (!store) throw;
    can_keep = false;
  }
  std::vector<const evaluation::StoredProtocol*> chosen;
  for (const auto& [id, protocol] : store->protocols()) {
    const bool wanted = std::all_of(options.only.begin(), options.only.end(), [&](const std::string& fact) { return has_fact(protocol.facts, fact); });
    const bool listed = options.protocols.empty() || std::find(options.protocols.begin(), options.protocols.end(), id) != options.protocols.end();
    if (wanted && listed && store->num_samples(id) > 0) chosen.push_back(&protocol);
  }
  if (chosen.empty()) throw Error(options.only.empty() ? "has no sample" : "has no sample with " + join(options.only, ", "), path, options.only.empty() ? "draw some: `reprise evaluate run`" : "`--only` takes facts as the report shows them under \"drawn under\"");
  std::map<std::string, std::vector<const evaluation::StoredProtocol*>> by_title;
  for (const auto* protocol : chosen) by_title[title_of(protocol->facts)].push_back(protocol);
  for (const auto& [title, list] : by_title) {
    if (list.size() < 2 || options.each) continue;
    const auto differences = evaluation::protocol_differences(list[0]->facts, list[1]->facts);
    throw Error("holds samples of " + title + " drawn under " + std::to_string(list.size()) + " protocols, which are not put together; they differ in " + join(differences, "; ").substr(0, 400), path,
                "choose with --only " + differences.front().substr(0, differences.front().find(": ")) + "=..., or score each by itself with --each");
  }
  Source out;
  out.name = fs::path(path).lexically_normal().filename().string();
  if (out.name.empty()) out.name = fs::path(path).lexically_normal().parent_path().filename().string();
  for (const auto* protocol : chosen) {
    evaluation::GradingOptions grading{.grader = options.grader};
    const bool show = ::isatty(STDERR_FILENO);
    if (show) grading.progress = [&](int64_t done, int64_t all) { std::fprintf(stderr, "\r%s: %lld of %lld graded", title_of(protocol->facts).c_str(), static_cast<long long>(done), static_cast<long long>(all)); };
    evaluation::GradedSet graded = evaluation::grade_protocol(*store, protocol->id, library, grading);
    if (show) std::fprintf(stderr, "\r\033[K");
    if (can_keep) evaluation::keep_verdicts(*store, graded);
    out.num_graded += graded.num_graded;
    evaluation::SetFacts facts{.protocol = protocol->facts, .rule = graded.rule, .cost = cost_text(*store, protocol->id, protocol->facts, options.prices)};
    const auto& siblings = by_title[title_of(protocol->facts)];
    if (siblings.size() > 1) graded.set.model += " (" + difference_label(protocol->facts, siblings) + ")";
    const int64_t k = graded.set.most_generations(), missing = k * static_cast<int64_t>(graded.set.problems.size()) - graded.set.num_samples();
    if (missing > 0) facts.notes.push_back(format_count(missing) + " of " + format_count(missing + graded.set.num_samples()) + " samples are missing: problems have " + std::to_string(graded.set.num_generations()) + " to " + std::to_string(k));
    const evaluation::Benchmark* benchmark = library.find(graded.set.benchmark);
    if (benchmark && benchmark->num_problems > static_cast<int64_t>(graded.set.problems.size())) {
      facts.notes.push_back(format_count(static_cast<int64_t>(graded.set.problems.size())) + " of the benchmark's " + format_count(benchmark->num_problems) + " problems");
    }
    if (graded.num_recorded > 0 && graded.rule != "recorded") {
      facts.notes.push_back("the recorder decided otherwise on " + format_count(graded.num_otherwise) + " of the " + format_count(graded.num_recorded) + " samples that it had a verdict on (--grader recorded believes it)");
    }
    out.num_samples += graded.set.num_samples();
    out.sets.push_back(std::move(graded.set));
    facts.set = &out.sets.back();
    out.facts.push_back(std::move(facts));
  }
  if (can_keep && out.num_graded > 0) store->seal();
  return out;
}

}  // namespace

Source load_source(const std::string& path, evaluation::BenchmarkLibrary& library, const SourceOptions& options) {
  if (is_folder(path)) return load_store(path, library, options);
  if (!options.grader.empty() || !options.only.empty()) throw UsageError("--grader and --only are for stores of samples; " + path + " is a file", "", "bring it into one: `reprise evaluate import`");
  evaluation::Recorded recorded = evaluation::read_recorded(path, [&](const std::string& benchmark, const std::string& id) {
    if (library.benchmark(benchmark).grader == "code") throw Error("programs are judged by `reprise grade code`, or in a store (`reprise evaluate import`): record its verdict as \"correct\"");
    return &library.problem(benchmark, id);
  });
  Source out;
  out.name = fs::path(path).filename().string();
  out.sha256 = recorded.sha256;
  out.num_samples = recorded.num_lines;
  out.num_graded = recorded.num_graded;
  for (auto& set : recorded.sets) out.sets.push_back(std::move(set));
  return out;
}

}  // namespace reprise::cli
