"""Progress of many gradings: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from grader.commands.console import err
from grader.regression.records import Record

LOG_EVERY = 25  # gradings between two lines of a log


class Progressing:
    """A bar on a terminal, a line now and then in a log."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self._bars = Progress(*columns, *times, console=err, transient=True, disable=not err.is_terminal)
        self._task: TaskID | None = None
        self._total = self._count = self._kept = 0

    def __enter__(self) -> Progressing:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def expect(self, total: int) -> None:
        """Say how many there will be; again, as soon as it is known better."""
        self._total = total
        if self._task is None:
            self._task = self._bars.add_task("grading", total=total)
        self._bars.update(self._task, total=total)

    def done(self, record: Record, kept: bool) -> None:
        """Count one that is graded, or was before."""
        self._count += 1
        self._kept += kept
        assert self._task is not None
        self._bars.update(self._task, advance=1, description=f"{record.assignment} {record.solution}"[:50])
        if not err.is_terminal and (self._count % LOG_EVERY == 0 or self._count == self._total):
            last = f"{record.assignment} {record.solution}"
            err.print(f"{self._count} of {self._total} graded ({self._kept} before), last {last}")
