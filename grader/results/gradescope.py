"""Writes the result as Gradescope's results.json (its autograder documentation, 2025-01).

Students read most of this file, so it holds neither the seed nor anything of a hidden test but its verdict.
Text is declared as plain text, which Gradescope escapes; a row with pictures is a page that we escape.
"""

from __future__ import annotations

import json
from typing import Any

from grader.config import HiddenTests
from grader.faults import Outcome
from grader.results.model import Result
from grader.results.rows import rows
from grader.scoring import UNJUDGED
from grader.uploads import COUNTED, Late

UNFINISHED = {
    "starting": "Grading has not come to an end: if this text stays, tell the course staff.",
    "running": "Grading has not come to an end: if this text stays, tell the course staff.",
    "stopped": "Grading was stopped before its end.",
    "finished": "",
}
INCOMPLETE = "Not complete: some tests were not judged, so this score is provisional."


def render(result: Result, late: Late | None = None, hidden_tests: HiddenTests = "summary") -> bytes:
    """The text of results.json. Gradescope takes NaN for a failure of the autograder; it raises here."""
    return json.dumps(document(result, late, hidden_tests), allow_nan=False).encode("ascii") + b"\n"


def document(
    result: Result, late: Late | None = None, hidden_tests: HiddenTests = "summary"
) -> dict[str, Any]:
    """results.json as data. While the run starts it is the fallback: a score of 0 and a sentence.

    :param late: taken off the score; the rows show what the work is worth.
    :param hidden_tests: when students see what became of them.
    """
    earned = _clamp(result.score, result.max_score) + result.bonus
    said: dict[str, Any] = {
        "score": round(earned * late.kept, 6) if late else earned,
        "execution_time": round(sum(question.seconds for question in result.questions)),
        "output": _overview(result, late, earned),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "assignment": result.assignment,
            "complete": result.complete,
            "state": result.state,
            COUNTED: _counted(result),
            "late_percent": late.percent if late else 0,
            "submission_hash": result.submission_hash,
            "schema_version": result.schema_version,
        },
        "tests": rows(result, hidden_tests) or [_nothing(result)],
    }
    if result.leaderboard:
        said["leaderboard"] = [
            {"name": entry.name, "value": entry.value, "order": entry.order} for entry in result.leaderboard
        ]
    return said


def _nothing(result: Result) -> dict[str, Any]:
    """A row for a run that could not even begin, since a result without rows is none."""
    return {
        "number": "1",
        "name": result.heading,
        "name_format": "text",
        "score": 0.0,
        "max_score": 0.0,
        "output": "\n".join(result.problems),
        "output_format": "text",
        "visibility": "visible",
        "tags": [],
    }


def _counted(result: Result) -> bool:
    """Whether a student got something to see for this upload, and nothing of it was our fault."""
    outcomes = {test.outcome for question in result.questions for test in question.tests}
    return bool(outcomes - UNJUDGED) and Outcome.GRADER_ERROR not in outcomes


def _overview(result: Result, late: Late | None, earned: float) -> str:
    lines = [UNFINISHED[result.state]]
    if late and result.state == "finished":
        lines.append(f"{late} Your work earned {earned:g} of {result.max_score:g}.")
    if result.state == "finished" and not result.complete:
        lines.append(INCOMPLETE)
    lines += result.problems
    return "\n".join(line for line in lines if line)


def _clamp(value: float, highest: float) -> float:
    return min(max(value, 0.0), highest)
