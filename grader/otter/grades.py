"""The result in Otter's terms: points per question in its GradingResults, our rows in its results.json."""

from __future__ import annotations

from typing import Any

import msgspec
from otter.test_files import GradingResults, TestCase
from otter.test_files.abstract_test import TestCaseResult
from otter.test_files.ottr_test import OttrTestFile

from grader.faults import Outcome
from grader.otter.layout import PLUGIN
from grader.results.model import QuestionResult, Result, TestResult

HIDDEN = "hidden tests"


class Carried(GradingResults):
    """Otter's results, which say in results.json what our grader said.

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
    results.set_output(document.get("output", ""))
    results.set_plugin_data(PLUGIN, msgspec.to_builtins(result) if result else {"fault": fault})
    results.__class__ = Carried
    results.document = document


def _test_file(question: QuestionResult) -> OttrTestFile:
    """A question; its hidden tests are one case, without their titles."""
    cases = [_case(test.title, [test]) for test in question.tests if test.visibility == "visible"]
    hidden = [test for test in question.tests if test.visibility != "visible"]
    if hidden:
        cases.append(_case(HIDDEN, hidden))
    file = OttrTestFile(
        name=question.id,
        path=question.id,
        test_cases=[case.test_case for case in cases],
        all_or_nothing=False,
    )
    file.test_case_results = cases
    file.update_score(question.points + question.bonus)  # a test may earn a part of its points
    return file


def _case(name: str, tests: list[TestResult]) -> TestCaseResult:
    counted = [test for test in tests if test.max_points or test.outcome is not Outcome.NOT_RUN]
    case = TestCase(
        name=name,
        body="",
        hidden=name == HIDDEN,
        points=round(sum(test.max_points for test in tests), 6),
        success_message=None,
        failure_message=None,
    )
    passed = all(test.outcome is Outcome.PASSED and test.points >= test.max_points for test in counted)
    return TestCaseResult(case, "\n".join(dict.fromkeys(test.message for test in tests)), passed)
