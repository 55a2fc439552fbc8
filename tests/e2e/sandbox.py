#!/usr/bin/env python3
"""Hostile programs in the sandbox find nothing; honest ones run; each layer is shown to be what stops an attack.

  tests/e2e/sandbox.py build/cpu/bin/reprise [--only NAME]

Every program prints BREACH when it gets what it wants. It is run in each mode that this machine allows: all layers; without namespaces (as
under Docker's default seccomp); as a plain user with and without them. Then once more with its layer switched off, where it must succeed.
Needs Python alone. Exit 0 when all holds; modes that cannot be had are named."""
import argparse
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SECRET = "tell-nobody-4711"
USER = 61234
CTYPES = "import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\ndef call(n, *a):\n    r = c.syscall(ctypes.c_long(n), *[ctypes.c_long(x) if isinstance(x, int) else x for x in a])\n    if r >= 0: print('BREACH', n, r)\n    else: print('refused', n, os.strerror(ctypes.get_errno()))\n"
TRY = "def attempt(f):\n    try:\n        r = f()\n        print('BREACH', r)\n    except BaseException as e:\n        print('refused', type(e).__name__, e)\n"

# name: (program, layers whose absence lets it through; None: not shown)
REACH = {
    "tcp": ("import socket\n" + TRY + "attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))", "seccomp"),
    "udp": ("import socket\n" + TRY + "attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))", "seccomp"),
    "unix": ("import socket\n" + TRY + "attempt(lambda: socket.socket(socket.AF_UNIX))", "seccomp"),
    "netlink": ("import socket\n" + TRY + "attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))", "seccomp"),
    "loopback": ("import socket\n" + TRY + "def f():\n    s = socket.create_connection(('127.0.0.1', PORT), 2)\n    return s.recv(20)\nattempt(f)", "seccomp,ns,landlock"),
    "read /etc/passwd": (TRY + "attempt(lambda: open('/etc/passwd').read()[:10])", "ns,landlock"),
    "read a test file": (TRY + "attempt(lambda: open('SECRET_FILE').read())", "ns,landlock"),
    "read through a symlink": ("import os\n" + TRY + "os.symlink('SECRET_FILE', 's')\nattempt(lambda: open('s').read())", "ns,landlock"),
    "hard link": ("import os\n" + TRY + "def f():\n    os.link('SECRET_FILE', 'h')\n    return open('h').read()\nattempt(f)", None),
    "write outside": (TRY + "attempt(lambda: open('OUTSIDE/written', 'w').write('x'))", "ns,landlock"),
    "make a folder outside": ("import os\n" + TRY + "attempt(lambda: os.mkdir('OUTSIDE/made'))", "ns,landlock"),
    "FIFO outside": ("import os\n" + TRY + "attempt(lambda: os.mkfifo('OUTSIDE/fifo'))", "ns,landlock,seccomp"),
    "rename outside": ("import os\n" + TRY + "open('x', 'w').close()\nattempt(lambda: os.rename('x', 'OUTSIDE/x'))", None),
    "write /usr": (TRY + "attempt(lambda: open('/usr/reprise-breach', 'w'))", None),
    "write a python module": (TRY + "import os, json\nattempt(lambda: open(os.path.dirname(json.__file__) + '/breach.py', 'w'))", None),
    "list the root": ("import os\n" + TRY + "attempt(lambda: os.listdir('/'))", "ns,landlock"),
    "environment of others": (TRY + "attempt(lambda: open('/proc/1/environ').read()[:10])", None),
    "own descriptors": ("import os\n" + TRY + "attempt(lambda: os.listdir('/proc/self/fd'))", "ns,landlock"),
    "memory of the parent": ("import os\n" + TRY + "attempt(lambda: open('/proc/%d/mem' % os.getppid(), 'rb').read(1))", None),
    "inherited descriptors": ("import os\nfound = []\nfor fd in range(3, 200):\n    try:\n        os.fstat(fd)\n        found.append(fd)\n    except OSError: pass\nprint('BREACH' if found else 'refused', found)", None),
    "secrets of the environment": ("import os\nprint('BREACH' if 'REPRISE_TEST_SECRET' in os.environ or any('SECRET_VALUE' in v for v in os.environ.values()) else 'refused')", None),
    "device": ("import os, stat\n" + TRY + "attempt(lambda: os.mknod('d', 0o600 | stat.S_IFBLK, os.makedev(8, 0)))", None),
    "setuid": ("import os\n" + TRY + "attempt(lambda: os.setuid(0))", None),
    "chroot": ("import os\n" + TRY + "attempt(lambda: os.chroot('.'))", None),
    "chmod outside": ("import os\n" + TRY + "attempt(lambda: os.chmod('SECRET_FILE', 0o777))", None),
    "ptrace": (CTYPES + "call(101, 16, os.getppid(), 0, 0)", None),
    "process_vm_readv": (CTYPES + "b = ctypes.create_string_buffer(8)\nv = (ctypes.c_uint64 * 2)(ctypes.addressof(b), 8)\ncall(310, os.getpid(), v, 1, v, 1, 0)", "seccomp"),
    "user namespace": (CTYPES + "call(272, 0x10000000)", "seccomp"),
    "mount namespace": (CTYPES + "call(272, 0x00020000)", None),
    "setns": (CTYPES + "call(308, 0, 0)", None),
    "mount": (CTYPES + "call(165, b'none', b'/', None, 0, None)", None),
    "io_uring": (CTYPES + "b = ctypes.create_string_buffer(256)\ncall(425, 4, b)", None),
    "bpf": (CTYPES + "b = ctypes.create_string_buffer(128)\ncall(321, 0, b, 128)", None),
    "add_key": (CTYPES + "call(248, b'user', b'n', b'x', 1, -3)", "seccomp"),
    "userfaultfd": (CTYPES + "call(323, 1)", "seccomp"),
    "perf events": (CTYPES + "b = ctypes.create_string_buffer(128)\ncall(298, b, 0, -1, -1, 0)", None),
    "shared memory segment": (CTYPES + "call(29, 0, 4096, 0o1600)", "seccomp"),
    "message queue": (CTYPES + "call(240, b'reprise', 0o102, 0o600, None)", None),
    "pidfd": (CTYPES + "call(434, os.getpid(), 0)", "seccomp"),
    "personality": (CTYPES + "call(135, 0x0040000)", "seccomp"),
    "kill all": ("import os, signal\n" + TRY + "attempt(lambda: os.kill(-1, signal.SIGKILL))", None),
    "kill the parent": ("import os, signal\n" + TRY + "attempt(lambda: os.kill(os.getppid(), signal.SIGKILL))", None),
    "fork": ("import os, sys\n" + TRY + "def f():\n    p = os.fork()\n    if p == 0: os._exit(0)\n    return p\nattempt(f)", "seccomp"),
    "subprocess": ("import subprocess\n" + TRY + "attempt(lambda: subprocess.run(['/bin/true'], check=True))", "seccomp"),
    "posix_spawn": ("import os\n" + TRY + "attempt(lambda: os.posix_spawn('/bin/true', ['true'], {}))", "seccomp"),
    "os.system": ("import os\nprint('BREACH' if os.system('true') == 0 else 'refused')", "seccomp"),
    "pty": ("import os\n" + TRY + "attempt(lambda: os.openpty())", "ns,landlock"),
    "shared memory file": (TRY + "attempt(lambda: open('/dev/shm/breach', 'w'))", "ns,landlock"),
    "cgroup": (TRY + "attempt(lambda: open('/sys/fs/cgroup/cgroup.procs', 'w'))", None),
    "kernel log": (CTYPES + "b = ctypes.create_string_buffer(128)\ncall(103, 3, b, 128)", None),
    "time": ("import time\n" + TRY + "attempt(lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()))", None),
}

