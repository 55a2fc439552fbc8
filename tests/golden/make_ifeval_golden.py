#!/usr/bin/env python3
"""Makes tests/golden/ifeval.jsonl and tests/golden/nltk_texts.json: verdicts of the authors' code (lm-evaluation-harness's copy) on responses made
here, for kwargs made here; sentences and words of nltk. tests/grading/ifeval_test.cpp must give the same.

usage: NLTK_DATA=FOLDER make_ifeval_golden.py     needs lm-eval 0.4.13, langdetect 1.0.9, nltk 3.9.1 with punkt_tab
"""
import json
import pathlib
import random
import sys

import langdetect
import nltk
from lm_eval.tasks.ifeval import utils

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "oracle"))
from ifeval_responses import EDGES, LANGUAGES, PIECES, SENTENCES, responses_for, sentences

langdetect.DetectorFactory.seed = 0
KINDS = [
    ("keywords:existence", {"keywords": ["tree", "risk"]}),
    ("keywords:frequency", {"keyword": "light", "frequency": 3, "relation": "at least"}),
    ("keywords:frequency", {"keyword": " ski ", "frequency": 2, "relation": "less than"}),
    ("keywords:forbidden_words", {"forbidden_words": ["bus", "ökosystem"]}),
    ("keywords:letter_frequency", {"letter": "k", "let_frequency": 4, "let_relation": "less than"}),
    ("keywords:letter_frequency", {"letter": "I", "let_frequency": 3, "let_relation": "at least"}),
    ("language:response_language", {"language": "ne"}),
    ("language:response_language", {"language": "bg"}),
    ("length_constraints:number_sentences", {"num_sentences": 4, "relation": "at least"}),
    ("length_constraints:number_sentences", {"num_sentences": 6, "relation": "less than"}),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 3}),
    ("length_constraints:number_words", {"num_words": 12, "relation": "at least"}),
    ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 3, "nth_paragraph": 2, "first_word": "Rain"}),
    ("detectable_content:number_placeholders", {"num_placeholders": 3}),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}),
    ("detectable_format:number_bullet_lists", {"num_bullets": 3}),
    ("detectable_format:constrained_response", {}),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 3}),
    ("detectable_format:multiple_sections", {"section_spliter": "Chapter", "num_sections": 3}),
    ("detectable_format:json_format", {}),
    ("detectable_format:title", {}),
    ("combination:two_responses", {}),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Name three Éclairs, please.\nTwo are enough."}),
    ("startend:end_checker", {"end_phrase": "That is ALL, folks!"}),
    ("change_case:capital_word_frequency", {"capital_frequency": 3, "capital_relation": "at least"}),
    ("change_case:capital_word_frequency", {"capital_frequency": 5, "capital_relation": "less than"}),
    ("change_case:english_capital", {}),
    ("change_case:english_lowercase", {}),
    ("punctuation:no_comma", {}),
    ("startend:quotation", {}),
]


def verdict(ids, kwargs, response, loose):
    example = utils.InputExample(key=0, instruction_id_list=ids, prompt="", kwargs=kwargs)
    return (utils.test_instruction_following_loose if loose else utils.test_instruction_following_strict)(example, response).follow_all_instructions


def row(ids, kwargs, response):
    return {"ids": ids, "kwargs": kwargs, "response": response, "strict": verdict(ids, kwargs, response, False), "loose": verdict(ids, kwargs, response, True)}


rng, rows = random.Random(7), []
for name, kwargs in KINDS:
    made = [r for r in dict.fromkeys(list(responses_for(name, kwargs, rng, 10)) + EDGES) if len(r) < 700]
    groups = {}
    for response in made:
        one = row([name], [kwargs], response)
        groups.setdefault((one["strict"], one["loose"]), []).append(one)
    for group in groups.values():  # as many that follow as that break
        rows += rng.sample(group, min(len(group), 14))
for _ in range(60):  # several instructions a prompt
    some = rng.sample(KINDS, rng.choice([2, 3]))
    ids, kwargs = [n for n, _ in some], [k for _, k in some]
    response = rng.choice(["Here it is:\n", ""]) + "\n".join(rng.choice([r for r in responses_for(n, k, rng, 1) if len(r) < 300]) for n, k in some)
    rows.append(row(ids, kwargs, response))
(HERE / "ifeval.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))

# One word that our part of nltk's model does not have ("Well-paid" behind an ellipsis) would show here as a difference: left out, and counted by the comparison.
texts = SENTENCES + [" ".join(SENTENCES[i : i + 5]) for i in range(0, len(SENTENCES), 4)] + [e for e in EDGES if len(e) < 100] + [LANGUAGES[c] for c in ("de", "vi", "ar", "ja")]
texts += ["".join(rng.choice(PIECES) for _ in range(rng.randrange(5, 50))) for _ in range(120)] + [sentences(6, rng).replace(" ", rng.choice(["\n", "  ", " "])) for _ in range(30)]
(HERE / "nltk_texts.json").write_text(json.dumps([{"text": t, "sentences": nltk.sent_tokenize(t), "words": nltk.word_tokenize(t)} for t in dict.fromkeys(texts) if "... Well" not in " ".join(t.split())], ensure_ascii=False, indent=0) + "\n")
print(len(rows), "verdicts,", sum(r["strict"] for r in rows), "strict and", sum(r["loose"] for r in rows), "loose follow;", len(texts), "texts")
