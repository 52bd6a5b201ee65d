"""A small submission of two files, as the tests of what is handed in share it."""

from __future__ import annotations

from pathlib import Path

from archives import Member

from grader.config import Assignment
from grader.submission import Submission, SubmissionFolderError, collect

P1 = Assignment(id="p1", folder=Path("p1"), title="t", files=["flow.py", "choice.py"], given=["given.py"])
FLOW = b"def flow():\n    return 1\n" * 20
CHOICE = b"CHOICE = 'adam'\n" * 3
GOOD = {"flow.py": FLOW, "choice.py": CHOICE}


def collected_or_said(path: Path, run: Path, starter: Path) -> Submission | str:
    """The submission, or the sentence with which it is refused as a whole."""
    try:
        return collect(P1, path, run, starter)
    except SubmissionFolderError as error:
        return str(error)


def tree(folder: Path) -> set[str]:
    """Every name below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def contents(submission: Submission) -> dict[str, bytes]:
    return {name: (submission.run_folder / name).read_bytes() for name in submission.ok}


def good(name: bytes = b"flow.py", content: bytes = FLOW, **more: object) -> Member:
    return Member(name, content, **more)  # type: ignore[arg-type]
