// Index the evaluation stores, let each training store go by.
#include "evaluation/harness/contamination.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "config/reader.h"
#include "data/overlap_file.h"
#include "data/row_stream.h"
#include "data/store.h"
#include "evaluation/harness/contamination_config.h"

namespace reprise::evaluation {

nlohmann::json run_contamination(pipeline::StageContext& context) {
  const auto config = config::config_from_json<ContaminationConfig>(context.keys(), context.name());
  context.begin_at(0);
  std::vector<data::OverlapBenchmark> benchmarks;
  for (const std::string& name : config.evaluation_stores) {
    data::OverlapBenchmark& benchmark = benchmarks.emplace_back();
    benchmark.name = name;
    for (data::Problem& problem : data::read_problems(context.resolve(name))) benchmark.problems.push_back({std::move(problem.id), std::move(problem.prompt), std::move(problem.solution)});
  }
  const data::OverlapIndex index(benchmarks, config.overlap);
  benchmarks.clear();

  int64_t num_rows = 0, num_bytes = 0;
  std::vector<data::OverlapPair> pairs;
  for (size_t i = 0; i < config.training_stores.size(); ++i) {
    const auto path = context.resolve(config.training_stores[i]);
    data::OverlapScan scan(index, config.training_stores[i]);
    data::for_each_store_row(path, [&](std::string_view id, const std::vector<std::string_view>& texts) {
      if (scan.num_rows() % 1024 == 0) {
        if (context.stop_requested()) throw Interrupted("stopped while looking for overlaps", context.name(), "go on with --resume");
        context.progress(static_cast<int64_t>(i), static_cast<int64_t>(config.training_stores.size()), {{"rows", static_cast<double>(num_rows + scan.num_rows())}});
      }
      scan.add_row(id, texts);
    });
    num_rows += scan.num_rows();
    num_bytes += scan.num_text_bytes();
    for (data::OverlapPair& pair : scan.pairs()) pairs.push_back(std::move(pair));
  }
  const auto file = context.folder() / "overlap.jsonl";
  data::write_overlap_file(file, pairs);
  nlohmann::ordered_json summary = data::overlap_summary(index, pairs);
  int64_t num_hit = 0;
  for (const auto& benchmark : summary["benchmarks"]) {
    const auto hit = benchmark["problems_hit"].get<int64_t>();
    num_hit += hit;
    context.note(benchmark["name"].get<std::string>() + ": " + format_count(hit) + " of " + format_count(benchmark["num_problems"].get<int64_t>()) + " problems were found in what is trained on" +
                 (benchmark["from_template"].get<bool>() ? " (made from a template: whole texts and near-duplicates count)" : ""));
  }
  context.record(0, {{"rows", static_cast<double>(num_rows)}, {"text_bytes", static_cast<double>(num_bytes)}, {"problems_hit", static_cast<double>(num_hit)}});
  // Two runs agree where they found the same.
  context.ledger(0, sha256_file_hex(file), {{"problems_hit", static_cast<double>(num_hit)}});
  summary["rows"] = num_rows;
  summary["text_bytes"] = num_bytes;
  return summary;
}

}  // namespace reprise::evaluation
