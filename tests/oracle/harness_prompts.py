"""How lm-evaluation-harness, lighteval, simple-evals and Qwen2.5-Math themselves ask: their own code on problems read from REPRISE_DATA.

Yields for each (preset, task, benchmark) the prompts in the order of the problems. Nothing is fetched: lm_eval's tasks get a data set that is made
here, in the fields that their hub copies have; lighteval's prompt functions and its PromptManager take rows; simple-evals' templates come from PyPI's
nvidia-simple-evals, which keeps OpenAI's; for Qwen2.5-Math, set QWEN_EVALUATION to a folder with a copy of its evaluation/utils.py and examples.py.
Used by compare_prompts.py and by tests/golden/make_prompt_golden.py.
Needs lm-eval==0.4.13, lighteval==0.13.0, datasets, jinja2; nvidia-simple-evals==26.3 unpacked in SIMPLE_EVALS (its wheel, no dependency)."""
import ast
import csv
import gzip
import hashlib
import importlib
import importlib.metadata
import importlib.util
import io
import json
import logging
import os
import pathlib
import sys
import types
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
INVENTED = json.loads((HERE.parent / "golden" / "prompt_problems.json").read_text())
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")


def lines(path):
    path = pathlib.Path(path)
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in text.decode().split("\n") if line.strip()]


def boxed(solution):
    """What stands in the last \\boxed{} of a solution."""
    at = solution.rfind("\\boxed{") + len("\\boxed{")
    depth, end = 1, at
    while depth:
        depth += {"{": 1, "}": -1}.get(solution[end], 0)
        end += 1
    return solution[at:end - 1]


