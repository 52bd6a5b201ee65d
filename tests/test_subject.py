"""What a test holds of a submission: each way in which it can fail to answer has an outcome and words."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from grader.bench import BenchFunction
from grader.faults import GraderFault, Outcome, Raised, SubmissionFault, Unusable
from grader.interface import read_members
from grader.launch import Allowance, Died, TookTooLong
from grader.subject import NOT_HANDED_IN, RECORD_LIMIT, Subject, Thrown
from grader.worker import codec, messages, wire

STUB = """
ANSWER: dict[str, float] | None = None
def forward(x: float) -> float: ...
def backward(x: float) -> dict[str, float]: ...
def loose(x): ...
"""

Reply = Callable[[messages.Request], Any]


class Script:
    """A worker that answers as it is told to; imports succeed unless told otherwise."""

    alive = True

    def __init__(self, reply: Reply, load: Reply | None = None) -> None:
        self.reply = reply
        self.load = load or answer(None)
        self.asked: list[messages.Request] = []
        self.buffers: list[bytes] = []

    def request(
        self, message: messages.Request, buffers: list[memoryview], allowance: Allowance
    ) -> tuple[messages.Reply, bytearray]:
        self.asked.append(message)
        self.buffers.append(b"".join(bytes(buffer) for buffer in buffers))
        reply = (self.load if isinstance(message, messages.Load) else self.reply)(message)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, tuple) else (reply, bytearray())


def answer(value: Any) -> Reply:
    encoder = codec.Encoder()
    node = encoder.node(value)
    buffer = bytearray(b"".join(bytes(each) for each in encoder.buffers))
    return lambda message: (messages.Answer(message.id, node), buffer)


def raised(
    *types: str, message: str = "", file: str | None = None, line: int | None = None, **more: Any
) -> Reply:
    fields = {"stub": None, "source": None, "stage": "call", **more}
    return lambda request: messages.Raised(request.id, list(types), message, file=file, line=line, **fields)


def subject(reply: Reply, load: Reply | None = None, role: str = "student", **more: Any) -> Subject:
    script = Script(reply, load)
    held = Subject(
        role=role,
        connect=lambda: script,
        interface={"flow": read_members(STUB), "other": read_members(STUB)},
        question="q.forward",
        questions=frozenset({"q.forward", "q.backward"}),
        allowance=Allowance(),
        module="flow",
        **more,
    )
    held.script = script  # type: ignore[attr-defined]
    return held


def fault(reply: Reply, load: Reply | None = None, **more: Any) -> SubmissionFault:
    with pytest.raises(SubmissionFault) as caught:
        subject(reply, load, **more).flow.forward(1.0)
    return caught.value


# -- asking


def test_the_questions_file_is_imported_before_any_input_is_sent() -> None:
    held = subject(answer(1.0))
    assert held.connection is None, "the worker starts at the first call"
    assert held.flow.forward(1.0) == 1.0
    assert held.flow.forward(2.0) == 1.0
    assert held.other.loose(2.0) == 1.0
    kinds = [(type(message).__name__, message.module) for message in held.script.asked]  # type: ignore[attr-defined]
    assert kinds == [
        ("Load", "flow"),
        ("Call", "flow"),
        ("Call", "flow"),
        ("Load", "other"),
        ("Call", "other"),
    ]


def test_the_peak_of_its_memory_is_a_number_where_there_is_a_process_to_look_at() -> None:
    held = subject(answer(1.0))
    assert held.peak_memory() is None, "nothing has been started"
    held.flow.forward(1.0)
    assert held.peak_memory() is None, "what answers is no process of its own"
    held.script.root = os.getpid()  # type: ignore[attr-defined]
    peak = held.peak_memory()
    assert peak is not None
    assert peak > 10 << 20


def test_arguments_and_arrays_go_along() -> None:
    held = subject(answer(None))
    held.flow.loose(1, [np.arange(2.0)], key=(True,), more=np.ones(1, dtype=np.int8))
    call = held.script.asked[-1]  # type: ignore[attr-defined]
    assert call.args == [1, codec.List([codec.Array("float64", [2])])]
    assert (call.keys, call.values) == (["key", "more"], [codec.Tuple([True]), codec.Array("int8", [1])])
    assert len(held.script.buffers[-1]) == 17  # type: ignore[attr-defined]


def test_an_answer_is_fetched_and_a_bench_function_is_run() -> None:
    held = subject(answer({"a": 1.0}))
    assert held.flow.ANSWER == {"a": 1.0}
    function = BenchFunction("outputs", "bench.py", "SOURCE", ast.parse("dict[str, float]", mode="eval").body)
    assert held.run(function, n=3) == {"a": 1.0}
    fetch, run = (each for each in held.script.asked if not isinstance(each, messages.Load))  # type: ignore[attr-defined]
    assert (fetch.module, fetch.name) == ("flow", "ANSWER")
    assert (run.source, run.origin, run.name, run.keys) == ("SOURCE", "bench.py", "outputs", ["n"])


def test_a_module_or_name_that_the_assignment_does_not_have() -> None:
    held = subject(answer(1.0))
    with pytest.raises(AttributeError, match="no module 'floww'"):
        _ = held.floww
    assert not hasattr(held, "__wrapped__")
    assert held.flow.unknown(1) == 1.0, "the worker says what is wrong, when a stub offers nothing"


@pytest.mark.parametrize("value", [np.zeros(1 << 18, dtype=np.uint8), ["a" * 3000]])
def test_the_answers_to_one_test_are_bounded_in_all(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test keeps every answer until it has asked all its cases, and each may be as large as a frame."""
    monkeypatch.setattr("grader.subject.ANSWERS_LIMIT", 1 << 20)
    held = subject(answer(value))

    def ask() -> None:
        for _ in range(10):
            held.anew().flow.loose(1)  # its processes have one account

    with pytest.raises(SubmissionFault, match="in all") as caught:
        ask()
    assert caught.value.outcome is Outcome.SUBMISSION_ERROR
    subject(answer(value)).flow.loose(1)


