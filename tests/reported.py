"""Makes gradebooks to report on: small ones by hand, and a class with made-up results of real questions."""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.config import Assignment, load_assignment
from grader.drawing import draw
from grader.faults import Outcome
from grader.gradebook.model import Entry, Grading, Override, Run, Student, Version
from grader.gradebook.store import Gradebook
from grader.pictures import Curves
from grader.points import PlannedTest, read_points
from grader.results.model import Context, FileResult, MistakeResult, QuestionResult, Result, SubmissionResult
from grader.results.model import TestResult as Judged
from grader.results.store import ResultStore
from grader.scoring import CaseResult, Mistake, PictureFile
from grader.submission import FileState

ROOT = Path(__file__).parents[1]
FILE = FileResult(name="f.py", state=FileState.OK, note="")
GIVEN = (
    "Ada",
    "Björn",
    "Chen",
    "Dalia",
    "Elif",
    "Farid",
    "Grace",
    "Hana",
    "José",
    "Kwame",
    "Lena",
    "Mei",
    "Ng",
)
FAMILY = (
    "Okafor",
    "Lindqvist",
    "Nakamura",
    "O'Brien",
    "García",
    "Haddad",
    "Kowalski",
    "van-der-Berg",
    "Müller",
)
DIFFER = (
    "3 of 8 cases differ, the largest by 0.4",
    "5 of 8 cases differ, the largest by 2.1e+03",
    "the shape is (4, 3) where (3, 4) is asked",
    "the answer holds NaN",
)
RAISED = ("raised ValueError", "raised TypeError: a list where an array is asked", "returned None")
TOO_LONG = "more than 10 CPU seconds"


# -- by hand --------------------------------------------------------------------------------------------


def judged(name: str = "test_hidden.py::test_a", points: float = 4, of: float = 4, **said: Any) -> Judged:
    """A test's result; its outcome follows from the points."""
    more = {"title": "A", "message": "", "detail": "", "output": "", "mistake": None, "seconds": 0.1}
    more |= {"visibility": "hidden", "rung": "random", "device": "cpu"}
    more["outcome"] = Outcome.PASSED if points == of else Outcome.FAILED
    return Judged(name=name, points=points, max_points=of, **(more | said))


def asked(*tests: Judged, id: str = "p1.flow", **said: Any) -> QuestionResult:
    """A question's result, which follows from its tests."""
    counted = [test for test in tests if test.device == "cpu"]
    lost = [test for test in tests if test.outcome is not Outcome.PASSED]
    more = {"title": "Flow", "visibility": "hidden", "seconds": 0.1, "review": "Reread."}
    more |= {"points": sum(test.points for test in counted)}
    more |= {"max_points": sum(test.max_points for test in counted)}
    more |= {"bonus": sum(test.points for test in tests if test.device == "cuda")}
    more |= {"outcome": lost[0].outcome if lost else Outcome.PASSED}
    more |= {"message": lost[0].message if lost else ""}
    more |= {"mistake": next((test.mistake for test in lost if test.mistake), None)}
    return QuestionResult(id=id, tests=list(tests), **(more | said))


def result(*questions: QuestionResult, **said: Any) -> Result:
    """A result, which follows from its questions."""
    more = {"assignment": "p1", "title": "Warm-up", "state": "finished", "complete": True, "problems": []}
    more |= {"score": sum(question.points for question in questions)}
    more |= {"max_score": sum(question.max_points for question in questions)}
    more |= {"bonus": sum(question.bonus for question in questions)}
    more |= {"submission": SubmissionResult(folder="x", files=[FILE], ignored=[]), "submission_hash": "aa"}
    more |= {"leaderboard": [], "isolation": "sandbox", "layers": [], "device": "cpu", "versions": {}}
    more |= {"seed": 7, "seed_source": "course secret"}
    return Result(schema_version=1, questions=list(questions), **(more | said))


def version(assignment: str = "p1", digest: str = "d" * 64, **said: Any) -> Version:
    more: dict[str, Any] = {"title": "Warm-up", "packages": {"torch": "2.13.0"}, "isolation": "sandbox"}
    return Version(assignment=assignment, digest=digest, engine="e", files="f", **(more | said))


