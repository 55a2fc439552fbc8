// TensorBoard event files: TFRecord frames around Event messages (tensorflow/core/util/event.proto), scalars only.
//   tensorboard --logdir RUN/stages      shows each stage as a run
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "pipeline/run_context.h"

namespace reprise::pipeline {

// A new file in the stage's folder, beside metrics.jsonl; RunContext writes the rows that are there already first. A full
// disk ends the run with one line.
EventSink open_tensorboard(const std::filesystem::path& stage_folder);

// One record, framed: length, masked CRC-32C of it, data, masked CRC-32C of the data.
std::string tensorboard_record(const std::string& data);
std::string tensorboard_event(double wall_time, int64_t step, const Metrics& metrics);
uint32_t crc32c(const std::string& bytes);

}  // namespace reprise::pipeline
