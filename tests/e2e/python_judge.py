#!/usr/bin/env python3
"""Hostile and honest solutions of problems whose tests are code: HumanEval's, MBPP's, EvalPlus's and LiveCodeBench's kinds, through `reprise grade code`.

  tests/e2e/python_judge.py build/cpu/bin/reprise
Each cheat is run in today's way too (one interpreter, tests and program together), where it passes: that shows what is stopped. Exit 0 when all holds."""
import base64
import json
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import zlib

HUMANEVAL = {"task_id": "T/0", "prompt": "from typing import List\n\ndef helper(x):\n    return x + 1\n\ndef add(a, b):\n    \"\"\"Adds.\"\"\"\n", "entry_point": "add", "canonical_solution": "    return a + b\n",
             "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(10, -4) == 6\n    assert candidate([1], [2]) == [1, 2]\n    assert helper(1) == 2\n"}
PLUS = {"task_id": "HumanEval/900", "prompt": "def add(a, b):\n", "entry_point": "add", "canonical_solution": "    return a + b\n", "contract": "", "base_input": [[1, 2], [10, -4]], "plus_input": [[10 ** 30, 1], [0.1, 0.2], ["a", "b"]], "atol": 0, "test": ""}
MBPP = {"task_id": 900, "text": "Depth.", "code": "class Node:\n    def __init__(self, v):\n        self.v = v\n        self.left = None\ndef depth(n):\n    return 0 if n is None else 1 + depth(n.left)\ndef sum(a, b):\n    return a + b",
        "test_setup_code": "root = Node(1)\nroot.left = Node(2)", "test_list": ["assert depth(root) == 2", "assert depth(root.left) == 1", "assert sum(10, 15) == 25", "assert list(map(depth, [root])) == [2]"], "challenge_test_list": []}
CALLS = [{"input": "[1, 2]\n3", "output": "[3, 1, 2]", "testtype": "functional"}]
SECRET = [{"input": "[]\n" + str(10 ** 25), "output": "[" + str(10 ** 25) + "]", "testtype": "functional"}]
LIVE = {"question_id": "9001", "question_title": "push", "contest_date": "2024-09-01T00:00:00", "difficulty": "easy", "starter_code": "", "public_test_cases": json.dumps(CALLS),
        "private_test_cases": base64.b64encode(zlib.compress(pickle.dumps(json.dumps(SECRET)))).decode(), "metadata": json.dumps({"func_name": "push"})}
LIVE_STDIN = {"question_id": "abc999_a", "question_title": "sum", "contest_date": "2024-12-01T00:00:00", "difficulty": "easy", "public_test_cases": json.dumps([{"input": "1 2\n", "output": "3.0\n", "testtype": "stdin"}]), "private_test_cases": "", "metadata": "{}"}
LIVE_OLD = dict(LIVE_STDIN, question_id="old", contest_date="2023-01-01T00:00:00")