class Data:
    """Problems as Reprise's importers name and order them, with their publishers' rows."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def rows(self, benchmark):
        """[(id, row)] in the order of the file."""
        f = self.folder
        if benchmark == "gsm8k":
            return [(f"gsm8k-{i}", r) for i, r in enumerate(lines(f / "gsm8k/test.jsonl"), 1)]
        if benchmark == "gsm8k_train":
            return [(f"gsm8k-{i}", r) for i, r in enumerate(lines(f / "gsm8k/train.jsonl.gz"), 1)]
        if benchmark == "math500":
            return [(r["unique_id"], r) for r in lines(f / "math/math500_test.jsonl")]
        if benchmark in ("aime24", "aime25"):
            return [(f"aime-{i}", r) for i, r in enumerate(lines(f / f"aime/{benchmark}.jsonl"), 1)]
        if benchmark == "amc23":
            return [(f"amc23-{i}", r) for i, r in enumerate(lines(f / "amc/amc23.jsonl"), 1)]
        if benchmark == "minerva":
            return [(f"minerva-{i}", r) for i, r in enumerate(lines(f / "minerva/minerva_math.jsonl"), 1)]
        if benchmark == "olympiadbench":
            return [(f"olympiadbench-{i}", r) for i, r in enumerate(lines(f / "olympiadbench/olympiadbench_oe_to_maths_en_comp.jsonl"), 1)]
        if benchmark == "ifeval":
            return [(f"ifeval-{i}", r) for i, r in enumerate(lines(f / "ifeval/ifeval.jsonl"), 1)]
        if benchmark in ("humaneval", "humaneval_plus"):
            name = "HumanEval" if benchmark == "humaneval" else "HumanEvalPlus"
            return [(r["task_id"], r) for r in lines(f / f"humaneval/{name}.jsonl.gz")]
        if benchmark == "mbpp":
            return [(f"Mbpp/{r['task_id']}", r) for r in lines(f / "mbpp/mbpp.jsonl") if 11 <= r["task_id"] <= 510]
        if benchmark in ("mmlu", "mmlu_dev"):
            return self.mmlu("test" if benchmark == "mmlu" else "dev")
        if benchmark in ("gpqa_diamond", "mmlu_pro"):
            return [(r["id"], r) for r in INVENTED[benchmark]]
        raise KeyError(benchmark)

    def mmlu(self, split):
        out = []
        with zipfile.ZipFile(self.folder / "mmlu/mmlu.zip") as archive:
            for name in archive.namelist():
                stem = pathlib.Path(name).stem
                if not name.endswith(f"_{split}.csv"):
                    continue
                subject = stem.rsplit("_", 1)[0]
                text = archive.read(name).decode()
                line = 1
                reader = csv.reader(io.StringIO(text, newline=""))
                for fields in reader:
                    out.append((f"{stem}-{line}", {"question": fields[0], "choices": fields[1:5], "answer": "ABCD".index(fields[5].strip()), "subject": subject}))
                    line = reader.line_num + 1
        return out


def completion(text, stop=(), continuations=()):
    return {"form": "completion", "text": text, "stop_strings": list(stop), "continuations": list(continuations)}


def chat(messages, prefix="", stop=(), continuations=()):
    return {"form": "chat", "messages": messages, "assistant_prefix": prefix, "stop_strings": list(stop), "continuations": list(continuations)}


def canonical(prompt):
    """As evaluation/harness/prompt_ask.cpp: canonical_text()."""
    parts = []
    if prompt["form"] == "chat":
        parts += [(m["role"], m["content"]) for m in prompt["messages"]]
        if prompt["assistant_prefix"]:
            parts.append(("prefix", prompt["assistant_prefix"]))
    else:
        parts.append(("text", prompt["text"]))
    parts += [("stop", s) for s in prompt["stop_strings"]]
    parts += [("continuation", s) for s in prompt.get("continuations", ())]
    out = b""
    for name, part in parts:
        body = part.encode()
        out += f"{name} {len(body)}\n".encode() + body + b"\n"
    return out


def sha256(prompt):
    return hashlib.sha256(canonical(prompt)).hexdigest()


# ---- lm-evaluation-harness

# MATH's tasks refuse to be read without Math-Verify and beside another antlr runtime than 4.11: only their grading would use these.
REAL_VERSION = importlib.metadata.version
importlib.metadata.version = lambda name: "4.11.1" if name == "antlr4-python3-runtime" else REAL_VERSION(name)
if importlib.util.find_spec("math_verify") is None:
    sys.modules["math_verify"] = types.SimpleNamespace(parse=None, verify=None)

LM_EVAL = {  # task of the preset -> (its file, benchmark)
    "gsm8k": ("gsm8k/gsm8k.yaml", "gsm8k"), "gsm8k_cot": ("gsm8k/gsm8k-cot.yaml", "gsm8k"), "gsm8k_cot_zeroshot": ("gsm8k/gsm8k-cot-zeroshot.yaml", "gsm8k"),
    "gsm8k_cot_llama": ("gsm8k/gsm8k-cot-llama.yaml", "gsm8k"), "minerva_math500": ("minerva_math/minerva_math500.yaml", "math500"),
    "hendrycks_math500": ("hendrycks_math/hendrycks_math500.yaml", "math500"), "aime24": ("aime/aime24.yaml", "aime24"), "aime25": ("aime/aime25.yaml", "aime25"),
    "gpqa_diamond_zeroshot": ("gpqa/zeroshot/gpqa_diamond_zeroshot.yaml", "gpqa_diamond"), "gpqa_diamond_cot_zeroshot": ("gpqa/cot_zeroshot/gpqa_diamond_cot_zeroshot.yaml", "gpqa_diamond"),
    "gpqa_diamond_n_shot": ("gpqa/n_shot/gpqa_diamond_n_shot.yaml", "gpqa_diamond"), "gpqa_diamond_generative_n_shot": ("gpqa/generative/gpqa_diamond_generative_n_shot.yaml", "gpqa_diamond"),
    "gpqa_diamond_cot_n_shot": ("gpqa/cot_n_shot/gpqa_diamond_cot_n_shot.yaml", "gpqa_diamond"), "mmlu": ("mmlu/default/mmlu_{subject}.yaml", "mmlu"),
    "mmlu_5shot": ("mmlu/default/mmlu_{subject}.yaml", "mmlu"), "mmlu_generative": ("mmlu/generative/mmlu_{subject}.yaml", "mmlu"),
    "mmlu_flan_cot_zeroshot": ("mmlu/flan_cot_zeroshot/mmlu_{subject}.yaml", "mmlu"), "mmlu_pro": ("mmlu_pro/mmlu_pro_{category}.yaml", "mmlu_pro"),
    "humaneval": ("humaneval/humaneval.yaml", "humaneval"), "humaneval_instruct": ("humaneval/humaneval_instruct.yaml", "humaneval"), "mbpp": ("mbpp/mbpp.yaml", "mbpp"),
    "mbpp_instruct": ("mbpp/mbpp_instruct.yaml", "mbpp"), "ifeval": ("ifeval/ifeval.yaml", "ifeval")}
CHAT_BY_DEFAULT = {"humaneval_instruct", "mbpp_instruct"}  # meant with --apply_chat_template


def lm_eval_task(file, splits, identity_order=False):
    """A ConfigurableTask of their file, on our rows instead of the hub's. identity_order: their random.shuffle of options leaves them alone."""
    import datasets
    import evaluate
    import random

    class Passes:  # their code tasks run a program at import: there is nothing to run here
        def compute(self, **_):
            return [{"pass@1": 1.0}]
    evaluate.load = lambda *_, **__: Passes()
    datasets.disable_progress_bars()
    logging.disable(logging.WARNING)
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml
    import lm_eval.tasks
    config = load_yaml(pathlib.Path(lm_eval.tasks.__file__).parent / file)
    for key in ("tag", "task_alias", "group"):
        config.pop(key, None)
    config["custom_dataset"] = lambda **_: {name: datasets.Dataset.from_list(rows) for name, rows in splits.items()}
    config["dataset_kwargs"] = {}
    kept = random.shuffle, random.Random.shuffle
    if identity_order:
        random.shuffle = random.Random.shuffle = lambda *_: None
    try:
        task = ConfigurableTask(config=config)
        docs = list(task.eval_docs)
    finally:
        random.shuffle, random.Random.shuffle = kept
    return task, docs