# name: (program, options, endings that are right)
RESOURCES = {
    "busy loop": ("while True: pass", ["--time", "0.5"], {"cpu_limit"}),
    "ignores every signal": ("import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n    except Exception: pass\nwhile True: pass", ["--time", "0.5"], {"cpu_limit"}),
    "sleeps": ("import time\ntime.sleep(100)", ["--wall-time", "1"], {"wall_limit"}),
    "closes its streams and sleeps": ("import os, time\nfor i in range(3): os.close(i)\ntime.sleep(100)", ["--wall-time", "1"], {"wall_limit"}),
    "reads what never comes": ("print(len(open(0).read()))", [], {"exited"}),
    "heap": ("x = bytearray(3 << 30)", ["--memory", "300"], {"exited"}),
    "heap, page by page": ("x = []\nwhile True: x.append(bytearray(1 << 20))", ["--memory", "300"], {"exited", "memory_limit"}),
    "mmap": ("import mmap\nx = [mmap.mmap(-1, 1 << 30) for _ in range(50)]", ["--memory", "500"], {"exited"}),
    "stack": ("import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(n): return f(n + 1) + 1\nf(0)", ["--time", "5"], {"signalled", "exited", "memory_limit", "cpu_limit"}),
    "endless output": ("while True: print('x' * 1000)", ["--time", "5"], {"output_limit"}),
    "endless errors": ("import sys\nwhile True: sys.stderr.write('x' * 1000)", ["--time", "5"], {"output_limit"}),
    "huge file": ("f = open('f', 'wb')\nfor i in range(1000): f.write(b'x' * (1 << 20))", [], {"exited", "signalled"}),
    "sparse file": ("import os\nf = open('f', 'wb')\nos.truncate(f.fileno(), 1 << 45)", [], {"exited", "signalled"}),
    "descriptors": ("x = []\nwhile True: x.append(open('/dev/null'))", [], {"exited"}),
    "threads": ("import threading, time\nfor i in range(5000): threading.Thread(target=time.sleep, args=(5,), daemon=True).start()", ["--wall-time", "8"], {"exited", "wall_limit", "signalled"}),
    "giant integer": ("x = 10 ** 10 ** 9", ["--time", "1", "--memory", "500"], {"cpu_limit", "exited", "memory_limit"}),
    "itertools.product": ("import itertools\nfor x in itertools.product(range(100), repeat=9): pass", ["--time", "0.5"], {"cpu_limit"}),
    "catastrophic regular expression": ("import re\nre.match('(a+)+$', 'a' * 60 + 'b')", ["--time", "0.5"], {"cpu_limit"}),
    "fork bomb": ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", ["--processes", "8", "--time", "1", "--wall-time", "3"], {"cpu_limit", "wall_limit", "exited", "signalled"}),
    "daemon": ("import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        for i in range(3): os.close(i)\n        time.sleep(1000)\n    os._exit(0)\nos.wait()", ["--processes", "8"], {"exited"}),
    "zombies": ("import os\nfor i in range(50):\n    try:\n        if os.fork() == 0: os._exit(0)\n    except OSError: pass", ["--processes", "8"], {"exited"}),
    "many small processes": ("import os, time\nx = []\nfor i in range(6):\n    if os.fork() == 0:\n        y = bytearray(150 << 20)\n        for k in range(0, len(y), 4096): y[k] = 1\n        time.sleep(20)\n        os._exit(0)\ntime.sleep(20)", ["--processes", "12", "--memory", "400", "--wall-time", "6"], {"memory_limit", "wall_limit"}),
}

