// What `reprise` and `reprise-engine worker` say to each other: one JSON object a line, over a socket pair.
//   to the worker:   {"number": 7, "prompt": [1, 5, 9], "num_generations": 2, "sampling": {...}, ...} | {"cancel": 7}
//   from it, once:   {"ready": {"max_position_embeddings": 8192, ...}} | {"fatal": "model: is not there"}
//   from it:         {"number": 7, "kind": "tokens", "sample": 0, "ids": [12], "logprobs": [-0.25]} ... "end" | "prompt" | "fault"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "generation/completion.h"
#include "generation/sampling_config.h"

namespace reprise::serving {

// One prompt to be continued; see generation/session.h for what each means.
struct WorkRequest {
  int64_t number = 0;
  std::vector<int32_t> prompt;
  std::vector<uint64_t> random_path;
  uint64_t prompt_number = 0;
  int64_t num_generations = 1, first_sample_index = 0;
  std::vector<int32_t> more_stop_ids;  // beside the model's own
  bool ignore_end = false;             // the model's own do not end it
  generation::SamplingConfig sampling;
  bool score_prompt = false;
  int64_t num_alternatives = 0;
  bool stream = false;                 // tell tokens as they come, not only at the end
};

enum class UpdateKind { prompt, tokens, end, fault };

struct WorkUpdate {
  int64_t number = 0;
  UpdateKind kind = UpdateKind::fault;
  int64_t sample_index = 0;
  std::vector<int32_t> ids;            // tokens: the new ones; end: all of them
  std::vector<float> logprobs;         // under the full softmax at temperature 1; prompt: of tokens 1, 2, ...
  std::vector<std::vector<generation::TokenLogprob>> alternatives;
  generation::StopReason stop_reason = generation::StopReason::length;
  std::string text;                    // end: decoded, special tokens skipped; fault: what is wrong
};

// What the worker has loaded.
struct WorkerInfo {
  int64_t max_position_embeddings = 0, vocab_size = 0, num_parameters = 0;
  std::vector<int32_t> stop_ids;
  std::string device, dtype;
};

std::string to_line(const WorkRequest& request);
std::string to_line(const WorkUpdate& update);
std::string to_line(const WorkerInfo& info);
std::string cancel_line(int64_t number);

// A line to the worker: a request, or a number to be cancelled. Throws Error.
struct WorkerOrder {
  bool is_cancel = false;
  WorkRequest request;  // number alone with is_cancel
};
WorkerOrder parse_order(std::string_view line);
// A line from it. Throws Error also for {"fatal": ...}, with its text.
WorkerInfo parse_ready(std::string_view line);
WorkUpdate parse_update(std::string_view line);

}  // namespace reprise::serving