def lm_eval_row(benchmark, row):
    """In the fields of the hub's copy that the task reads."""
    if benchmark == "math500":
        return {k: row[k] for k in ("problem", "solution", "answer", "subject", "level", "unique_id")}
    if benchmark == "aime24":
        return {"ID": str(row["id"]), "Problem": row["problem"], "Solution": row.get("solution") or "", "Answer": int(row["answer"])}
    if benchmark == "aime25":
        return {"problem": row["problem"], "answer": str(row["answer"]), "id": "0"}
    if benchmark == "gpqa_diamond":
        o = row["options"]  # their code lists the incorrect ones first
        return {"Question": row["question"], "Incorrect Answer 1": o[0], "Incorrect Answer 2": o[1], "Incorrect Answer 3": o[2], "Correct Answer": o[3]}
    if benchmark == "mmlu_pro":
        return {"question": row["question"], "options": row["options"], "answer": row["answer"], "category": row["metadata"]["category"], "cot_content": row["solution"]}
    if benchmark == "ifeval":
        return {"key": 0, "prompt": row["prompt"], "instruction_id_list": row["instruction_id_list"], "kwargs": "[]"}
    if benchmark == "humaneval":
        return {k: row[k] for k in ("task_id", "prompt", "canonical_solution", "test", "entry_point")}
    return row


def lm_eval_prompts(data, task_name, as_chat, wanted=None):
    """wanted: ids; None for all. Problems before a wanted one are asked too where the shots are drawn at random."""
    file, benchmark = LM_EVAL[task_name]
    rows = data.rows(benchmark)
    groups = {"": rows}
    for key in ("subject", "category"):
        if "{" + key + "}" in file:
            groups = {}
            for i, row in rows:
                groups.setdefault((row.get("metadata") or row)[key], []).append((i, row))
    for group, members in groups.items():
        if wanted is not None and not any(i in wanted for i, _ in members):
            continue
        split_rows = [lm_eval_row(benchmark, row) for _, row in members]
        splits = {"test": split_rows, "train": split_rows, "validation": split_rows}
        if benchmark == "gsm8k":
            splits["train"] = [row for _, row in data.rows("gsm8k_train")]
        if benchmark == "mmlu":
            splits["dev"] = [row for _, row in data.rows("mmlu_dev") if row["subject"] == group]
        if benchmark == "mmlu_pro":
            splits["validation"] = [lm_eval_row(benchmark, row) for row in INVENTED["mmlu_pro_validation"]]
        task, docs = lm_eval_task(file.format(subject=group, category=group.replace(" ", "_")), splits, identity_order=benchmark == "gpqa_diamond")
        assert len(docs) == len(members), (task_name, len(docs), len(members))
        task.set_fewshot_seed(1234)  # evaluator.py: fewshot_random_seed
        shots = 5 if task_name == "mmlu_5shot" else task.config.num_fewshot or 0
        for (problem, _), doc in zip(members, docs):
            if wanted is not None and problem not in wanted and task_name != "gsm8k":
                continue
            prefix = task.doc_to_prefix(doc)
            kept = []
            text = task.fewshot_context(doc, num_fewshot=shots, apply_chat_template=as_chat, fewshot_as_multiturn=True, gen_prefix=prefix,
                                        chat_template=(lambda messages, add_generation_prompt: kept.append(messages) or "") if as_chat else None)
            requests = task.construct_requests(doc=doc, ctx=text, metadata=("", 0, 1), apply_chat_template=as_chat, chat_template=None)
            stop, continuations = [], []
            if isinstance(requests, list):
                continuations = [request.args[1] for request in requests]
            else:
                stop = list(requests.args[1]["until"])
            if wanted is not None and problem not in wanted:
                continue
            if not as_chat:
                yield problem, completion(text, stop, continuations)
                continue
            messages = kept[0]
            assistant = messages.pop()["content"] if prefix else ""
            yield problem, chat(messages, assistant, stop, continuations)


