"""``grader regress``: grades everything whose grade is known, and says what is not as it should be."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from grader.commands.console import EXIT_EXPECTATION, course, fail, out, show
from grader.commands.progress import Progressing
from grader.pool import Pool
from grader.regression import report
from grader.regression.baseline import (
    FILE_NAME,
    Baseline,
    Drift,
    baseline_of,
    drifts,
    write_baseline,
)
from grader.regression.carrying import run
from grader.regression.chosen import Chosen
from grader.regression.records import RUNS, SEED, RecordStore
from grader.regression.sampling import sampled
from grader.regression.summary import summarise
from grader.text import count


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
    isolation: Annotated[
        Literal["sandbox", "strongest", "process"], typer.Option(help="How solutions are kept apart.")
    ] = "strongest",
) -> None:
    """Prove the tests: reference, starter, alternatives and known mistakes get what they must, as before.

    Status: 0 all is as it must be and as it was; 1 something is not.
    """
    here = course()
    chosen = [Chosen.of(here, name) for name in assignments or here.assignments()]
    before = {each.id: each.before for each in chosen}
    others = [name for name, one in before.items() if one.losses and one.seed != seed]
    if accept and others and (only or sample):
        seeds = f"the seed {before[others[0]].seed}, and only a part of it would be replaced"
        raise fail(f"{others[0]}: {FILE_NAME} was written with {seeds}: leave out --only and --sample")
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
    wrong = [
        said
        for each in chosen
        if (said := _judge(each, before[each.id], seed, accept=accept, whole=complete))
    ]
    if wrong:
        raise fail("; ".join(wrong), EXIT_EXPECTATION)
    said = "as it must be" if accept or others else "as it must be, and as it was"
    out.print(f"{', '.join(each.id for each in chosen)}: {said}")


def _judge(each: Chosen, before: Baseline, seed: int, *, accept: bool, whole: bool) -> str:
    """Show what came of an assignment; in words what is not as it must be or was, empty if all is."""
    summary = summarise(each.assignment, each.table, each.solutions, each.records, whole=whole)
    now = baseline_of(before, each.known, each.records, seed)
    show(report.table_of(summary))
    out.print(report.LEGEND, style="dim")
    out.print(report.named_line(summary))
    accepted = {one.finding: one.why for one in before.accepted}
    standing = [finding for finding in summary.findings if finding.id not in accepted]
    for finding in summary.findings:
        if finding.id in accepted:
            out.print(f"accepted: {finding.text} ({accepted[finding.id]})", style="dim")
    gone = set(accepted) - {finding.id for finding in summary.findings}
    if whole and gone:
        out.print(f"accepted in {FILE_NAME} and no longer found, to be taken out: {', '.join(sorted(gone))}")
    if standing:
        out.print(f"\n{each.id}: {count(len(standing), 'finding')}", style="bold red")
        out.print(report.findings_of(standing))
    changed = _compared(each, before, now, accept=accept)
    out.print()
    said = [count(len(standing), "finding")] if standing else []
    said += [count(len(changed), "difference") + " from last time"] if changed else []
    return f"{each.id}: {' and '.join(said)}" if said else ""


def _compared(each: Chosen, before: Baseline, now: Baseline, *, accept: bool) -> list[Drift]:
    """Show what is not as it was, or write it; the differences that stand."""
    other_seed = bool(before.losses) and before.seed != now.seed
    changed = [] if other_seed else drifts(before, now, each.records)
    if accept:
        unjudged = sorted(name for name, record in each.records.items() if not record.complete)
        if unjudged:
            raise fail(f"{each.id}: nothing is written: {unjudged[0]} could not be judged", EXIT_EXPECTATION)
        write_baseline(each.reference, now)
        done = "written as what must come out"
        out.print(f"\n{each.id}: {done}: {count(len(changed), 'difference')} from before")
        return []
    if other_seed:
        out.print(f"\n{each.id}: not compared with last time, which had the seed {before.seed}")
    elif changed:
        title = f"{count(len(changed), 'difference')} from last time ({before.date or 'there was none'})"
        out.print(f"\n{each.id}: {title}", style="bold red")
        others = {
            name: version for name, version in before.versions.items() if now.versions.get(name) != version
        }
        if others:
            out.print(
                f"  last time with {', '.join(f'{name} {version}' for name, version in others.items())}"
            )
        out.print(report.drifts_of(changed))
        out.print(f"  -> if they are meant: grader regress {each.id} --accept, and commit {FILE_NAME}")
    return changed