# name: (program, standard input, output wanted)
HONEST = {
    "input()": ("a = int(input())\nb = int(input())\nprint(a + b)", b"3\n4\n", b"7\n"),
    "input() to the end": ("s = 0\ntry:\n    while True: s += int(input())\nexcept EOFError: print(s)", b"1\n2\n3", b"6\n"),
    "sys.stdin": ("import sys\nprint(sum(int(x) for line in sys.stdin for x in line.split()))", b"1 2\n3\n", b"6\n"),
    "sys.stdin.buffer": ("import sys\nprint(sum(map(int, sys.stdin.buffer.read().split())))", b"1 2 3", b"6\n"),
    "os.read": ("import os\nprint(len(os.read(0, 100)))", b"abc", b"3\n"),
    "open(0)": ("print(len(open(0).read().split()))", b"a b c d", b"4\n"),
    "mmap of standard input": ("import sys\nprint(sum(1 for _ in sys.stdin))", b"a\r\nb\r\n", b"2\n"),
    "thread with a large stack": ("import sys, threading\nsys.setrecursionlimit(10 ** 6)\nthreading.stack_size(256 << 20)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nt = threading.Thread(target=lambda: print(f(50000)))\nt.start()\nt.join()", b"", b"50000\n"),
    "recursion": ("import sys\nsys.setrecursionlimit(200000)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(20000))", b"", b"20000\n"),
    "threads": ("from concurrent.futures import ThreadPoolExecutor\nprint(sum(ThreadPoolExecutor(4).map(lambda x: x * x, range(100))))", b"", b"328350\n"),
    "bytes that are no UTF-8": ("import sys\nsys.stdout.buffer.write(bytes(range(256)))", b"", bytes(range(256))),
    "no end of line": ("print(5, end='')", b"", b"5"),
    "large output": ("print('x' * 900000)", b"", b"x" * 900000 + b"\n"),
    "large input": ("print(len(open(0).read()))", b"y" * 3000000, b"3000000\n"),
    "own files": ("open('a.txt', 'w').write('hi')\nimport os\nos.rename('a.txt', 'b.txt')\nprint(open('b.txt').read(), sorted(os.listdir('.')))", b"", b"hi ['b.txt', 'p.py']\n"),
    "usual modules": ("import math, collections, itertools, functools, heapq, bisect, re, string, random, decimal, fractions, json, datetime, typing, operator, copy, time, statistics, array, struct, hashlib, tempfile\nrandom.seed(1)\nprint(math.gcd(12, 18), tempfile.gettempdir() == __import__('os').getcwd())", b"", b"6 True\n"),
    "sys.exit(0)": ("import sys\nprint(1)\nsys.exit(0)", b"", b"1\n"),
    "multiprocessing is refused, not hung": ("import os\ntry:\n    os.fork()\nexcept OSError:\n    print('no')", b"", b"no\n"),
}


