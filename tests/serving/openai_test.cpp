// OpenAI's protocol, both sides of it, without a server: what is read, what is refused, pieces of streams cut anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "serving/openai_answer.h"
#include "serving/openai_backend.h"
#include "serving/openai_request.h"
#include "serving/worker_protocol.h"
#include "support/fault_of.h"

namespace reprise::serving {
namespace {

using ::testing::HasSubstr;
using nlohmann::json;

RequestFault fault_of(const std::string& body, bool is_chat) {
  try {
    parse_request(body, is_chat);
  } catch (const RequestFault& fault) {
    return fault;
  }
  return {200, "nothing was refused", "", ""};
}

TEST(OpenAiRequest, ReadsWhatClientsSend) {
  const auto chat = parse_request(R"({"model": "m", "messages": [{"role": "developer", "content": "be brief"}, {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
    "temperature": 0.6, "top_p": 0.95, "max_tokens": 5, "max_completion_tokens": 7, "n": 2, "seed": -1, "stop": "X", "stream": true, "stream_options": {"include_usage": true}, "logprobs": true, "top_logprobs": 3,
    "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {}, "response_format": {"type": "text"}, "tools": [], "user": "me", "top_k": -1, "min_p": 0.1})", true);
  EXPECT_EQ(chat.messages[0].role, "system");
  EXPECT_EQ(chat.messages[1].content, "ab");
  EXPECT_EQ(chat.sampling.temperature, 0.6);
  EXPECT_EQ(chat.max_tokens, 7);
  EXPECT_EQ(chat.num_generations, 2);
  EXPECT_EQ(chat.seed, UINT64_MAX);
  EXPECT_THAT(chat.sampling.stop_strings, ::testing::ElementsAre("X"));
  EXPECT_TRUE(chat.stream && chat.include_usage);
  EXPECT_EQ(chat.num_alternatives, 3);
  EXPECT_EQ(chat.sampling.top_k, 0);
  const auto completion = parse_request(R"({"prompt": [[1, 2], [3]], "max_tokens": 0, "echo": true, "logprobs": 5, "stop": ["a", "b", ""], "temperature": 0})", false);
  ASSERT_EQ(completion.prompts.size(), 2u);
  EXPECT_EQ(std::get<std::vector<int32_t>>(completion.prompts[0]), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(completion.max_tokens, 0);
  EXPECT_EQ(completion.sampling.stop_strings.size(), 2u);
  EXPECT_EQ(std::get<std::string>(parse_request(R"({"prompt": ["x", "y"]})", false).prompts[1]), "y");
  EXPECT_EQ(std::get<std::vector<int32_t>>(parse_request(R"({"prompt": [7, 8, 9]})", false).prompts[0]).size(), 3u);
}

TEST(OpenAiRequest, RefusesByNameWhatItDoesNotDo) {
  const std::string chat = R"({"messages": [{"role": "user", "content": "a"}])";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"(, "max_token": 3})", "did you mean 'max_tokens'?"},
      {R"(, "presence_penalty": 0.5})", "'presence_penalty'"},
      {R"(, "logit_bias": {"5": 1}})", "'logit_bias'"},
      {R"(, "tools": [{}]})", "'tools'"},
      {R"(, "response_format": {"type": "json_object"}})", "'response_format'"},
      {R"(, "temperature": -1})", "'temperature'"},
      {R"(, "temperature": "hot"})", "'temperature'"},
      {R"(, "top_p": 0})", "'top_p'"},
      {R"(, "n": 0})", "'n'"},
      {R"(, "n": 1.5})", "'n'"},
      {R"(, "max_tokens": 1e300})", "'max_tokens'"},
      {R"(, "top_logprobs": 2})", "'top_logprobs'"},
      {R"(, "logprobs": true, "top_logprobs": 21})", "'top_logprobs'"},
      {R"(, "stop": [1]})", "'stop'"},
      {R"(, "continue_final_message": true})", "'continue_final_message'"},
      {R"(, "best_of": 3})", "'best_of'"},
  };
  for (const auto& [rest, expected] : cases) {
    const auto fault = fault_of(chat + rest, true);
    EXPECT_EQ(fault.status, 400) << rest;
    EXPECT_THAT(fault.message, HasSubstr(expected)) << rest;
  }
  for (const char* body : {"", "nonsense", "[1]", "{\"messages\": 5}", "{\"messages\": []}", "{\"messages\": [{\"role\": \"robot\", \"content\": \"\"}]}", "{\"messages\": [{\"content\": \"\"}]}",
                           "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]}"}) {
    EXPECT_EQ(fault_of(body, true).status, 400) << body;
  }
  EXPECT_EQ(fault_of(std::string(100000, '['), true).status, 400);
  for (const char* body : {"{}", "{\"prompt\": 5}", "{\"prompt\": [1, \"a\"]}", "{\"prompt\": [-1]}", "{\"prompt\": \"a\", \"suffix\": \"b\"}", "{\"prompt\": \"a\", \"logprobs\": 21}"}) EXPECT_EQ(fault_of(body, false).status, 400) << body;
}

TEST(StopCutter, GivesTheTextInFrontOfTheFirstStopHoweverItIsCut) {
  RandomStream stream({5});
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> stops;
    for (uint64_t s = 0; s < 1 + stream.below(3); ++s) {
      std::string stop;
      for (uint64_t i = 0; i < 1 + stream.below(4); ++i) stop += static_cast<char>('a' + stream.below(2));
      stops.push_back(stop);
    }
    std::string text;
    for (uint64_t i = 0; i < stream.below(30); ++i) text += static_cast<char>('a' + stream.below(3));
    size_t first = text.size();
    for (const auto& stop : stops) first = std::min(first, text.find(stop));
    // Where two stops overlap, a piece may end in the second before the first is whole: a stream cannot know. Whole, it must be the first.
    StopCutter whole(stops);
    std::string told = whole.add(text);
    EXPECT_EQ(told + whole.finish(), text.substr(0, first));
    StopCutter pieces(stops);
    told.clear();
    for (const char c : text) told += pieces.add(std::string_view(&c, 1));
    told += pieces.finish();
    EXPECT_EQ(pieces.has_stopped(), whole.has_stopped());
    EXPECT_TRUE(text.starts_with(told));
    for (const auto& stop : stops) EXPECT_EQ(told.find(stop), std::string::npos);
    if (stops.size() == 1) {
      EXPECT_EQ(told, text.substr(0, first));
    }
  }
}

