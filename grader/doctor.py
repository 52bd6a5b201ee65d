"""Says what this machine offers for grading: what is there, what holds, what is missing, what that means.

A finding comes from trying the thing wherever it can be tried. torch is loaded in other processes only.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.cards import PEAKS, NoCard, cards
from grader.config import ConfigError, Course
from grader.doctor_workers import STRONG, Finding, system, workers
from grader.interpreter import environment
from grader.seeds import PUBLIC_DEFAULT, load_secret

EXIT_BROKEN = 1  # workers do not start: nothing can be graded here
EXIT_WEAK = 3  # as of a run whose hidden tests could not be judged

STYLE = {"yes": "green", "no": "yellow", "broken": "bold red", "": ""}

ASK_LATCH = (
    "import sys; sys.path.insert(0, sys.argv[1]); from grader.worker import latch; print(latch.holds())"
)


def report(console: Console, *, strict: bool = False) -> int:
    """Print the findings.

    :param strict: a machine without strong isolation has a status of its own. It can grade too, with
        ``--isolation process``, but it does not run hidden tests by itself.
    :return: the exit status: 0 where workers start.
    """
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("what", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("says")
    with console.status("trying what this machine can do") if console.is_terminal else nullcontext():
        found = list(findings())
    for finding in found:
        table.add_row(Text(finding.what), Text(finding.state, STYLE[finding.state]), Text(finding.says))
    console.print(table, soft_wrap=False)
    if any(finding.state == "broken" for finding in found):
        return EXIT_BROKEN
    strong = any(finding.what == STRONG and finding.state == "yes" for finding in found)
    return EXIT_WEAK if strict and not strong else 0


def findings() -> Iterator[Finding]:
    """Everything that is looked at, in the order of the report."""
    yield Finding("Python", "", f"{platform.python_version()}, {sys.executable}")
    yield torch_build()
    yield pins()
    yield from plugins()
    yield secret()
    yield Finding("system", "", f"{platform.system()} {platform.release()}, {os.cpu_count()} cores")
    forks, kind = system()
    yield Finding(
        "fork", "yes" if forks else "no", "workers are forked" if forks else "each is a new interpreter"
    )
    yield gpu()
    yield latch()
    yield from workers(kind)


def gpu() -> Finding:
    """The card that GPU questions would run on. Whether torch can use it shows when they are run."""
    try:
        card = cards()[0]
    except NoCard as error:
        return Finding("GPU", "no", f"GPU questions are not run here: {error}")
    known = "" if card.name in PEAKS else "; grader/cards.py does not know what it can do at most"
    return Finding("GPU", "", f"{card.name}, {card.total_bytes >> 20:,} MiB, driver {card.driver}{known}")


def torch_build() -> Finding:
    """The installed torch, read from its metadata."""
    try:
        found = version("torch")
    except PackageNotFoundError:
        return Finding("torch", "broken", "not installed")
    build = found.partition("+")[2] or "the index's default build"
    return Finding("torch", "", f"{found.partition('+')[0]} ({build})")


def pins() -> Finding:
    """Whether what is installed has the versions that the course's figures were measured with."""
    try:
        path = Course.find(Path.cwd()).root / "constraints.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
    except (ConfigError, OSError):
        return Finding("pinned versions", "", "no constraints.txt here to compare with")
    other = []
    for line in lines:
        name, _, wanted = line.partition("==")
        try:
            found = version(name.strip()) if wanted else ""
        except PackageNotFoundError:
            continue  # not everything is needed everywhere
        if found.partition("+")[0] != wanted.strip():
            other.append(f"{name.strip()} {found}, not {wanted.strip()}")
    if other:
        return Finding("pinned versions", "no", "; ".join(other))
    return Finding("pinned versions", "yes", "as in constraints.txt")


def plugins() -> Iterator[Finding]:
    """The pytest plugins that grading uses."""
    uses = {
        "pytest-timeout": "a test's limit stands in its marker",
        "pytest-xdist": "-n runs tests side by side",
    }
    for name, says in uses.items():
        try:
            yield Finding(name, "yes", f"{version(name)}: {says}")
        except PackageNotFoundError:
            yield Finding(name, "no", "not installed")


def secret() -> Finding:
    """Where grading seeds come from."""
    try:
        source = load_secret().source
    except ConfigError as error:
        return Finding("course secret", "broken", str(error))
    if source == PUBLIC_DEFAULT:
        return Finding(
            "course secret", "no", "none is named: grading seeds can be predicted; `grader secret new`"
        )
    return Finding("course secret", "yes", "grading seeds come from the course's own")


def latch() -> Finding:
    """Whether the by-hand questions' dead autograd engine works with this torch."""
    name = "by-hand latch"
    if sys.platform != "linux":
        return Finding(name, "no", "needs fork: patches only, which a determined submission can undo")
    engine = str(Path(__file__).resolve().parents[1])
    with tempfile.TemporaryDirectory() as home:
        try:
            asked = subprocess.run(
                [sys.executable, "-s", "-P", "-c", ASK_LATCH, engine],
                env=environment(home),
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Finding(name, "no", "did not answer: patches only")
    if asked.stdout.strip() == "True":
        return Finding(name, "yes", "the autograd engine is dead in the forks that are to be without it")
    return Finding(name, "no", "this torch keeps its engine alive: patches only, which a submission can undo")