class Machine:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.scratch.chmod(0o1777)
        self.outside = folder / "outside"
        self.outside.mkdir()
        self.outside.chmod(0o777)
        self.secret = folder / "secret.txt"
        self.secret.write_text(SECRET)
        folder.chmod(0o755)

    def run(self, code, options=(), standard_input=b"", user=None, without="", port=1, warm=False):
        code = code.replace("SECRET_FILE", str(self.secret)).replace("OUTSIDE", str(self.outside)).replace("PORT", str(port))
        path = self.folder / "p.py"
        path.write_text(code)
        path.chmod(0o644)
        words = [self.program, "sandbox", "run", "--json", "--file", str(path)] + list(options) + (["--warm"] if warm else []) + (["--without", without] if without else []) + ["--", "/usr/bin/python3", "p.py"]
        extra = {"user": user, "group": user, "extra_groups": []} if user else {}
        done = subprocess.run(words, input=standard_input, capture_output=True, env={"PATH": "/usr/bin:/bin", "REPRISE_TEST_SECRET": "SECRET_VALUE", "HOME": "/", "TMPDIR": str(self.scratch)}, **extra)
        try:
            result = json.loads(done.stdout)
        except ValueError:
            sys.exit(f"no result: {done.stderr.decode()[-500:]}")
        for stream in ("standard_output", "standard_error"):
            result[stream] = base64.b64decode(result[stream])
        return result