TEST(OpenAiReader, ReadsAStreamCutAnywhere) {
  const std::string stream =
      ": hello\n\ndata: {\"model\":\"m-1\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
      "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm \"}}]}\r\n\r\ndata:{\"choices\":[{\"delta\":{\"content\":\"4\\u00b2\"}}]}\n\n"
      "data: {\"choices\":[{\"delta\":{\"content\":\"!\"},\"finish_reason\":\"stop\"}]}\n\n"
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,\"prompt_cache_hit_tokens\":8}}\n\ndata: [DONE]\n\n";
  for (size_t size = 1; size < stream.size(); ++size) {
    OpenAiReader reader(true);
    for (size_t i = 0; i < stream.size(); i += size) reader.add(std::string_view(stream).substr(i, size));
    ASSERT_EQ(reader.fault(), "");
    const Drawn drawn = reader.take();
    EXPECT_EQ(drawn.completion, "4\u00b2!");
    EXPECT_EQ(drawn.reasoning, "hm ");
    EXPECT_EQ(drawn.stop_reason, "stop");
    EXPECT_EQ(drawn.num_prompt_tokens, 9);
    EXPECT_EQ(drawn.num_cached_tokens, 8);
    EXPECT_EQ(drawn.num_tokens, 4);
    EXPECT_EQ(drawn.details["served_model"], "m-1");
  }
  // Whatever comes short of the reason it ended is no answer.
  const size_t end = stream.find("\"finish_reason\"");
  for (size_t cut = 0; cut < end; ++cut) {
    OpenAiReader reader(true);
    reader.add(std::string_view(stream).substr(0, cut));
    EXPECT_NE(reader.fault(), "") << cut;
  }
}

