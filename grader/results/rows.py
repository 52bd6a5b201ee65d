"""What a platform shows of a result: a row per question, with its points, what went wrong, the mistake that
was recognised, and what to reread.

A question's hidden tests are part of its row, without their titles: their points and their messages, which
are made to be shown. A course that wants less says so (``hidden_tests`` in assignment.toml): they have a row
of their own then, because on a platform a row is shown or not. So have tests that a date shows.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

from grader.config import HiddenTests
from grader.faults import Outcome
from grader.points import Visibility
from grader.results.model import PictureResult, QuestionResult, Result, TestResult
from grader.scoring import UNJUDGED

PRINTED = "Your code printed:"
HIDDEN_MESSAGES = 3  # of one row: each says a little about inputs that nobody is to know
PICTURE_BYTES = 150_000  # of one picture, and ten times that of all
SAID_ONCE = {Outcome.NOT_STARTED, Outcome.NOT_RUN, Outcome.SUBMISSION_ERROR}
WHICH: dict[Visibility, str] = {
    "visible": "",
    "hidden": "hidden tests",
    "after_due_date": "tests shown after the due date",
    "after_published": "tests shown with the grades",
}


def rows(result: Result, hidden_tests: HiddenTests = "summary") -> list[dict[str, Any]]:
    """The ``tests`` of Gradescope's results.json, which Otter writes too.

    :param hidden_tests: when students see what became of them.
    """
    room = 10 * PICTURE_BYTES
    made = []
    for number, question in enumerate(result.questions, 1):
        groups = _groups(question, hidden_tests)
        for part, (visibility, tests) in enumerate(groups.items(), 1):
            row = _row(question, visibility, tests)
            row["number"] = f"{number}.{part}" if len(groups) > 1 else f"{number}"
            if len(groups) > 1:
                row["name"] += f" ({WHICH[visibility] or 'public tests'})"
            pictures = _pictures(result, tests, room) if visibility == "visible" else []
            if pictures:
                room -= sum(len(picture) for _, picture in pictures)
                row["output"] = _page(row["output"], pictures)
                row["output_format"] = "html"
            made.append(row)
    return made


def _groups(question: QuestionResult, hidden_tests: HiddenTests) -> dict[Visibility, list[TestResult]]:
    """A question's tests by when they are shown, what is shown at once first."""
    groups: dict[Visibility, list[TestResult]] = {}
    for test in question.tests:
        visibility = test.visibility
        if visibility == "hidden":
            visibility = "visible" if hidden_tests == "summary" else hidden_tests
        groups.setdefault(visibility, []).append(test)
    return {visibility: groups[visibility] for visibility in WHICH if visibility in groups}


def _row(question: QuestionResult, visibility: Visibility, tests: list[TestResult]) -> dict[str, Any]:
    score = round(sum(min(max(test.points, 0.0), test.max_points) for test in tests), 6)
    highest = round(sum(test.max_points for test in tests), 6)
    row: dict[str, Any] = {
        "number": "",
        "name": f"{question.id}: {question.title}",
        "name_format": "text",
        "score": score,
        "max_score": highest,
        "output": _output(question, tests),
        "output_format": "text",
        "visibility": visibility,
        "tags": [question.id],
    }
    # A GPU test without a GPU is outside the maximum and says nothing about the others.
    counted = [test for test in tests if test.max_points or test.outcome not in UNJUDGED]
    if counted and not any(test.outcome in UNJUDGED for test in counted):
        row["status"] = "passed" if score == highest else "failed"
    return row