def test_an_argument_that_cannot_cross_is_not_the_submissions_fault() -> None:
    with pytest.raises(codec.Unfit):
        subject(answer(1.0)).flow.forward(1j)


def test_a_file_that_was_not_taken_ends_the_test_before_a_worker_starts() -> None:
    held = subject(answer(1.0), problems={"flow": "flow.py is missing; there is flwo.py"})
    with pytest.raises(SubmissionFault, match=r"flow\.py is missing"):
        held.flow.forward(1.0)
    assert held.connection is None


def test_an_import_without_end_is_waited_for_once() -> None:
    endless: dict[str, float] = {}

    def loop(allowance: Allowance, seconds: float) -> Reply:
        def load(_: messages.Request) -> TookTooLong:
            allowance.spent += seconds
            return TookTooLong("computing time", 20.0)

        return load

    def asked(limit: float | None, seconds: float) -> tuple[SubmissionFault, int]:
        allowance = Allowance(limit)
        script = Script(answer(1.0), loop(allowance, seconds))
        held = subject(answer(1.0), endless=endless)
        held.allowance, held.connect = allowance, lambda: script
        with pytest.raises(SubmissionFault) as caught:
            held.flow.forward(1.0)
        return caught.value, len(script.asked)

    first, tries = asked(20.0, 20.1)
    assert (first.outcome, tries) == (Outcome.TIMED_OUT, 1)
    again, tries = asked(20.0, 20.1)
    assert (again.outcome, tries) == (Outcome.TIMED_OUT, 0)
    said = "stopped in the import of flow.py, which took more than 20 s of computing time in an earlier test"
    assert str(again) == said
    assert asked(60.0, 60.1)[1] == 1, "a test with a higher limit may come through"
    assert asked(60.0, 60.1)[1] == 0
    assert asked(None, 1.0)[1] == 1
    assert endless == {"flow": 60.1}


def test_an_import_that_waits_is_tried_again() -> None:
    """It may be the machine that was busy."""
    endless: dict[str, float] = {}
    for _ in range(2):
        held = subject(answer(1.0), lambda _: TookTooLong("waiting time", 80.0), endless=endless)
        held.allowance = Allowance(20.0)
        with pytest.raises(SubmissionFault):
            held.flow.forward(1.0)
        assert len(held.script.asked) == 1  # type: ignore[attr-defined]


# -- outcomes

SECRET = "0.12345"


