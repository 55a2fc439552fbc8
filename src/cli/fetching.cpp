// The pipeline's progress line, counting bytes.
#include "cli/fetching.h"

#include <cstdio>

#include "base/files.h"
#include "base/strings.h"
#include "pipeline/progress.h"
#include "pipeline/stop_flag.h"

namespace reprise::cli {

int fetch_with_progress(const datasets::FetchManifest& manifest, const std::filesystem::path& folder) {
  const pipeline::StopSignals signals;
  pipeline::Progress progress(pipeline::standard_progress());
  std::string current;
  const auto report = datasets::fetch(
      manifest, folder,
      [&](const std::string& path, int64_t done, int64_t total) {
        if (path != current) progress.begin_stage(current = path);
        progress.update(done >> 10, total > 0 ? total >> 10 : 0, {});
      },
      [] { return pipeline::StopSignals::requested(); });
  progress.clear();
  std::printf("%s: %s downloaded, %s there already, in %s\n", manifest.name.c_str(), format_count(report.num_downloaded).c_str(),
              format_count(report.num_there).c_str(), folder.c_str());
  return 0;
}

}  // namespace reprise::cli
