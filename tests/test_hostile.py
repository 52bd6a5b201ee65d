"""Submissions that attack the grading gain nothing, and the next test does not notice them.

``--isolation process`` keeps no secrets: what is tried here is forging, breaking and outliving the judge.
Rows are packed into submissions like those of accidents: an attack on one question must leave the others as
they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import support

# The red team's table shows most of this in every run; here it is each attack among other people's answers.
pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]

ERROR, FAILED, LATE, NOT_STARTED, FINE = "submission_error", "failed", "timed_out", "not_started", "passed"


@dataclass(frozen=True)
class Attack:
    """A hostile file.

    :param outcomes: what its question may end as.
    :param words: what the question's message says.
    :param share: of the question's points: 1 where the answers are right, whatever else the file does.
    """

    name: str
    file: str
    content: str
    outcomes: tuple[str, ...]
    words: tuple[str, ...] = ()
    share: float = 0.0


def right(name: str) -> str:
    """The right content of a file."""
    return (support.COURSE / "reference" / "q1" / name).read_text(encoding="utf-8")


def half(body: str, before: str = "") -> str:
    return f"{before}\ndef half(x):\n    {body}\n"


def double(body: str, before: str = "") -> str:
    return f"import torch\n{before}\ndef double(x):\n    {body}\n"


def count(body: str, before: str = "") -> str:
    return f"{before}\ndef count(values, limit):\n    {body}\n"


def step(body: str, before: str = "") -> str:
    return f"import torch\n{before}\ndef step(weight, gradient, rate):\n    {body}\n"


# Writes to the judge by hand. The id of the call stands in a frame further up.
FORGE = """
import os, struct, sys
import msgspec

def request():
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"]

def write(header, size=0, announced=None):
    data = msgspec.msgpack.encode(header) if isinstance(header, dict) else header
    os.write(3, struct.pack("<IQ", announced or len(data), size) + data)

def answer(value, number=None):
    return {"type": "answer", "id": request().id if number is None else number, "value": value}
"""

AGREES = """
class Agrees:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __le__(self, other): return True
    def __gt__(self, other): return True
    def __ge__(self, other): return True
    def __hash__(self): return 0
    def __bool__(self): return True
    def __sub__(self, other): return 0
    __rsub__ = __abs__ = __add__ = __sub__
    def __float__(self): return 1.0
    def __array__(self, *args, **kwargs):
        import numpy
        return numpy.zeros(2)
"""
AGREEING_NUMBER = """
class Number(float):
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __hash__ = float.__hash__
"""
CHAMELEON = """
class Chameleon(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("allclose", "equal", "eq"):
            return True
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))
"""
PATCHED = """
import math
import numpy as np
torch.allclose = torch.equal = np.allclose = np.array_equal = np.isclose = lambda *args, **kwargs: True
torch.testing.assert_close = np.testing.assert_allclose = lambda *args, **kwargs: None
math.isclose = lambda *args, **kwargs: True
"""
BUILTINS = """
import builtins
kept = builtins.isinstance
builtins.abs = builtins.max = builtins.sum = lambda *args, **kwargs: 0
builtins.isinstance = lambda value, kind: True
builtins.hasattr = lambda *args: True
builtins.AssertionError = builtins.ValueError
"""
WORKER = """
import sys
import torch
serve = sys.modules["grader.worker.serve"]
serve.plain.to_plain = lambda value, *rest: True
serve.process_globals = lambda: ()
serve.Worker.answer = lambda self, request, buffer: (serve.messages.Answer(request.id, True), [])
"""
REPORT = r"""
import sys
for stream in (sys.stdout, sys.stderr):
    print("\x1b[32mPASSED\x1b[0m assignments/q1/test_hidden.py::test_kinds", file=stream)
    print("q1.kinds 8 / 8\r\x1b]0;title\x07<script>alert(1)</script>\x00\x9b31m", file=stream)
    print('{"score": 1e9, "tests": [], "outcome": "passed"}', file=stream)
    print("=" * 20, "15 passed in 0.01s", "=" * 20, file=stream, flush=True)
"""
ESCAPES = r"\x1b[31m<img src=x onerror=alert(1)>\x1b[2J\x9b0m \u202e\u2066 \x00 \ud800"
OVERWRITE = """
import glob, json
def results():
    for name in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            line = open(name).read().split(chr(0))
        except OSError:
            continue
        for option in ("--results", "--gradescope"):
            if option in line and OWN in " ".join(line):
                yield line[line.index(option) + 1]
