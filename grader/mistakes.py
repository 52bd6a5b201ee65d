"""Recognises a wrong answer: a known mistake, asked the same, answers the same.

A known mistake is a file under ``reference/pN/mistakes/``: its docstring is the message for the student,
QUESTIONS are the ids that it must lose, MODULE is the reference module it changes; its text is appended to
that module's, so its definitions win. It is named only if it alone agrees with the student on every recorded
call and differs from the reference somewhere: two that agree are not told apart by guessing. That both raised
the same kind of exception is agreement, but no sign: shapes that do not fit are a RuntimeError whatever the
reason. A value is a sign, and so are the exception's text and a ``raise`` of both sides' own.
"""

from __future__ import annotations

import ast
import contextlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from grader.compare import Precision, Tolerance, difference
from grader.config import Course
from grader.faults import GraderFault, SubmissionFault
from grader.subject import RecordedCall, Subject
from grader.tomlfile import ConfigError

REPLAYS = 4000  # each at most as long as a call that is worth recording


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that is kept to be recognised."""

    name: str
    message: str
    questions: tuple[str, ...]
    module: str
    source: str


def read_mistake(path: Path) -> Mistake:
    """:raises ConfigError: no docstring, QUESTIONS or MODULE."""
    source = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ConfigError(f"{path}: line {error.lineno}: {error.msg}") from None
    constants: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("QUESTIONS", "MODULE"):
                with contextlib.suppress(ValueError):  # not written out: as good as not there
                    constants[name] = ast.literal_eval(node.value)
    message = ast.get_docstring(tree)
    questions, module = constants.get("QUESTIONS"), constants.get("MODULE")
    if not message or not isinstance(questions, tuple) or not questions or not isinstance(module, str):
        raise ConfigError(f"{path}: a known mistake has a docstring, QUESTIONS (a tuple of ids) and MODULE")
    return Mistake(path.stem, " ".join(message.split()), tuple(map(str, questions)), module, source)


def read_mistakes(reference: Path | None) -> dict[str, Mistake]:
    """The known mistakes of an assignment by name; none in a student release.

    :raises ConfigError: one of them is incomplete.
    """
    if reference is None:
        return {}
    return {path.stem: read_mistake(path) for path in _files(reference)}


def _files(reference: Path) -> list[Path]:
    return sorted((reference / "mistakes").glob("[!_]*.py"))


def plant(course: Course, assignment_id: str, name: str, into: Path) -> Path:
    """A submission made of the reference with one known mistake; the folder that holds it.

    :raises ConfigError: no such mistake, or no reference here.
    """
    reference = course.reference(assignment_id)
    if reference is None:
        raise ConfigError("this course has no reference: it is a student release")
    files = {path.stem: path for path in _files(reference)}
    if name not in files:
        raise ConfigError(f"no known mistake {name!r} in {assignment_id}; there are: {', '.join(files)}")
    mistake = read_mistake(files[name])  # it alone: a run may plant many of hundreds
    assignment = course.assignment(assignment_id)
    into.mkdir(parents=True, exist_ok=True)
    for name_of_file in [*assignment.all_files, *assignment.given]:
        shutil.copy(reference / name_of_file, into / name_of_file)
    target = into / f"{mistake.module}.py"
    if not target.is_file():
        raise ConfigError(f"{name}: no module {mistake.module!r} in {assignment_id}")
    with target.open("a", encoding="utf-8") as file:
        file.write(f"\n\n{mistake.source}")
    return into


def recognise(
    calls: Sequence[RecordedCall],
    reference: str,
    candidates: Iterable[Mistake],
    ask: Callable[[str], AbstractContextManager[Subject]],
    *,
    precision: Precision = "float32",
    limit: int = REPLAYS,
) -> Mistake | None:
    """The one mistake that answers every call as the student did, at least one of them unlike the reference.

    :param calls: what the student was asked, in order.
    :param reference: the role of the reference.
    :param ask: opens the reference or a mistake in a worker of its own, by role.
    :param precision: what the failed test compares with.
    :param limit: replays in all; past it nobody is named. A count, because what a student is told must not
        hang on how busy the machine is.
    """
    tolerance = Tolerance(precision)
    left = limit - len(calls)
    try:
        with ask(reference) as subject:
            processes = _Processes(subject)
            right = [_agree(call, processes.replay(call), tolerance) for call in calls]
    except (SubmissionFault, GraderFault):
        return None
    if all(right):
        return None  # right so far: the failure is of another kind
    # Where the student differs from the reference, most mistakes differ from the student.
    telling = sorted(range(len(calls)), key=lambda at: right[at])
    named: list[Mistake] = []
    for mistake in candidates:
        try:
            with ask(mistake.name) as subject:
                processes = _Processes(subject)
                sign = False
                for at in telling:
                    left -= 1
                    if left < 0:
                        return None
                    theirs = processes.replay(calls[at])
                    if not _agree(calls[at], theirs, tolerance):
                        break
                    sign |= not right[at] and _telling(calls[at], theirs)
                else:
                    named += [mistake] if sign else []
        except (SubmissionFault, GraderFault):
            continue
        if len(named) > 1:
            return None
    return named[0] if named else None


class _Processes:
    """Replays each call in a process that has seen what the student's had, and nothing of another's."""

    def __init__(self, subject: Subject) -> None:
        self.by_number = {0: subject}

    def replay(self, call: RecordedCall) -> RecordedCall:
        if call.process not in self.by_number:
            self.by_number[call.process] = self.by_number[0].anew()
        return self.by_number[call.process].replay(call)


def _agree(student: RecordedCall, other: RecordedCall, tolerance: Tolerance) -> bool:
    if student.raised is None and other.raised is None:
        return difference(student.answer, other.answer, tolerance) is None
    if student.raised is None or other.raised is None:
        return False
    return student.raised.types[0] == other.raised.types[0]


def _telling(student: RecordedCall, other: RecordedCall) -> bool:
    """Whether two answers that agree are a sign of the same mistake."""
    if student.raised is None or other.raised is None:
        return True
    return student.raised.text == other.raised.text or (student.raised.deliberate and other.raised.deliberate)
