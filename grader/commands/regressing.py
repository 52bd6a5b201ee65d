"""``grader regress``: grades everything whose grade is known, and says what is not as it should be."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.commands.console import EXIT_EXPECTATION, course, fail, out
from grader.commands.progress import Progressing
from grader.pool import Pool
from grader.regression import report
from grader.regression.baseline import baseline_of, drifts, read_baseline, write_baseline
from grader.regression.carrying import run
from grader.regression.chosen import Chosen
from grader.regression.records import RUNS, SEED, RecordStore
from grader.regression.sampling import sampled
from grader.regression.summary import summarise


def regress(
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Which assignments; all by default.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Beside the reference, these solutions alone, by name.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="One alternative, so many known mistakes of each assignment.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write what comes out as what must come out next time.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Every test on every solution, not those alone that it can touch.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Grading seed of all.")] = SEED,
    processes: Annotated[
        int | None,
        typer.Option("--processes", "-n", min=1, help="As many as there are processors by default."),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with what was graded before.")] = True,
    isolation: Annotated[str, typer.Option(help="sandbox, strongest or process.")] = "strongest",
) -> None:
    """Prove the tests: reference, starter, alternatives and known mistakes get what they must, as before.

    Status: 0 all is as it must be and as it was; 1 something is not.
    """
    here = course()
    chosen = [Chosen.of(here, name) for name in assignments or here.assignments()]
    for name in only or ():
        if not any(name == known.name for each in chosen for known in each.known):
            raise fail(f"no solution {name!r} in {', '.join(each.id for each in chosen)}")
    for each in chosen:
        if only:
            each.solutions = [known for known in each.known if known.name in ("reference", *only)]
        if sample:
            each.solutions = sampled(each.solutions, sample, seed)
    short = sample is not None
    by_id = {each.id: each for each in chosen}
    stores = {each.id: RecordStore(here.root / RUNS / each.id, resume=resume) for each in chosen}
    with Pool(here, processes) as pool, Progressing() as progress:
        references = [each.reference_job(here, seed, isolation) for each in chosen]
        progress.expect(sum(len(each.solutions) for each in chosen))
        for record in run(pool, stores, references, progress.done):
            by_id[record.assignment].records[record.solution] = record
        rest = [
            another
            for each in chosen
            for another in each.jobs(here, seed, isolation, whole=whole, short=short)
        ]
        for record in run(pool, stores, rest, progress.done):
            by_id[record.assignment].records[record.solution] = record
    complete = only is None and sample is None
    wrong = [each.id for each in chosen if not _judge(each, seed, accept=accept, whole=complete)]
    if wrong:
        raise fail(f"{', '.join(wrong)}: not as it must be, or not as it was", EXIT_EXPECTATION)
    out.print(f"{', '.join(each.id for each in chosen)}: as it must be, and as it was")


def _judge(each: Chosen, seed: int, *, accept: bool, whole: bool) -> bool:
    """Show what came of an assignment; whether all of it is as it must be."""
    summary = summarise(each.assignment, each.table, each.solutions, each.records, whole=whole)
    before = read_baseline(each.reference)
    now = baseline_of(before, each.known, each.records, seed)
    out.print(report.table_of(summary))
    out.print(report.LEGEND, style="dim")
    out.print(report.named_line(summary))
    accepted = {one.finding: one.why for one in before.accepted}
    standing = [finding for finding in summary.findings if finding.id not in accepted]
    for finding in summary.findings:
        if finding.id in accepted:
            out.print(f"accepted: {finding.text} ({accepted[finding.id]})", style="dim")
    if standing:
        out.print(f"\n{each.id}: {len(standing)} findings", style="bold red")
        out.print(report.findings_of(standing))
    changed = drifts(before, now, each.records)
    if accept:
        write_baseline(each.reference, now)
        out.print(f"\n{each.id}: written as what must come out: {len(changed)} differences from before")
    elif changed:
        out.print(f"\n{each.id}: {len(changed)} differences from last time", style="bold red")
        out.print(report.drifts_of(changed))
        out.print("  -> if they are meant: grader regress --accept, and commit regress.toml")
    out.print()
    return not standing and (accept or not changed)
