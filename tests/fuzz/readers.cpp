// The table of readers, and a few good files of each kind.
#include "fuzz/readers.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "config/compose.h"
#include "data/overlap_file.h"
#include "data/row_stream.h"
#include "data/store.h"
#include "datasets/fetch.h"
#include "datasets/importers/importer.h"
#include "evaluation/harness/benchmark.h"
#include "evaluation/harness/prices.h"
#include "evaluation/harness/prompt_ask.h"
#include "evaluation/harness/published.h"
#include "evaluation/harness/python_literal.h"
#include "evaluation/harness/recorded_formats.h"
#include "evaluation/harness/sample_store.h"
#include "evaluation/harness/samples.h"
#include "grading/choice.h"
#include "grading/code/livecodebench.h"
#include "grading/instructions/rules.h"
#include "grading/math/math_grader.h"
#include "grading/published_choices.h"
#include "io/gguf.h"
#include "io/jsonl.h"
#include "io/parquet.h"
#include "io/safetensors.h"
#include "model/gguf_config.h"
#include "model/model_config.h"
#include "serving/openai_backend.h"
#include "serving/openai_request.h"
#include "text/chat_template.h"
#include "text/letter_case.h"
#include "text/tokenizer.h"
#include "text/word_level.h"

namespace reprise::fuzz {
namespace {

// One file in memory for readers that want a path.
const fs::path& scratch() {
  static const struct Scratch {
    Scratch() {
      std::error_code ignored;
      const fs::path root = fs::is_directory("/dev/shm", ignored) ? "/dev/shm" : fs::temp_directory_path();
      path = root / ("reprise-fuzz-" + std::to_string(::getpid()));
    }
    ~Scratch() {
      std::error_code ignored;
      fs::remove(path, ignored);
    }
    fs::path path;
  } file;
  return file.path;
}

const fs::path& as_file(std::string_view bytes) {
  FILE* file = std::fopen(scratch().c_str(), "wb");
  if (!file) std::abort();
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  return scratch();
}

// A store of samples in which one file is what is fuzzed.
void read_sample_store(const char* name, std::string_view bytes) {
  static const TemporaryFolder folder;
  for (const char* one : {"journal.jsonl", "segment-000001.h5"}) fs::remove(folder.path() / one);
  if (!fs::exists(folder.path() / "format.json")) write_file(folder.path() / "format.json", "{\"format\":\"reprise samples 1\"}");
  FILE* file = std::fopen((folder.path() / name).c_str(), "wb");
  if (!file) std::abort();
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  const evaluation::SampleStore store(folder.path(), evaluation::SampleStore::Mode::read);
  for (const auto& [id, protocol] : store.protocols()) {
    for (const auto& sample : store.samples(id)) store.prompt_text(sample.prompt);
  }
  store.verdicts("math 1");
}

std::string sample_store_file(const char* name, bool seal) {
  TemporaryFolder folder;
  evaluation::SampleStore store(folder.path() / "s", evaluation::SampleStore::Mode::write);
  const std::string protocol = store.add_protocol({{"model", {{"name", "m"}}}, {"benchmark", {{"id", "b"}}}});
  for (int64_t i = 0; i < 2; ++i) {
    evaluation::StoredSample sample{.key = evaluation::sample_key(protocol, "hash", "p", i), .protocol = protocol, .problem = "p", .index = i, .prompt = "hash", .completion = "x = 5"};
    store.add(sample, "the prompt");
    store.add_verdict(sample.key, "math 1", {grading::VerdictKind::correct, "5", "equal"});
  }
  if (seal) store.seal();
  return read_file(folder.path() / "s" / name);
}

std::string file_made_by(const std::function<void(const fs::path&)>& write) {
  TemporaryFolder folder;
  write(folder.path() / "made");
  return read_file(folder.path() / "made");
}

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void put_text(std::string& out, const std::string& text) {
  put(out, static_cast<uint64_t>(text.size()));
  out += text;
}

std::string small_gguf() {
  std::string out = "GGUF";
  put(out, uint32_t{3});
  put(out, uint64_t{2});  // tensors
  put(out, uint64_t{5});  // keys
  put_text(out, "general.architecture"), put(out, uint32_t{8}), put_text(out, "llama");
  put_text(out, "llama.block_count"), put(out, uint32_t{4}), put(out, uint32_t{1});
  put_text(out, "llama.rope.freq_base"), put(out, uint32_t{6}), put(out, 10000.0f);
  put_text(out, "tokenizer.ggml.tokens"), put(out, uint32_t{9}), put(out, uint32_t{8}), put(out, uint64_t{3}), put_text(out, "a"), put_text(out, "b"), put_text(out, "ab");
  put_text(out, "tokenizer.ggml.token_type"), put(out, uint32_t{9}), put(out, uint32_t{5}), put(out, uint64_t{3}), put(out, int32_t{1}), put(out, int32_t{1}), put(out, int32_t{1});
  put_text(out, "token_embd.weight"), put(out, uint32_t{2}), put(out, uint64_t{32}), put(out, uint64_t{3}), put(out, uint32_t{8}), put(out, uint64_t{0});
  put_text(out, "output_norm.weight"), put(out, uint32_t{1}), put(out, uint64_t{32}), put(out, uint32_t{0}), put(out, uint64_t{128});
  out.resize((out.size() + 31) / 32 * 32, '\0');
  for (int block = 0; block < 3; ++block) {
    put(out, uint16_t{0x3c00});
    for (int i = 0; i < 32; ++i) put(out, static_cast<int8_t>(i - 16));
  }
  out.resize(out.size() + (128 - 102), '\0');
  for (int i = 0; i < 32; ++i) put(out, 1.0f);
  return out;
}

std::string small_bpe() {
  return R"({"version":"1.0","added_tokens":[{"id":6,"content":"<|end|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},"post_processor":null,"decoder":{"type":"ByteLevel"},
"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
"vocab":{"a":0,"b":1,"c":2,"ab":3,"abc":4,"Ġ":5},"merges":["a b","ab c"]}})";
}

