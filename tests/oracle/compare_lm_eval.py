#!/usr/bin/env python3
"""lm-evaluation-harness drives `reprise serve` over HTTP, and the same model through transformers: the same greedy answers to few-shot GSM8K, the same
log-likelihoods of choices.

  python tests/oracle/compare_lm_eval.py build/cpu/bin/reprise MODEL --data REPRISE_DATA [--limit 12] [--max-tokens 64]
Needs lm-eval[api] and torch, transformers. MODEL: a GGUF file or a Hugging Face folder. Exit 0 when all holds."""
import argparse
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import lm_eval
from lm_eval.tasks import TaskManager

GSM8K = """task: gsm8k_few
dataset_path: json
dataset_kwargs: {{data_files: {{train: {train}, test: {test}}}}}
output_type: generate_until
training_split: train
fewshot_split: train
test_split: test
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_target: "{{{{answer}}}}"
num_fewshot: 3
generation_kwargs: {{until: ["Question:", "</s>", "<|im_end|>"], do_sample: false, temperature: 0.0, max_gen_toks: {tokens}}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
filter_list: [{{name: flexible-extract, filter: [{{function: regex, group_select: -1, regex_pattern: "(-?[$0-9.,]{{2,}})|(-?[0-9]+)"}}, {{function: take_first}}]}}]
"""
CHOICE = """task: numbers_choice
dataset_path: json
dataset_kwargs: {{data_files: {{test: {test}}}}}
output_type: multiple_choice
test_split: test
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: label
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""


def serve(program, model, *more):
    process = subprocess.Popen([program, "serve", str(model), "--port", "0", "--served-model-name", "served", "--log-refusals", *more], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if found := re.search(r"listening on (http://\S+)", line):
            return process, found[1]
    sys.exit("the server did not start")


def answers(results, task):
    return {sample["doc_id"]: sample for sample in results["samples"][task]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--data", required=True)
    parser.add_argument("--limit", type=int, default=12)
    parser.add_argument("--max-tokens", type=int, default=64)
    options = parser.parse_args()
    data = pathlib.Path(options.data)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([options.program, "convert", options.model, "--output", str(folder / "model")], check=True)
        rows = [json.loads(line) for line in open(data / "gsm8k/test.jsonl")][:options.limit]
        with open(folder / "choice.jsonl", "w") as file:
            for row in rows:
                number = int(row["answer"].split("#### ")[1].replace(",", ""))
                file.write(json.dumps({"question": row["question"], "choices": [f" {number}", f" {number + 1}", " I do not know that."], "label": 0}) + "\n")
        train = data / "gsm8k/train.jsonl"
        if not train.exists():
            train = data / "gsm8k/train.jsonl.gz"
        tasks = folder / "tasks"
        tasks.mkdir()
        (tasks / "gsm8k_few.yaml").write_text(GSM8K.format(train=train, test=data / "gsm8k/test.jsonl", tokens=options.max_tokens))
        (tasks / "numbers_choice.yaml").write_text(CHOICE.format(test=folder / "choice.jsonl"))
        manager = TaskManager(include_path=str(tasks), include_defaults=False)
        names = ["gsm8k_few", "numbers_choice"]

        def evaluate(model, arguments):
            return lm_eval.simple_evaluate(model=model, model_args=arguments, tasks=names, limit=options.limit, task_manager=manager, log_samples=True, bootstrap_iters=0)
        process, url = serve(options.program, folder / "model")
        try:
            ours = evaluate("local-completions", f"base_url={url}/completions,model=served,tokenizer={folder / 'model'},num_concurrent=6,max_retries=2,tokenized_requests=True")
        finally:
            process.send_signal(signal.SIGINT)
            print(process.communicate(timeout=60)[0].strip().splitlines()[-1])
        theirs = evaluate("hf", f"pretrained={folder / 'model'},dtype=float32,device=cpu")
        same = different = 0
        mine, other = answers(ours, "gsm8k_few"), answers(theirs, "gsm8k_few")
        for doc in other:
            equal = mine[doc]["resps"][0][0].strip() == other[doc]["resps"][0][0].strip()
            same, different = same + equal, different + (not equal)
            if not equal:
                print("differs:", repr(mine[doc]["resps"][0][0][:150]), "|", repr(other[doc]["resps"][0][0][:150]))
        worst, greedy = 0.0, 0
        mine, other = answers(ours, "numbers_choice"), answers(theirs, "numbers_choice")
        for doc in other:
            for x, y in zip(mine[doc]["resps"], other[doc]["resps"]):
                gap = abs(float(x[0][0]) - float(y[0][0]))
                worst = max(worst, gap)
                if gap > 2e-3:
                    print("differs:", doc, x[0], y[0])
                greedy += str(x[0][1]) != str(y[0][1])
        print(f"lm-eval {lm_eval.__version__}: {same} of {same + different} greedy answers the same; log-likelihoods of {3 * len(other)} choices differ by at most {worst:.2e}, {greedy} differ in being greedy")
        for task in names:
            keys = [k for k in ours["results"][task] if "," in k and "stderr" not in k]
            print(task, {k: (ours["results"][task][k], theirs["results"][task][k]) for k in keys})
        if different or worst > 2e-3 or greedy:
            sys.exit(1)


main()