@pytest.mark.parametrize(
    ("reply", "outcome", "summary", "told"),
    [
        (
            lambda _: TookTooLong("computing time", 5.0),
            Outcome.TIMED_OUT,
            "stopped in forward after 5 s of computing",
            "",
        ),
        (lambda _: Died(None), Outcome.SUBMISSION_ERROR, "the process of your code ended in forward", ""),
        (lambda _: Died(3), Outcome.SUBMISSION_ERROR, "ended by itself in forward (exit status 3)", ""),
        (
            lambda _: Died(-9),
            Outcome.SUBMISSION_ERROR,
            "killed in forward (signal 9, perhaps for want of memory)",
            "",
        ),
        (
            lambda _: Died(-11),
            Outcome.SUBMISSION_ERROR,
            "killed in forward (signal 11, a crash in compiled",
            "",
        ),
        (
            lambda _: wire.WireError(SECRET),
            Outcome.SUBMISSION_ERROR,
            "the answer of forward cannot be read",
            SECRET,
        ),
        (
            lambda m: messages.Absent(m.id, SECRET),
            Outcome.SUBMISSION_ERROR,
            "flow.py defines no function forward",
            SECRET,
        ),
        (
            lambda m: messages.Unusable(m.id, SECRET),
            Outcome.SUBMISSION_ERROR,
            "something that cannot be judged",
            SECRET,
        ),
        (
            raised("ValueError", "Exception", message=SECRET, file="flow.py", line=7),
            Outcome.SUBMISSION_ERROR,
            "forward raised ValueError (flow.py, line 7)",
            SECRET,
        ),
        (
            raised(SECRET, "KeyError", message=SECRET),
            Outcome.SUBMISSION_ERROR,
            "forward raised KeyError",
            SECRET,
        ),
        (raised(SECRET, "object"), Outcome.SUBMISSION_ERROR, "forward raised an exception", SECRET),
        (raised(), Outcome.SUBMISSION_ERROR, "forward raised an exception", ""),
        (raised("SystemExit"), Outcome.SUBMISSION_ERROR, "forward called sys.exit", ""),
        (
            raised("TypeError", message=SECRET),
            Outcome.SUBMISSION_ERROR,
            "does not take or does not return",
            SECRET,
        ),
        (raised("ByHand", "RuntimeError", message=SECRET), Outcome.SUBMISSION_ERROR, "done by hand", SECRET),
        (raised("NotImplementedError", stub="q.forward"), Outcome.NOT_STARTED, "not started", ""),
        (
            raised("NotImplementedError", stub="q.backward"),
            Outcome.NOT_STARTED,
            "needs q.backward, which is not",
            "",
        ),
        (
            raised("NotImplementedError", stub=SECRET),
            Outcome.SUBMISSION_ERROR,
            "raised NotImplementedError",
            "",
        ),
        (answer("text"), Outcome.SUBMISSION_ERROR, "forward gives a text where float is asked", ""),
        (answer(np.ones(3)), Outcome.SUBMISSION_ERROR, "gives an array of float64 (1 dimensions)", "(3)"),
    ],
)
def test_every_way_to_fail_has_its_outcome_and_a_summary_without_what_the_submission_said(
    reply: Reply, outcome: Outcome, summary: str, told: str
) -> None:
    caught = fault(reply)
    assert caught.outcome is outcome
    assert summary in caught.summary
    assert SECRET not in caught.summary
    assert told in caught.told
    assert caught.role == "student"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (f"{SECRET}/flow.py", 7),
        ("flow.py", 12345),
        ("flow.py", 0),
        ("flow.py", -7),
        ("flow.txt", 7),
        (f"{SECRET}.py", 7),
        (None, 7),
        ("flow.py", None),
    ],
)
def test_a_place_that_cannot_be_is_not_shown(file: str | None, line: int | None) -> None:
    caught = fault(raised("ValueError", file=file, line=line))
    assert caught.summary == "forward raised ValueError"


def test_an_exception_without_a_type_still_has_one() -> None:
    """Only a worker that writes its own frames sends that; whoever compares types must find one."""
    caught = fault(raised())
    assert isinstance(caught, Raised)
    assert caught.types == ("BaseException",)


def test_escapes_and_endless_texts_are_cleaned() -> None:
    caught = fault(raised("ValueError", message="\x1b[31mred\x1b[0m" + "x" * 10_000))
    assert "\x1b" not in caught.told
    assert len(caught.told) < 500


def test_a_value_of_the_wrong_kind_leaves_the_worker_for_the_next_case() -> None:
    assert isinstance(fault(answer("text")), Unusable)
    assert isinstance(fault(lambda m: messages.Unusable(m.id, "x")), Unusable)


