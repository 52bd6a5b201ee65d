"""Collects the cases of a run and keeps its results files current, whole and valid from the start.

A file that cannot be written (folder read-only, disk full) does not stop the grading: the next write tries
again, and ``unwritten`` tells the terminal about a file that is still behind. What an earlier run left is
then removed if it can be: it must not be taken for this run's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from grader import scoring
from grader.config import Assignment
from grader.faults import Outcome
from grader.points import PlannedTest
from grader.results import files, gradescope, json_file
from grader.results.build import build
from grader.results.model import Context, LeaderboardEntry, Order, Result, State
from grader.uploads import Late


class ResultStore:
    """The one writer of a run's results. Under xdist the controller has it, and no other process.

    :param late: what the platform's score loses; our own result tells what the work is worth.
    :param at_each: keep the files current after each change; else they are written at both ends only.
    :param context: may be changed while the run goes on; every write takes what it says then.
    :param unwritten: paths whose last write failed, with the reason.
    """

    def __init__(
        self,
        context: Context,
        table: Sequence[PlannedTest],
        assignment: Assignment,
        json_path: Path | None = None,
        gradescope_path: Path | None = None,
        late: Late | None = None,
        *,
        at_each: bool = True,
    ) -> None:
        self.context = context
        self.assignment = assignment
        self.unwritten: dict[Path, str] = {}
        self._table = list(table)
        self._planned = {test.test for test in self._table}
        self._cases: list[scoring.CaseResult] = []
        self._problems: list[str] = []
        self._leaderboard: dict[str, LeaderboardEntry] = {}
        self._faulty = False
        self._state: State = "starting"
        as_shown = partial(gradescope.render, late=late, hidden_tests=assignment.uploads.hidden_tests)
        writers = ((json_path, json_file.render), (gradescope_path, as_shown))
        self._at_each = at_each
        self._writers = [(path, render) for path, render in writers if path is not None]
        self.write()
        if self.unwritten:
            for path in self.unwritten:
                files.discard(path)
            self.write()  # on a full disk there is room now

    def replan(self, table: Sequence[PlannedTest]) -> None:
        """Take what was collected for the table of an assignment that has no points.toml yet."""
        self._table = list(table)
        self._planned = {test.test for test in self._table}
        self.write()

    def add(self, case: scoring.CaseResult) -> None:
        """Take a case's result. A test that points.toml does not name earns nothing and is reported."""
        self._cases.append(case)
        self._state = "running"
        if case.test not in self._planned:
            self.problem(f"{case.test} is not in points.toml: run `grader points`", fault=True)
        else:
            self.write()

    def problem(self, text: str, *, fault: bool = False) -> None:
        """Report something beside the cases.

        :param fault: it is ours (a test file that cannot be imported, say), so the result is not complete.
        """
        if text not in self._problems:
            self._problems.append(text)
        self._faulty |= fault
        self.write()

    def leaderboard(self, name: str, value: float, order: Order = "desc") -> None:
        """Set a figure of the leaderboard."""
        self._leaderboard[name] = LeaderboardEntry(name=name, value=value, order=order)
        self.write()

    def finish(self, state: State = "finished") -> Result:
        """The end of the run: "finished", or "stopped" if it was cut off."""
        self._state = state
        self.write()
        return self.result()

    @property
    def grader_error(self) -> bool:
        """Whether something of ours went wrong, so that an instructor has to look and grade again."""
        return self._faulty or any(case.outcome is Outcome.GRADER_ERROR for case in self._cases)

    def result(self) -> Result:
        """The result as it stands."""
        return build(
            self.assignment,
            self.context,
            scoring.score(self._table, self._cases, self.context.device),
            state=self._state,
            problems=self._problems,
            leaderboard=[self._leaderboard[name] for name in sorted(self._leaderboard)],
            complete=not self._faulty,
        )

    def write(self) -> None:
        """Bring the files up to date, after a change of the context for instance."""
        if not self._writers or (not self._at_each and self._state == "running"):
            return
        result = self.result()
        for path, render in self._writers:
            try:
                files.replace(path, render(result))
            except OSError as error:
                self.unwritten[path] = error.strerror or str(error)
            else:
                self.unwritten.pop(path, None)
