"""What an autograder carries whatever its platform: the course, the engine, and what it says if it fails."""

from __future__ import annotations

from pathlib import Path

from grader.config import Assignment, Course
from grader.faults import GraderFault
from grader.points import question_points, read_points
from grader.release.archive import engine_files
from grader.seeds import PUBLIC_DEFAULT, load_secret

TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
MINUTES = 10.0  # Gradescope's default; it is 40 at most
RESERVE_SECONDS = (
    30  # for starting up and writing the answer: past the platform's limit a student sees nothing
)
NOT_THE_STUDENTS_FAULT = (
    "The grader could not run. This is our fault, not your code's; your instructor will grade this again."
)


def course_files(course: Course, assignment_id: str) -> dict[str, bytes]:
    """One assignment with its reference and its stubs, and the engine: path below the course -> content.

    :raises GraderFault: no such assignment, no reference, or a file that an installation needs is missing.
    """
    assignment = course.assignment(assignment_id)
    reference = course.reference(assignment_id)
    if reference is None:
        raise GraderFault(f"{course.root} has no reference for {assignment_id}: hidden tests need it")
    tree = engine_files("grader")
    for folder in (assignment.folder, reference, course.starter(assignment_id)):
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                tree[path.relative_to(course.root).as_posix()] = path.read_bytes()
    for file in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        path = course.root / file
        if not path.is_file():
            raise GraderFault(f"{path}: the autograder needs this file, and it is not there")
        tree[file] = path.read_bytes()
    return tree


def secret_file(secret: Path | None) -> dict[str, bytes]:
    """The course secret as a file ``secret``; nothing if this course has the public default.

    :param secret: its file; None takes the one that the environment names, if any.
    :raises GraderFault: it cannot be read.
    """
    loaded = load_secret(secret)
    return {} if loaded.source == PUBLIC_DEFAULT else {"secret": loaded.value + b"\n"}


def checked_minutes(minutes: float) -> float:
    """:raises GraderFault: a time limit that the platform does not have."""
    if not 1 < minutes <= 40:
        raise GraderFault(f"a time limit of {minutes:g} minutes: the platform allows 40, and 1 is too short")
    return minutes


def max_score(assignment: Assignment) -> float:
    """What there is to earn, GPU tests aside."""
    table = [plan for plan in read_points(assignment.points_path) if assignment.asks(plan.question)]
    return sum(question_points(table).values())


def fallback(assignment: Assignment) -> dict[str, object]:
    """Gradescope's results.json for the case that the grader never gets to write its own."""
    return could_not_run(max_score(assignment))


def could_not_run(max_score: float) -> dict[str, object]:
    """Gradescope's results.json where nothing was judged, through no fault of the submission."""
    test = {
        "name": "Could not be judged",
        "score": 0.0,
        "max_score": max_score,
        "status": "failed",
        "output": NOT_THE_STUDENTS_FAULT,
    }
    return {
        "score": 0.0,
        "output": NOT_THE_STUDENTS_FAULT,
        "stdout_visibility": "hidden",
        "visibility": "visible",
        "tests": [test],
    }
