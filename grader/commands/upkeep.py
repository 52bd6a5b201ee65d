"""``grader starter``, ``points``, ``calibrate``, ``secret new``: keep what is generated current."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from grader import seeds
from grader.commands.console import EXIT_EXPECTATION, EXIT_INCOMPLETE, course, err, fail, out
from grader.config import Assignment, Course
from grader.points import PlannedTest, arrange, check_table, difference, read_points, write_points
from grader.release import starter as starters

Ids = Annotated[list[str] | None, typer.Argument(help="Which assignments; all by default.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; fail if anything is not current.")]


def starter(assignments: Ids = None, check: Check = False) -> None:
    """Generate the stubs in starter/ from the reference by cutting its solutions out."""
    here = course()
    stale = False
    for assignment in _chosen(here, assignments):
        if not check:
            paths = starters.write(here, assignment)
            out.print(f"{assignment.id}: {len(paths)} files in {here.starter(assignment.id)}")
            continue
        difference = starters.difference(here, assignment)
        if difference:
            stale = True
            out.print(difference)
    if stale:
        raise fail("starter/ is not what the reference gives; run: grader starter", EXIT_EXPECTATION)


def points(assignments: Ids = None, check: Check = False) -> None:
    """Generate points.toml from the tests' markers."""
    here = course()
    wrong = False
    for assignment in _chosen(here, assignments):
        plan = arrange(collect_plan(here, assignment), list(assignment.questions))
        complaints = check_table(plan, assignment.questions)
        if check:
            there = assignment.points_path.is_file()
            complaints += difference(read_points(assignment.points_path) if there else [], plan)
        elif not complaints:
            write_points(assignment.points_path, plan)
            out.print(f"{assignment.id}: {len(plan)} tests in {assignment.points_path}")
        for complaint in complaints:
            err.print(f"{assignment.id}: {complaint}", style="red")
        wrong = wrong or bool(complaints)
    if wrong:
        advice = "run: grader points" if check else "nothing was written for an assignment with errors"
        raise fail(f"the points are not in order; {advice}", EXIT_EXPECTATION)


def collect_plan(here: Course, assignment: Assignment) -> list[PlannedTest]:
    """What the markers of an assignment's tests declare, in the order of collection.

    :raises typer.Exit: pytest could not collect; what it said is printed.
    """
    with tempfile.TemporaryDirectory(prefix="grader-") as scratch:
        plan = Path(scratch, "plan.json")
        command = [sys.executable, "-m", "pytest", str(assignment.folder), "--rootdir", str(here.root)]
        command += ["-p", "no:cacheprovider", "-q", "--collect-only", "--grader-plan", str(plan)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=here.root
        )
        if done.returncode != 0 or not plan.is_file():
            err.print(done.stdout + done.stderr)
            said = (
                f"{assignment.id}: its tests cannot be collected (pytest ended with status {done.returncode})"
            )
            raise fail(said, EXIT_INCOMPLETE)
        return msgspec.json.decode(plan.read_bytes(), type=list[PlannedTest])


def secret_new(path: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")]) -> None:
    """Make a course secret, readable by its owner only."""
    seeds.new_secret(path)
    out.print(f"{path}: keep it out of the repository, and name it in {seeds.VARIABLE}")


def _chosen(here: Course, ids: list[str] | None) -> list[Assignment]:
    return [here.assignment(assignment_id) for assignment_id in ids or here.assignments()]
