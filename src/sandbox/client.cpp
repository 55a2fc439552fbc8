// One line out, one line in.
#include "sandbox/client.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/line_process.h"

namespace reprise::sandbox {

Client::Client() : process_(std::make_unique<LineProcess>(std::vector<std::string>{executable_folder() / "reprise-sandbox"})) {}
Client::~Client() = default;

std::vector<std::string> Client::probe() {
  process_->write_line("probe");
  const auto line = process_->read_line(30);
  if (!line) throw Error("does not answer", "reprise-sandbox");
  return result_from_json(nlohmann::json::parse(*line)).layers;
}

Result Client::run(const Request& request) {
  Result result;
  try {
    process_->write_line(to_json(request).dump());
    // The supervisor keeps the clocks; this one only notices that it hangs.
    const auto line = process_->read_line(request.limits.wall_seconds + 30);
    if (line) return result_from_json(nlohmann::json::parse(*line));
    result.fault = process_->timed_out() ? "the supervisor hangs" : "the supervisor ended";
    process_->restart();
  } catch (const std::exception& fault) {
    result.fault = fault.what();
  }
  return result;
}

}  // namespace reprise::sandbox
