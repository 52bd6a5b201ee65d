"""``grader override``: points given by a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.commands.console import fail, out
from grader.gradebook.overriding import override as give
from grader.gradebook.standings import standings
from grader.gradebook.store import Gradebook


def override(
    submission: Annotated[
        str,
        typer.Argument(metavar="SUBMISSION", help="Its name or pseudonym, or a student's number or address."),
    ],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="Such as p5.train.")],
    points: Annotated[
        float | None, typer.Argument(metavar="POINTS", help="Of the whole question.", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it stands in the report, and the student reads it.")] = "",
    folder: Annotated[Path, typer.Option("--in", metavar="DIR", help="Folder of the gradebook.")] = Path(
        "gradebook"
    ),
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was given.")] = False,
) -> None:
    """Give points for a question in the place of what came out; they stay through every regrade.

    Status: 0 it is kept; 2 it cannot be given.
    """
    if withdraw == (points is not None):
        raise fail("say how many POINTS, or --withdraw")
    with Gradebook(folder) as book:
        made = give(book, submission, question, points, reason)
        name = book.pseudonym(made.submission)
        change = (
            f"{made.before:g} -> {made.points:g}" if made.points is not None else f"{made.before:g} again"
        )
        out.print(f"{name}, {question}: {change} points")
        assignment = question.partition(".")[0]
        for each in standings(book, book.runs()[-1]):
            if each.submission.key == made.submission and each.assignment == assignment:
                out.print(f"{assignment}: {each.score:g} of {each.max_score:g}")
