#!/usr/bin/env python3
"""Makes tests/golden/prompts.json from the harnesses themselves (tests/oracle/harness_prompts.py says what it needs): what tests/evaluation/prompt_preset_test.cpp checks.

  SIMPLE_EVALS=DIR QWEN_EVALUATION=DIR tests/golden/make_prompt_golden.py ../shared/data

Three problems of each benchmark, the first, a middle one and the last, in both forms: SHA-256 and length of the canonical text (canonical_text() of
evaluation/harness/prompt_ask.h), no text of anybody's problem. GPQA and MMLU-Pro by the invented problems of prompt_problems.json, whose options are
asked in the order in which they stand there: what the harnesses leave to an unseeded generator is taken out of their hands."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "oracle"))
import harness_prompts as theirs

data = theirs.Data(sys.argv[1])
out = []
for preset, task, benchmark, form, prompts in theirs.cases(sys.argv[1]):
    ids = [i for i, _ in data.rows(benchmark)]
    wanted = {ids[0], ids[len(ids) // 2], ids[-1]}
    found = dict(prompts(wanted))
    assert set(found) == wanted, (preset, task, benchmark, form, set(found) ^ wanted)
    for problem in sorted(wanted, key=ids.index):
        out.append({"preset": preset, "task": task, "benchmark": benchmark, "form": form, "problem": problem, "bytes": len(theirs.canonical(found[problem])),
                    "sha256": theirs.sha256(found[problem])})
for needed in ("lm_eval", "lighteval", "simple_evals", "qwen"):
    assert any(one["preset"] == needed for one in out), f"{needed} is not here: see harness_prompts.py"
versions = "lm-eval 0.4.13, lighteval 0.13.0, nvidia-simple-evals 26.3 (OpenAI's templates), Qwen2.5-Math a45202b (as copied in pzs19/LEMMA 715645c)"
text = ",\n".join("    " + json.dumps(one) for one in out)
(HERE / "prompts.json").write_text(f'{{\n  "made_by": "make_prompt_golden.py with {versions}",\n  "prompts": [\n{text}\n  ]\n}}\n')
print(len(out), "prompts")