EQUAL = "class A:\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n    def __lt__(self, o): return True\n    def __bool__(self): return True\n    def __sub__(self, o): return 0\n    def __abs__(self): return 0\n    def __hash__(self): return 0\n    def __len__(self): return 2\n    def __iter__(self): return iter(())\n"
# what, program, verdicts that it may get, does it pass where tests and program share an interpreter (None: not tried there)
HOSTILE = [
    ("equal to everything", EQUAL + "def add(a, b): return A()", {"wrong_answer"}, True),
    ("a list equal to everything", "class L(list):\n    def __eq__(self, o): return True\ndef add(a, b): return L()", {"wrong_answer"}, True),
    ("a number equal to everything", "class I(int):\n    def __eq__(self, o): return True\ndef add(a, b): return I(0)", {"wrong_answer"}, True),
    ("_exit(0) at import", "import os\nos._exit(0)\ndef add(a, b): pass", {"runtime_error"}, None),
    ("_exit(0) when called", "def add(a, b):\n    import os\n    os._exit(0)", {"runtime_error"}, None),
    ("sys.exit(0) at import", "import sys\nsys.exit(0)", {"runtime_error"}, None),
    ("sys.exit when called", "def add(a, b): raise SystemExit(0)", {"runtime_error"}, None),
    ("frames of the callers", "import sys\ndef add(a, b):\n    f = sys._getframe()\n    while f:\n        for k, v in list(f.f_locals.items()) + list(f.f_globals.items()):\n            if k in ('expected', 'result', 'check', 'told', 'verdict'): return v\n        f = f.f_back\n    return None", {"wrong_answer"}, None),
    ("the check replaced in the caller's globals", "import sys\ndef add(a, b):\n    f = sys._getframe(1)\n    f.f_globals['check'] = lambda c: None\n    raise SystemExit", {"runtime_error"}, None),
    ("the asserting code replaced", "import sys\ndef add(a, b):\n    f = sys._getframe(1)\n    return Cheat()\nclass Cheat:\n    def __eq__(self, o): return True", {"wrong_answer"}, True),
    ("answers among all objects", "import gc\ndef add(a, b):\n    for o in gc.get_objects():\n        if isinstance(o, dict) and 'canonical_solution' in o: return 'found'\n        if isinstance(o, str) and 'def check' in o: return 'found'\n    return 0", {"wrong_answer"}, None),
    ("builtins patched", "import builtins\nbuiltins.AssertionError = ValueError\nbuiltins.abs = lambda x: 0\nbuiltins.isinstance = lambda *a: True\nbuiltins.len = lambda x: 2\ndef add(a, b): return 0", {"wrong_answer", "runtime_error"}, None),
    ("json and its encoder patched", "import json\njson.dumps = lambda *a, **k: '{\"ok\": [3, null]}'\njson.JSONEncoder.encode = lambda *a: '3'\ndef add(a, b): return 0", {"wrong_answer", "runtime_error"}, None),
    ("modules of the harness replaced", "import sys\nfor name in list(sys.modules):\n    if name.startswith('reprise'): sys.modules[name] = None\ndef add(a, b): return 0", {"wrong_answer"}, None),
    ("verdicts written to every descriptor", "import os, json\nfor fd in range(0, 64):\n    try: os.write(fd, b'{\"verdict\": \"accepted\", \"message\": \"\", \"test\": 0}\\n')\n    except OSError: pass\ndef add(a, b): return 0", {"wrong_answer"}, None),
    ("answers written ahead", "import os\nfor fd in range(0, 64):\n    try: os.write(fd, b'{\"ok\": [3, null]}\\n{\"ok\": [3, null]}\\n')\n    except OSError: pass\ndef add(a, b): return 0", {"wrong_answer"}, None),
    ("objects that stay, asked about later", "class A:\n    n = 0\n    def __bool__(self): return True\n    def __call__(self, *a): return A()\n    def __iter__(self): return self\n    def __next__(self): return A()\ndef add(a, b): return A()", {"wrong_answer"}, None),
    ("a value that says another on each look", "class D(dict):\n    def items(self): return iter([('x', 1)])\nclass S(str):\n    def __eq__(self, o): return True\ndef add(a, b): return S('3')", {"wrong_answer"}, True),
    ("importlib.reload", "import importlib, os, sys\nimportlib.reload(os)\ndef add(a, b):\n    os.system('true')\n    return 0", {"wrong_answer"}, None),
    ("ctypes", "import ctypes\ndef add(a, b):\n    ctypes.string_at(0)\n    return 3", {"runtime_error"}, None),
    ("ptrace", "import ctypes\nlibc = ctypes.CDLL(None)\ndef add(a, b):\n    libc.ptrace(16, 1, 0, 0)\n    return 3", {"forbidden"}, None),
    ("unshare", "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.unshare(0x10000000)\ndef add(a, b): return a + b", {"forbidden"}, None),
    ("kill the parent", "import os\ndef add(a, b):\n    os.kill(os.getppid(), 9)\n    return 3", {"runtime_error"}, None),
    ("fork", "import os\ndef add(a, b):\n    os.fork()\n    return a + b", {"runtime_error"}, None),
    ("socket", "import socket\ndef add(a, b):\n    socket.socket()\n    return a + b", {"runtime_error"}, None),
    ("files of others", "def add(a, b): return open('/etc/shadow').read()", {"runtime_error"}, None),
    ("state kept for later samples", "import os\nopen('kept', 'w').write('1')\nos.makedirs('d', exist_ok=True)\nos.chmod('d', 0)\ndef add(a, b): return 0", {"wrong_answer"}, None),
    ("state of earlier samples", "import os\ndef add(a, b): return a + b if os.path.exists('kept') or os.path.exists('d') else 0", {"wrong_answer"}, None),
    ("endless loop", "def add(a, b):\n    while True: pass", {"time_limit"}, None),
    ("sleep", "import time\ndef add(a, b): time.sleep(1000)", {"time_limit"}, None),
    ("catastrophic product", "import itertools\ndef add(a, b): return sum(1 for _ in itertools.product(range(100), repeat=9))", {"time_limit"}, None),
    ("memory", "def add(a, b): return bytearray(64 << 30)", {"memory_limit"}, None),
    ("a huge answer", "def add(a, b): return 'x' * (1 << 30)", {"wrong_answer", "output_limit", "memory_limit", "time_limit"}, None),
    ("a deep answer", "def add(a, b):\n    x = []\n    for i in range(100000): x = [x]\n    return x", {"runtime_error", "wrong_answer"}, None),
    ("an answer that holds itself", "def add(a, b):\n    x = []\n    x.append(x)\n    return x", {"runtime_error", "wrong_answer"}, None),
    ("a huge integer", "def add(a, b): return 1 << 10 ** 8", {"wrong_answer"}, None),
    ("an endless iterator", "import itertools\ndef add(a, b): return itertools.count()", {"wrong_answer"}, None),
    ("hashes that collide", "def add(a, b): return {k * (2 ** 61 - 1) for k in range(30000)} if 0 else [k * (2 ** 61 - 1) for k in range(3000)]", {"wrong_answer"}, None),
    ("a broken line", "import os\ndef add(a, b):\n    for fd in range(3, 64):\n        try: os.write(fd, b'{\"ok\": [')\n        except OSError: pass\n    os._exit(0)", {"runtime_error"}, None),
    ("no JSON", "import os\ndef add(a, b):\n    for fd in range(3, 64):\n        try: os.write(fd, b'\\xff\\x00nonsense\\n')\n        except OSError: pass\n    os._exit(0)", {"wrong_answer"}, None),
    ("an exception that lies", "class E(Exception):\n    def __str__(self): raise ValueError\ndef add(a, b): raise E", {"runtime_error"}, None),
    ("an AssertionError of its own", "def add(a, b): assert False", {"runtime_error"}, None),
    ("no function", "x = 1", {"runtime_error"}, None),
    ("no Python", "def add(a, b:\n", {"compile_error"}, None),
    ("nothing", "", {"compile_error"}, None),
    ("right by luck once", "def add(a, b): return 3", {"wrong_answer"}, None),
]
HONEST = [
    ("plain", "def add(a, b): return a + b"),
    ("prints", "def add(a, b):\n    print('x' * 100000)\n    return a + b"),
    ("reads standard input", "import sys\ndata = sys.stdin.read()\ndef add(a, b): return a + b"),
    ("closes its streams", "import os\nfor i in range(3): os.close(i)\ndef add(a, b): return a + b"),
    ("threads", "import threading\ndef add(a, b):\n    out = []\n    t = threading.Thread(target=lambda: out.append(a + b))\n    t.start()\n    t.join()\n    return out[0]"),
    ("deep recursion", "import sys\nsys.setrecursionlimit(10000)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\ndef add(a, b): return (a + b) if f(5000) == 5000 else None"),
    ("callable object", "class Add:\n    def __call__(self, a, b): return a + b\nadd = Add()"),
    ("main guard", "def add(a, b): return a + b\nif __name__ == '__main__':\n    raise SystemExit(1)"),
    ("changes its arguments", "def add(a, b):\n    if isinstance(a, list):\n        a.extend(b)\n        return a\n    return a + b"),
    ("usual modules", "import math, re, collections, itertools, functools, heapq, bisect, random, string, typing, dataclasses, decimal, fractions\n@dataclasses.dataclass\nclass P:\n    x: int\ndef add(a, b): return a + b"),
]


