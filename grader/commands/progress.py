"""Progress of many gradings: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from grader.commands.console import err
from grader.regression.records import Record

LOG_SECONDS = 30.0  # between two lines in a log
NAME_CHARACTERS = 50  # of what was graded last, beside the bar


class Progressing:
    """Says how far gradings are: a bar on a terminal, lines in a log, the last one when all are done.

    :param clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self._bars = Progress(*columns, *times, console=err, transient=True, disable=not err.is_terminal)
        self._task = self._bars.add_task("grading", total=None)
        self._clock = clock
        self._began = self._last = clock()
        self._total = self._count = self._kept = 0

    def __enter__(self) -> Progressing:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def expect(self, total: int) -> None:
        """Say how many there will be; again, as soon as it is known better."""
        self._total = total
        self._bars.update(self._task, total=total)

    def skip(self, count: int) -> None:
        """Say how many were graded before: they take no time, and do not tell how long the others will."""
        self._kept += count

    def done(self, record: Record, kept: bool) -> None:
        """Count one that is graded, or was before."""
        self._kept += kept
        self.reached(self._count + 1, f"{record.assignment} {record.solution}")

    def reached(self, count: int, last: str = "") -> None:
        """Say how many are graded by now, those that were before among them, and which was the last."""
        self._count = count
        self._bars.update(self._task, completed=count, description=last[:NAME_CHARACTERS] or None)
        now = self._clock()
        if err.is_terminal or (count < self._total and now - self._last < LOG_SECONDS):
            return
        self._last = now
        made = count - self._kept
        said = f"{count} of {self._total} graded"
        if self._kept:
            said += f" ({self._kept} before)"
        if made and count < self._total:  # what was kept took no time
            minutes = (now - self._began) / made * (self._total - count) / 60
            said += f", about {minutes:.0f} min left"
        err.print(said + (f", last {last}" if last else ""))