@pytest.mark.parametrize(
    "node", [codec.Array("float32", [5]), codec.Numbers("int64", -1), codec.Set([codec.List([])])]
)
def test_an_answer_that_does_not_add_up_is_the_submissions_fault(node: Any) -> None:
    caught = fault(lambda message: (messages.Answer(message.id, node), bytearray(7)))
    assert "cannot be read" in caught.summary


def test_an_answer_that_is_still_none_is_not_started() -> None:
    with pytest.raises(SubmissionFault) as caught:
        _ = subject(answer(None)).flow.ANSWER
    assert caught.value.outcome is Outcome.NOT_STARTED


# -- imports


def test_an_import_that_fails_tells_all_as_long_as_no_input_was_sent() -> None:
    broken = raised("ZeroDivisionError", message="division by zero", file="flow.py", line=3, stage="load")
    caught = fault(answer(1.0), broken)
    assert (
        caught.summary
        == "the import of flow.py failed: ZeroDivisionError (flow.py, line 3): division by zero"
    )
    assert not isinstance(caught, Raised), "nobody may be asked to raise the same"


def test_an_import_that_fails_later_does_not_tell_what_it_may_have_seen() -> None:
    """other.py is imported when flow.py has seen inputs, in the same process."""
    held = subject(answer(1.0))
    held.flow.forward(1.0)
    held.script.load = raised("ValueError", message=SECRET, stage="load")  # type: ignore[attr-defined]
    with pytest.raises(SubmissionFault) as caught:
        held.other.forward(1.0)
    assert caught.value.summary == "the import of other.py failed: ValueError"
    assert SECRET in caught.value.told


def test_an_import_that_failed_is_tried_again_before_the_next_input() -> None:
    held = subject(answer(1.0), raised("ValueError", stage="load"))
    for _ in range(2):
        with pytest.raises(SubmissionFault, match="import of flow"):
            held.flow.forward(1.0)
    assert {type(message) for message in held.script.asked} == {messages.Load}  # type: ignore[attr-defined]


# -- the reference and the known mistakes


@pytest.mark.parametrize(
    "reply", [lambda _: Died(-11), answer("text"), raised("NotImplementedError", stub="q.forward")]
)
def test_what_the_reference_cannot_answer_is_the_graders_fault(reply: Reply) -> None:
    with pytest.raises(GraderFault, match="reference: "):
        subject(reply, role="reference").flow.forward(1.0)


def test_what_the_reference_raises_is_for_the_test_to_compare() -> None:
    with pytest.raises(Raised) as caught:
        subject(raised("ValueError"), role="reference").flow.forward(1.0)
    assert caught.value.role == "reference"


# -- the record


def test_what_a_student_was_asked_can_be_asked_again() -> None:
    held = subject(answer(2.0))
    held.flow.loose(np.arange(3.0), 5)
    held.flow.forward(1.0)
    assert [call.answer for call in held.calls] == [2.0, 2.0]
    other = subject(answer(3.0), role="a mistake")
    got = other.replay(held.calls[0])
    assert (got.answer, got.raised) == (3.0, None)
    replayed = other.script.asked[-1]  # type: ignore[attr-defined]
    assert replayed.id != held.calls[0].message.id
    assert msgspec.structs.replace(replayed, id=0) == msgspec.structs.replace(held.calls[0].message, id=0)
    assert other.script.buffers[-1] == np.arange(3.0).tobytes()  # type: ignore[attr-defined]
    assert other.calls == []


def test_an_exception_is_recorded_as_data() -> None:
    held = subject(raised("KeyError", "LookupError", message="no\nsuch key"))
    with pytest.raises(Raised):
        held.flow.forward(1.0)
    assert held.calls[0].raised == Thrown(("KeyError", "LookupError"), "no such key", False)
    other = subject(raised("ValueError", source="raise ValueError(x)"), role="a mistake")
    assert other.replay(held.calls[0]).raised == Thrown(("ValueError",), "", True)


@pytest.mark.parametrize("reply", [answer("text"), lambda _: Died(1), lambda m: messages.Unusable(m.id, "x")])
def test_a_call_without_a_usable_answer_is_not_recorded(reply: Reply) -> None:
    held = subject(reply)
    with pytest.raises(SubmissionFault):
        held.flow.forward(1.0)
    assert held.calls == []