def grade(program, folder, benchmark, problems, samples, *options):
    given, asked, got = folder / "samples.jsonl", folder / "problems.jsonl", folder / "verdicts.jsonl"
    given.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    asked.write_text("".join(json.dumps(problem) + "\n" for problem in problems))
    done = subprocess.run([program, "grade", "code", "--benchmark", benchmark, "--problems", str(asked), "--input", str(given), "--output", str(got), *options], capture_output=True, text=True)
    if done.returncode not in (0, 1) or not got.exists():
        sys.exit(f"{benchmark}: exit {done.returncode}: {done.stderr[-800:]}")
    out = [json.loads(line) for line in got.read_text().splitlines()]
    got.unlink()
    return out


def passes_in_one_interpreter(code):
    whole = code + "\n" + HUMANEVAL["test"].replace("    assert helper(1) == 2\n", "") + "\ncheck(add)\nprint('passed')\n"
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, timeout=20)
    return done.stdout.strip().endswith("passed")


def main():
    program, faults = sys.argv[1], []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scratch = folder / "scratch"
        scratch.mkdir()
        scratch.chmod(0o1777)
        os.environ["TMPDIR"] = str(scratch)
        programs = [(what, code) for what, code, *_ in HOSTILE] + HONEST
        for benchmark, problem, options in (("humaneval", HUMANEVAL, ["--time", "1.5"]), ("humaneval_plus", PLUS, ["--time", "1"])):
            rows = grade(program, folder, benchmark, [problem], [{"task_id": problem["task_id"], "solution": code} for _, code in programs], "--workers", "2", *options)
            for (what, _, wanted, _), row in zip(HOSTILE, rows):
                if row["verdict"] not in wanted:
                    faults.append(f"{benchmark}: {what}: {row['verdict']} ({row['message'][:120]}), wanted {'/'.join(sorted(wanted))}")
            for (what, _), row in zip(HONEST, rows[len(HOSTILE):]):
                if not row["passed"]:
                    faults.append(f"{benchmark}: honest, {what}: {row['verdict']} at {row.get('failing_test')} ({row['message'][:120]})")
        for what, code, _, today in HOSTILE:
            if today and not passes_in_one_interpreter(code):
                faults.append(f"{what}: does not even pass where nothing is isolated")
        mbpp = {"right": (MBPP["code"], "accepted"), "builtin sum": (MBPP["code"].split("def sum")[0] + "def sum(a, b): return 24", "wrong_answer"), "equal to everything": (EQUAL + "class Node: pass\nNode = lambda v: A()\ndef depth(n): return A()\ndef sum(a, b): return A()", "wrong_answer"),
                "no Node": ("def depth(n): return 2", "runtime_error"), "list replaced": (EQUAL + "list = lambda x: A()\n" + MBPP["code"].replace("1 + depth", "2 + depth"), "wrong_answer")}
        for (what, (_, wanted)), row in zip(mbpp.items(), grade(program, folder, "mbpp", [MBPP], [{"task_id": 900, "solution": code} for code, _ in mbpp.values()])):
            if row["verdict"] != wanted:
                faults.append(f"mbpp: {what}: {row['verdict']} ({row['message']}), wanted {wanted}")
        completions = {"humaneval": [("    return a + b", "accepted"), ("Here:\n```python\ndef add(a, b):\n    return helper(a) - 1 + b if isinstance(a, int) else a + b\n```\n", "accepted"), ("<think>```python\ndef add(a, b): return 0\n```</think>\n```\n    return a + b\n```", "accepted"), ("<think>never ends", "compile_error")],
                       "mbpp": [("[BEGIN]\n" + MBPP["code"] + "\n[DONE]\nmore", "accepted"), ("Text\n```python\n" + MBPP["code"] + "\n```", "accepted")]}
        for benchmark, problem in (("humaneval", HUMANEVAL), ("mbpp", MBPP)):
            for (text, wanted), row in zip(completions[benchmark], grade(program, folder, benchmark, [problem], [{"task_id": problem["task_id"], "completion": text} for text, _ in completions[benchmark]])):
                if row["verdict"] != wanted:
                    faults.append(f"{benchmark}: completion {text[:30]!r}: {row['verdict']} ({row['message']}), wanted {wanted}")
        live = [("9001", "class Solution:\n    def push(self, xs: List[int], x: int): return (x, *xs)", "accepted"), ("9001", "def push(xs, x): return [x] + xs", "accepted"), ("9001", "class Solution:\n    def push(self, xs, x): return [float(x)] + xs", "wrong_answer"),
                ("9001", EQUAL + "class Solution:\n    def push(self, xs, x): return A()", "wrong_answer"), ("9001", "class Solution: pass", "runtime_error"), ("abc999_a", "print(sum(map(int, input().split())))", "accepted"), ("abc999_a", "print(gcd(3, 6))", "accepted"),
                ("abc999_a", "print(4)", "wrong_answer"), ("old", "print(3)", None)]
        rows = grade(program, folder, "livecodebench", [LIVE, LIVE_STDIN, LIVE_OLD], [{"task_id": task, "solution": code} for task, code, _ in live], "--from", "2024-08-01", "--to", "2025-02-01")
        if len(rows) != len(live) - 1:
            faults.append(f"livecodebench: {len(rows)} verdicts, the window leaves {len(live) - 1}")
        for (task, code, wanted), row in zip(live, rows):
            if row["verdict"] != wanted:
                faults.append(f"livecodebench: {task} {code[-40:]!r}: {row['verdict']} ({row['message']}), wanted {wanted}")
        # A pickle that is no text is not read, and nothing in it runs.
        evil = dict(LIVE, private_test_cases=base64.b64encode(zlib.compress(b"cos\nsystem\n(S'touch " + str(folder).encode() + b"/breach'\ntR.")).decode())
        (folder / "problems.jsonl").write_text(json.dumps(evil) + "\n")
        done = subprocess.run([program, "grade", "code", "--benchmark", "livecodebench", "--problems", str(folder / "problems.jsonl"), "--input", str(folder / "samples.jsonl"), "--output", str(folder / "v.jsonl")], capture_output=True, text=True)
        if done.returncode == 0 or "pickle" not in done.stderr or len(done.stderr.strip().splitlines()) != 1 or (folder / "breach").exists():
            faults.append(f"a hostile pickle: exit {done.returncode}: {done.stderr}")
        left = list(scratch.iterdir())
        if left:
            faults.append(f"folders left: {left}")
    for fault in faults:
        print("FAULT " + fault)
    print(f"{len(HOSTILE)} hostile and {len(HONEST)} honest solutions by two benchmarks' rules, {len(mbpp)} of MBPP's kind, {len(live)} of LiveCodeBench's, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