def grading(submission: str, it: Result | None = None, **said: Any) -> Grading:
    """Of a submission on the result's assignment; without a result it has a fault, on p1."""
    name = it.assignment if it is not None else "p1"
    more: dict[str, Any] = {"assignment": name, "version": version(name), "identity": "i"}
    more |= {"fault": "" if it is not None else "the disk is full"}
    return Grading(submission=submission, result=it, **(more | said))


def mistake(name: str = "sum_for_mean", message: str = "The gradients are summed.") -> MistakeResult:
    return MistakeResult(name=name, message=message)


def book_of(
    folder: Path, *runs: Sequence[Grading], students: Mapping[str, list[Student]] | None = None
) -> Gradebook:
    """An open gradebook with finished runs of these gradings."""
    book = Gradebook(folder, create=True)
    known = dict.fromkeys(each.submission for run in runs for each in run)
    book.enter(Entry(key=key, students=(students or {}).get(key, [])) for key in known)
    for number, gradings in enumerate(runs):
        run = book.begin({"number": str(number)}, {})
        for each in gradings:
            book.add(run, each)
        book.end(run, "finished")
    return book


# -- a class --------------------------------------------------------------------------------------------


def make_class(
    folder: Path, *, size: int = 300, assignments: Sequence[str] = ("p1", "p2"), seed: int = 1
) -> None:
    """A gradebook of two runs: the first without the last submissions, the second after a change of p1."""
    rng = random.Random(seed)
    tables = [_Table(load_assignment(ROOT / "assignments" / name)) for name in assignments]
    picture = _picture(folder)
    entries = list(_entries(rng, size))
    able = {each.key: rng.gauss(0.9, 1.1) for each in entries}
    early = entries[: size - max(size // 15, 1)]
    with Gradebook(folder, create=True) as book:
        book.enter(entries)
        for number, there in enumerate((early, entries)):
            said = {"assignments": " ".join(assignments), "regrade": "yes" if number else ""}
            run = book.begin(said, {"notes.txt": "a file, neither a zip nor a notebook", ".git": "hidden"})
            for table in tables:
                for each in there:
                    own = random.Random(f"{seed} {table.assignment.id} {each.key}")
                    made = table.grade(own, able[each.key], number)
                    _keep(book, run, table.assignment, each.key, made, picture)
            book.end(run, "finished")
        _override(book, entries)


class _Table:
    """An assignment's questions, with what commonly goes wrong in them."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.planned = [test for test in read_points(assignment.points_path) if test.device == "cpu"]
        self.mistakes = _mistakes(assignment)
        rng = random.Random(assignment.id)
        self.hard = {question: rng.uniform(-1.6, 1.6) for question in assignment.questions}
        first, *_, late, _ = {test.question: None for test in self.planned}
        self.hard |= {first: -99, late: 99}  # everybody solves it, nobody does

    def grade(self, rng: random.Random, able: float, run: int) -> Result | None:
        """As the judge would have; None: it could not be graded at all."""
        context = Context(isolation="sandbox", seed=7)
        store = ResultStore(context, self.planned, self.assignment, at_each=False)
        if (sort := rng.random()) < 0.004:
            return None
        broken = self.planned[-1].test if sort < 0.015 else ""
        ends = {question: self._end(rng, able, question) for question in self.assignment.questions}
        if sort > 0.97:
            file = self.assignment.files[0]
            store.problem(f"{file} is missing; {file.title()} looks like it and is taken for it")
        for test in self.planned:
            outcome, message, wrong = ends[test.question]
            if outcome is Outcome.FAILED and rng.random() < 0.45:
                outcome, message = Outcome.PASSED, ""
            if test.test == broken:
                outcome, message = Outcome.GRADER_ERROR, "the reference's process was killed"
            if test is self.planned[7] and run and able % 1 < 0.04:  # it is flaky
                outcome, message = Outcome.TIMED_OUT, TOO_LONG
            _add(store, test, outcome, message, wrong, rng)
        return store.finish()

    def _end(self, rng: random.Random, able: float, question: str) -> tuple[Outcome, str, Mistake | None]:
        if rng.random() < 1 / (1 + math.exp(min(self.hard[question] - 1.3 * able, 50))):
            return Outcome.PASSED, "", None
        sort = rng.random()
        if sort < 0.12:
            return Outcome.NOT_STARTED, "not started", None
        if sort < 0.25:
            return Outcome.SUBMISSION_ERROR, rng.choice(RAISED), None
        if sort < 0.3:
            return Outcome.TIMED_OUT, TOO_LONG, None
        known = self.mistakes.get(question, [])[:4]
        if sort < 0.8 and known:
            return Outcome.FAILED, DIFFER[0], rng.choices(known, [8, 4, 2, 1][: len(known)])[0]
        return Outcome.FAILED, rng.choice(DIFFER), None


def _add(
    store: ResultStore,
    test: PlannedTest,
    outcome: Outcome,
    message: str,
    wrong: Mistake | None,
    rng: random.Random,
) -> None:
    """Every case of a test, ended alike."""
    drawn = PictureFile("lr.png", "Learning rate over the run")
    for case in range(test.cases):
        store.add(
            CaseResult(
                test.question,
                test.test,
                f"{test.test}[{case}]",
                outcome,
                agreed=1,
                summary=message,
                mistake=wrong if outcome is Outcome.FAILED else None,
                cpu_seconds=rng.lognormvariate(len(test.title) / 25 - 3, 0.3),
                pictures=(drawn,) if test.test.endswith("configure_form") and not case else (),
            )
        )


def _mistakes(assignment: Assignment) -> dict[str, list[Mistake]]:
    """The course's own, by question."""
    found: dict[str, list[Mistake]] = {}
    for path in sorted((ROOT / "reference" / assignment.id / "mistakes").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = Mistake(path.stem, " ".join((ast.get_docstring(tree) or "").split()))
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "QUESTIONS":
                for question in ast.literal_eval(node.value):
                    found.setdefault(question, []).append(told)
    return found


def _entries(rng: random.Random, size: int) -> Iterator[Entry]:
    for number in range(size):
        name = f"{rng.choice(GIVEN)} {chr(ord('A') + number % 26)}. {rng.choice(FAMILY)}"
        student = Student(name=name, sid=f"{300_000 + number}", email=f"student{number}@example.org")
        yield Entry(key=f"submission_{number:04}", students=[student], late=number % 40 == 7)


def _keep(
    book: Gradebook, run: Run, assignment: Assignment, key: str, made: Result | None, picture: bytes
) -> None:
    name = assignment.id
    # p1 was changed before the second run; of p2 the same version graded again.
    digest = f"{name}{run.id if name == 'p1' else 1}".ljust(64, "0")
    packages = {"Python": "3.11.2", "torch": "2.13.0+cpu", "NumPy": "2.4.6"}
    graded = Grading(
        submission=key,
        assignment=name,
        version=version(name, digest, title=assignment.title, packages=packages),
        identity=key,
        seconds=9.0,
        fault="" if made else "the zip is damaged: bad magic number for central directory",
        result=made,
    )
    book.add(run, graded, {"lr.png": picture} if made and name == "p2" else {})


def _override(book: Gradebook, entries: Sequence[Entry]) -> None:
    graded = {
        each.submission: next(question for question in each.result.questions if question.id == "p1.batch")
        for each in book.gradings()
        if each.result is not None and each.assignment == "p1"
    }
    for number, points, reason in (
        (3, 6.0, "The handout's sentence on empty batches can be read both ways"),
        (11, 0.0, "Handed in after a talk with the instructor; agreed upon on 12 November"),
        (25, 4.5, "Right idea, a sign was lost in the last line"),
    ):
        if number < len(entries) and (key := entries[number].key) in graded:
            # The last one is graded otherwise since.
            before = graded[key].points if number < 20 else 2.0
            more: dict[str, Any] = {"points": points, "reason": reason, "before": before, "by": "ida"}
            book.override(Override(submission=key, question="p1.batch", **more))


def _picture(folder: Path) -> bytes:
    """A curve as the judge draws it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "lr.png"
    lines = {"yours": [math.sin(x / 20) ** 2 for x in range(200)]}
    draw(Curves("lr", "Learning rate over the run", lines, x="step", y="learning rate"), path)
    data = path.read_bytes()
    path.unlink()
    return data
