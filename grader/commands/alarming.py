"""``grader false-alarms``: right solutions under many seeds, none of which may lose a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from grader.commands.console import EXIT_EXPECTATION, course, fail, out, show
from grader.commands.progress import Progressing
from grader.gate_file import load_gates
from grader.pool import Pool
from grader.regression.alarms import QuestionAlarms, alarms, seeds_of
from grader.regression.carrying import Job, job, run
from grader.regression.chosen import Chosen
from grader.regression.records import RUNS, SEED, Record, RecordStore
from grader.text import one_line

FILE_NAME = "seeds.jsonl"
SHOWN = 40


def false_alarms(
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Which assignments; all by default.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=0, help="Gradings without the training runs.")] = 300,
    trainings: Annotated[int, typer.Option(min=0, help="Gradings of the training runs alone.")] = 20,
    alternatives: Annotated[
        bool, typer.Option("--alternatives", help="Take the alternatives in turn, not the reference.")
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option("--processes", "-n", min=1, help="As many as there are processors by default."),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with the gradings that were made before.")] = True,
    isolation: Annotated[
        Literal["sandbox", "strongest", "process"], typer.Option(help="How solutions are kept apart.")
    ] = "strongest",
) -> None:
    """Prove that nobody who is right loses points: right solutions are graded with many seeds.

    Training runs fail by chance now and then, and how often comes from their calibration; everything else
    must never fail. Status: 0 no failure; 1 some.
    """
    if not seeds + trainings:
        raise fail("no grading is asked for: --seeds or --trainings must be more than 0")
    here = course()
    chosen = [Chosen.of(here, name) for name in assignments or here.assignments()]
    stores = {
        each.id: RecordStore(here.root / RUNS / each.id, resume=resume, name=FILE_NAME) for each in chosen
    }
    firsts = {each.id: RecordStore(here.root / RUNS / each.id) for each in chosen}
    quick: dict[str, list[Record]] = {each.id: [] for each in chosen}
    long: dict[str, list[Record]] = {each.id: [] for each in chosen}
    slow: dict[str, frozenset[str]] = {}
    by_id = {each.id: each for each in chosen}
    with Pool(here, processes) as pool, Progressing() as progress:
        progress.expect(len(chosen) * (1 + seeds + trainings))
        for record in run(
            pool, firsts, [each.reference_job(here, SEED, isolation) for each in chosen], progress.done
        ):
            slow[record.assignment] = by_id[record.assignment].long(record)
        jobs: list[Job] = []
        trained: set[tuple[str, int]] = set()
        for each in chosen:
            rights = [
                known
                for known in each.known
                if known.kind == ("alternative" if alternatives else "reference")
            ]
            if not rights:
                raise fail(f"{each.id} has no alternatives")
            tests = [test.test for test in each.table if test.device == "cpu"]
            for count, kind, wanted in ((seeds, "quick", False), (trainings, "training", True)):
                picked = [test for test in dict.fromkeys(tests) if (test in slow[each.id]) is wanted]
                for index, seed in enumerate(seeds_of(count if picked else 0, kind)):
                    right = rights[index % len(rights)]
                    jobs.append(
                        job(here, each.assignment, right, seed, picked, isolation=isolation, brief=True)
                    )
                    if wanted:
                        trained.add((each.id, seed))
        progress.expect(len(chosen) + len(jobs))
        for record in run(pool, stores, jobs, progress.done):
            piles = long if (record.assignment, record.seed) in trained else quick
            piles[record.assignment].append(record)
    failed = False
    for each in chosen:
        gates = load_gates(each.assignment.gates_path)
        found = alarms(each.assignment, each.table, slow[each.id], quick[each.id], long[each.id], gates)
        _show(each.id, found)
        failed |= any(question.failures for question in found)
        for record in quick[each.id] + long[each.id]:
            if not record.complete:
                said = "; ".join(record.problems) or "not all of it was judged"
                out.print(f"  {record.solution}, --grading-seed={record.seed}: {said}", style="red")
                failed = True
    if failed:
        raise fail("right solutions have lost points, or could not be judged", EXIT_EXPECTATION)
    out.print(f"{', '.join(each.id for each in chosen)}: no right solution has lost a point")


def _show(assignment: str, found: Sequence[QuestionAlarms]) -> None:
    table = Table(
        title=f"{assignment}: right solutions, many seeds", title_justify="left", box=box.SIMPLE_HEAD
    )
    table.add_column("question", no_wrap=True)
    for name in (
        "tests",
        "seeds",
        "training\ntests",
        "seeds",
        "failures",
        "chance\nat most",
        "of a gate, by\ncalibration",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for question in found:
        table.add_row(
            question.id,
            str(question.tests),
            str(question.seeds) if question.tests else "-",
            str(question.long_tests) if question.long_tests else "-",
            str(question.long_seeds) if question.long_tests else "-",
            Text(str(len(question.failures)), style="bold red" if question.failures else ""),
            "-" if question.bound is None else f"{question.bound:.1%}",
            "-" if question.calibrated is None else f"{question.calibrated:.0e}",
        )
    show(table)
    for question in found:
        for seed, solution, test in question.failures[:SHOWN]:
            out.print(
                f"  {solution}, --grading-seed={seed}: {test.name}: {one_line(test.message)}", style="red"
            )
