"""A Python that has the usual modules loaded and forks a child for each program: what is left of a start is a fork.

It runs inside the sandbox's layers. No program's code ever runs in this process: a child restricts itself further, closes
everything but its three streams, and becomes `__main__`. Trusted code may run here: `prepare`, whose work the children find done,
and `inline`, which is a checker's run without the fork.
Messages come on descriptor 0, one JSON object a packet, with the child's streams beside it."""
import sys


def _server():
    import array, base64, collections, ctypes, gc, io, json, os, resource, signal, socket, struct, types
    # Loaded for the programs, which import them again for nothing.
    import abc, bisect, cmath, contextlib, copy, dataclasses, datetime, decimal, enum, fractions, functools, hashlib, heapq
    import itertools, math, numbers, operator, queue, random, re, statistics, string, textwrap, threading, time, traceback, typing

    control = socket.socket(fileno=0)
    libc = ctypes.CDLL(None, use_errno=True)
    folder = os.getcwd()
    errors = sys.stdin.errors
    SELF = 0x05EAF00D  # stands for the child's own pid in the filter

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    words, places = None, []

    def learn(filter_bytes):
        """Once: the filter, and where in it the pid belongs."""
        nonlocal words
        words = bytearray(filter_bytes)
        places.extend(at for at in range(4, len(words), 8) if words[at:at + 4] == struct.pack("<I", SELF))

    def restrict():
        for at in places:
            words[at:at + 4] = struct.pack("<I", os.getpid())
        code = ctypes.create_string_buffer(bytes(words), len(words))
        program = Program(len(words) // 8, ctypes.cast(code, ctypes.c_void_p))
        if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "seccomp does not take hold")

    def become(order, streams):
        """What the child does before the program's first line."""
        gc.enable()
        os.setsid()
        os.write(0, b'{"hello": 1}')
        for limit, soft, hard in order["limits"]:
            if limit != resource.RLIMIT_AS:
                resource.setrlimit(limit, (soft, hard))
        script = order["argv"][0]
        with open(script, "rb") as file:
            source = file.read()
        # A copy of the control socket, until the limits and the filter hold; then only the three streams are left.
        back = os.dup(0)
        try:
            for limit, soft, hard in order["limits"]:
                if limit == resource.RLIMIT_AS:
                    resource.setrlimit(limit, (soft, hard))
            restrict()
        except BaseException as fault:
            os.write(back, json.dumps({"fault": "a layer does not take hold: %s" % fault}).encode())
            os._exit(127)
        control.detach()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, 256)
        sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.open(0, "rb", -1, closefd=False), encoding="utf-8", errors=errors)
        sys.stdout = sys.__stdout__ = io.TextIOWrapper(io.open(1, "wb", -1, closefd=False), encoding="utf-8", errors=errors)
        sys.stderr = sys.__stderr__ = io.TextIOWrapper(io.open(2, "wb", -1, closefd=False), encoding="utf-8", errors="backslashreplace", line_buffering=True)
        sys.argv = list(order["argv"])
        sys.path[0] = folder
        module = types.ModuleType("__main__")
        module.__file__ = folder + "/" + script
        module.__builtins__ = __builtins__
        sys.modules["__main__"] = module
        return source, module

    def run(source, module):
        try:
            exec(compile(source, module.__file__, "exec"), module.__dict__)
        except SystemExit:
            raise
        except BaseException as fault:
            # Without our own frames.
            fault.__traceback__ = fault.__traceback__.tb_next
            sys.excepthook(type(fault), fault, fault.__traceback__)
            failed = True
        else:
            failed = False
        if failed:
            sys.exit(1)

    def answer(**message):
        control.send(json.dumps(message).encode())

    gc.collect()
    gc.freeze()
    gc.disable()  # in this process: a child that is a program has it on
    count = 0
    answer(ready=1)
    while True:
        data, streams, _, _ = socket.recv_fds(control, 1 << 20, 3)
        if not data:
            os._exit(0)
        order = json.loads(data)
        if order["op"] in ("preload", "prepare"):
            try:
                with open(order["script"], "rb") as file:
                    source = file.read()
                name = "reprise_" + order["op"]
                module = types.ModuleType(name)
                sys.modules[name] = module
                exec(compile(source, name + ".py", "exec"), module.__dict__)
                count += 1
                if count % 64 == 1:
                    gc.unfreeze()
                    gc.collect()
                gc.freeze()
                answer(done=1, cpu_seconds_per_line=float(getattr(module, "cpu_seconds_per_line", 0)))
            except BaseException as fault:
                answer(fault="%s: %s" % (type(fault).__name__, str(fault)[:500]))
            continue
        if order["op"] == "filter":
            learn(base64.b64decode(order["filter"]))
            answer(done=1)
            continue
        if order["op"] == "inline":
            os.write(0, b'{"hello": 1}')
            began = time.process_time()
            try:
                sys.modules["reprise_preload"].inline(*streams)
                answer(status=0, cpu=time.process_time() - began, peak=0)
            except BaseException as fault:
                answer(fault="%s: %s" % (type(fault).__name__, str(fault)[:500]), status=1)
            count += 1
            if count % 64 == 1:
                gc.collect()
            continue
        try:
            child = os.fork()
        except OSError as fault:
            answer(fault="no process: %s" % fault)
            child = None
        if child == 0:
            try:
                source, module = become(order, streams)
            except BaseException as fault:
                os.write(0, json.dumps({"fault": "%s: %s" % (type(fault).__name__, fault)}).encode())
                os._exit(127)
            return run, source, module
        for stream in streams:
            os.close(stream)
        if child is not None:
            while True:
                try:
                    _, status, usage = os.wait4(child, 0)
                    break
                except InterruptedError:
                    continue
            answer(status=status, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss * 1024)


_run, _source, _module = _server()
_run(_source, _module)
