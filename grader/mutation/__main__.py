"""``python -m grader.mutation p1``: the mutants of an assignment as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.config import Course
from grader.faults import GraderFault
from grader.mutation.making import mutants
from grader.mutation.sampling import sample


def main(
    assignment: Annotated[str, typer.Argument(help="Which assignment.")],
    question: Annotated[str, typer.Option(help="Only this question's.")] = "",
    operator: Annotated[str, typer.Option(help="Only this operator's.")] = "",
    number: Annotated[int, typer.Option("--sample", help="So many of them; 0 shows all.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Decides which.")] = 0,
) -> None:
    """Shows what the mutants of an assignment's reference change."""
    out = Console(highlight=False)
    try:
        course = Course.find(Path.cwd())
        described = course.assignment(assignment)
        reference = course.reference(assignment)
        if reference is None:
            raise GraderFault(f"{course.root} has no reference for {assignment}")
        found = mutants(described, reference)
    except GraderFault as error:
        raise typer.BadParameter(str(error)) from None
    chosen = [m for m in found if question in ("", m.question) and operator in ("", m.operator)]
    if number:
        chosen = sample(chosen, number, seed)
    table = Table("id", "line", "before and after", show_lines=True)
    for mutant in chosen:
        change = Text(f"{mutant.before}\n{mutant.after or '(left out)'}")
        table.add_row(Text(mutant.id, overflow="fold"), f"{mutant.module}:{mutant.line}", change)
    out.print(table)
    out.print(f"{len(chosen)} of {len(found)} mutants")


if __name__ == "__main__":
    typer.run(main)