TEST(OpenAiReader, SaysWhatIsWrong) {
  OpenAiReader error(true);
  error.add("data: {\"error\":{\"message\":\"out of memory\"}}\n\n");
  EXPECT_THAT(error.fault(), HasSubstr("out of memory"));
  OpenAiReader nonsense(true);
  nonsense.add("data: {]\n\n");
  EXPECT_THAT(nonsense.fault(), HasSubstr("no JSON"));
  OpenAiReader page(false);
  page.add_whole("<html>");
  EXPECT_THAT(page.fault(), HasSubstr("no JSON"));
  OpenAiReader whole(false);
  whole.add_whole(R"({"choices": [{"text": "abc", "finish_reason": "length"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}})");
  EXPECT_EQ(whole.fault(), "");
  const Drawn drawn = whole.take();
  EXPECT_EQ(drawn.completion, "abc");
  EXPECT_EQ(drawn.stop_reason, "length");
  EXPECT_EQ(drawn.num_cached_tokens, 1);
  for (const char* odd : {R"({"choices": 5})", R"({"choices": [5]})", R"({"choices": [{"message": 5, "finish_reason": 5}]})", R"({"usage": {"prompt_tokens": -1}})", "[]"}) {
    OpenAiReader reader(false);
    reader.add_whole(odd);
    EXPECT_NE(reader.fault(), "") << odd;
  }
}

TEST(Price, CountsCachedInputApart) {
  const Price price{.input = 0.55, .output = 2.19, .cached_input = 0.14};
  EXPECT_NEAR(*cost_of(price, 1'000'000, 400'000, 2'000'000), 0.6 * 0.55 + 0.4 * 0.14 + 2 * 2.19, 1e-12);
  EXPECT_NEAR(*cost_of({.input = 1, .output = 2}, 10, 5, 10), 30e-6, 1e-15);
  EXPECT_FALSE(cost_of(price, -1, -1, 5).has_value());
}

TEST(WorkerProtocol, SaysTheSameOnBothSides) {
  WorkRequest request{.number = 7, .prompt = {1, 2}, .random_path = {UINT64_MAX, 5}, .prompt_number = 1ull << 63, .num_generations = 3, .first_sample_index = 4, .more_stop_ids = {9}, .ignore_end = true};
  request.sampling.temperature = 0.1;
  request.sampling.stop_strings = {"\n", "é"};
  request.score_prompt = request.stream = true;
  request.num_alternatives = 5;
  const WorkRequest back = parse_order(to_line(request)).request;
  EXPECT_EQ(to_line(back), to_line(request));
  EXPECT_EQ(back.random_path[0], UINT64_MAX);
  EXPECT_EQ(back.prompt_number, 1ull << 63);
  EXPECT_TRUE(parse_order(cancel_line(5)).is_cancel);
  for (const UpdateKind kind : {UpdateKind::prompt, UpdateKind::tokens, UpdateKind::end, UpdateKind::fault}) {
    WorkUpdate update{.number = 1, .kind = kind, .sample_index = 2, .ids = {3, 4}, .logprobs = {-0.1f, -2.5f}, .alternatives = {{{3, -0.1f}, {8, -3}}, {}}, .stop_reason = generation::StopReason::stop_string};
    update.text = "a\nb";
    const WorkUpdate again = parse_update(to_line(update));
    EXPECT_EQ(to_line(again), to_line(update));
    if (kind != UpdateKind::fault) {
      EXPECT_EQ(again.logprobs, update.logprobs) << "to the bit";
    }
  }
  const WorkerInfo info{.max_position_embeddings = 8192, .vocab_size = 5, .num_parameters = 6, .stop_ids = {2}, .device = "cpu", .dtype = "float32"};
  EXPECT_EQ(to_line(parse_ready(to_line(info))), to_line(info));
  EXPECT_THAT(testing::fault_of([] { parse_ready("{\"fatal\": \"no model\"}"); }), HasSubstr("no model"));
  for (const char* line : {"", "x", "{}", "{\"number\": 1, \"kind\": \"other\"}", "{\"number\": \"1\", \"kind\": \"end\"}"}) EXPECT_NE(testing::fault_of([&] { parse_update(line); }), "") << line;
}

}  // namespace
}  // namespace reprise::serving
