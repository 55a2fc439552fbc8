// `reprise evaluate presets`: how papers and harnesses ask, and the very prompt that one of them makes of a problem.
#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "cli/evaluate_commands.h"
#include "cli/problem_file.h"
#include "evaluation/harness/evaluation_run.h"
#include "evaluation/harness/prompt_ask.h"

namespace reprise::cli {
namespace {

using evaluation::AskedPrompt;
using evaluation::PromptPreset;
using evaluation::PromptTask;
using Json = nlohmann::ordered_json;

struct Options {
  std::string name, benchmark, problem, problem_file, presets, benchmarks;
  evaluation::AskOptions ask;
  bool json = false;
};

struct Chosen {
  const PromptPreset* preset;
  const PromptTask* task;
};

// What others wrote is shown without the control characters that a terminal would obey.
std::string shown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", byte);
      out += code;
    } else {
      out += c;
    }
  }
  return out;
}

// On one line, as in a program.
std::string quoted(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

void print_part(const std::string& name, const std::string& text) {
  std::printf("---- %s (%zu bytes)\n", name.c_str(), text.size());
  for (std::string line : split(shown(text), '\n')) {
    const size_t kept = line.find_last_not_of(' ') + 1;  // spaces at a line's end would not be seen
    for (size_t i = line.size() - kept; i > 0; --i) line.replace(kept + i - 1, 1, "·");
    std::printf("| %s\n", line.c_str());
  }
}

void print_prompt(const Chosen& chosen, const data::Problem& problem, const AskedPrompt& prompt) {
  std::printf("%s/%s asks %s: %s", chosen.preset->id.c_str(), chosen.task->name.c_str(), shown(problem.id).c_str(), prompt.is_chat ? "chat" : "completion");
  if (!prompt.shot_ids.empty()) std::printf(", shots %s", join(prompt.shot_ids, " ").c_str());
  std::printf("\n");
  for (const auto& message : prompt.messages) print_part(message.role, message.content);
  if (!prompt.assistant_prefix.empty()) print_part("assistant, to be gone on with", prompt.assistant_prefix);
  if (!prompt.is_chat) print_part("text, to be gone on with", prompt.text);
  if (!prompt.stop_strings.empty()) {
    std::printf("---- stops at");
    for (const std::string& stop : prompt.stop_strings) std::printf(" %s", quoted(stop).c_str());
    std::printf("\n");
  }
  if (!prompt.continuations.empty()) {
    std::printf("---- nothing is sampled: the likeliest of");
    for (const std::string& one : prompt.continuations) std::printf(" %s", quoted(one).c_str());
    std::printf("\n");
  }
  std::printf("---- sha256 %s\n\n", evaluation::prompt_sha256(prompt).c_str());
}

void print_json(const Chosen& chosen, const data::Problem& problem, const std::string& benchmark, const AskedPrompt& prompt) {
  Json out = {{"preset", chosen.preset->id}, {"task", chosen.task->name}, {"benchmark", benchmark}, {"problem", problem.id}, {"form", prompt.is_chat ? "chat" : "completion"}};
  if (prompt.is_chat) {
    out["messages"] = Json::array();
    for (const auto& message : prompt.messages) out["messages"].push_back({{"role", message.role}, {"content", message.content}});
    out["assistant_prefix"] = prompt.assistant_prefix;
  } else {
    out["text"] = prompt.text;
  }
  out["stop_strings"] = prompt.stop_strings;
  if (!prompt.continuations.empty()) out["continuations"] = prompt.continuations;
  out["shots"] = prompt.shot_ids;
  out["sha256"] = evaluation::prompt_sha256(prompt);
  std::printf("%s\n", out.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

std::string shots_text(const PromptTask& task) {
  const evaluation::ShotRule& rule = task.shots;
  if (rule.num == 0) return "no shots";
  std::string out = std::to_string(rule.num) + " shots: ";
  if (!rule.exemplars.empty()) return out + rule.exemplars_name;
  out += rule.choose == "ids" ? join(rule.ids, " ") + " of " : rule.choose == "random" ? "random.Random(" + std::to_string(rule.seed) + ").sample of " : "the first of ";
  return out + rule.pool.path + (rule.pool.same.empty() ? "" : ", of one " + rule.pool.same);
}

std::string sampling_text(const PromptTask& task) {
  const evaluation::AskedSampling& s = task.sampling;
  std::vector<std::string> parts;
  if (!task.choices.empty()) parts.push_back("by likelihood");
  if (s.temperature) parts.push_back(*s.temperature == 0 ? "greedy" : "temperature " + format_double(*s.temperature));
  if (s.top_p) parts.push_back("top_p " + format_double(*s.top_p));
  if (s.max_tokens) parts.push_back(std::to_string(*s.max_tokens) + " tokens");
  if (s.num_generations) parts.push_back("k " + std::to_string(*s.num_generations));
  return join(parts, ", ");
}

std::vector<std::string> asked_by(const PromptTask& task) {
  std::vector<std::string> out = task.benchmarks;
  for (const std::string& one : task.family_benchmarks) {
    if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
  }
  return out;
}

void print_task(const Chosen& chosen) {
  const PromptTask& task = *chosen.task;
  std::printf("%s/%s\n", chosen.preset->id.c_str(), task.name.c_str());
  const auto row = [](const char* name, const std::string& text) {
    if (!text.empty()) std::printf("  %-10s %s\n", name, text.c_str());
  };
  row("asks", join(asked_by(task), " "));
  row("form", task.form);
  if (!task.system.source.empty()) row("system", quoted(task.system.source));
  row("question", quoted(task.question.source));
  if (!task.prefix.source.empty()) row("prefix", quoted(task.prefix.source));
  row("shots", shots_text(task));
  if (!task.shots.exemplars_source.empty() && task.shots.num > 0) row("", task.shots.exemplars_source);
  std::string stops;
  for (const std::string& stop : task.stop) stops += (stops.empty() ? "" : " ") + quoted(stop);
  row("stops at", stops);
  row("sampling", sampling_text(task));
  row("", task.sampling.evidence);
  row("grader", task.grader);
  row("source", task.file);
  row("note", task.note);
  std::printf("\n");
}

void print_preset(const PromptPreset& preset) { std::printf("%s: %s\n  %s, %s\n  %s\n\n", preset.id.c_str(), preset.title.c_str(), preset.project.c_str(), preset.version.c_str(), preset.note.c_str()); }

void print_list(const evaluation::PromptPresets& presets) {
  for (const PromptPreset& preset : presets.presets) {
    std::printf("%s: %s (%s %s)\n", preset.id.c_str(), preset.title.c_str(), preset.project.c_str(), preset.version.c_str());
    for (const PromptTask& task : preset.tasks) {
      std::printf("  %-31s %-10s %-44s %s\n", (preset.id + "/" + task.name).c_str(), task.form.c_str(), sampling_text(task).c_str(), join(asked_by(task), " ").c_str());
    }
    std::printf("\n");
  }
  std::printf("`reprise evaluate presets NAME` tells more of one; `--benchmark ID --problem ID` shows the very prompt.\n");
}

// The tasks that are meant by NAME and --benchmark.
std::vector<Chosen> choose(const evaluation::PromptPresets& presets, const Options& options) {
  std::vector<Chosen> out;
  const size_t slash = options.name.find('/');
  if (slash != std::string::npos) {
    const PromptPreset& preset = presets.find(options.name.substr(0, slash));
    const std::string name = options.name.substr(slash + 1);
    if (const PromptTask* task = preset.task(name)) return {{&preset, task}};
    std::vector<std::string> names;
    for (const PromptTask& one : preset.tasks) names.push_back(one.name);
    const auto guess = nearest(name, names);
    throw Error("the preset '" + preset.id + "' has no task '" + name + "'", "", guess ? "did you mean '" + *guess + "'?" : "it has: " + join(names, ", "));
  }
  const bool very_prompt = !options.problem.empty() || !options.problem_file.empty();
  for (const PromptPreset& preset : presets.presets) {
    if (!options.name.empty() && preset.id != options.name) continue;
    if (very_prompt && !options.benchmark.empty()) {  // a preset's own choice
      if (const PromptTask* task = preset.task_for(options.benchmark)) out.push_back({&preset, task});
      continue;
    }
    for (const PromptTask& task : preset.tasks) {
      if (options.benchmark.empty() || task.asks(options.benchmark)) out.push_back({&preset, &task});
    }
  }
  if (out.empty() && !options.name.empty()) {
    const PromptPreset& preset = presets.find(options.name);
    throw Error("the preset '" + preset.id + "' does not ask '" + options.benchmark + "'", "", "`reprise evaluate presets " + preset.id + "` lists what it asks");
  }
  if (out.empty()) throw Error("no preset asks '" + options.benchmark + "'", "", "`reprise evaluate presets` lists what is asked; a benchmark with a prompt of its own is asked by that, without --preset");
  return out;
}

int run(const Options& options) {
  const evaluation::PromptPresets presets = evaluation::read_presets(options.presets.empty() ? evaluation::presets_folder() : std::filesystem::path(options.presets));
  if (!options.problem.empty() && options.benchmark.empty()) throw UsageError("--problem needs --benchmark", "", "for example --benchmark gsm8k --problem gsm8k-1");
  if (options.name.empty() && options.benchmark.empty() && options.problem_file.empty()) {
    print_list(presets);
    return 0;
  }
  if (!options.problem_file.empty() && options.benchmark.empty() && options.name.find('/') == std::string::npos) {
    throw UsageError("--problem-file needs a task", "", "name it (PRESET/TASK), or the --benchmark that it is to be asked as");
  }
  const std::vector<Chosen> chosen = choose(presets, options);
  if (options.problem.empty() && options.problem_file.empty()) {
    if (options.benchmark.empty() && options.name.find('/') == std::string::npos) print_preset(*chosen.front().preset);
    for (const Chosen& one : chosen) print_task(one);
    return 0;
  }

  evaluation::BenchmarkLibrary library(options.benchmarks);
  const evaluation::LibraryShotSource shots(library, options.problem_file.empty() ? options.benchmark : "");
  std::vector<data::Problem> problems;
  if (!options.problem_file.empty()) problems = {read_problem_file(options.problem_file)};
  else if (options.problem == "all") problems = library.problems(options.benchmark).problems;
  else problems = {library.problem(options.benchmark, options.problem)};
  for (const data::Problem& problem : problems) {
    for (const Chosen& one : chosen) {
      const AskedPrompt prompt = evaluation::ask(*one.task, problem, shots, options.ask);
      if (options.json) print_json(one, problem, options.benchmark, prompt);
      else print_prompt(one, problem, prompt);
    }
  }
  return 0;
}

}  // namespace

int evaluate_presets(const Arguments& arguments) {
  namespace po = boost::program_options;
  Options options;
  std::string form;
  int64_t shots = 0;
  po::options_description shown_options("options");
  shown_options.add_options()("help,h", "this text")("benchmark", po::value(&options.benchmark)->value_name("ID"), "only tasks that ask this benchmark")(
      "problem", po::value(&options.problem)->value_name("ID"), "show the very prompt for this problem of the benchmark; all for every one")(
      "problem-file", po::value(&options.problem_file)->value_name("FILE"), "for a problem of your own: a JSON object with prompt (or question and options), answer, metadata")(
      "as", po::value(&form)->value_name("FORM"), "chat or completion, where it should not be the task's own")(
      "shots", po::value(&shots)->value_name("N"), "another number of shots than the task's own")("json", po::bool_switch(&options.json), "prompts as JSON, a line each")(
      "presets", po::value(&options.presets)->value_name("DIR"), "another folder than evaluation/presets")("benchmarks", po::value(&options.benchmarks)->value_name("DIR"), "another folder than evaluation/benchmarks");
  po::options_description all;
  all.add(shown_options).add_options()("name", po::value(&options.name));
  po::positional_options_description places;
  places.add("name", 1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise evaluate presets --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise evaluate presets [NAME[/TASK]] [--benchmark ID] [--problem ID] [options]\n\n"
                 "A score depends on how the question was asked. A preset holds how one paper or harness asks each benchmark: messages or text, shots and how they are\n"
                 "chosen, stop strings, its default sampling, and the grader that stands for its own.\n\n"
                 "  reprise evaluate presets                                       every preset and its tasks\n"
                 "  reprise evaluate presets lm_eval                               what it does, benchmark by benchmark, with sources\n"
                 "  reprise evaluate presets --benchmark gsm8k                     how everyone asks GSM8K\n"
                 "  reprise evaluate presets deepseek --benchmark aime24 --problem aime-1\n"
                 "                                                                 the very prompt: roles, prefix, stop strings, and its SHA-256\n"
                 "  reprise evaluate presets lm_eval/gsm8k_cot --benchmark gsm8k --problem all --json\n"
                 "                                                                 every prompt, to be compared or sent elsewhere\n\n"
                 "In a prompt that is shown, each line stands behind '| ', spaces at a line's end are dots, and 'to be gone on with' is where the model writes.\n"
                 "Where a harness leaves the order of options to chance, the order is the problem's own: docs/prompts.md.\n\n"
              << shown_options;
    return 0;
  }
  if (values.contains("as")) {
    if (form != "chat" && form != "completion") throw UsageError("--as wants chat or completion, not '" + form + "'", "", "");
    options.ask.form = form;
  }
  if (values.contains("shots")) {
    if (shots < 0 || shots > 1000) throw UsageError("--shots lies between 0 and 1000", "", "");
    options.ask.num_shots = shots;
  }
  if (!options.problem.empty() && !options.problem_file.empty()) throw UsageError("--problem and --problem-file exclude each other", "", "give one");
  return run(options);
}

}  // namespace reprise::cli
