"""The result in Otter's terms: its GradingResults, and the rows of its results.json, one per question.

A question of which some tests are hidden has two rows, each with the points and the visibility of its own
tests: what students see at once says nothing of the hidden ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import indent
from typing import Any

import msgspec
from otter.test_files import GradingResults, TestCase
from otter.test_files.abstract_test import TestCaseResult
from otter.test_files.ottr_test import OttrTestFile

from grader.faults import Outcome
from grader.otter.layout import PLUGIN
from grader.points import Visibility
from grader.results.build import OPENNESS
from grader.results.gradescope import PRINTED
from grader.results.model import QuestionResult, Result, TestResult
from grader.scoring import UNJUDGED

WHICH: dict[Visibility, str] = {
    "visible": "public tests",
    "after_due_date": "tests shown after the due date",
    "after_published": "tests shown with the grades",
    "hidden": "hidden tests",
}


class QuestionRows(GradingResults):
    """Otter's results, which say in results.json what we say.

    They are pickled as Otter's own class: whoever reads the pickle (``otter grade``, outside of the
    container) need not have this package.
    """

    document: dict[str, Any]

    def to_gradescope_dict(self, ag_config: object) -> dict[str, Any]:
        """What Otter writes to results.json."""
        return self.document

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "document"}
        return GradingResults, ([],), state


def fill(results: GradingResults, result: Result | None, fault: str, document: dict[str, Any]) -> None:
    """Replace whatever Otter found by our result.

    :param fault: why the grade must not be used, empty if it may. Otter's table of grades shows it, and no
        points.
    :param document: what results.json is to hold.
    """
    questions = result.questions if result else []
    results.results = {question.id: _test_file(question) for question in questions}
    results._catastrophic_error = RuntimeError(fault) if fault else None
    results.set_output(document["output"])
    results.set_plugin_data(PLUGIN, msgspec.to_builtins(result) if result else {"fault": fault})
    results.__class__ = QuestionRows
    results.document = document


def _test_file(question: QuestionResult) -> OttrTestFile:
    cases, outcomes = [], []
    for test in question.tests:
        case = TestCase(
            name=test.title,
            body="",
            hidden=test.visibility != "visible",
            points=test.max_points,
            success_message=None,
            failure_message=None,
        )
        passed = test.outcome is Outcome.PASSED and test.points == test.max_points
        cases.append(case)
        outcomes.append(TestCaseResult(test_case=case, message="\n".join(_why(test)), passed=passed))
    file = OttrTestFile(name=question.id, path=question.id, test_cases=cases, all_or_nothing=False)
    file.test_case_results = outcomes
    file.update_score(question.points + question.bonus)  # a test may earn a part of its points
    return file


def rows(result: Result) -> list[dict[str, Any]]:
    """The ``tests`` of results.json."""
    return [row for number, question in enumerate(result.questions, 1) for row in _rows(number, question)]


def _rows(number: int, question: QuestionResult) -> Iterable[dict[str, Any]]:
    groups = {
        visibility: [test for test in question.tests if test.visibility == visibility]
        for visibility in reversed(OPENNESS)
    }
    groups = {visibility: tests for visibility, tests in groups.items() if tests}
    for part, (visibility, tests) in enumerate(groups.items(), 1):
        name = f"{question.id}: {question.title}"
        if len(groups) == 1:
            yield _row(f"{number}", name, question, tests)
        else:
            yield _row(f"{number}.{part}", f"{name} ({WHICH[visibility]})", question, tests)


def _row(number: str, name: str, question: QuestionResult, tests: list[TestResult]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": number,
        "name": name,
        "name_format": "text",
        "score": round(sum(min(test.points, test.max_points) for test in tests), 6),
        "max_score": round(sum(test.max_points for test in tests), 6),
        "output": _output(question, tests),
        "output_format": "text",
        "visibility": tests[0].visibility,
        "tags": [question.id, *dict.fromkeys(test.rung for test in tests)],
    }
    counted = [test for test in tests if test.max_points or test.outcome not in UNJUDGED]
    if counted and not any(test.outcome in UNJUDGED for test in counted):
        row["status"] = "passed" if row["score"] == row["max_score"] else "failed"
    return row


def _output(question: QuestionResult, tests: list[TestResult]) -> str:
    """What a student reads: the named mistakes, the tests with what went wrong, what to reread."""
    mistakes = dict.fromkeys(test.mistake.message for test in tests if test.mistake)
    parts = [*mistakes]
    for test in tests:
        outcome = test.outcome.value.replace("_", " ")
        line = f"{outcome}, {test.points:g} of {test.max_points:g} points: {test.title}"
        parts.append("\n".join([line, *(indent(text, "    ") for text in _why(test))]))
    lost = [test for test in tests if test.points < test.max_points and test.outcome not in UNJUDGED]
    if lost and question.review:
        parts.append(f"Review: {question.review}")
    return "\n\n".join(parts)


def _why(test: TestResult) -> list[str]:
    """The texts of a test, the less the more hidden it is."""
    texts = [test.message, test.note]
    if test.visibility == "visible":  # the model holds nothing else either; this must not depend on that
        texts.append(test.detail)
        if test.output:
            texts.append("\n".join([PRINTED, *(f"| {line}" for line in test.output.splitlines())]))
    return [text for text in texts if text]