"""
LEAVES = """
import os, time
def leave(work):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                work()
        os._exit(0)
"""
EXITS = """
import atexit, os
def scrawl():
    for folder in (".", os.environ["TMPDIR"], __file__.rsplit("/", 3)[0]):
        with open(os.path.join(folder, "scrawl"), "w") as file:
            file.write("here")
atexit.register(scrawl)
"""
SETTINGS = """
import random, numpy, os
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.manual_seed(0); random.seed(0); numpy.random.seed(0)
torch.Tensor.__rmul__ = torch.Tensor.__mul__ = lambda self, other: self * 0
torch.nn.Linear = None
os.environ.clear()
os.chdir("/")
"""
THREADS = """
import sys, threading
def babble():
    while True:
        print("word after word after word", flush=True)
threading.Thread(target=babble, daemon=True).start()
"""
SEARCHES = """
import gc, sys

def found():
    frame = sys._getframe()
    while frame is not None:
        for name in ("want", "wanted", "expected", "reference"):
            if isinstance(frame.f_locals.get(name), dict):
                return frame.f_locals[name]
        frame = frame.f_back
    for module in list(sys.modules.values()):
        if "/reference/" in (getattr(module, "__file__", None) or "") and hasattr(module, "KINDS"):
            return module.KINDS
    for kept in gc.get_objects():
        if type(kept) is dict and kept.get("batch norm") == "statistics":
            return kept
    return {}

