#!/usr/bin/env python3
"""Makes tests/golden/published_choices.jsonl: what the publishers' patterns extract, by Python's re, from completions made here; for
tests/grading/choice_test.cpp. The patterns are quoted from openai/simple-evals (common.py, gpqa_eval.py, mmlu_eval.py), TIGER-AI-Lab/MMLU-Pro
(evaluate_from_local.py) and lm-evaluation-harness 0.4.13 (mmlu_pro, gpqa); the last one's filter is called itself.

usage: make_choice_golden.py [NUM_RANDOM OUTPUT]     needs lm-eval
"""
import json
import pathlib
import random
import re
import sys

from lm_eval.filters.extraction import MultiChoiceRegexFilter

HEADS = ["Answer\\s*:", "Answer\\s*:\u200b\u200b\u200b\u200b\u200b\u200b", "উত্তর\\s*:", "उत्तर\\s*:", "উত্তরঃ", "উত্তর\\s*:", "Antwort\\s*:", "답변\\s*:", "정답\\s*:", "답\\s*:", "答案\\s*：", "答案\\s*:", "答\\s*：", "答\\s*:", "答复\\s*：",
         "答曰\\s*：", "الإجابة:", "الجواب:", "إجابة:", "الإجابة النهائية:", "الإجابة الصحيحة:", "الإجابة الصحيحة هي:", "الإجابة هي:", "الجواب النهائي:", "Respuesta\\s*:", "Risposta\\s*:", "答え\\s*:", "答え\\s*：", "回答\\s*:", "回答\\s*：",
         "解答\\s*:", "Jawaban\\s*:", "Réponse\\s*:", "Resposta\\s*:", "Jibu\\s*:", "Idahun\\s*:", "Ìdáhùn\\s*:", "Idáhùn\\s*:", "A\u0300m\u1ecd\u0300na\u0300\\s*:", "Àdáhùn\\s*:", "A\u0300nu\u0301go\u0323\\s*:", "Àṣàyàn\\s*:"]


def simple_evals(text):
    match = re.search(r"(?i)Answer[ \t]*:[ \t]*\$?([A-D])\$?", text)
    return match.group(1) if match else ""


def multilingual(text):
    for what in ("**", "$\\boxed{", "}$", "\\$", "$\\text{", "$", "\\mathrm{", "\\{", "\\text", "\\(", "\\mathbf{", "{", "\\boxed"):
        text = text.replace(what, "")
    for head in HEADS:
        match = re.search("(?i){}[ \t]*([A-D]|[أ-د]|[অ]|[ব]|[ড]|[ঢ]|[Ａ]|[Ｂ]|[Ｃ]|[Ｄ])".format(head), text)
        if match:
            found = match.group(1)
            for sign, letter in zip("أبجدঅবডঢＡＢＣＤ", "ABCD" * 3):
                found = found.replace(sign, " " + letter)
            return found.strip()
    return ""


def mmlu_pro(text):
    for pattern, group in ((r"answer is \(?([A-J])\)?", 1), (r".*[aA]nswer:\s*([A-J])", 1), (r"[A-J](?=[^A-J]*$)", 0)):
        match = re.search(pattern, text)
        if match:
            return match.group(group)
    return ""


def lm_eval_mmlu_pro(text):
    found = re.findall(r"answer is \(?([ABCDEFGHIJ])\)?", text)
    return found[0].strip() if found else ""


FLEXIBLE = MultiChoiceRegexFilter(regex_pattern="(\\([A-Z]\\))", group_select=-1, ignore_case=True, ignore_punctuation=True)
OPTIONS = ["Paris", "the city of Rome", "12.5 kg", "Rome!"]


def flexible(texts):
    return ["" if found == "[invalid]" else found for found in FLEXIBLE.apply([texts], [{"choices": OPTIONS}])[0]]


TRICKY = """Answer: B
answer : $c$
ANSWER:	D.
Answer:A
Answer:$ B
**Answer: B**
**Answer:** B
Answer: (B)
Answer: E
Answer: \\boxed{B}
Answer: $\\boxed{C}$
The final answer is $\\boxed{\\text{D}}$. Answer: \\text{D}
Answer

: B
Answer:
B
Anſwer: a
I answer: because D
First, answer: A. No. Answer: B.
The answer is B
The answer is (C).
The answer is: D
the answer is Because of that
The answer is (J)
answer is answer is (A
Therefore the Answer is F. answer: G
answer: H and answer: I
answer: x
Answer: Z J
No letter here at all
the choice (B) or (C)
(Z)
(b)
It is paris, not rome
It is The City, of Rome.
12.5 KG
I would say: C
:	 D
Antwort: C
答案：Ｂ
答案: ب
الإجابة: ب
الإجابة: ت
উত্তর: ঢ
উত্তরঃ অ
Réponse : d
RÉPONSE: A
답변: C 정답: D
Answer:​​​​​​ B
À vous. Àṣàyàn: D
A\u0300nu\u0301go\u0323: B
Jibu: B, Answer: C
Answer:  Answer: D
{Answer}: B
$Answer: $B$
Answer: **$B$**
AnswerAnswer:::: C
Answer: a
answer: (A) answer is B
"""
PIECES = ["Answer", "answer", "ANSWER", ":", " : ", " is ", "answer is ", "the answer is (", "(", ")", "A", "B", "C", "D", "E", "J", "b", "d", "Z", "$", "**", "\\boxed{", "}", "\\text{", "{", "\n", "\n\n", "\t", " ", "  ", "(C)", "(E)", "(z)", ".", ",", "Paris", "rome",
          "the city of rome", "12,5 kg", "Antwort", "答案", "：", "答", "উত্তর", "ব", "الإجابة", "ب", "Ｂ", "ｂ", "Réponse", "réponse", "ſ", "anſwer:", "\u200b", "ﬁ", "É", "x", "because"]

num_random, output = (int(sys.argv[1]), pathlib.Path(sys.argv[2])) if len(sys.argv) > 2 else (400, pathlib.Path(__file__).with_name("published_choices.jsonl"))
rng = random.Random(11)
texts = TRICKY.replace("\\u0300", "\u0300").replace("\\u0301", "\u0301").replace("\\u0323", "\u0323").split("\n") + [TRICKY[i : i + 300] for i in range(0, len(TRICKY), 250)]
texts += ["".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 25))) for _ in range(num_random)]
texts = list(dict.fromkeys(texts))
rules = {"simple_evals": simple_evals, "simple_evals_multilingual": multilingual, "mmlu_pro": mmlu_pro, "lm_eval_mmlu_pro": lm_eval_mmlu_pro}
rows = [{"completion": text, "metadata": {"options": OPTIONS}} | {name: rule(text) for name, rule in rules.items()} | {"lm_eval_flexible": last} for text, last in zip(texts, flexible(texts))]
output.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
