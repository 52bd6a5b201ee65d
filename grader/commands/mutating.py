"""``grader mutants``: small mistakes made by machine in the reference, which the tests must see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from grader.commands.console import EXIT_EXPECTATION, course, fail, out, show
from grader.commands.progress import Progressing
from grader.pool import Pool
from grader.regression.carrying import job, run
from grader.regression.chosen import Chosen
from grader.regression.records import RUNS, SEED, Record, RecordStore
from grader.text import one_line

if TYPE_CHECKING:  # it needs libcst, which only those who prove the tests have
    from grader.regression.mutants import Judged, Tally

SHOWN = 40  # survivors of an assignment


def mutants(
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Which assignments; all by default.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="So many of each assignment, of every question and operator.")
    ] = None,
    question: Annotated[list[str] | None, typer.Option(help="Those of these questions alone.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="These alone, by id.")] = None,
    seed: Annotated[int, typer.Option(help="Grading seed of all.")] = SEED,
    processes: Annotated[
        int | None,
        typer.Option("--processes", "-n", min=1, help="As many as there are processors by default."),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with what was graded before.")] = True,
    isolation: Annotated[
        Literal["sandbox", "strongest", "process"], typer.Option(help="How solutions are kept apart.")
    ] = "strongest",
    to: Annotated[Path | None, typer.Option("--json", help="Write what became of each mutant here.")] = None,
) -> None:
    """Prove the hidden tests: mutants of the reference are graded as submissions, and must lose points.

    A mutant that survives needs a better test, or a line in reference/pN/equivalent.toml that argues why no
    test can see it.

    Status: 0 at least 98 % of the mutants that are not equivalent are killed, in each assignment, and all
    could be judged; 1 not so.
    """
    try:
        from grader import mutation
    except ImportError as error:
        raise fail(
            f"{error.name or 'libcst'} is not here: pip install -e '.[regress]' in a checkout"
        ) from None
    from grader.regression import mutants as judging

    if to is not None and not to.absolute().parent.is_dir():  # said now, not after hours
        raise fail(f"{to}: there is no such folder")
    here = course()
    chosen = [Chosen.of(here, name) for name in assignments or here.assignments()]
    asked = {name for each in chosen for name in each.assignment.questions}
    if unknown := sorted(set(question or ()) - asked):
        raise fail(f"no question {unknown[0]!r} in {', '.join(each.id for each in chosen)}")
    made: dict[str, list[mutation.Mutant]] = {}
    for each in chosen:
        found = mutation.mutants(each.assignment, each.reference)
        stale = mutation.stale(mutation.load_equivalents(each.reference), found)
        if stale:
            gone = ", ".join(one.id for one in stale)
            raise fail(f"{each.id}: equivalent.toml names mutants that are no more: {gone}")
        found = [one for one in found if not question or one.question in question]
        found = [one for one in found if not only or one.id in only]
        made[each.id] = mutation.sample(found, sample, seed) if sample else found
    if unknown := sorted(set(only or ()) - {one.id for each in chosen for one in made[each.id]}):
        raise fail(f"no mutant {unknown[0]!r} among those that were asked for")
    stores = {each.id: RecordStore(here.root / RUNS / each.id, resume=resume) for each in chosen}
    references: dict[str, Record] = {}
    records: dict[str, Record] = {}
    with Pool(here, processes) as pool, Progressing() as progress:
        progress.expect(len(chosen) + sum(map(len, made.values())))
        first = [each.reference_job(here, seed, isolation) for each in chosen]
        for record in run(pool, stores, first, progress.done):
            references[record.assignment] = record
        jobs = []
        for each in chosen:
            reach, long = each.reach, each.long(references[each.id])
            for one in made[each.id]:
                solution = judging.solution_of(one, each.assignment, each.reference)
                first_of_all, *later = judging.stages(one, each.table, reach, long)
                jobs.append(
                    job(
                        here, each.assignment, solution, seed, first_of_all, stages=later, isolation=isolation
                    )
                )
        for record in run(pool, stores, jobs, progress.done):
            records[record.solution] = record
    poor, rows = [], []
    for each in chosen:
        mistakes = {
            known.name: kept
            for known in each.known
            if known.kind == "mistake" and (kept := stores[each.id].latest(known.id, seed)) is not None
        }
        equivalents = mutation.load_equivalents(each.reference)
        verdicts = [
            judging.judged(one, records[f"mutant {one.id}"], equivalents, mistakes) for one in made[each.id]
        ]
        by_question, total = judging.tallies(verdicts, list(each.assignment.questions))
        _show(each.id, by_question, total)
        said_unseen = [one for one in verdicts if one.verdict == "killed" and one.mutant.id in equivalents]
        _list("killed, though equivalent.toml says that no test can see them", said_unseen)
        rows += verdicts
        if total.share < judging.KILLED_AT_LEAST:
            poor.append(
                f"{each.id}: {total.share:.1%} of the mutants are killed, not {judging.KILLED_AT_LEAST:.0%}"
            )
        if total.unjudged:
            poor.append(f"{each.id}: {len(total.unjudged)} mutants could not be judged")
    if to is not None:
        to.write_bytes(msgspec.json.format(msgspec.json.encode([_row(one) for one in rows])))
    if poor:
        raise fail("; ".join(poor), EXIT_EXPECTATION)
    out.print(f"{', '.join(each.id for each in chosen)}: the tests see the mutants")


def _show(assignment: str, by_question: Sequence[Tally], total: Tally) -> None:
    table = Table(title=f"{assignment}: {total.total} mutants", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("question", no_wrap=True)
    for name in (
        "mutants",
        "killed",
        "survived",
        "equivalent",
        "killed of\nthe rest",
        "named",
        "right\nquestion",
        "misnamed",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for tally in [*by_question, total]:
        if tally.total:
            table.add_row(*_cells(tally))
    show(table)
    _list("no test has seen", total.survived)
    _list("could not be judged", total.unjudged)
    _list("named as a mistake that fails other tests", total.misnamed)


def _cells(tally: Tally) -> Iterable[str | Text]:
    survived = len(tally.survived)
    yield tally.question
    yield str(tally.total)
    yield str(tally.killed)
    yield Text(str(survived), style="red" if survived else "")
    yield str(tally.equivalent)
    yield f"{tally.share:.1%}"
    yield str(tally.named)
    yield str(tally.question_named)
    yield str(len(tally.misnamed))


def _list(what: str, found: Sequence[Judged]) -> None:
    if not found:
        return
    out.print(f"{len(found)} {what}:", style="bold")
    for each in found[:SHOWN]:
        one = each.mutant
        said = f" ({each.mistake or one_line(each.killer.message)})" if each.killer else ""
        out.print(f"  {one.id}  {one.module}:{one.line}{said}")
        out.print(f"    - {one.before}", style="red")
        out.print(f"    + {one.after or '(left out)'}", style="green")
    if len(found) > SHOWN:
        out.print(f"  and {len(found) - SHOWN} more: --json writes them all")
    out.print()


def _row(each: Judged) -> dict[str, object]:
    one, killer = each.mutant, each.killer
    return {
        "id": one.id,
        "question": one.question,
        "place": f"{one.module}:{one.line}",
        "operator": one.operator,
        "before": one.before,
        "after": one.after,
        "verdict": each.verdict,
        "killed_by": killer.name if killer else "",
        "message": killer.message if killer else "",
        "naming": each.naming or "",
        "mistake": each.mistake,
    }
