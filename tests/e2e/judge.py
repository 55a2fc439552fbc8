#!/usr/bin/env python3
"""Programs by samples to verdicts: `reprise grade code --benchmark stdin`, right, wrong, hostile and broken ones.

  tests/e2e/judge.py build/cpu/bin/reprise
Needs Python and g++. Exit 0 when all holds."""
import json
import pathlib
import subprocess
import sys
import tempfile

PROBLEMS = {"sum": [("1 2\n", "3\n"), ("10 -4\n", "6")], "pi": [("1", "3.140")], "echo": [("a  b\nc\n", "a  b\nc\n")], "lines": [("", "1\n2\n3\n")]}
CPP = "#include <iostream>\n"
# problem, verdict wanted, program
# "any": whatever adds up to ten, as a checker in C++ (testlib's convention) and in Python (open-r1/codeforces's) says; "broken": a checker that fails.
CHECKERS = {
    "any": CPP + "#include <fstream>\nint main(int, char** v){std::ifstream in(v[1]),out(v[2]),ans(v[3]);long a,b,x;in>>x;ans>>x;if(!(out>>a>>b)){std::cerr<<\"two numbers wanted\";return 2;}return a+b==x?0:1;}",
    "any python": "import sys\nwanted, found = open(sys.argv[2]).read(), open(sys.argv[3]).read()\nprint(1 if sum(map(int, found.split())) == int(wanted) else 0)",
    "broken": "import sys\nsys.exit('no')",
}
PROBLEMS.update({name: [("7", "10")] for name in CHECKERS})
SAMPLES = [
    ("sum", "accepted", "print(sum(map(int, input().split())))"),
    ("sum", "accepted", "import sys\nprint(sum(map(int, sys.stdin.buffer.read().split())), end='')"),
    ("sum", "accepted", CPP + "int main(){long a,b;std::cin>>a>>b;std::cout<<a+b<<std::endl;}"),
    ("sum", "wrong_answer", "print(3)"),
    ("sum", "wrong_answer", CPP + "int main(){std::cout<<3;}"),
    ("sum", "wrong_answer", "import os\nos._exit(0)"),
    ("sum", "wrong_answer", "import sys\nsys.exit(0)"),
    ("sum", "wrong_answer", "print('accepted')\nprint('passed')"),
    ("sum", "wrong_answer", "class A:\n    def __eq__(self, o): return True\n    def __repr__(self): return '?'\nprint(A())"),
    ("sum", "wrong_answer", "import gc\nprint(len([o for o in gc.get_objects() if o == '3']))\nfor o in gc.get_objects():\n    if isinstance(o, str) and o.strip() in ('3', '6'): print(o)"),
    ("sum", "wrong_answer", "import os\nfor d in ('/', '/tmp', '/home', '/proc/self'):\n    try: print(os.listdir(d))\n    except Exception as e: print(e)"),
    ("sum", "wrong_answer", "import atexit, builtins, json\nbuiltins.print = lambda *a: None\njson.dumps = lambda *a: '3'\natexit.register(lambda: 1 / 0)"),
    ("sum", "time_limit", "while True: pass"),
    ("sum", "time_limit", CPP + "int main(){volatile int x=0;for(;;)++x;}"),
    ("sum", "time_limit", "import time\ntime.sleep(1000)"),
    ("sum", "runtime_error", "1 / 0"),
    ("sum", "runtime_error", "raise SystemExit(3)"),
    ("sum", "runtime_error", CPP + "int main(){int*p=0;*p=1;}"),
    ("sum", "runtime_error", "import os\nos.fork()\nprint(3)"),
    ("sum", "runtime_error", "import socket\nsocket.create_connection(('127.0.0.1', 80))"),
    ("sum", "runtime_error", "this is no program"),
    ("sum", "memory_limit", "x = bytearray(8 << 30)"),
    ("sum", "memory_limit", CPP + "#include <vector>\nint main(){std::vector<char> v;for(;;)v.resize(v.size()+(1<<20),1);}"),
    ("sum", "output_limit", "while True: print('x' * 10000)"),
    ("sum", "compile_error", CPP + "int main(){ return x; }"),
    ("sum", "compile_error", "#include \"/etc/shadow\"\nint main(){}"),
    ("sum", "compile_error", "#include \"/dev/urandom\"\nint main(){}"),
    ("sum", "compile_error", "template<int n> struct A { A<n+1> a; A<n+2> b; };\n#include <iostream>\nA<0> x; int main(){}"),
    ("sum", "compile_error", CPP + "char big[2000000000]={1}; int main(){}"),
    ("sum", "compile_error", ""),
    ("pi", "accepted", "print(3.14)"),
    ("pi", "wrong_answer", "print(3.141)"),
    ("echo", "accepted", "import sys\nprint(sys.stdin.read())"),
    ("echo", "wrong_answer", "print(input())"),
    ("lines", "accepted", "print('1\\r\\n2 \\n3', end='')"),
    ("lines", "wrong_answer", "print('1 2 3')"),
    ("any", "accepted", "print(3, 7)"),
    ("any", "accepted", "print(11, -1)"),
    ("any", "wrong_answer", "print(1, 1)"),
    ("any", "wrong_answer", "print('x')"),
    ("any", "wrong_answer", "print(open('answer.txt').read() if __import__('os').path.exists('answer.txt') else 'none')"),
    ("any python", "accepted", "print(4, 6)"),
    ("any python", "wrong_answer", "print(4, 7)"),
    ("broken", "judge_error", "print(4, 6)"),
    ("sum", "forbidden", "import ctypes\nctypes.CDLL(None).ptrace(16, 1, 0, 0)"),
]


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "problems.jsonl").write_text("".join(json.dumps({"task_id": k, "tests": [{"input": i, "output": o} for i, o in v], "checker": CHECKERS.get(k)}) + "\n" for k, v in PROBLEMS.items()))
        rows = []
        for i, (task, wanted, source) in enumerate(SAMPLES):
            row = {"task_id": task, "number": i, "wanted": wanted}
            if i % 2:
                row["solution"] = source
            else:
                row["completion"] = f"<think>\n```python\nprint('not this')\n```\n</think>\nFirst an idea:\n```\nx\n```\nHere it is:\n```{'cpp' if '#include' in source else 'python'}\n{source}\n```\nIt works."
            rows.append(row)
        (folder / "samples.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        words = [program, "grade", "code", "--benchmark", "stdin", "--problems", str(folder / "problems.jsonl"), "--input", str(folder / "samples.jsonl"), "--output", str(folder / "out.jsonl"), "--time", "1", "--memory", "512"]
        done = subprocess.run(words, capture_output=True, text=True)
        faults = [] if done.returncode == 1 and "judge_error" in done.stdout else [f"exit {done.returncode}: {done.stderr[-300:]}"]
        results = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
        for r, row in zip(results, rows):
            if r["number"] != row["number"] or r["verdict"] != r["wanted"] or not r["isolation"] and r["verdict"] != "compile_error":
                faults.append(f"{r['number']} {SAMPLES[r['number']][2][:60]!r}: {r['verdict']}, wanted {r['wanted']}: {r['message'][:200]}")
        # Bad input is one line, and nothing is written.
        for what, text in (("no json", "x\n"), ("no task", "{}\n"), ("unknown task", '{"task_id": "z", "solution": ""}\n'), ("no program", '{"task_id": "sum"}\n')):
            (folder / "bad.jsonl").write_text(text)
            bad = subprocess.run(words[:7] + ["--input", str(folder / "bad.jsonl"), "--output", str(folder / "bad.out")], capture_output=True, text=True)
            if bad.returncode == 0 or len(bad.stderr.strip().splitlines()) != 1 or (folder / "bad.out").exists():
                faults.append(f"{what}: {bad.returncode} {bad.stderr[-200:]}")
    for fault in faults:
        print("FAULT " + fault)
    print(f"{len(SAMPLES)} programs, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