const char* kConfig = R"({"model_type":"llama","vocab_size":32,"hidden_size":16,"intermediate_size":24,"num_hidden_layers":2,"num_attention_heads":4,
"num_key_value_heads":2,"rope_theta":10000.0,"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
"original_max_position_embeddings":64},"eos_token_id":[1,2],"tie_word_embeddings":true})";

const char* kRecipe = "name: x\nuse: [a.yaml]\nhardware: {device: cpu}\nstages:\n  - &a {stage: base, type: pretrain, max_steps: 3}\n  - {<<: *a, stage: zero, list: [1, 2.5, true, null, \"x\"]}\n";

void read_store(const fs::path& path) {
  const auto manifest = data::read_manifest(path);
  if (manifest.kind == "problems") data::read_problems(path);
  else data::read_examples(path);
  // By batches as well; what gets here is sound.
  data::for_each_store_row(path, [](std::string_view, const std::vector<std::string_view>&) {});
}

}  // namespace

const std::vector<Reader>& readers() {
  static const std::vector<Reader> table = {
      {"safetensors",
       [](std::string_view bytes) {
         const io::SafetensorsFile file(as_file(bytes));
         unsigned sum = 0;
         for (const auto& tensor : file.tensors()) {
           for (const std::byte b : tensor.bytes) sum += static_cast<unsigned>(b);
         }
         volatile unsigned keep = sum;
         (void)keep;
       },
       [] {
         return std::vector<std::string>{file_made_by([](const fs::path& path) {
           io::SafetensorsWriter writer(path, {{"a.weight", io::Dtype::f32, {2, 3}}, {"b", io::Dtype::bf16, {4}}, {"empty", io::Dtype::f32, {0}}});
           const float a[6] = {1, 2, 3, 4, 5, 6};
           const uint16_t b[4] = {1, 2, 3, 4};
           writer.append(a, sizeof a), writer.append(b, sizeof b), writer.append(nullptr, 0);
           writer.finish();
         })};
       }},
      {"safetensors_index", [](std::string_view bytes) { io::read_safetensors_index(as_file(bytes)); },
       [] { return std::vector<std::string>{io::write_safetensors_index({{"a", "model-00001-of-00002.safetensors"}, {"b", "model-00002-of-00002.safetensors"}}, 100)}; }},
      {"gguf",
       [](std::string_view bytes) {
         const io::GgufFile file(as_file(bytes));
         for (const auto& tensor : file.tensors()) {
           if (tensor.num_elements() > (1 << 20)) continue;
           std::vector<float> values(static_cast<size_t>(tensor.num_elements()));
           io::dequantize(tensor, values);
         }
         if (file.has("general.architecture")) model::gguf_model_config(file, file.text("general.architecture"));
       },
       [] { return std::vector<std::string>{small_gguf()}; }},
      {"tokenizer",
       [](std::string_view bytes) {
         const auto tokenizer = text::Tokenizer::from_json(bytes, "tokenizer.json");
         try {
           const auto ids = tokenizer->encode("abc ab\n 12 é<|end|>", true);
           tokenizer->decode(ids, {});
         } catch (const Error&) {
         }
         const int32_t any[] = {0, 3, 6, -1, 1 << 30};
         try {
           tokenizer->decode(any, {.skip_special_tokens = true});
         } catch (const Error&) {
         }
       },
       [] { return std::vector<std::string>{small_bpe(), text::make_word_level_tokenizer_json({"<pad>", "<bos>", "<eos>", "a", "b"})}; }},
      {"model_config", [](std::string_view bytes) { model::parse_model_config(bytes, "config.json").num_parameters(); }, [] { return std::vector<std::string>{kConfig}; }},
      {"jsonl",
       [](std::string_view bytes) {
         io::read_json_rows(as_file(bytes), [](int64_t, const nlohmann::json&) {}, [](int64_t, const std::string&) {});
         datasets::ImporterConfig config;
         config.importer = "gsm8k";
         config.path = scratch();
         datasets::import_problems(config);
       },
       [] { return std::vector<std::string>{"{\"question\": \"1+1?\", \"answer\": \"two\\n#### 2\"}\n{\"question\": \"q\", \"answer\": \"#### 1,000\"}\n", "[{\"question\": \"x\", \"answer\": \"#### 3\"}]"}; }},
      {"parquet",
       [](std::string_view bytes) {
         // Small limits: what is sought is a fault, not a full memory.
         const io::ParquetFile file(as_file(bytes), {.max_row_bytes = 1 << 16, .max_page_bytes = 1 << 20, .max_held_bytes = 8 << 20, .max_total_bytes = 32 << 20});
         file.columns();
         file.read_rows([](int64_t number, const nlohmann::json& row) {
           row.dump(-1, ' ', false, nlohmann::json::error_handler_t::strict);  // all of its text is UTF-8
           return number < 2000;
         }, [](int64_t, const std::string&) {});
       },
       [] {
         // Files that pyarrow wrote, and old layouts (tests/golden/make_parquet_golden.py).
         std::vector<std::string> seeds;
         for (const char* name : {"types-zstd-v1", "types-snappy-v2", "nested-3-v2", "old-lists", "old-maps", "old-levels", "encoding-delta_byte_array-v2", "encoding-rle-v1"}) {
           seeds.push_back(read_file(fs::path(REPRISE_SOURCE_DIR) / "tests/golden/parquet" / (std::string(name) + ".parquet")));
         }
         return seeds;
       }},
      {"samples", [](std::string_view bytes) { evaluation::read_samples(as_file(bytes)); },
       [] {
         return std::vector<std::string>{file_made_by([](const fs::path& path) {
           evaluation::EvaluationSample one;
           one.problem_id = "p1";
           one.completion = "<think> x </think>";
           evaluation::EvaluationSample other = one;
           other.sample_index = 1;
           evaluation::write_samples(path, {one, other});
         })};
       }},
      {"hdf5", [](std::string_view bytes) { read_store(as_file(bytes)); },
       [] {
         return std::vector<std::string>{file_made_by([](const fs::path& path) {
                                           data::write_problems(path, {{"id1", "prompt", "answer", "solution", "math", "en", 3, "{}"}, {"id2", "p", "a", "", "math", "", 0, "{}"}}, {});
                                         }),
                                         file_made_by([](const fs::path& path) { data::write_examples(path, {{"e1", "p", "c", "s", "id1"}}, {}); })};
       }},
      {"recipe",
       [](std::string_view bytes) {
         config::Problems problems;
         config::compose(as_file(bytes), {}, problems);
         problems.throw_if_any();
       },
       [] { return std::vector<std::string>{kRecipe}; }},
      {"manifest", [](std::string_view bytes) { datasets::read_fetch_manifest(as_file(bytes)); },
       [] { return std::vector<std::string>{"name: m\nlicence: MIT\nsource: s\nfiles:\n  - {path: a/b, url: \"https://h/x\", sha256: " + std::string(64, 'a') + "}\n"}; }},
      {"published", [](std::string_view bytes) { evaluation::read_published(as_file(bytes)); },
       [] {
         std::string conditions;
         for (const std::string& name : evaluation::condition_names()) conditions += (conditions.empty() ? "" : ", ") + name + ": unstated";
         return std::vector<std::string>{"source: {title: T}\nconflicts: [{id: c, text: t}]\nprotocols: {p: {" + conditions + ", evidence: {split: t}}}\nnumbers:\n  - {id: a, model: m, benchmark: gsm8k, metric: pass@1, value: 3.1, num_problems: 5, protocol: p, evidence: primary}\n"};
       }},
      {"preset",
       [](std::string_view bytes) {
         const data::Problem problem{.id = "p", .prompt = "Pick.\nA. 1\nB. 2\nC. 3\nD. 4", .answer = "A", .grader = "choice", .metadata = R"({"subject": "s", "row": "{}"})"};
         for (const evaluation::PromptTask& task : evaluation::read_preset(as_file(bytes), {{"f", {"mmlu"}}}).tasks) {
           for (const char* form : {"chat", "completion"}) evaluation::canonical_text(evaluation::ask(task, problem, evaluation::NoShotSource(), {.form = form}));
         }
       },
       [] {
         return std::vector<std::string>{"id: a\ntitle: t\nproject: p\nversion: '1'\ntasks:\n  - {name: x, families: [f], form: chat, system: \"{{metadata.subject}}\", question: \"{{question}}{% for o in options %}{{o}}\\n"
                                         "{% endfor %}\", prefix: p, stop: [s], choices: [A], temperature: 0, sampling_evidence: e}\n  - {name: y, like: x, form: completion, between: b}\n",
                                         "id: a\ntitle: t\nproject: p\nversion: '1'\ntasks:\n  - {name: x, form: completion, question: '{{prompt}}', answer: '{{answer}}', shots: {num: 0, importer: mmlu, path: m, same: subject, choose: random, "
                                         "seed: 3}}\n"};
       }},
      {"benchmark", [](std::string_view bytes) { evaluation::read_benchmark(as_file(bytes)); },
       [] {
         return std::vector<std::string>{"id: a\ntitle: t\ngrader: math\nnum_problems: 3\ndata: {importer: jsonl, path: a.jsonl, id_field: id}\nprompt: {form: chat, question: \"{{prompt}}\"}\nerrata:\n  - {problem: p, text: wrong}\n",
                                         "id: a\ntitle: t\ngrader: math\nimporter: aime\npath: a/b.jsonl\ndata_sha256: [" + std::string(64, 'a') + "]\nprompt: {families: [mathematics]}\n"};
       }},
      {"prices", [](std::string_view bytes) { evaluation::price_of(as_file(bytes), "m"); },
       [] { return std::vector<std::string>{"prices:\n  - {model: a, input: 1, output: 2}\n  - {model: m, currency: EUR, input: 0.5, cached_input: 0.1, output: 2.19, since: \"2025-01-20\", source: s}\n"}; }},
      {"sample_journal", [](std::string_view bytes) { read_sample_store("journal.jsonl", bytes); }, [] { return std::vector<std::string>{sample_store_file("journal.jsonl", false)}; }},
      {"sample_segment", [](std::string_view bytes) { read_sample_store("segment-000001.h5", bytes); }, [] { return std::vector<std::string>{sample_store_file("segment-000001.h5", true)}; }},
      {"openai_request",
       [](std::string_view bytes) {
         for (const bool is_chat : {false, true}) {
           try {
             serving::parse_request(bytes, is_chat);
           } catch (const serving::RequestFault&) {
           }
         }
       },
       [] {
         return std::vector<std::string>{R"({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "temperature": 0.6, "max_tokens": 5, "n": 2, "stop": ["X"], "stream": true, "logprobs": true, "top_logprobs": 3})",
                                         R"({"prompt": [[1, 2], [3]], "max_tokens": 0, "echo": true, "logprobs": 5, "stop": "a", "seed": 7})"};
       }},
      {"openai_stream",
       [](std::string_view bytes) {
         for (const bool stream : {true, false}) {
           serving::OpenAiReader reader(stream);
           if (stream) {
             reader.add(bytes.substr(0, bytes.size() / 2));
             reader.add(bytes.substr(bytes.size() / 2));
           } else {
             reader.add_whole(bytes);
           }
           if (reader.fault().empty()) reader.take();
         }
       },
       [] {
         return std::vector<std::string>{"data: {\"choices\":[{\"delta\":{\"content\":\"4\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n",
                                         R"({"choices": [{"message": {"content": "abc", "reasoning_content": "r"}, "finish_reason": "length"}], "usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1}}})"};
       }},
      {"recording",
       [](std::string_view bytes) {
         evaluation::parse_python_literal(bytes);
         static const std::vector<data::Problem> problems = {{.id = "p", .prompt = "Compute $1 + 1$ in its simplest form."}, {.id = "q", .prompt = "3!"}};
         evaluation::read_foreign_recording(as_file(bytes), {.benchmark = bytes.size() % 2 ? "b" : "none", .model = "m"}, {}, [](const std::string& id) { return id == "b" ? &problems : nullptr; },
                                            [](const evaluation::ForeignRow& row) { evaluation::to_json(row).dump(); });
       },
       [] {
         return std::vector<std::string>{
             R"({"doc_id": 0, "doc": {"problem": "Compute $1 + 1$ in its simplest form.", "choices": ["1", "2"]}, "target": "2", "arguments": {"gen_args_0": {"arg_0": "p", "arg_1": {"until": [], "temperature": 0.6}}}, "resps": [["2", "3"]], "filter": "f", "metrics": ["m"], "m": 1.0})" "\n",
             R"({"doc_id": 0, "doc": {"problem": "Compute $1 + 1$ in its simplest form."}, "target": "1", "arguments": [["p", " 1"], ["p", " 2"]], "resps": [[["-1.5", "False"]], [["-0.5", "True"]]], "acc": 1.0})" "\n",
             R"({"doc": {"query": "Compute $1 + 1$ in its simplest form.", "choices": ["2"], "gold_index": [0], "id": "0", "task_name": "x|t|0|0"}, "metric": {"em": 1}, "model_response": {"text": ["a", null], "output_tokens": [[1, 2], [3]], "input": "p"}})" "\n",
             R"({"full_prompt": "Compute $1 + 1$ in its simplest form.", "predictions": "['a\\n', \"b\"]", "gold": "['2']", "metrics": "{'em': 0.5}", "cont_tokens": "[[[1, 2], [3]]]"})" "\n",
             R"({"problem": "Compute $1 + 1$ in its simplest form.", "answer": 2, "generations": ["a", "b"], "correctness_math_verify": [true, false], "finish_reasons": ["stop", "length"], "api_metadata": [{"completion_tokens": 1}, {}]})" "\n"};
       }},
      {"jinja",
       [](std::string_view bytes) {
         const auto parsed = text::ChatTemplate::parse(bytes, "chat_template.jinja");
         parsed.render({{"user", "What is 1+1?"}, {"assistant", "2"}, {"user", "More"}}, true, "<s>", "</s>");
       },
       [] {
         return std::vector<std::string>{
             "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}U: {{ m.content | trim }}{% elif loop.last %}{{ m['content'].split('x')[-1] }}{% endif %}{% endfor %}",
             "{%- set ns = namespace(a=0, b=[]) -%}{% for i in range(3) %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a ~ '!' }}{% macro f(x, y=2) %}{{ x * y }}{% endmacro %}{{ f(3) }}{{ [1,2,3][::-1] | join(',') }}{{ {'a': 1} | tojson }}{% if add_generation_prompt and not false %}A{% endif %}",
             "{{ messages | length }}{{ messages[0].content[1:4] | upper }}{{ 'a' in 'abc' }}{{ none is defined }}{{ raise_exception('x') if false else 'ok' }}"};
       }},
      {"livecodebench",
       [](std::string_view bytes) {
         // A row as published, or the pickle inside of one.
         if (bytes.starts_with("\x80"))
           grading::code::text_of_pickle(bytes);
         else
           grading::code::livecodebench_tests(io::parse_json_row(bytes));
       },
       [] {
         // The private tests: base64(zlib.compress(pickle.dumps('[{"input":"1","output":"1","testtype":"functional"}]'))) in Python.
         return std::vector<std::string>{
             std::string("\x80\x04\x95\x06\0\0\0\0\0\0\0\x8c\x02[]\x94.", 17),
             R"({"public_test_cases": "[{\"input\": \"1\", \"output\": \"1\", \"testtype\": \"functional\"}]", "private_test_cases": "eJxrYJlqwQABPSbR1UqZeQWlJUpWSoZKOkr5pSUITklqcUlJZUEqkJtWmpdckpmfl5ijVBs7RQ8AXAsUGg==", "metadata": "{\"func_name\": \"f\"}"})"};
       }},
      {"instructions",
       [](std::string_view bytes) {
         // A response, held against each of IFEval's rules.
         const std::u32string response = text::code_points(bytes);
         const grading::instructions::Arguments arguments{.texts = {U"word"}, .number = 2, .nth = 1, .at_least = true};
         for (const auto& rule : grading::instructions::rules()) rule.follows(arguments, response);
       },
       [] {
         return std::vector<std::string>{"<<A title>>\n\n* one *item*, [name]\n- two. Dr. J. Smith... Then \"he said\" 3.5 U.S. DON'T, R&D!\n***\nSection 1\nP.S. no. 1\n******\nP.P.S word",
                                         "```json\n{\"a\": [1, -2.5e3, \"\\u00e9\", null]}\n```", "\xe0\xa4\xac\xe0\xa4\x9a\xe0\xa5\x8d\xe0\xa4\x9a\xe0\xa5\x87 a@b.cd https://x.y/z"};
       }},
      {"choice",
       [](std::string_view bytes) {
         // A completion; the options are its own lines.
         const std::vector<std::string> options = split(bytes, '\n');
         grading::chosen_option(bytes, options);
         grading::chosen_option(bytes, {});
         grading::simple_evals_letter(bytes);
         grading::simple_evals_multilingual_letter(bytes);
         grading::mmlu_pro_letter(bytes);
         grading::lm_eval_flexible_choice(bytes, options);
       },
       [] {
         return std::vector<std::string>{"Let's see.\nA) Paris\nB) Rome\nThe answer is (B) or $\\boxed{\\text{A}}$ and \\boxed{B}.", "**Answer:** B) Rome\nRome", "\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf\x42, (A) is correct"};
       }},
      {"math",
       [](std::string_view bytes) {
         // Reference and answer, parted by a line's end. The verdict is the same either way round, and each equals itself.
         const size_t end = std::min(bytes.find('\n'), bytes.size());
         const std::string_view reference = bytes.substr(0, end), answer = end < bytes.size() ? bytes.substr(end + 1) : std::string_view();
         using namespace grading;
         static math::Workspace workspace;
         math::MathOptions bare;
         bare.bare = true;
         const auto there = math::grade_math(reference, answer, workspace, bare), back = math::grade_math(answer, reference, workspace, bare);
         const bool boxed = bytes.find("box") != std::string_view::npos || bytes.find("####") != std::string_view::npos;  // extracted from on one side only
         if (!boxed && (there.verdict == VerdictKind::correct) != (back.verdict == VerdictKind::correct) && !trim(reference).empty() && !trim(answer).empty()) {
           std::fprintf(stderr, "not symmetric: %s\n%s\n", there.reason.c_str(), back.reason.c_str());
           std::abort();
         }
         if (!boxed && math::grade_math(reference, reference, workspace, bare).verdict == VerdictKind::incorrect) {
           std::fprintf(stderr, "not itself: %s\n", std::string(reference).c_str());
           std::abort();
         }
         math::grade_math(reference, bytes, workspace);
       },
       [] {
         return std::vector<std::string>{"\\frac{1}{2}\nSo the answer is $\\boxed{0.5}$.", "x^2+2x+1\n(x+1)^2", "(-\\infty, 1] \\cup [2, \\sqrt{5})\nx \\le 1 or 2 \\leq x < \\sqrt5", "\\{1, 2, \\pi\\}\n\\pm 1",
                                         "\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}\n\\sqrt[3]{-8} + 2^{n+1}", "2\\frac{1}{3} \\text{ cm}\n45^\\circ 10\\% 1,234.5 1011_2", "\\log_2 8 + \\sin^2 x\n|x - \\lfloor 3.5 \\rfloor|! \\binom{5}{2}",
                                         "x \\equiv 3 \\pmod 7\n3:4, f(x) = 2x + 1, x = 1 or 2"};
       }},
      {"overlap", [](std::string_view bytes) { data::read_overlap_file(as_file(bytes)); },
       [] {
         return std::vector<std::string>{file_made_by([](const fs::path& path) {
           data::OverlapPair pair{.training = "t", .benchmark = "b"};
           pair.hits = {{.row = "r", .problem = "p", .decides = true, .whole = true, .n = 8, .shared_words = 9, .covered = 0.5, .text = "x y"}, {.row = "s", .problem = "q", .similarity = 0.8}};
           data::write_overlap_file(path, {pair});
         })};
       }},
      {"overlap_text",
       [](std::string_view bytes) {
         // As a training row, and as the question of a benchmark that has it whole.
         const std::string text(bytes);
         const data::OverlapIndex index({{"b", {{"given", text, text}, {"other", "Find the sum of the first nine of all odd numbers that are not prime.", ""}}}}, {});
         data::OverlapScan scan(index, "t");
         scan.add_row("r", {text, "x " + text});
         const auto pair = scan.pairs().at(0);
         data::OverlapConfig one_word;
         one_word.ngram_sizes = {2};
         one_word.decision_ngram = 2;
         const data::OverlapIndex other({{"b", {{"n", "nothing here", ""}}}}, one_word);
         data::OverlapScan second(other, "t");
         second.add_row("r", {text});
         data::for_each_text_row(as_file(bytes), [](std::string_view, const std::vector<std::string_view>&) {});
         if (pair.problems_whole > 1) std::abort();
       },
       [] { return std::vector<std::string>{"{\"text\": \"Find $\\\\frac12 x y$ for α ≤ ² 人 é\\n\\n \\\\begin{array}{cc} A B C \\\\end{array}\"}"}; }}};
  return table;
}

const Reader& reader(std::string_view name) {
  for (const Reader& one : readers()) {
    if (name == one.name) return one;
  }
  std::abort();
}

}  // namespace reprise::fuzz