def test_the_record_is_bounded_in_what_was_sent_and_in_what_came_back() -> None:
    large = np.zeros(RECORD_LIMIT // 2 // 8 + 1)
    sent = subject(answer(1.0))
    back = subject(answer(large))
    for _ in range(3):
        sent.flow.loose(large)
        back.flow.loose(1.0)
    assert [len(sent.calls), len(back.calls)] == [1, 1]


def test_a_call_that_takes_long_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 5))
    monkeypatch.setattr("grader.subject.time.monotonic", lambda: float(next(clock)))
    held = subject(answer(1.0))
    held.flow.forward(1.0)
    assert held.calls == []


def test_the_reference_records_nothing() -> None:
    held = subject(answer(1.0), role="reference")
    held.flow.forward(1.0)
    assert held.calls == []


# -- another process


def test_the_same_code_in_a_new_process() -> None:
    first, second = Script(answer(1.0)), Script(answer(2.0))
    held = subject(answer(0.0), connect_apart=lambda: second)
    held.connect = lambda: first
    assert held.flow.forward(1.0) == 1.0
    again = held.anew()
    assert again.connection is None, "it starts at its first call"
    assert again.flow.forward(1.0) == 2.0
    assert [type(message).__name__ for message in second.asked] == ["Load", "Call"], "it imports by itself"
    assert held.flow.forward(1.0) == 1.0
    assert [call.process for call in held.calls] == [0, 1, 0]
    assert held.connections == [first, second]
    assert again.allowance is held.allowance
    assert held.anew().process == again.process + 1


# -- on the clock


FAST = BenchFunction("fast", "bench_gpu.py", "def fast(x): ...", ast.parse("float", mode="eval").body)


class Clocked(Script):
    """Answers at times of its own: asked at 10, 20, ..., answered 3 later."""

    asked_at = answered_at = 0.0

    def request(
        self, message: messages.Request, buffers: list[memoryview], allowance: Allowance
    ) -> tuple[messages.Reply, bytearray]:
        reply = super().request(message, buffers, allowance)
        if isinstance(message, messages.Run):
            self.asked_at += 10.0
            self.answered_at = self.asked_at + 3.0
        return reply


def on_the_clock(reply: Reply, role: str = "student") -> tuple[Subject, Clocked]:
    held, script = subject(reply, role=role), Clocked(reply)
    held.connect = lambda: script
    return held, script


def test_the_clock_runs_from_the_first_question_to_the_last_answer() -> None:
    held, script = on_the_clock(answer(2.5))
    values, seconds = held.clocked([(FAST, {"x": 1.0}), (FAST, {"x": 2.0}), (FAST, {"x": np.ones(3)})])
    assert (values, seconds) == ([2.5] * 3, 23.0)
    assert [type(message) for message in script.asked] == [messages.Load] + [messages.Run] * 3
    assert script.buffers[-1] == np.ones(3).tobytes()
    assert held.calls == []


def test_what_was_answered_before_is_not_looked_at_until_the_clock_has_stopped() -> None:
    held, script = on_the_clock(answer("no number"))
    with pytest.raises(Unusable, match="your code gives"):
        held.clocked([(FAST, {}), (FAST, {})])
    assert len(script.asked) == 3


def test_a_round_ends_with_the_first_question_that_raises() -> None:
    held, script = on_the_clock(raised("ValueError", "Exception"))
    with pytest.raises(Raised):
        held.clocked([(FAST, {}), (FAST, {})])
    assert len(script.asked) == 2


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TookTooLong("computing time", 3), Outcome.TIMED_OUT),
        (Died(-9), Outcome.SUBMISSION_ERROR),
        (wire.WireError("no frame"), Outcome.SUBMISSION_ERROR),
    ],
)
def test_what_ends_a_worker_on_the_clock_is_the_submissions(error: Exception, outcome: Outcome) -> None:
    with pytest.raises(SubmissionFault) as caught:
        on_the_clock(lambda message: error)[0].clocked([(FAST, {})])
    assert caught.value.outcome is outcome
    with pytest.raises(GraderFault):
        on_the_clock(lambda message: error, role="reference")[0].clocked([(FAST, {})])


def test_a_file_that_was_left_out_is_not_started() -> None:
    held = subject(answer(1.0), problems={"flow": NOT_HANDED_IN})
    with pytest.raises(SubmissionFault, match=r"flow\.py was not handed in") as caught:
        held.clocked([(FAST, {})])
    assert caught.value.outcome is Outcome.NOT_STARTED
