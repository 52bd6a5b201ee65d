"""A known mistake is named when it alone answers as the student did, and not when in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.config import Course
from grader.faults import GraderFault, Outcome, SubmissionFault
from grader.mistakes import Mistake, plant, read_mistake, read_mistakes, recognise
from grader.subject import RecordedCall, Thrown
from grader.tomlfile import ConfigError
from grader.worker import messages

TEXT = '''"""The mask was
forgotten.

Look at z1.
"""
QUESTIONS = ("q1.half", "q1.mean")
MODULE = "halves"
def half(x): return x
'''


# -- the files


def test_a_mistake_is_its_message_its_questions_and_what_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "no_mask.py"
    path.write_text(TEXT)
    mistake = read_mistake(path)
    assert mistake.name == "no_mask"
    assert mistake.message == "The mask was forgotten. Look at z1."
    assert (mistake.questions, mistake.module) == (("q1.half", "q1.mean"), "halves")
    assert mistake.source == TEXT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('QUESTIONS = ("q",)\nMODULE = "m"\n', "docstring"),
        ('"""x"""\nMODULE = "m"\n', "QUESTIONS"),
        ('"""x"""\nQUESTIONS = ()\nMODULE = "m"\n', "QUESTIONS"),
        ('"""x"""\nQUESTIONS = "q"\nMODULE = "m"\n', "QUESTIONS"),
        ('"""x"""\nQUESTIONS = ("q",)\n', "MODULE"),
        ('"""x"""\nQUESTIONS = ("q",)\nMODULE = 5\n', "MODULE"),
        ('"""x"""\nQUESTIONS = tuple(["q"])\nMODULE = "m"\n', "QUESTIONS"),
        ('"""x"""\ndef f(:\n', "line 2"),
    ],
)
def test_a_mistake_that_is_incomplete_is_refused_with_its_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as refused:
        read_mistake(path)
    assert "broken.py" in str(refused.value)


def test_a_student_release_knows_no_mistakes(tmp_path: Path) -> None:
    assert read_mistakes(None) == {}
    assert read_mistakes(tmp_path) == {}


def test_helpers_beside_the_mistakes_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "mistakes"
    folder.mkdir()
    (folder / "_helper.py").write_text("")
    (folder / "b.py").write_text(TEXT)
    (folder / "a.py").write_text(TEXT)
    assert list(read_mistakes(tmp_path)) == ["a", "b"]


# -- planting


def test_a_planted_mistake_is_the_reference_with_its_text_behind(
    small_course: Course, tmp_path: Path
) -> None:
    into = plant(small_course, "q1", "divides_by_n_minus_one", tmp_path / "planted")
    reference = small_course.reference("q1")
    assert reference is not None
    text = (into / "halves.py").read_text()
    assert text.startswith((reference / "halves.py").read_text())
    assert text.endswith((reference / "mistakes" / "divides_by_n_minus_one.py").read_text())
    assert (into / "given.py").read_text() == (reference / "given.py").read_text()
    compile(text, "halves.py", "exec")


def test_what_cannot_be_planted_is_said(small_course: Course, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no known mistake 'nothing' in q1; there are: divides_by"):
        plant(small_course, "q1", "nothing", tmp_path)
    reference = small_course.reference("q1")
    assert reference is not None
    (reference / "mistakes" / "lost.py").write_text(TEXT.replace('"halves"', '"elsewhere"'))
    with pytest.raises(ConfigError, match="no module 'elsewhere'"):
        plant(small_course, "q1", "lost", tmp_path / "lost")


# -- recognising


def call(answer: Any, number: int = 0) -> RecordedCall:
    thrown = answer if isinstance(answer, Thrown) else None
    return RecordedCall(messages.Inspect(number), (), None if thrown else answer, thrown)


def raises(*types: str, text: str = "", deliberate: bool = False) -> Thrown:
    return Thrown(types, text, deliberate)


class Asked:
    """Answers call number n with the nth of its answers; an exception stands for itself."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.count = 0

    def replay(self, recorded: RecordedCall) -> RecordedCall:
        self.count += 1
        answer = self.answers[recorded.message.id]
        if isinstance(answer, Exception):
            raise answer
        return call(answer)


def known(name: str) -> Mistake:
    return Mistake(name, "message", ("q",), "m", "")


def named(student: list[Any], reference: list[Any], limit: int = 1000, **mistakes: list[Any]) -> str | None:
    subjects = {name: Asked(answers) for name, answers in {"reference": reference, **mistakes}.items()}

    @contextmanager
    def ask(role: str) -> Iterator[Any]:
        yield subjects[role]

    calls = [call(answer, at) for at, answer in enumerate(student)]
    found = recognise(calls, "reference", [known(name) for name in mistakes], ask, limit=limit)
    return None if found is None else found.name


