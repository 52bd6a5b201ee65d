"""Whatever can be decoded, the judge does with it what it does: an outcome of the submission, nothing else.

Covered: every kind of reply, and values of every type, shape and bit pattern, NaN for keys, integers past 63
bits, texts with control characters, escapes, markup and directions among them, go through the check against
annotations of every form that stubs have, the words of faults, excerpts, comparisons with any reference, from
either side, and the results in JSON, Gradescope's form, the terminal and the page of pictures. What a hidden
test may show never holds a word of the submission's.

``-m slow`` tries many more examples, other ones in each run.
"""

from __future__ import annotations

import json
import math
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Any

import frames
import judged
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.config import Assignment, Question
from grader.faults import Outcome
from grader.gate_file import GateRecord, load_gates
from grader.gates import margin
from grader.points import PlannedTest
from grader.results import gallery, gradescope, json_file, terminal
from grader.results.model import Context
from grader.results.store import ResultStore
from grader.scoring import CaseResult, Mistake, PictureFile
from grader.sequential import decide
from grader.worker import wire

pytestmark = pytest.mark.timeout(1800)

ROOT = Path(__file__).parents[1]
FEW_AND_MANY = pytest.mark.parametrize(
    "more", [1, pytest.param(20, marks=pytest.mark.slow)], ids=["few", "many"]
)


def impatient(sock: Any, writing: bool) -> None:
    raise AssertionError("there are always bytes, or the end")


def enlarged(node: Any) -> Any:
    """The same nodes with the largest integer that a frame can hold where the encoder's largest was."""
    if isinstance(node, list):
        return [enlarged(inner) for inner in node]
    return 2**64 - 1 if node == 2**63 - 1 and type(node) is int else node


@FEW_AND_MANY
def test_any_value(more: int) -> None:
    @frames.profile(60 * more, fixed=more == 1)
    @given(frames.values)
    def holds(value: Any) -> None:
        node, buffers = frames.packed(value)
        header = msgspec.msgpack.encode(frames.answer(enlarged(node)))
        judged.examined(frames.read(header, buffers))

    holds()


@FEW_AND_MANY
def test_any_reply(more: int) -> None:
    @frames.profile(150 * more, fixed=more == 1)
    @given(frames.replies())
    def holds(reply: tuple[Any, bytes]) -> None:
        tree, buffers = reply
        judged.replied(frames.decode_reply(msgspec.msgpack.encode(tree)), buffers)

    holds()


@FEW_AND_MANY
def test_whatever_is_left_of_a_changed_frame(more: int) -> None:
    @frames.profile(100 * more, fixed=more == 1)
    @given(frames.mutated())
    def holds(data: bytes) -> None:
        with suppress(wire.WireError, wire.Closed):
            header, buffer = wire.receive(frames.Bytes(data), 1 << 16, impatient)  # type: ignore[arg-type]
            reply = frames.decode_reply(header)
            for value in judged.replied(reply, buffer)[:1]:
                judged.examined(value)

    holds()


def test_the_properties_can_fail() -> None:
    """What they forbid is noticed."""
    for words in (frames.SECRET, "\x1b[31m", "\u202e", "x" * 1000):
        with pytest.raises(AssertionError):
            judged.said(words)


# -- results

ASSIGNMENT = Assignment(
    id="p1",
    folder=Path("p1"),
    title="Warm-up",
    files=["flow.py"],
    questions={"p1.a": Question(title="A", file="flow.py", minutes=5, review="Reread section 1.")},
)
SHOWN = PlannedTest(
    question="p1.a",
    test="test_public.py::test_shown",
    title="Shown",
    points=60,
    rung="figures",
    visibility="visible",
)
HIDDEN = PlannedTest(
    question="p1.a", test="test_hidden.py::test_hidden", title="Hidden", points=40, rung="random"
)

anything = (
    st.text(alphabet=st.characters(exclude_categories=()), max_size=30)  # half characters among them
    | frames.texts
    | st.sampled_from(
        ["\ud800", "\udfff\ud800", "\x00", "</td><script>", "{{ 7 * 7 }}", "]]>", "&#0;", "x" * 9000]
    )
)


HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn"}  # controls, directions, half characters, private, unassigned


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


@FEW_AND_MANY
def test_results_of_any_words_and_figures_are_valid_and_harmless(more: int) -> None:
    @frames.profile(100 * more, fixed=more == 1)
    @given(texts=st.tuples(*[anything] * 7), figures=st.tuples(st.floats(), st.floats()))
    def holds(texts: tuple[str, ...], figures: tuple[float, float]) -> None:
        summary, detail, output, note, message, title, problem = texts
        store = ResultStore(Context(artifacts="."), [SHOWN, HIDDEN], ASSIGNMENT)
        for plan in (SHOWN, HIDDEN):
            store.add(
                CaseResult(
                    plan.question,
                    plan.test,
                    plan.test,
                    Outcome.FAILED,
                    share=0.5,
                    summary=summary,
                    detail=detail,
                    output=output,
                    note=note,
                    mistake=Mistake("name", message),
                    seconds=figures[0],
                    pictures=(PictureFile("a.svg", title),),
                )
            )
        store.problem(problem)
        store.leaderboard("accuracy", figures[1])
        result = store.finish()
        written = json_file.render(result)
        json.loads(written, parse_constant=_refuse)
        assert json_file.parse(written) == result
        platform = gradescope.render(result)
        json.loads(platform, parse_constant=_refuse)
        pages = [written.decode(), platform.decode(), gallery.render(result), terminal.render(result)]
        for page in pages:
            assert (
                not {unicodedata.category(character) for character in page if character not in "\n\t"}
                & HARMFUL
            )
            page.encode()
        assert "<script" not in pages[2]
        hidden = next(test for test in result.questions[0].tests if test.name == HIDDEN.test)
        assert (hidden.detail, hidden.output) == ("", "")

    holds()


PATHS = sorted(ROOT.glob("assignments/*/gates.toml"))
GATES = [record for path in PATHS for record in load_gates(path).values()]


@FEW_AND_MANY
def test_a_gate_of_any_figures_has_words_and_a_verdict(more: int) -> None:
    @frames.profile(100 * more, fixed=more == 1)
    @given(st.sampled_from(GATES), st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=3))
    def holds(record: GateRecord, figures: list[float]) -> None:
        judged.said(margin(record, figures))
        assert decide(figures, record.threshold, record.sd_run) in (True, False, None)
        assert "not a number" in margin(record, [math.nan, *figures])

    holds()