def _output(question: QuestionResult, tests: list[TestResult]) -> str:
    """The row's text; of a question with all its points, the margins of its gates alone."""
    shown = [test for test in tests if test.visibility == "visible"]
    hidden = [test for test in tests if test.visibility != "visible"]
    if _all_alike(tests):
        message = next(test.message for test in tests if not _missed_bonus(test))
        said = "\n".join([message, *(_details(shown[0]) if shown else [])])
        return "\n\n".join(filter(None, [said.rstrip(), _review(question, tests)]))
    parts = list(dict.fromkeys(test.mistake.message for test in tests if test.mistake))
    for test in shown:
        if _lost(test) or test.note:
            lines = [test.message, test.note, *_details(test)]
            text = indent("\n".join(line for line in lines if line), "    ")
            parts.append(f"{test.title}: {test.points:g} of {test.max_points:g} points\n{text}")
    right = sum(not _lost(test) for test in shown)
    if right and parts and right < len(shown):
        parts.append(f"{right} of {len(shown)} public tests passed.")
    parts += [_of_hidden(hidden), _review(question, tests)]
    return "\n\n".join(filter(None, parts))


def _all_alike(tests: list[TestResult]) -> bool:
    """Whether every test ended in the same way: nothing to call was there, or nobody has begun."""
    ends = {(test.outcome, test.message) for test in tests if not _missed_bonus(test)}
    details = {tuple(_details(test)) for test in tests if test.visibility == "visible"}
    return len(ends) == 1 and len(details) <= 1 and {outcome for outcome, _ in ends} <= SAID_ONCE


def _review(question: QuestionResult, tests: list[TestResult]) -> str:
    judged = any(_lost(test) and test.outcome not in UNJUDGED for test in tests)
    return f"Review: {question.review}" if question.review and judged else ""


def _of_hidden(tests: list[TestResult]) -> str:
    """Points and messages of tests that are not shown; nothing where all of them passed in silence."""
    # The worst first, which is what a table of a run says of the question too.
    lost = sorted(filter(_lost, tests), key=lambda test: test.points / (test.max_points or 1))
    messages = list(dict.fromkeys(test.message for test in lost if test.message))[:HIDDEN_MESSAGES]
    notes = list(dict.fromkeys(test.note for test in tests if test.note))
    if not messages and not notes:
        return ""
    points = f"{sum(test.points for test in tests):g} of {sum(test.max_points for test in tests):g}"
    text = indent("\n".join(messages + notes), "    ")
    return f"Hidden tests: {points} points\n{text}"


def _lost(test: TestResult) -> bool:
    """Whether there is something to say about a test."""
    return not _missed_bonus(test) and (test.points < test.max_points or test.outcome is not Outcome.PASSED)


def _missed_bonus(test: TestResult) -> bool:
    return test.device != "cpu" and test.outcome is Outcome.NOT_RUN


def _details(test: TestResult) -> Iterator[str]:
    if test.detail:
        yield test.detail
    if test.output:
        yield "\n".join([PRINTED, *(f"| {line}" for line in test.output.splitlines())])


def _pictures(result: Result, tests: Sequence[TestResult], room: int) -> list[tuple[str, bytes]]:
    """Titles and contents of what the tests drew, as far as there is room; without files that are gone."""
    found: list[tuple[str, bytes]] = []
    if not result.artifacts or result.state != "finished":
        return found
    drawn: list[PictureResult] = [picture for test in tests for picture in test.pictures if picture.file]
    for picture in drawn:
        try:
            content = Path(result.artifacts, picture.file).read_bytes()
        except OSError:
            continue
        if len(content) <= min(PICTURE_BYTES, room):
            room -= len(content)
            found.append((picture.title, content))
    return found


def _page(text: str, pictures: Sequence[tuple[str, bytes]]) -> str:
    """The text as it stands, and the pictures in the page itself; everything that is not ours is escaped."""
    body = [f"<pre>{html.escape(text)}</pre>"] if text else []
    for title, content in pictures:
        source = base64.b64encode(content).decode("ascii")
        name = html.escape(title)
        body.append(
            f'<figure><img alt="{name}" src="data:image/png;base64,{source}"/>'
            f"<figcaption>{name}</figcaption></figure>"
        )
    return "\n".join(body)
