// Downloads with a line of progress on the terminal; Ctrl-C keeps what came.
#pragma once

#include <filesystem>

#include "datasets/fetch.h"

namespace reprise::cli {

// Returns the exit code; says what was downloaded and what was there.
int fetch_with_progress(const datasets::FetchManifest& manifest, const std::filesystem::path& folder);

}  // namespace reprise::cli
