"""The command ``grader``."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.commands import (
    alarming,
    batching,
    building,
    calibrating,
    diffing,
    exporting,
    grading,
    mutating,
    overriding,
    regressing,
    reporting,
    upkeep,
)
from grader.commands.console import EXIT_USAGE, err, out
from grader.faults import GraderFault
from grader.submission import SubmissionFolderError

app = typer.Typer(
    help="Grades deep-learning assignments, and keeps a course of them current.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
build = typer.Typer(help="Build what is handed out or uploaded.", no_args_is_help=True)
secret = typer.Typer(help="The course secret, which grading seeds come from.", no_args_is_help=True)

app.command()(grading.grade)
app.command()(batching.batch)
app.command()(overriding.override)
app.command()(diffing.diff)
app.command()(reporting.report)
app.command()(exporting.export)
app.command()(upkeep.starter)
app.command()(upkeep.points)
app.command()(calibrating.calibrate)
app.command()(regressing.regress)
app.command()(mutating.mutants)
app.command()(alarming.false_alarms)
app.command()(building.answers)
app.add_typer(build, name="build")
build.command()(building.student)
build.command()(building.gradescope)
build.command()(building.otter)
app.add_typer(secret, name="secret")
secret.command("new")(upkeep.secret_new)


@app.command()
def doctor(
    strict: Annotated[
        bool, typer.Option("--strict", help="End with status 3 where hidden tests would not be run.")
    ] = False,
) -> None:
    """Say what this machine offers for grading, and what it lacks."""
    from grader import doctor as checks

    raise typer.Exit(checks.report(out, strict=strict))


def main() -> None:
    """The console script."""
    try:
        app()
    except (GraderFault, SubmissionFolderError) as error:
        err.print(f"error: {error}", style="red")
        raise SystemExit(EXIT_USAGE) from None


if __name__ == "__main__":
    main()
