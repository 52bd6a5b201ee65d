"""What the subcommands share: the two streams, the course, and how a command says that it cannot."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.console import Console, RenderableType

from grader.config import Course
from grader.results.terminal import WIDTH
from grader.stopping import Stopping

EXIT_EXPECTATION = 1  # a stated expectation is not met: points, a current starter, a current table
EXIT_USAGE = 2  # asked something impossible, such as a folder that is not there
EXIT_INCOMPLETE = 3  # a question could not be judged, or was not: the instructor has to look

out = Console(highlight=False, markup=False, soft_wrap=True)
err = Console(highlight=False, markup=False, soft_wrap=True, stderr=True)


def course() -> Course:
    """The course that the working directory lies in.

    :raises ConfigError: it lies in none.
    """
    return Course.find(Path.cwd())


def fail(message: str, status: int = EXIT_USAGE) -> typer.Exit:
    """Prints what is wrong; the exception to raise."""
    err.print(f"error: {message}", style="red")
    return typer.Exit(status)


def show(*parts: RenderableType) -> None:
    """Prints text that may be a submission's: what the stream's encoding lacks becomes a question mark."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    width = None if out.is_terminal else WIDTH
    page = Console(highlight=False, markup=False, soft_wrap=True, width=width)
    for part in parts:
        page.print(part)


@contextlib.contextmanager
def as_status(stopping: Stopping) -> Iterator[None]:
    """Ends as whoever asked for the end expects it, without a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        if not stopping.number:
            raise
        raise typer.Exit(stopping.status) from None
