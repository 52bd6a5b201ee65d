"""The worker's loop: each way in which submitted code can fail becomes a reply, and the loop goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import Served

from grader.launch import Allowance, Died, call_id
from grader.worker import messages

pytestmark = pytest.mark.timeout(120)
Serve = Callable[..., Served]

SIMPLE = """
import torch
ANSWER: dict | None = {"a": 1}
UNSET = None

def same(x, *more, **named):
    return x

def kind(x):
    return type(x).__name__

def double(x):
    return 2 * x
"""


# -- answers


def test_a_function_is_called_with_what_was_sent(serve: Serve) -> None:
    served = serve(SIMPLE)
    assert served.same((1, [2.5, None], {"k": True})) == (1, [2.5, None], {"k": True})
    assert served.same(x={1, 2}) == {1, 2}


def test_arrays_arrive_as_tensors_and_come_back_as_arrays(serve: Serve) -> None:
    served = serve(SIMPLE)
    assert served.kind(np.zeros(2)) == "Tensor"
    assert served.double(np.array([1.0, 2.0], dtype=np.float32)).tolist() == [2, 4]
    assert served.double(x=np.arange(3)).tolist() == [0, 2, 4]


def test_each_argument_is_a_tensor_of_its_own(serve: Serve) -> None:
    served = serve("def change(a, b):\n    a += 1\n    return b")
    assert served.change(np.zeros(2), np.zeros(2)).tolist() == [0, 0]


def test_an_answer_is_fetched(serve: Serve) -> None:
    served = serve(SIMPLE)
    assert served.ask(messages.Fetch(call_id(), "m", "ANSWER")) == {"a": 1}
    assert served.ask(messages.Fetch(call_id(), "m", "UNSET")) is None


def test_a_bench_runs_beside_the_submission_and_is_compiled_once(serve: Serve) -> None:
    served = serve("STEPS = [1]")
    source = (
        "import m\nimport grader.worker.recorder\ndef count(n):\n    m.STEPS.append(n)\n    return m.STEPS"
    )

    def run(n: int, text: str = source) -> Any:
        return served.ask(messages.Run(call_id(), text, "bench.py", "count", [n], [], []))

    assert run(2) == [1, 2]
    assert run(3) == [1, 2, 3]


def test_a_bench_that_breaks_names_none_of_the_submissions_files(serve: Serve) -> None:
    served = serve()
    reply = served.ask(messages.Run(call_id(), "def f():\n    return 1 / 0", "bench.py", "f", [], [], []))
    assert reply.types[0] == "ZeroDivisionError"
    assert (reply.file, reply.line) == (None, None)


# -- modules


def test_a_module_is_loaded_once_and_its_failure_is_a_reply(serve: Serve) -> None:
    served = serve("1 / 0")
    reply = served.ask(messages.Load(call_id(), "m"))
    assert (reply.types[0], reply.stage, reply.file, reply.line) == ("ZeroDivisionError", "load", "m.py", 1)
    assert reply.source == "1 / 0"


def test_a_syntax_error_names_its_line(serve: Serve) -> None:
    reply = serve("x = 1\ndef f(:\n    pass\n").ask(messages.Load(call_id(), "m"))
    assert (reply.types[0], reply.file, reply.line, reply.source) == ("SyntaxError", "m.py", 2, "def f(:")


def test_a_file_that_was_not_taken_says_why(serve: Serve) -> None:
    served = serve(problems={"n": "n.py is missing"})
    reply = served.ask(messages.Load(call_id(), "n"))
    assert isinstance(reply, messages.Absent)
    assert reply.reason == "n.py is missing"


def test_a_name_that_is_not_there_is_told_with_the_nearest_one(serve: Serve) -> None:
    served = serve("def forward(): pass\ndef _hidden(): pass")
    assert served.reply("foward").reason == "m.py defines no foward; there is forward"
    assert served.reply("unrelated").reason == "m.py defines no unrelated"
    assert served.reply("hidden").reason == "m.py defines no hidden"


def test_a_submission_cannot_shadow_what_is_installed(tmp_path: Path, zygote: Any) -> None:
    from grader.launch import Plan

    (tmp_path / "random.py").write_text("def f(): return 'mine'")
    (tmp_path / "json.py").write_text("def f(): return 'mine'")
    worker = zygote.start(Plan(tmp_path, {"random": "random.py", "json": "json.py"}, {}, 1))
    for module in ("random", "json"):
        reply = Served(worker).reply("f", module=module)
        assert isinstance(reply, messages.Absent)
    worker.close()


def test_only_declared_files_can_be_imported(serve: Serve) -> None:
    served = serve("def f():\n    import other")
    (served.worker.plan.folder / "other.py").write_text("")
    assert served.reply("f").types[0] == "ModuleNotFoundError"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"\xef\xbb\xbfdef f():\r\n    return 1\r\n", 1),
        (b"# -*- coding: latin-1 -*-\ndef f():\n    return '\xe9'\n", "é"),
    ],
    ids=["mark_and_windows_line_ends", "declared_latin_1"],
)
def test_texts_that_python_reads_are_read(serve: Serve, content: bytes, value: Any) -> None:
    served = serve()
    (served.worker.plan.folder / "m.py").write_bytes(content)
    assert served.f() == value


def test_undeclared_latin_1_is_a_syntax_error(serve: Serve) -> None:
    served = serve()
    (served.worker.plan.folder / "m.py").write_bytes(b"x = '\xe9'\n")
    assert served.ask(messages.Load(call_id(), "m")).types[0] == "SyntaxError"


# -- exceptions


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("raise ValueError('odd')", "ValueError"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise BaseException('odd')", "BaseException"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("return f()", "RecursionError"),
        ("import pytest; pytest.skip('odd')", "Skipped"),
        ("return [0] * 10**12", "MemoryError"),
    ],
)
def test_every_exception_is_a_reply_and_the_worker_lives(serve: Serve, body: str, kind: str) -> None:
    served = serve(f"def f():\n    {body}\ndef g(): return 7")
    reply = served.reply("f")
    assert isinstance(reply, messages.Raised)
    assert (reply.types[0], reply.stage) == (kind, "call")
    assert served.g() == 7


def test_an_exception_names_its_bases_and_the_innermost_submitted_line(serve: Serve) -> None:
    served = serve(
        """
        import json

        class Odd(KeyError):
            pass

        def deeper():
            json.loads("{")  # the line that counts

        def f():
            raise Odd("x")

        def g():
            deeper()
        """
    )
    assert served.reply("f").types[:3] == ["Odd", "KeyError", "LookupError"]
    reply = served.reply("g")
    assert (reply.file, reply.line) == ("m.py", 8)
    assert reply.source == 'json.loads("{")  # the line that counts'


def test_a_stub_says_which_it_is(serve: Serve) -> None:
    served = serve("def f(): raise NotImplementedError('p1.f')\ndef g(): raise NotImplementedError")
    assert served.reply("f").stub == "p1.f"
    assert served.reply("g").stub is None


@pytest.mark.parametrize(
    "text",
    [
        "def __str__(self): raise SystemExit",
        "def __str__(self): return 5",
        "def __str__(self): return '\\ud800'",
        "def __str__(self): return 'x' * 10**7",
        "args = property(lambda self: 1 / 0)",
    ],
)
def test_an_exception_with_a_hostile_text_is_a_reply_of_bounded_size(serve: Serve, text: str) -> None:
    served = serve(f"class Odd(ValueError):\n    {text}\ndef f(): raise Odd('x')\ndef g(): return 7")
    reply = served.reply("f")
    assert reply.types[0] == "Odd"
    assert len(reply.message) <= 6 * 500
    assert served.g() == 7


@pytest.mark.parametrize(
    "odd",
    [
        "e.filename = 5",
        "e.filename = __file__; e.lineno = []; e.text = 3",
        "e.__traceback__ = None",
        "e.__class__.__name__ = ''",
    ],
)
def test_an_exception_that_lies_about_its_place_is_a_reply(serve: Serve, odd: str) -> None:
    served = serve(f"class Odd(SyntaxError): pass\ndef f():\n    e = Odd()\n    {odd}\n    raise e")
    assert isinstance(served.reply("f"), messages.Raised)


# -- answers that cannot be taken


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("object()", "type object"),
        ("2**64", "more than 64 bits"),
        ("'\\ud800'", "lone surrogate"),
        ("{'\\ud800': 1}", "lone surrogate"),
        ("['x' * 300_000]", "too many parts or too long a text"),
        ("[None] * 300_000", "too many parts or too long a text"),
        ("torch.zeros(5 << 20)", "an answer of 20 MiB; at most 16 are taken"),
        ("[torch.zeros(3 << 20)] * 2", "an answer of 24 MiB"),
        ("[0.5] * (3 << 20)", "an answer of 24 MiB"),
        ("torch.zeros(1).expand(1 << 50)", "cannot be had"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_a_reply_and_the_worker_lives(
    serve: Serve, body: str, words: str
) -> None:
    served = serve(f"import torch\ndef f():\n    return {body}\ndef g(): return 7", answer_bytes=16 << 20)
    reply = served.reply("f")
    assert isinstance(reply, messages.Unusable)
    assert words in reply.reason
    assert served.g() == 7


def test_an_answer_of_just_the_size_that_is_taken_arrives(serve: Serve) -> None:
    served = serve("import torch\ndef f(n): return torch.ones(n, dtype=torch.uint8)", answer_bytes=1 << 20)
    assert served.f(1 << 20).sum() == 1 << 20
    assert "at most 1 are taken" in served.reply("f", (1 << 20) + 600_000).reason


# -- output


def test_what_is_printed_is_there_when_the_answer_is(serve: Serve) -> None:
    served = serve("import sys\ndef f():\n    print('out', end='')\n    sys.stderr.write('err')")
    served.f()
    assert served.worker.new_output() == "outerr"
    assert served.worker.new_output() == ""


def test_what_was_printed_before_a_crash_is_there(serve: Serve) -> None:
    served = serve("import os\ndef f():\n    print('as far as here')\n    os._exit(5)")
    with pytest.raises(Died):
        served.f()
    assert served.worker.output() == "as far as here\n"


def test_output_that_is_no_text_is_escaped(serve: Serve) -> None:
    served = serve("import os\ndef f():\n    os.write(1, b'a\\xff\\xc3(')\n    print('\\ud800')")
    served.f()
    assert served.worker.new_output() == "a\\xff\\xc3(\\ud800\n"


def test_output_is_capped_and_the_rest_is_counted(serve: Serve) -> None:
    served = serve("def f():\n    print('x' * 99_999)", output_bytes=1000)
    served.f()
    assert served.worker.new_output() == "x" * 1000 + "\n[99,000 more bytes]"


@pytest.mark.parametrize(
    "body",
    [
        "sys.stdout = None",
        "sys.stdout.close()",
        "sys.stdout = sys.stderr = object()",
        "os.close(1); os.close(2)",
    ],
)
def test_a_submission_that_breaks_its_output_still_answers(serve: Serve, body: str) -> None:
    served = serve(f"import os, sys\ndef f():\n    {body}\n    return 7\ndef g():\n    return 8")
    assert served.f() == 7
    assert served.g() == 8


def test_waiting_for_a_submission_that_has_closed_its_output_takes_no_computing_time(serve: Serve) -> None:
    import time

    served = serve("import os, time\ndef f():\n    os.close(1); os.close(2)\n    time.sleep(1.5)")
    before = time.process_time()
    served.f()
    assert time.process_time() - before < 0.7


# -- process-wide settings


def test_a_worker_whose_settings_are_as_they_were_is_pristine(serve: Serve) -> None:
    served = serve(
        "import torch\ndef f():\n    torch.set_grad_enabled(False)\n    torch.set_grad_enabled(True)"
    )
    served.f()
    assert served.worker.pristine()


@pytest.mark.parametrize(
    "body",
    [
        "torch.set_default_dtype(torch.float64)",
        "torch.set_grad_enabled(False)",
        "torch.set_num_threads(2)",
        "torch.use_deterministic_algorithms(True)",
        "os.chdir('/')",
        "os._exit(0)",
    ],
)
def test_a_worker_that_was_changed_or_died_is_not(serve: Serve, body: str) -> None:
    served = serve(f"import os, torch\ndef f():\n    {body}")
    try:
        served.f()
    except Died:
        assert body == "os._exit(0)"
    assert not served.worker.pristine()


def test_an_answer_to_another_call_is_not_taken(serve: Serve) -> None:
    """A submission may write to the worker's socket itself; it cannot foresee the next call's number."""
    from grader.worker.wire import WireError

    served = serve(
        """
        import msgspec, os, struct
        def f():
            header = msgspec.msgpack.encode({"type": "answer", "id": 1, "value": "forged"})
            os.write(3, struct.pack("<IQ", len(header), 0) + header)
            return 7
        """
    )
    with pytest.raises(WireError, match="a call that was not made"):
        served.reply("f", allowance=Allowance(20, 20))
    assert not served.worker.alive