def test_the_one_that_answers_alike_is_named() -> None:
    assert named([1.0, 5.0], [1.0, 2.0], one=[1.0, 5.0], other=[1.0, 7.0]) == "one"


def test_rounding_is_no_difference() -> None:
    assert named([np.float32(5.0000005).item()], [2.0], one=[5.0]) == "one"


@pytest.mark.parametrize(
    ("student", "reference", "mistakes"),
    [
        ([5.0], [2.0], {"one": [5.0], "two": [5.0]}),  # two answer alike
        ([2.0], [2.0], {"one": [2.0]}),  # the student is right
        ([5.0, 6.0], [2.0, 2.0], {"one": [5.0, 7.0]}),  # none agrees throughout
        ([5.0, 2.0], [2.0, 2.0], {"one": [5.0, 5.0]}),
        ([], [], {"one": []}),
        ([5.0], [2.0], {}),
        ([np.ones(3)], [2.0], {"one": [np.ones(4)]}),
    ],
)
def test_in_doubt_nobody_is_named(
    student: list[Any], reference: list[Any], mistakes: dict[str, list[Any]]
) -> None:
    assert named(student, reference, **mistakes) is None


def test_exceptions_are_compared_by_their_own_type() -> None:
    same, other = raises("KeyError", "LookupError"), raises("IndexError", "LookupError")
    assert named([same], [1.0], one=[same], two=[other]) == "one"
    assert named([same], [1.0], one=[1.0]) is None
    assert named([5.0], [1.0], one=[same]) is None
    assert named([same], [same], one=[same]) is None


def test_an_exception_of_the_same_type_alone_is_no_sign() -> None:
    shapes = raises("RuntimeError", text="The size of tensor a (3) must match the size of tensor b (4)")
    in_place = raises("RuntimeError", text="a leaf Variable that requires grad is used in place")
    assert named([shapes], [1.0], one=[shapes]) == "one"
    assert named([shapes], [1.0], one=[in_place]) is None
    assert named([shapes], [1.0], one=[in_place], two=[shapes]) == "two"
    assert named([shapes, 5.0], [1.0, 2.0], one=[in_place, 5.0]) == "one"  # a value is one
    assert named([shapes, 2.0], [1.0, 2.0], one=[in_place, 2.0]) is None  # but not where all are right


def test_a_raise_of_both_sides_own_is_a_sign_whatever_it_says() -> None:
    student, mistake = (raises("ValueError", text=text, deliberate=True) for text in ("no rows", "empty"))
    assert named([student], [1.0], one=[mistake]) == "one"
    assert named([student], [1.0], one=[raises("ValueError", text="empty")]) is None


FAULTS: list[Callable[[], Exception]] = [
    lambda: GraderFault("no answer"),
    lambda: SubmissionFault(Outcome.TIMED_OUT, "late"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mistake_that_cannot_answer_is_not_the_one(fault: Callable[[], Exception]) -> None:
    assert named([5.0], [2.0], broken=[fault()], one=[5.0]) == "one"


@pytest.mark.parametrize("fault", FAULTS)
def test_without_the_reference_nobody_is_named(fault: Callable[[], Exception]) -> None:
    assert named([5.0], [fault()], one=[5.0]) is None


def test_what_a_second_process_was_asked_is_replayed_in_a_second_process() -> None:
    """A mistake may be that a process forgets what the first one knew."""

    class Forgetting:
        def __init__(self, seen: list[int]) -> None:
            self.seen = seen

        def anew(self) -> Forgetting:
            return Forgetting([])

        def replay(self, recorded: RecordedCall) -> RecordedCall:
            self.seen.append(recorded.message.id)
            return call(len(self.seen))

    class Remembering(Forgetting):
        def anew(self) -> Forgetting:
            return self

    @contextmanager
    def ask(role: str) -> Iterator[Any]:
        yield (Remembering if role == "reference" else Forgetting)([])

    calls = [call(1, number=0), replace(call(1, number=1), process=1)]
    found = recognise(calls, "reference", [known("forgets")], ask)
    assert found is not None
    assert found.name == "forgets"


def test_past_the_limit_of_replays_nobody_is_named() -> None:
    student, reference = [5.0] * 10, [2.0] * 10
    assert named(student, reference, limit=30, one=student, two=[7.0] * 10) == "one"
    assert named(student, reference, limit=15, one=student, two=[7.0] * 10) is None
