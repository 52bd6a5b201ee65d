"""Made-up solutions and records of a regression, and an assignment of two questions that they are of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader.calibration_runs import versions
from grader.config import Assignment, Question
from grader.faults import Outcome
from grader.points import PlannedTest
from grader.regression.records import Record, TestRecord
from grader.regression.solutions import Kind, Solution
from grader.seeds import seed_for

SEED = 7


def assignment(folder: Path = Path("nowhere"), *files: str, **more: Any) -> Assignment:
    """q1 with the questions q1.a and q1.b, each answered in a file of its own."""
    files = files or ("a.py", "b.py")
    questions = {
        f"q1.{Path(name).stem}": Question(title=name, file=name, minutes=1, review="Read again.")
        for name in files
    }
    return Assignment("q1", folder, "Made up", list(files), questions=questions, **more)


def planned(name: str, question: str = "q1.a", points: float = 10.0, **more: Any) -> PlannedTest:
    """A test in a file of its question's: test_hidden_a.py::test_x."""
    file = f"test_hidden_{question.partition('.')[2]}.py"
    said = {"question": question, "test": f"{file}::{name}", "title": name, "points": points}
    return PlannedTest(**said | more)


TABLE = [planned("test_x"), planned("test_y"), planned("test_z", "q1.b", 20.0)]


def became(plan: PlannedTest, points: float | None = None, **more: Any) -> TestRecord:
    """What became of a test: it went through, or it earned fewer points and failed."""
    lost = points is not None and points < plan.points
    said = {
        "name": plan.test,
        "question": plan.question,
        "points": plan.points if points is None else points,
        "max_points": plan.points,
        "outcome": Outcome.FAILED if lost else Outcome.PASSED,
        "message": "the answer differs" if lost else "",
    }
    return TestRecord(**said | more)


def record(solution: Solution | str, *tests: TestRecord, **more: Any) -> Record:
    """What became of a solution, of which nobody has to know more than the tests; all passed by default."""
    said = {
        "assignment": "q1",
        "solution": solution if isinstance(solution, str) else solution.id,
        "seed": SEED,
        "digest": "0",
        "complete": True,
        "problems": [],
        "tests": list(tests or map(became, TABLE)),
        "seconds": 1.0,
        "date": "2026-01-02",
        "versions": versions(),
    }
    return Record(**said | more)


def solution(kind: Kind, name: str = "", *questions: str, file: str = "a.py", text: str = "") -> Solution:
    """A solution; a starter loses everything, a mistake these questions."""
    asked = None if kind == "starter" else frozenset(questions)
    changed = file if kind in ("mistake", "mutant") else ""
    return Solution("q1", kind, name or kind, Path("nowhere"), changed, text, asked)


def drawn(name: str) -> int:
    """A number that is the same in every run, for tests that want many of them."""
    return seed_for(0, name)
