#!/usr/bin/env python3
"""Makes tests/golden/harness: files as lm-evaluation-harness, lighteval and open-r1 leave them, written by the harnesses' own code from a model that
says what stands below, about four invented problems (harness/problems.jsonl). What tests/evaluation/recorded_formats_test.cpp reads.

  python tests/golden/make_harness_golden.py lm-eval      # lm-eval 0.4.13: its command line, with a model and two tasks of ours -> harness/lm-eval
  python tests/golden/make_harness_golden.py lighteval    # lighteval 0.13.0: `lighteval custom` -> harness/lighteval-0.13.0
  python tests/golden/make_harness_golden.py lighteval    # under lighteval 0.8.1 or 0.6.2: their trackers -> harness/lighteval-0.8.1, -0.6.2
  python tests/golden/make_harness_golden.py open-r1      # the fields of OpenR1-Math-220k, CodeForces-CoTs and generate_reasoning.py, by datasets -> harness/open-r1

Older lightevals do not run beside today's datasets and transformers, so of them only the loggers are called, with the values that their pipelines pass.
Names of files carry no date of the run: the clock is set below. The machine is left out: lm-eval's pretty_env_info and the like are blanked."""
import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

GOLDEN = pathlib.Path(__file__).resolve().parent
HARNESS = GOLDEN / "harness"
DATE = "2026-11-26T10-00-00.000000"

PROBLEMS = [{"id": "tulips", "problem": "A gardener plants 7 rows of 12 tulips and then removes 9 of them. How many tulips remain?", "answer": "75", "choices": ["66", "75", "84", "93"]},
            {"id": "quotient", "problem": "Let $f(x) = \\frac{x^2 - 9}{x - 3}$ for $x \\neq 3$.\nWhat is $f(10)$?", "answer": "13", "choices": ["7", "10", "13", "91"]},
            {"id": "divisors", "problem": "Find the sum of all positive divisors of 28 that are smaller than 28.", "answer": "28", "choices": ["27", "28", "56", "29"]},
            {"id": "roots", "problem": "Compute $\\sqrt{50} + \\sqrt{8}$ in simplest form.", "answer": "7\\sqrt{2}", "choices": ["7\\sqrt{2}", "\\sqrt{58}", "3\\sqrt{2}", "10"]}]
# Samples of each problem: right, wrong, cut short, in quotes of both kinds (old lighteval writes Python's repr).
COMPLETIONS = {"tulips": ["<think>\n7 * 12 = 84, 84 - 9 = 75.\n</think>\nThere remain \\boxed{75} tulips.", "It's 84 - 8, so \\boxed{76}.", "<think>\nSeven rows of twelve"],
               "quotient": ["It is $x + 3$, so \\boxed{13}.", "\\boxed{13}", "The \"value\" isn't defined: \\boxed{0}"],
               "divisors": ["1 + 2 + 4 + 7 + 14 = \\boxed{28}", "\tñandú \\boxed{28}\n", "\\boxed{27}"],
               "roots": ["$5\\sqrt2 + 2\\sqrt2 = \\boxed{7\\sqrt{2}}$", "\\boxed{\\sqrt{58}}", "I don't know"]}


def problem_in(text):
    return max((one for one in PROBLEMS if one["problem"] in text), key=lambda one: text.rfind(one["problem"]))


def write_problems():
    HARNESS.mkdir(exist_ok=True)
    (HARNESS / "problems.jsonl").write_text("".join(json.dumps(one) + "\n" for one in PROBLEMS))