def processes_of(folder):
    """Those whose home is below the folder: programs of ours that live on."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(folder).encode() in (entry / "environ").read_bytes() and b"PYTHONHASHSEED=0" in (entry / "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--only", help="programs whose name has this in it")
    arguments = parser.parse_args()
    faults, count = [], 0
    chosen = lambda table: {k: v for k, v in table.items() if not arguments.only or arguments.only in k}
    with tempfile.TemporaryDirectory() as name:
        machine = Machine(arguments.program, pathlib.Path(name))
        import socket
        import threading
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen(100)
        port = server.getsockname()[1]

        def answer():
            while True:
                try:
                    client = server.accept()[0]
                    client.sendall(b"hello")
                    client.close()
                except OSError:
                    return
        threading.Thread(target=answer, daemon=True).start()

        layers = json.loads(subprocess.run([arguments.program, "sandbox", "probe", "--json"], capture_output=True, check=True).stdout)["layers"]
        modes = [("all layers", None, "")]
        if any(l.startswith("ns") for l in layers):
            modes.append(("without namespaces", None, "ns"))
        if os.geteuid() == 0:
            try:
                subprocess.run([arguments.program, "--version"], user=USER, group=USER, extra_groups=[], capture_output=True, check=True)
                modes += [("plain user", USER, ""), ("plain user without namespaces", USER, "ns")]
            except (OSError, subprocess.CalledProcessError):
                print("not run: as a plain user (the program's folder is closed to others)")
        else:
            print("not run: as root")
        print("layers here: " + ", ".join(layers))
        here = {kind for kind in ("ns", "landlock", "seccomp") if any(l.startswith(kind) for l in layers)}
        if not here & {"landlock"}:
            modes = [m for m in modes if m[2] != "ns"]
            print("not run: without namespaces (no Landlock here, so that nothing would guard files)")
        unguarded = sorted(what for what, (_, layer) in REACH.items() if not (set(layer.split(",")) if layer else {"ns", "landlock", "seccomp"}) & here)
        if unguarded:
            print("not run, nothing here guards them: " + ", ".join(unguarded))
        if "seccomp" in here:
            modes = [(mode, user, without, False) for mode, user, without in modes] + [(mode + ", warm", user, without, True) for mode, user, without in modes]
        else:
            modes = [(mode, user, without, False) for mode, user, without in modes]
            print("not run: warm (no seccomp here)")
        for mode, user, without, warm in modes:
            for what, (code, _) in chosen(REACH).items():
                if what in unguarded:
                    continue
                r = machine.run(code, user=user, without=without, port=port, warm=warm)
                count += 1
                if b"BREACH" in r["standard_output"] or r["ending"] == "not_started" or (b"refused" not in r["standard_output"] and r["ending"] == "exited" and r["exit_code"] == 0):
                    faults.append(f"{mode}: {what}: {r['ending']} {r['standard_output'][:100]} {r['standard_error'][-200:]} {r['fault']}")
            for what, (code, options, endings) in chosen(RESOURCES).items():
                if warm and "--processes" in options:
                    continue  # a warm program cannot fork
                r = machine.run(code, options, user=user, without=without, warm=warm)
                count += 1
                if r["ending"] not in endings or r["wall_seconds"] > 12:
                    faults.append(f"{mode}: {what}: {r['ending']} after {r['wall_seconds']:.1f} s {r['standard_error'][-200:]} {r['fault']}")
            for what, (code, standard_input, wanted) in chosen(HONEST).items():
                r = machine.run(code, standard_input=standard_input, user=user, without=without, warm=warm)
                count += 1
                if r["ending"] != "exited" or r["exit_code"] != 0 or r["standard_output"] != wanted:
                    faults.append(f"{mode}: honest {what}: {r['ending']} {r['exit_code']} {r['standard_output'][:100]} {r['standard_error'][-300:]} {r['fault']}")
            left = processes_of(machine.scratch)
            if left:
                faults.append(f"{mode}: processes left: {left}")
            if list(machine.outside.iterdir()):
                faults.append(f"{mode}: written outside: {list(machine.outside.iterdir())}")
        # Each attack gets through when its layer is off.
        shown = 0
        for what, (code, layer) in chosen(REACH).items():
            if layer is None or what in unguarded or (os.geteuid() != 0 and "ns" in layer):
                continue
            r = machine.run(code, without=layer, port=port)
            shown += 1
            if b"BREACH" not in r["standard_output"]:
                faults.append(f"with {layer} off: {what} is still refused: {r['standard_output'][:150]} {r['fault']}")
            for path in machine.outside.iterdir():
                path.rmdir() if path.is_dir() else path.unlink()
        for path in ("/dev/shm/breach",):
            pathlib.Path(path).unlink(missing_ok=True)
        # A layer that cannot be had is not done without.
        r = machine.run("print(1)", options=["--require", "ns"], without="ns")
        if r["ending"] != "not_started":
            faults.append("a required layer was done without")
        server.close()
        left = list(machine.scratch.iterdir())
        if left:
            faults.append(f"folders left: {left[:3]}")
    for fault in faults:
        print("FAULT " + fault)
    print(f"{len(REACH)} reaching, {len(RESOURCES)} hoarding and {len(HONEST)} honest programs in {len(modes)} modes: {count} runs, {shown} more with a layer off, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