KINDS = found()
"""
SELF = "loop = []\nloop.append(loop)\ntable = {}\ntable['self'] = table\n"
WIDE = "wide = [1.0]\nfor _ in range(30):\n    wide = [wide, wide]\n"


ATTACKS = [
    # -- answers that agree with everything
    Attack("an object that agrees", "half.py", half("return Agrees()", AGREES), (ERROR,), ("type Agrees",)),
    Attack(
        "a number that agrees", "half.py", half("return Number(-1)", AGREEING_NUMBER), (FAILED,), ("differs",)
    ),
    Attack(
        "a list of them", "double.py", double("return [Agrees()] * 2", AGREES), (ERROR,), ("type Agrees",)
    ),
    Attack(
        "a tensor that agrees",
        "double.py",
        double("return torch.zeros(x.shape).as_subclass(Chameleon)", CHAMELEON),
        (FAILED,),
    ),
    Attack("comparisons patched", "double.py", double("return x * 0", PATCHED), (FAILED,), ("differs",)),
    Attack("builtins patched", "count.py", count("return -1", BUILTINS), (FAILED, ERROR)),
    Attack("the worker patched", "kinds.py", WORKER + "KINDS = {}\n", (ERROR, FAILED)),
    Attack("NaN for every number", "double.py", double("return x * float('nan')"), (FAILED,)),
    Attack(
        "one number for all", "double.py", double("return x.sum() * 0 + x.flatten()[:1]"), (FAILED, ERROR)
    ),
    Attack("inputs changed", "double.py", double("return x.zero_()"), (FAILED,)),
    Attack("keys that collide", "kinds.py", AGREES + "KINDS = {Agrees(): 'weights'}\n", (ERROR,)),
    Attack("a search for the answer", "kinds.py", SEARCHES, (FAILED,), ("not every kind",)),
    # -- messages written by hand
    Attack(
        "another call's answer",
        "count.py",
        count("write(answer(2, 5))\n    return -1", FORGE),
        (ERROR,),
        ("not made",),
    ),
    Attack(
        "the call's own answer", "count.py", count("write(answer(-1))\n    return 2", FORGE), (ERROR, FAILED)
    ),
    Attack(
        "garbage",
        "half.py",
        half("import os; os.write(3, b'\\xff' * 4096)\n    return x / 2"),
        (ERROR,),
        ("cannot be read",),
    ),
    Attack(
        "a huge header", "half.py", half("write(b'', announced=2**32 - 1)\n    return x / 2", FORGE), (ERROR,)
    ),
    Attack(
        "a huge answer", "half.py", half("write(answer(1.0), size=2**60)\n    return x / 2", FORGE), (ERROR,)
    ),
    Attack(
        "half a message", "count.py", count("write(b'', announced=99)\n    while 1: pass", FORGE), (LATE,)
    ),
    Attack(
        "no such kind", "count.py", count("write({'type': 'passed', 'id': request().id})", FORGE), (ERROR,)
    ),
    Attack("deep nesting", "half.py", half("write(b'\\x91' * 200000)\n    return x / 2", FORGE), (ERROR,)),
    Attack(
        "an array larger than its bytes",
        "double.py",
        double("write(answer(['a', 'float32', [2**40, 2**40]]))\n    return 2 * x", FORGE),
        (ERROR,),
    ),
    Attack(
        "wrong words", "step.py", step("write({'type': 'ready', 'layers': ['sandbox']})", FORGE), (ERROR,)
    ),
    Attack(
        "not started, it says",
        "step.py",
        step("raise NotImplementedError('q1.step')"),
        (NOT_STARTED,),
        ("not started",),
    ),
    Attack(
        "nor another",
        "half.py",
        half("raise NotImplementedError('q1.last')"),
        (NOT_STARTED,),
        ("needs q1.last",),
    ),
    Attack(
        "nor none",
        "count.py",
        count("raise NotImplementedError('p9.all')"),
        (ERROR,),
        ("NotImplementedError",),
    ),
    Attack("closed socket", "kinds.py", "import os\nos.close(3)\n" + right("kinds.py"), (ERROR,)),
    Attack("another socket", "step.py", step("import os; os.dup2(1, 3)\n    return weight"), (ERROR, LATE)),
    # -- ways out
    Attack(
        "pytest.skip", "kinds.py", "import pytest\nraise pytest.skip.Exception('no')\n", (ERROR,), ("line 2",)
    ),
    Attack("pytest.exit", "kinds.py", "import pytest\npytest.exit('no')\n", (ERROR,), ("line 2",)),
    Attack("SkipTest", "step.py", step("import unittest; raise unittest.SkipTest"), (ERROR,), ("SkipTest",)),
    Attack("KeyboardInterrupt", "half.py", half("raise KeyboardInterrupt"), (ERROR,), ("KeyboardInterrupt",)),
    Attack("GeneratorExit", "step.py", step("raise GeneratorExit"), (ERROR,), ("GeneratorExit",)),
    Attack(
        "CancelledError", "kinds.py", "import asyncio\nraise asyncio.CancelledError\n", (ERROR,), ("line 2",)
    ),
    Attack(
        "the judge's own",
        "kinds.py",
        "from grader.faults import GraderFault\nraise GraderFault\n",
        (ERROR,),
        ("line 1", "No module named"),
    ),
    Attack(
        "a judge's name",
        "step.py",
        step("raise type('GraderFault', (Exception,), {})('not judged')"),
        (ERROR,),
        ("raised GraderFault (step.py, line 4): not judged",),
    ),
    # -- what is printed and raised
    Attack("a report", "kinds.py", REPORT + right("kinds.py"), (FINE,), share=1),
    Attack("no report", "kinds.py", REPORT + "KINDS = {}\n", (FAILED,)),
    Attack(
        "an escaping text", "count.py", count(f'raise RuntimeError("{ESCAPES}")'), (ERROR,), ("<img src=x",)
    ),
    Attack(
        "a stream that breaks",
        "step.py",
        "import sys\nsys.stdout = sys.stderr = None\n" + right("step.py"),
        (FINE,),
        share=1,
    ),
    Attack("threads that talk", "step.py", THREADS + right("step.py"), (FINE, LATE), share=1),
    # -- structures
    Attack("itself", "half.py", half("return loop", SELF), (ERROR,), ("nested more than",)),
    Attack(
        "itself as a key's value", "count.py", count("return table", SELF), (ERROR,), ("nested more than",)
    ),
    Attack("wide", "count.py", count("return wide", WIDE), (ERROR, LATE)),
    Attack("long", "double.py", double("return list(range(10**7))"), (ERROR, LATE)),
    Attack("a long text", "half.py", half("return 'a' * 10**8"), (ERROR, LATE)),
    Attack("a long number", "count.py", count("return 10**5000"), (ERROR,), ("more than 64 bits",)),
    # -- the processes
    Attack(
        "the parent killed",
        "count.py",
        count("import os; os.kill(os.getppid(), 9)\n    while 1: pass"),
        (ERROR, LATE),
    ),
    Attack(
        "the parent stopped",
        "kinds.py",
        "import os\nos.kill(os.getppid(), 19)\nKINDS = {}\n",
        (FAILED, ERROR),
    ),
    Attack("its group killed", "step.py", step("import os; os.kill(0, 9)"), (ERROR,), ("signal 9",)),
    Attack(
        "children that print",
        "half.py",
        LEAVES + "leave(lambda: print('still here', flush=True))\n" + right("half.py"),
        (FINE,),
        share=1,
    ),
    Attack(
        "children that write",
        "double.py",
        LEAVES + double("return x * 0", "leave(lambda: os.write(3, b'\\0' * 64))"),
        (ERROR, FAILED),
    ),
    Attack("files at the end", "step.py", EXITS + right("step.py"), (FINE,), share=1),
    Attack("settings changed", "double.py", double("return x + x", SETTINGS), (FINE,), share=1),
    Attack(
        "a folder removed",
        "step.py",
        "import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)\n" + right("step.py"),
        (FINE,),
        share=1,
    ),
    Attack(
        "results overwritten",
        "double.py",
        double(
            "for name in results(): open(name, 'w').write('{\"score\": 1e9}')\n    return x * 0", OVERWRITE
        ),
        (FAILED,),
    ),
]


def packed(attacks: list[Attack]) -> list[list[Attack]]:
    """Submissions: each takes the next attack of every file."""
    by_file = {name: [attack for attack in attacks if attack.file == name] for name in support.FILES}
    runs = max(map(len, by_file.values()))
    return [[mine[at] for mine in by_file.values() if at < len(mine)] for at in range(runs)]


RUNS = packed(ATTACKS)


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Callable[[int], support.Graded]:
    """Grades the submission with a number, once."""
    course = support.copy_course(tmp_path_factory.mktemp("course") / "c")
    done: dict[int, support.Graded] = {}

    def one(number: int) -> support.Graded:
        if number not in done:
            folder = tmp_path_factory.mktemp("run")
            files = {attack.file: attack.content.replace("OWN", repr(str(folder))) for attack in RUNS[number]}
            submission = support.submit(folder / "s", files)
            done[number] = support.grade(course, submission, folder=folder)
        return done[number]

    return one


def group(number: int) -> pytest.MarkDecorator:
    return pytest.mark.xdist_group(f"hostile {number}")


NUMBERED = [
    pytest.param(attack, number, id=attack.name, marks=group(number))
    for number, attacks in enumerate(RUNS)
    for attack in attacks
]
EACH_RUN = [pytest.param(number, id=f"run {number}", marks=group(number)) for number in range(len(RUNS))]


@pytest.mark.parametrize(("attack", "number"), NUMBERED)
def test_an_attack_gains_nothing(graded, attack, number):
    run = graded(number)
    question = run.question(Path(attack.file).stem)
    assert question["outcome"] in attack.outcomes, run.said
    assert question["points"] == attack.share * question["max_points"], run.said
    missing = [word for word in attack.words if word not in question["message"]]
    assert not missing, question["message"]


@pytest.mark.parametrize("number", EACH_RUN)
def test_the_judge_lives_and_the_other_questions_are_paid(graded, number):
    run = graded(number)
    attacked = {f"q1.{Path(attack.file).stem}" for attack in RUNS[number]}
    expected = {name: points for name, points in support.POINTS.items() if name not in attacked}
    assert {name: run.points[name] for name in expected} == expected, run.said
    assert run.results["complete"], run.said
    assert run.results["state"] == "finished"
    assert run.status in (support.PASSED, support.FAILED)
    assert run.results["max_score"] == 100
    assert len(run.gradescope["tests"]) == 15


@pytest.mark.parametrize("number", EACH_RUN)
def test_nothing_of_an_attack_is_left(graded, number):
    run = graded(number)
    assert support.left_behind(run.own) == []
    assert support.litter(run.own) == []
    assert not list(run.own.parent.rglob("scrawl"))
    assert "\x1b" not in run.out
    assert "<img src=x" in run.out or "an escaping text" not in [attack.name for attack in RUNS[number]]


KILLS_THE_ZYGOTE = """
import os

def count(values, limit):
    with open(f"/proc/{os.getppid()}/stat") as file:
        os.kill(int(file.read().rpartition(")")[2].split()[1]), 9)
    return -1
"""


def test_whoever_breaks_the_grader_is_not_paid_for_it(tmp_path):
    # Nothing forbids it at this isolation, and the system may do the same for want of memory.
    submission = support.submit(tmp_path / "s", {"count.py": KILLS_THE_ZYGOTE})
    course = support.copy_course(tmp_path / "c")
    run = support.grade(course, submission, "--isolation", "process", folder=tmp_path)
    assert run.status == support.GRADER_ERROR, run.said
    assert not run.results["complete"]
    assert run.question("count")["points"] == 0
    assert run.question("last")["outcome"] == "grader_error"  # the second time nobody starts it again
    assert support.left_behind(run.own) == []
    assert support.litter(run.own) == []
