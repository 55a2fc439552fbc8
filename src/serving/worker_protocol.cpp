#include "serving/worker_protocol.h"

#include "base/error.h"
#include "base/json.h"
#include "config/reader.h"
#include "config/writer.h"

namespace reprise::serving {
namespace {

using nlohmann::json;

constexpr const char* kKinds[] = {"prompt", "tokens", "end", "fault"};
constexpr generation::StopReason kReasons[] = {generation::StopReason::eos, generation::StopReason::stop_string, generation::StopReason::length};

const char* name_of(generation::StopReason reason) {
  switch (reason) {
    case generation::StopReason::eos: return "eos";
    case generation::StopReason::stop_string: return "stop_string";
    case generation::StopReason::length: return "length";
  }
  return "";
}

json parsed(std::string_view line) {
  json out = json::parse(line, nullptr, false);
  if (!out.is_object()) throw Error("is no line of the worker's protocol: '" + std::string(line.substr(0, 80)) + "'", "the engine");
  return out;
}

template <class Work>
auto guarded(const Work& work) {
  try {
    return work();
  } catch (const json::exception& fault) {
    throw Error(std::string("sent a line that does not fit the protocol: ") + fault.what(), "the engine");
  }
}

json rows_of(const std::vector<std::vector<generation::TokenLogprob>>& alternatives) {
  json out = json::array();
  for (const auto& row : alternatives) {
    json one = json::array();
    for (const auto& token : row) one.push_back({token.id, token.logprob});
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

std::string to_line(const WorkRequest& r) {
  return json{{"number", r.number}, {"prompt", r.prompt}, {"random_path", r.random_path}, {"prompt_number", r.prompt_number}, {"num_generations", r.num_generations},
              {"first_sample_index", r.first_sample_index}, {"more_stop_ids", r.more_stop_ids}, {"ignore_end", r.ignore_end}, {"sampling", config::to_json(r.sampling)},
              {"score_prompt", r.score_prompt}, {"num_alternatives", r.num_alternatives}, {"stream", r.stream}}
      .dump();
}

std::string to_line(const WorkUpdate& u) {
  json out = {{"number", u.number}, {"kind", kKinds[static_cast<int>(u.kind)]}};
  if (u.kind == UpdateKind::fault) {
    out["text"] = u.text;
  } else {
    out["sample"] = u.sample_index;
    out["ids"] = u.ids;
    out["logprobs"] = u.logprobs;
    if (!u.alternatives.empty()) out["alternatives"] = rows_of(u.alternatives);
    if (u.kind == UpdateKind::end) {
      out["stop_reason"] = name_of(u.stop_reason);
      out["text"] = u.text;
    }
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_line(const WorkerInfo& i) {
  return json{{"ready", {{"max_position_embeddings", i.max_position_embeddings}, {"vocab_size", i.vocab_size}, {"num_parameters", i.num_parameters}, {"stop_ids", i.stop_ids},
                         {"device", i.device}, {"dtype", i.dtype}}}}
      .dump();
}

std::string cancel_line(int64_t number) { return json{{"cancel", number}}.dump(); }

WorkerOrder parse_order(std::string_view line) {
  return guarded([&] {
    const json in = parsed(line);
    WorkerOrder out;
    if (in.contains("cancel")) {
      out.is_cancel = true;
      out.request.number = in["cancel"].get<int64_t>();
      return out;
    }
    WorkRequest& r = out.request;
    r.number = in.at("number").get<int64_t>();
    in.at("prompt").get_to(r.prompt);
    in.at("random_path").get_to(r.random_path);
    in.at("prompt_number").get_to(r.prompt_number);
    in.at("num_generations").get_to(r.num_generations);
    in.at("first_sample_index").get_to(r.first_sample_index);
    in.at("more_stop_ids").get_to(r.more_stop_ids);
    in.at("ignore_end").get_to(r.ignore_end);
    r.sampling = config::config_from_json<generation::SamplingConfig>(in.at("sampling"), "sampling");
    in.at("score_prompt").get_to(r.score_prompt);
    in.at("num_alternatives").get_to(r.num_alternatives);
    in.at("stream").get_to(r.stream);
    return out;
  });
}

WorkerInfo parse_ready(std::string_view line) {
  return guarded([&] {
    const json in = parsed(line);
    if (in.contains("fatal")) throw Error(in["fatal"].get<std::string>());
    const json& ready = in.at("ready");
    WorkerInfo out;
    ready.at("max_position_embeddings").get_to(out.max_position_embeddings);
    ready.at("vocab_size").get_to(out.vocab_size);
    ready.at("num_parameters").get_to(out.num_parameters);
    ready.at("stop_ids").get_to(out.stop_ids);
    ready.at("device").get_to(out.device);
    ready.at("dtype").get_to(out.dtype);
    return out;
  });
}

WorkUpdate parse_update(std::string_view line) {
  return guarded([&] {
    const json in = parsed(line);
    if (in.contains("fatal")) throw Error(in["fatal"].get<std::string>());
    WorkUpdate out;
    out.number = in.at("number").get<int64_t>();
    const auto kind = in.at("kind").get<std::string>();
    bool known = false;
    for (int i = 0; i < 4; ++i) {
      if (kind != kKinds[i]) continue;
      out.kind = static_cast<UpdateKind>(i);
      known = true;
    }
    if (!known) throw Error("sent an update of the kind '" + kind + "'", "the engine");
    if (out.kind == UpdateKind::fault) {
      in.at("text").get_to(out.text);
      return out;
    }
    in.at("sample").get_to(out.sample_index);
    in.at("ids").get_to(out.ids);
    in.at("logprobs").get_to(out.logprobs);
    if (in.contains("alternatives")) {
      for (const json& row : in["alternatives"]) {
        auto& into = out.alternatives.emplace_back();
        for (const json& token : row) into.push_back({token.at(0).get<int32_t>(), token.at(1).get<float>()});
      }
    }
    if (out.kind == UpdateKind::end) {
      in.at("text").get_to(out.text);
      const auto reason = in.at("stop_reason").get<std::string>();
      for (const auto one : kReasons) {
        if (reason == name_of(one)) out.stop_reason = one;
      }
    }
    return out;
  });
}

}  // namespace reprise::serving