def fresh(name):
    folder = HARNESS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def without_machine(path, texts, blanked):
    """Takes paths of this machine and facts about it out of a JSON file."""
    data = json.loads(path.read_text())

    def cleaned(value):
        if isinstance(value, dict):
            return {key: "" if key in blanked else cleaned(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [cleaned(inner) for inner in value]
        if isinstance(value, str):
            for text, other in texts:
                value = value.replace(text, other)
        return value
    path.write_text(json.dumps(cleaned(data), indent=1, ensure_ascii=False) + "\n")


# ---- lm-evaluation-harness ----

SUMS = """task: invented_sums
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
output_type: generate_until
test_split: test
doc_to_text: "Question: {{{{problem}}}}\\nAnswer:"
doc_to_target: "{{{{answer}}}}"
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
generation_kwargs: {{until: ["Question:"], do_sample: true, temperature: 0.6, top_p: 0.95, max_gen_toks: 512}}
repeats: {repeats}
num_fewshot: 0
filter_list:
  - name: boxed
    filter:
      - {{function: regex, regex_pattern: '\\\\boxed\\{{(.*)\\}}', group_select: -1}}
      - {{function: take_first}}
  - name: last-number
    filter:
      - {{function: regex, regex_pattern: '(-?[0-9]+)', group_select: -1}}
      - {{function: take_first}}
metadata: {{version: 1.5}}
"""
CHOICE = """task: invented_choice
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
output_type: multiple_choice
test_split: test
doc_to_text: "{{{{problem}}}}\\nAnswer:"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{choices.index(answer)}}}}"
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
metadata: {{version: 0.0}}
"""


def make_lm_eval():
    import lm_eval.loggers.evaluation_tracker as tracker
    from lm_eval.api.model import LM
    from lm_eval.api.registry import register_model

    @register_model("scripted")
    class Scripted(LM):
        def __init__(self, pretrained="", **_):
            super().__init__()
            self.drawn = {}

        @property
        def tokenizer_name(self):
            return "none"

        def generate_until(self, requests, disable_tqdm=False):
            out = []
            for request in requests:
                name = problem_in(request.args[0])["id"]
                out.append(COMPLETIONS[name][self.drawn.get(name, 0) % 3])
                self.drawn[name] = self.drawn.get(name, 0) + 1
            return out

        def loglikelihood(self, requests, disable_tqdm=False):
            # The second option is always the likeliest.
            out = []
            for request in requests:
                options = problem_in(request.args[0])["choices"]
                out.append((-1.0 if request.args[1].strip() == options[1] else -2.5, False))
            return out

        def loglikelihood_rolling(self, requests, disable_tqdm=False):
            raise NotImplementedError

    class Clock(tracker.datetime):
        @classmethod
        def now(cls):
            return cls(2026, 11, 26, 10)
    tracker.datetime = Clock
    out = fresh("lm-eval")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, text, repeats in (("sums", SUMS, 3), ("once", SUMS.replace("invented_sums", "invented_sums_once"), 1), ("choice", CHOICE, 1)):
            (folder / f"{name}.yaml").write_text(text.format(data=HARNESS / "problems.jsonl", repeats=repeats))
        sys.argv = ["lm_eval", "run", "--model", "scripted", "--model_args", "pretrained=invented/scripted-1b", "--tasks", "invented_sums,invented_sums_once,invented_choice", "--include_path", str(folder), "--log_samples", "--output_path", str(out),
                    "--system_instruction", "You are careful."]
        from lm_eval.__main__ import cli_evaluate
        cli_evaluate()
    model = out / "invented__scripted-1b"
    for path in sorted(model.iterdir()):
        path.rename(out / re.sub(r"2026-11-26T10-00-00(\.000000)?", DATE, path.name))
    model.rmdir()
    for path in out.glob("results_*.json"):
        without_machine(path, [(str(HARNESS) + "/", ""), (str(GOLDEN.parent.parent) + "/", ""), (str(folder), "tasks")], {"pretty_env_info", "git_hash", "start_time", "end_time", "total_evaluation_time_seconds", "date", "upper_git_hash", "task_hashes"})
    (out / "made_with.txt").write_text(f"lm_eval {importlib.metadata.version('lm_eval')}\n")


# ---- lighteval ----

TASKS = '''
import json
from lighteval.metrics.metrics import Metrics
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

def prompt(line, task_name=None):
    return Doc(task_name=task_name, query="Solve the following math problem. Put your answer in \\\\boxed{}.\\n\\n" + line["problem"] + "\\n", choices=[line["answer"]], gold_index=0)

common = dict(prompt_function=prompt, hf_repo="DATA", hf_subset="default", hf_avail_splits=["test"], evaluation_splits=["test"], generation_size=512, version=2)
TASKS_TABLE = [LightevalTaskConfig(name="invented_sums", metrics=[Metrics.pass_at_k_math(sample_params={"k": 1, "n": 3}), Metrics.avg_at_n_math(sample_params={"n": 3})], **common),
               LightevalTaskConfig(name="invented_sums_once", metrics=[Metrics.pass_at_k_math(sample_params={"k": 1})], **common)]
'''
MODEL = '''
import sys
sys.path.insert(0, "GOLDEN")
from make_harness_golden import COMPLETIONS, problem_in
from lighteval.models.abstract_model import LightevalModel
from lighteval.models.model_output import ModelResponse
from lighteval.utils.cache_management import SampleCache

class Scripted(LightevalModel):
    def __init__(self, config, *_):
        self.config = config
        self._cache = SampleCache(config)
    @property
    def tokenizer(self):
        return None
    def tok_encode(self, text):
        return list(text.encode())
    @property
    def add_special_tokens(self):
        return False
    @property
    def max_length(self):
        return 4096
    def greedy_until(self, docs):
        out = []
        for doc in docs:
            texts = COMPLETIONS[problem_in(doc.query)["id"]][:doc.num_samples]
            out.append(ModelResponse(input="<user>" + doc.query + "<assistant>", input_tokens=list(range(len(doc.query) // 4)), text=texts, output_tokens=[list(range(len(text) // 3)) for text in texts]))
        return out
    def loglikelihood(self, docs):
        raise NotImplementedError
    def loglikelihood_rolling(self, docs):
        raise NotImplementedError
'''


def make_lighteval():
    from unittest.mock import MagicMock
    if importlib.metadata.version("lighteval").startswith("0.6"):
        # Metrics of summaries load models as they are imported; nothing here uses them.
        sys.modules["spacy"] = MagicMock(Language=type("Language", (), {}))
        import transformers
        for name in ("AutoTokenizer", "AutoModelForSeq2SeqLM", "AutoModelForSequenceClassification", "AutoModel", "AutoConfig"):
            setattr(transformers, name, MagicMock())
        import torch.utils.data.distributed
        torch.utils.data.distributed.T_co = None
    version = importlib.metadata.version("lighteval")
    out = fresh(f"lighteval-{version}")
    if version.startswith(("0.6", "0.7", "0.8")):
        return make_lighteval_old(out, version)
    from datetime import datetime

    import lighteval.logging.evaluation_tracker as tracker

    class Clock(datetime):
        @classmethod
        def now(cls):
            return cls(2026, 11, 26, 10)
    tracker.datetime = Clock
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        os.chdir(folder)
        # Tasks of its own that look things up on the net as they are registered; nothing here uses them.
        import huggingface_hub
        import requests
        requests.get = lambda *_, **__: type("Nothing", (), {"content": b"", "status_code": 404})()
        huggingface_hub.HfApi.list_models = lambda *_, **__: [True]
        (folder / "data").mkdir()
        (folder / "data" / "test.jsonl").write_text((HARNESS / "problems.jsonl").read_text())
        (folder / "tasks.py").write_text(TASKS.replace("DATA", str(folder / "data")))
        (folder / "model.py").write_text(MODEL.replace("GOLDEN", str(GOLDEN)))
        from lighteval.models.custom.custom_model import CustomModelConfig
        from lighteval.models.model_input import GenerationParameters
        from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters
        tracker_of_run = tracker.EvaluationTracker(output_dir=str(out), save_details=True)
        config = CustomModelConfig(model_name="invented/scripted-1b", model_definition_file_path=str(folder / "model.py"), cache_dir=str(folder / "cache"), generation_parameters=GenerationParameters(temperature=0.6, top_p=0.95, max_new_tokens=20, seed=7), system_prompt="You are careful.")
        pipeline = Pipeline(tasks="invented_sums|0,invented_sums_once|0", pipeline_parameters=PipelineParameters(launcher_type=ParallelismManager.CUSTOM, custom_tasks_directory=str(folder / "tasks.py")), evaluation_tracker=tracker_of_run, model_config=config)
        pipeline.evaluate()
        pipeline.save_and_push_results()
        for path in out.rglob("results_*.json"):
            without_machine(path, [(str(folder), "work"), (str(GOLDEN.parent.parent) + "/", "")], {"start_time", "end_time", "total_evaluation_time_secondes"})
    flatten(out)
    (out / "made_with.txt").write_text(f"lighteval {version}\n")


def flatten(out):
    """details/MODEL/DATE/details_TASK_DATE.parquet stays where lighteval puts it; only dates become the one of above."""
    for path in sorted(out.rglob("*"), key=lambda one: -len(one.parts)):
        name = re.sub(r"2026-11-26T10-00-00(\.000000)?", DATE, path.name)
        if name != path.name:
            path.rename(path.with_name(name))


def make_lighteval_old(out, version):
    """The details as lighteval 0.6 to 0.8 log them. One prediction is a list of the samples' texts."""
    import datetime as clock

    import lighteval.logging.evaluation_tracker as tracker

    class Clock(clock.datetime):
        @classmethod
        def now(cls):
            return cls(2026, 11, 26, 10)
    tracker.datetime = Clock
    from collections import defaultdict
    from types import SimpleNamespace

    from lighteval.metrics.utils.metric_utils import MetricCategory
    from lighteval.models.model_output import GenerativeResponse
    from lighteval.tasks.requests import Doc
    made = tracker.EvaluationTracker(output_dir=str(out), save_details=True)
    general = made.general_config_logger
    general.log_args_info(num_fewshot_seeds=1, override_batch_size=None, max_samples=None, job_id="")
    info = SimpleNamespace(model_name="invented/scripted-1b", model_sha="", model_dtype="bfloat16", model_size="-1")
    settings = {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": 512, "seed": 7}
    general.log_model_info(settings, info) if version.startswith("0.8") else general.log_model_info(info)
    task = "custom|invented_sums|0"
    kinds = defaultdict(bool, {MetricCategory.GENERATIVE_SAMPLING: True})
    for one in PROBLEMS:
        query = "Solve the following math problem. Put your answer in \\boxed{}.\n\n" + one["problem"] + "\n"
        texts = COMPLETIONS[one["id"]]
        doc = Doc(query=query, choices=[one["answer"]], gold_index=0, task_name=task, ctx="<user>" + query + "<assistant>", num_asked_few_shots=0, num_effective_few_shots=0, instruction="")
        answer = GenerativeResponse(result=texts, generated_tokens=[list(range(len(text) // 3)) for text in texts], input_tokens=list(range(len(query) // 4)), truncated_tokens_count=0, padded_tokens_count=0)
        share = sum(1 for text in texts if "\\boxed{" + one["answer"] + "}" in text) / 3
        made.details_logger.log(task, SimpleNamespace(has_metric_category=kinds), doc, [answer], {"math_pass@1:3_samples": share})
    made.details_logger.aggregate()
    made.metrics_logger.metric_aggregated = {task: {"math_pass@1:3_samples": 0.5}, "all": {"math_pass@1:3_samples": 0.5}}
    made.versions_logger.versions = {task: 1}
    made.task_config_logger.tasks_configs = {task: {"name": "invented_sums", "hf_repo": "invented", "hf_subset": "default", "evaluation_splits": ["test"], "generation_size": 512, "num_samples": [3], "metric": ["math_pass@1:3_samples"], "version": 1}}
    made.save()
    for path in out.rglob("results_*.json"):
        without_machine(path, [(str(GOLDEN.parent.parent) + "/", "")], {"start_time", "end_time", "total_evaluation_time_secondes"})
    flatten(out)
    (out / "made_with.txt").write_text(f"lighteval {version}\n")


# ---- open-r1 ----

def make_open_r1():
    """Columns and types as the cards of the two data sets list them; rows of ours."""
    from datasets import Dataset, Features, Value
    try:
        from datasets import List
    except ImportError:
        from datasets import Sequence as List
    out = fresh("open-r1")
    text, flag, whole = Value("string"), Value("bool"), Value("int64")
    math = [{"problem": one["problem"], "solution": "...", "answer": one["answer"], "problem_type": "Algebra", "question_type": "math-word-problem", "source": "invented", "uuid": f"00000000-0000-5000-8000-{index:012d}",
             "is_reasoning_complete": ["</think>" in t for t in COMPLETIONS[one["id"]]], "generations": COMPLETIONS[one["id"]], "correctness_math_verify": ["\\boxed{" + one["answer"] + "}" in t for t in COMPLETIONS[one["id"]]], "correctness_llama": None,
             "finish_reasons": ["stop", "stop", "length"] if index % 2 == 0 else None, "correctness_count": 1, "messages": [{"content": one["problem"], "role": "user"}, {"content": COMPLETIONS[one["id"]][0], "role": "assistant"}]} for index, one in enumerate(PROBLEMS)]
    features = Features({"problem": text, "solution": text, "answer": text, "problem_type": text, "question_type": text, "source": text, "uuid": text, "is_reasoning_complete": List(flag), "generations": List(text), "correctness_math_verify": List(flag),
                         "correctness_llama": List(flag), "finish_reasons": List(text), "correctness_count": whole, "messages": List({"content": text, "role": text})})
    Dataset.from_list(math, features=features).to_parquet(out / "openr1-math.parquet")
    code = [{"id": name, "aliases": None, "contest_id": "1", "index": "A", "title": "Sums", "time_limit": 2.0, "memory_limit": 256.0, "description": "Read two whole numbers and print their sum, as the invented statement has it.", "input_format": "Two integers.", "output_format": "One integer.",
             "examples": [{"input": "1 2", "output": "3"}], "note": None, "editorial": None, "prompt": "You will be given a competitive programming problem.\n\nRead two whole numbers and print their sum, as the invented statement has it.", "generation": f"<think>\nadd {i}\n</think>\n```cpp\nint main() {{}}\n```",
             "finish_reason": "stop" if i < 2 else "length", "api_metadata": {"completion_tokens": 100 + i, "completion_tokens_details": None, "prompt_tokens": 50, "prompt_tokens_details": None, "total_tokens": 150 + i}, "interaction_format": None, "messages": []} for i, name in enumerate(["1/A", "1/A", "2/B"])]
    Dataset.from_list(code).to_parquet(out / "codeforces-cots.parquet")
    rows = [{"problem": one["problem"], "answer": one["answer"], "uuid": f"u{index}", "generations": COMPLETIONS[one["id"]], "finish_reasons": ["stop", "stop", "length"], "api_metadata": [{"prompt_tokens": 30, "completion_tokens": 10 + i} for i in range(3)]} for index, one in enumerate(PROBLEMS)]
    (out / "generate_reasoning.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    # open_r1.generate: distilabel, grouped generations.
    rows = [{"problem": one["problem"], "answer": one["answer"], "generation": COMPLETIONS[one["id"]], "distilabel_metadata": [{"statistics_text_generation_0": {"input_tokens": 30, "output_tokens": 12}}] * 3, "model_name": "invented/scripted-1b"} for one in PROBLEMS]
    Dataset.from_list(rows).to_parquet(out / "distilabel.parquet")


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    write_problems()
    import xxhash
    hashed = xxhash.xxh64  # 4.0 takes bytes alone; lighteval gives it texts
    xxhash.xxh64 = lambda text=b"", *more: hashed(text.encode() if isinstance(text, str) else text, *more)
    {"lm-eval": make_lm_eval, "lighteval": make_lighteval, "open-r1": make_open_r1}[sys.argv[1]]()
