"""What a notebook's cells call: ``check("p5.train")`` and ``save_modules()``.

Both work on the notebook as it is saved, because that is what is handed in.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from grader.cells import (
    SUFFIX,
    HandedIn,
    Notebook,
    NotebookError,
    handed_in,
    markers,
    read,
    stamped,
    unwritten,
)
from grader.checking import Checked, refused, run_public_tests
from grader.config import Assignment, ConfigError, Course
from grader.text import one_line
from grader.worker.magics import without_magics

__all__ = ["check", "save_modules"]


CHECKS = re.compile(r"^(?:check|save_modules)\(.*\)", re.MULTILINE)


class _CannotError(Exception):
    """There is nothing to work on; the text says what to do."""


def check(question: str = "", *, notebook: str | Path | None = None) -> Checked:
    """Run the public tests of a question, or of all, on the saved notebook. Displays itself as a table.

    :param question: such as "p5.train"; empty for all.
    :param notebook: where the notebook lies, if it cannot be found.
    """
    try:
        path = _path(notebook)
        course = _course(path)
        content = _read(path)
        assignment = _assignment(course, path, content, question)
    except (_CannotError, ConfigError) as error:
        return refused(str(error))
    warnings = [*_handed(assignment, content).notes, *_unsaved(content)]
    return run_public_tests(course, assignment, path, question, warnings)


def save_modules(*, notebook: str | Path | None = None) -> None:
    """Write the saved notebook's cells out as the files that they stand for, beside the notebook.

    The programs of the handout, such as ``python -m experiment``, import these files. A file with work of
    another origin in it is kept under another name.
    """
    try:
        path = _path(notebook)
        content = _read(path)
        assignment = _assignment(_course(path), path, content, "")
    except (_CannotError, ConfigError) as error:
        print(error)
        return
    for warning in _unsaved(content):
        print(warning)
    handed = _handed(assignment, content)
    for file in assignment.files:
        module = file.removesuffix(".py")
        texts = [_plain(cell.text) for cell in handed.cells if module in cell.modules]
        if texts and module != file:
            _write(path.with_name(file), stamped("\n\n\n".join(texts) + "\n", path.name), content)


def _write(path: Path, text: bytes, content: Notebook) -> None:
    kept = ""
    if path.is_file() and not unwritten(path.name, old := path.read_bytes(), content):
        number = 1
        while (other := path.with_name(f"{path.name}.{number}.bak")).exists():
            number += 1
        other.write_bytes(old)
        kept = f"; what was in it is kept as {other.name}"
    path.write_bytes(text)
    print(f"{path.name} written{kept}")


def _plain(text: str) -> str:
    """A cell without what only IPython understands."""
    text = CHECKS.sub(r"# \g<0>", text.strip("\n"))
    try:
        compile(text, "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return without_magics(text)
    return text


# -- what is worked on


def _path(given: str | Path | None) -> Path:
    """Where the notebook that asks lies.

    :raises _CannotError: that cannot be told.
    """
    if given is not None:
        return Path(given).absolute()
    named = [_names().get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")]
    for name in named:
        if isinstance(name, str) and name.endswith(SUFFIX):
            for path in (Path(name).absolute(), Path.cwd() / Path(name).name):
                if path.is_file():
                    return path
    here = [path for path in sorted(Path.cwd().glob(f"*{SUFFIX}")) if path.is_file()]
    try:
        ids = Course.find(Path.cwd()).assignments()
    except ConfigError:
        ids = []
    for found in ([path for path in here if path.stem in ids], here):
        if len(found) == 1:
            return found[0]
    raise _CannotError(
        f"which notebook is meant? {Path.cwd()} holds {len(here)}: name it, as in check(notebook='p5.ipynb')"
    )


def _course(path: Path) -> Course:
    """
    :raises ConfigError: the notebook lies in none.
    """
    try:
        return Course.find(path.parent)
    except ConfigError:
        pass
    try:
        return Course.find(Path.cwd())
    except ConfigError:
        raise ConfigError(
            f"{path} lies outside of the course, whose tests are needed: put it back into starter/"
        ) from None


def _read(path: Path) -> Notebook:
    """
    :raises _CannotError: there is no such notebook, or it cannot be read.
    """
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise _CannotError(f"{path} cannot be read: {error.strerror}") from None
    except NotebookError as error:
        raise _CannotError(f"{path.name} {error}") from None


def _assignment(course: Course, path: Path, content: Notebook, question: str) -> Assignment:
    """
    :raises _CannotError: there is no such assignment, or no such question in it.
    """
    ids = course.assignments()
    wanted = [question.partition(".")[0]] if question else [content.about.assignment, path.stem]
    found = next((name for name in wanted if name in ids), None)
    if found is None:
        raise _CannotError(f"which assignment is {question or path.name} of? There are {', '.join(ids)}")
    assignment = course.assignment(found)
    if question and question not in assignment.questions:
        known = ", ".join(assignment.questions)
        raise _CannotError(f"{found} has no question {question}; its questions are {known}")
    return assignment


def _handed(assignment: Assignment, content: Notebook) -> HandedIn:
    return handed_in(content, assignment.files)


# -- the kernel


def _names() -> Mapping[str, object]:
    """The names of the kernel that this runs in; empty where it is none."""
    found = getattr(_shell(), "user_ns", {})
    return found if isinstance(found, dict) else {}


def _shell() -> object:
    """IPython's shell, or None."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def _unsaved(content: Notebook) -> list[str]:
    """Which cells were run last in another state than they are saved in, a sentence each."""
    executed = getattr(getattr(_shell(), "history_manager", None), "input_hist_raw", [])
    last: dict[tuple[str, str], str] = {}
    for text in executed:
        if isinstance(text, str) and (named := markers(text)):
            last[named[0]] = text.strip()
    saved: dict[tuple[str, str], set[str]] = {}
    for text in content.code:
        if named := markers(text):
            saved.setdefault(named[0], set()).add(text.strip())
    return [
        one_line(f"the cell {file}{f': {question}' if question else ''} was run in another state than it is ")
        + " saved in: save the notebook, then check again"
        for (file, question), text in last.items()
        if (file, question) in saved and text not in saved[file, question]
    ]