# ---- lighteval

LIGHTEVAL = {"aime24": ("aime", "aime24", ("aime24", "aime25")), "math_500": ("math_500", "math_500", ("math500",)), "gsm8k": ("gsm8k", "gsm8k", ("gsm8k",)),
             "gpqa_diamond": ("gpqa", "gpqa:diamond", ("gpqa_diamond",)), "ifeval": ("ifeval.main", "ifeval", ("ifeval",)), "mmlu": ("mmlu", "mmlu:{subject}", ("mmlu",)),
             "mmlu_pro": ("mmlu_pro", "mmlu_pro", ("mmlu_pro",))}


def lighteval_prompts(data, task_name, benchmark, as_chat, wanted=None):
    import random
    import nltk
    nltk.download = lambda *_, **__: True  # its instructions want a data package at import
    from lighteval.tasks.prompt_manager import PromptManager
    module, name, _ = LIGHTEVAL[task_name]
    table = {config.name: config for config in importlib.import_module("lighteval.tasks.tasks." + module).TASKS_TABLE}
    for problem, row in data.rows(benchmark):
        if wanted is not None and problem not in wanted:
            continue
        config = table[name.format(subject=row.get("subject"))]
        line = dict(row)
        if benchmark == "gpqa_diamond":
            o = row["options"]
            line = {"Question": row["question"], "Incorrect Answer 1": o[0], "Incorrect Answer 2": o[1], "Incorrect Answer 3": o[2], "Correct Answer": o[3]}
        if benchmark == "mmlu_pro":
            line = {"question": row["question"], "options": row["options"], "answer": row["answer"], "answer_index": "ABCDEFGHIJ".index(row["answer"])}
        kept, random.randint = random.randint, lambda low, high: high  # the right one comes last, where the invented problems have it
        try:
            doc = config.prompt_function(line, config.name)
        finally:
            random.randint = kept
        doc.fewshot_samples = []
        manager = PromptManager(use_chat_template=as_chat, tokenizer=None, system_prompt=None)
        stop = list(config.stop_sequence or [])
        if as_chat:
            yield problem, chat(manager.prepare_prompt_api(doc), "", stop)
        else:
            yield problem, completion(manager.prepare_prompt(doc), stop)


# ---- simple-evals: OpenAI's templates, as nvidia-simple-evals has them

SIMPLE_EVALS = {"mmlu": ("mmlu",), "gpqa": ("gpqa_diamond",), "math": ("math500", "aime24", "aime25"), "humaneval": ("humaneval",)}


def constant(file, name):
    """The value of a string that a module sets at its top, or in a function, without importing it."""
    for node in ast.walk(ast.parse(pathlib.Path(file).read_text())):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return eval(compile(ast.Expression(node.value), str(file), "eval"), {})
    raise KeyError(name)


def simple_evals_prompts(data, task_name, benchmark, wanted=None):
    folder = pathlib.Path(os.environ["SIMPLE_EVALS"]) / "simple_evals"
    choice, math = constant(folder / "common.py", "QUERY_TEMPLATE_MULTICHOICE"), constant(folder / "evals/math_eval.py", "QUERY_TEMPLATE")
    code = constant(folder / "evals/humaneval_eval.py", "instruction")
    for problem, row in data.rows(benchmark):
        if wanted is not None and problem not in wanted:
            continue
        if task_name in ("mmlu", "gpqa"):
            o = row["choices"] if benchmark == "mmlu" else row["options"]
            text = choice.format(Question=row["question"], A=o[0], B=o[1], C=o[2], D=o[3])
        elif task_name == "math":
            text = math.format(Question=row["problem"])
        else:
            text = code + row["prompt"]
        yield problem, chat([{"role": "user", "content": text}])


# ---- Qwen2.5-Math

QWEN = {"qwen25_math_cot": ("qwen25-math-cot", 0, ("gsm8k", "math500", "aime24", "amc23", "minerva", "olympiadbench")),
        "qwen_boxed": ("qwen-boxed", 0, ("gsm8k", "math500", "aime24", "amc23", "minerva", "olympiadbench")),
        "cot_gsm8k": ("cot", 8, ("gsm8k",)), "cot_math": ("cot", 4, ("math500", "aime24", "amc23"))}


def split_chat(text):
    """Qwen's markup back into messages: what its chat template writes."""
    messages = []
    parts = text.split("<|im_start|>")
    assert parts[0] == "" and parts[-1] == "assistant\n", text[-100:]
    for part in parts[1:-1]:
        role, content = part.split("\n", 1)
        assert content.endswith("<|im_end|>\n")
        messages.append({"role": role, "content": content[:-len("<|im_end|>\n")]})
    return messages


def qwen_prompts(data, task_name, benchmark, wanted=None):
    sys.path.insert(0, os.environ["QWEN_EVALUATION"])
    for name in ("examples", "utils"):
        sys.modules.pop(name, None)
    utils = importlib.import_module("utils")
    sys.path.pop(0)
    prompt_type, shots, _ = QWEN[task_name]
    args = types.SimpleNamespace(prompt_type=prompt_type, num_shots=shots, adapt_few_shot=False)
    name = {"math500": "math", "minerva": "minerva_math"}.get(benchmark, benchmark)
    stop = ["</s>", "<|im_end|>", "<|endoftext|>"] + (["\n\nQuestion:"] if prompt_type == "cot" else [])  # math_eval.py
    for problem, row in data.rows(benchmark):
        if wanted is not None and problem not in wanted:
            continue
        question = next(row[key] for key in ("question", "problem", "Question", "input") if key in row)
        gold = {"gsm8k": lambda: row["answer"].split("#### ")[-1], "math500": lambda: row["answer"], "minerva": lambda: boxed(row["solution"]),
                "olympiadbench": lambda: row["final_answer"][0].strip("$")}.get(benchmark, lambda: str(row["answer"]))()
        if gold.lower() in ("true", "false"):  # parser.py: parse_question
            question += " (True or False)"
        if gold.lower() in ("yes", "no"):
            question += " (Yes or No)"
        text = utils.construct_prompt({"question": question.strip(), "gt_ans": gold}, name, args)
        yield problem, completion(text, stop) if prompt_type == "cot" else chat(split_chat(text), "", stop)


def cases(data_folder, only=None):
    """(preset, task, benchmark, form, function from a set of ids or None to (id, prompt) pairs), those whose harness is here."""
    data = Data(data_folder)
    out = []
    for task, (_, benchmark) in LM_EVAL.items():
        for form in ("completion", "chat"):
            out.append(("lm_eval", task, benchmark, form, lambda wanted, t=task, f=form: lm_eval_prompts(data, t, f == "chat", wanted)))
    for task, (_, _, benchmarks) in LIGHTEVAL.items():
        for benchmark in benchmarks:
            out.append(("lighteval", task, benchmark, "chat", lambda wanted, t=task, b=benchmark: lighteval_prompts(data, t, b, True, wanted)))
            text_task = task + "_text" if task in ("gpqa_diamond", "ifeval", "mmlu", "mmlu_pro") else task
            out.append(("lighteval", text_task, benchmark, "completion", lambda wanted, t=task, b=benchmark: lighteval_prompts(data, t, b, False, wanted)))
    if os.environ.get("SIMPLE_EVALS"):
        for task, benchmarks in SIMPLE_EVALS.items():
            for benchmark in benchmarks:
                out.append(("simple_evals", task, benchmark, "chat", lambda wanted, t=task, b=benchmark: simple_evals_prompts(data, t, b, wanted)))
    if os.environ.get("QWEN_EVALUATION"):
        for task, (kind, _, benchmarks) in QWEN.items():
            for benchmark in benchmarks:
                out.append(("qwen", task, benchmark, "completion" if kind == "cot" else "chat", lambda wanted, t=task, b=benchmark: qwen_prompts(data, t, b, wanted)))
    return [case for case in out if not only or case[0] in only or f"{case[0]}/{case[1]}" in only]
