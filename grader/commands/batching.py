"""``grader batch``: a whole class, on Dask, into a gradebook."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import filelock
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from grader.commands.console import EXIT_INCOMPLETE, as_status, course, fail, out, show
from grader.commands.progress import Progressing
from grader.config import ConfigError, Course
from grader.gradebook.model import Grading, Run
from grader.gradebook.standings import Standing, standings
from grader.gradebook.store import Gradebook
from grader.stopping import Stopping
from grader.text import count, one_line

if TYPE_CHECKING:
    from grader.gradebook.engine import Device, Plan

LOCK = "gradebook.lock"
LIBRARIES = ("distributed", "rapidfuzz", "yaml")  # of the extra `batch`
NOT_GRADED = "not graded"
BY_HAND = "*"  # beside points of which some were given by a person

LAYOUTS = {
    "plain": "a plain folder",
    "gradescope": "Gradescope's export",
    "canvas": "Canvas' export",
    "moodle": "Moodle's export",
}

Folder = Annotated[
    Path, typer.Argument(metavar="SUBMISSIONS", help="Folders, zips or notebooks, or an export.")
]


def batch(
    folder: Folder,
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Which assignments; all by default.", show_default=False)
    ] = None,
    to: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the gradebook; made if it is not there.")
    ] = Path("gradebook"),
    roster: Annotated[
        Path | None, typer.Option(help="CSV of the class: who is who. See docs/batch.md.")
    ] = None,
    layout: Annotated[
        Literal["plain", "gradescope", "canvas", "moodle"] | None,
        typer.Option(help="How the submissions lie; seen by itself otherwise."),
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", "-n", min=1, help="Gradings at once, on a cluster made here.")
    ] = 1,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of a Dask cluster that runs, as tcp://host:8786.")
    ] = None,
    regrade: Annotated[
        bool, typer.Option("--regrade", help="Grade again what has not changed, too.")
    ] = False,
    part: Annotated[str, typer.Option(help="Grade this part of the assignments alone.")] = "",
    seed: Annotated[int | None, typer.Option(help="Grading seed, instead of each submission's own.")] = None,
    isolation: Annotated[
        Literal["sandbox", "strongest", "process"] | None,
        typer.Option(
            help="How student code is kept apart: sandbox (the default), the strongest, or process."
        ),
    ] = None,
    device: Annotated[
        Literal["cpu", "cuda"], typer.Option(help="cuda: grade the GPU questions too.")
    ] = "cpu",
    pictures: Annotated[bool, typer.Option(help="Keep loss curves and images for the report.")] = True,
    similar: Annotated[bool, typer.Option(help="List near-identical submissions for the report.")] = True,
    names: Annotated[
        bool, typer.Option("--names", help="Show students' names in the table, which goes into logs too.")
    ] = False,
) -> None:
    """Grade a whole class into a gradebook, and print a table. Whatever ends it, the same command goes on.

    Status: 0 every grade can be used; 2 asked something impossible; 3 a grade must not be used, or the run
    was cut off.
    """
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise fail(f"{', '.join(missing)}: not installed; pip install -e '.[batch]' in a checkout")
    from grader.gradebook import layouts, similarity
    from grader.gradebook.engine import plan
    from grader.gradebook.identity import Asked
    from grader.gradebook.taking_in import take_in

    here = course()
    ids = _chosen(here, assignments or [])
    asked = Asked(part=part, seed=seed, isolation=isolation or "")
    devices: tuple[Device, ...] = ("cpu", "cuda") if device == "cuda" else ("cpu",)
    # A run that was cut off goes on only with the same submissions.
    said = {
        "submissions": str(folder.absolute()),
        "assignments": " ".join(ids),
        "part": part,
        "seed": "" if seed is None else str(seed),
    }
    said |= {"isolation": isolation or "", "device": device, "regrade": "yes" if regrade else ""}
    found = layouts.find(folder, roster, layout)
    stopping = Stopping()
    with _alone(to), Gradebook(to, create=True) as book, stopping, as_status(stopping):
        handed = take_in(book, found.entries)
        run = book.begin({name: value for name, value in said.items() if value}, found.skipped)
        planned = plan(
            book, run, here, handed, ids, asked, devices=devices, regrade=regrade, pictures=pictures
        )
        out.print(f"{count(len(handed), 'submission')} ({LAYOUTS[found.layout]}), run {run.id} of {to}")
        for line in found.remarks:
            out.print(line)
        if planned.kept:
            out.print(f"{count(len(planned.kept), 'grading')} from before: nothing has changed for them")
        _grade(book, run, planned, here, scheduler, processes, device)
        if similar:
            pairs = similarity.find(here, [(each.submission.key, each.path) for each in handed], ids)
            similarity.store(to, pairs)
            if pairs:
                out.print(
                    f"{count(len(pairs), 'pair')} nearly identical: the report lists them, to be looked at"
                )
        standing = standings(book, run)
        show(table(standing, ids, names or out.is_terminal), *map(Text, lines(run, standing)))
    unusable = len(standing) - sum(each.usable for each in standing)
    if unusable:
        raise fail(f"{count(unusable, 'grade')} must not be used", EXIT_INCOMPLETE)


def _grade(
    book: Gradebook,
    run: Run,
    planned: Plan,
    here: Course,
    scheduler: str | None,
    processes: int,
    device: str,
) -> None:
    from grader.gradebook import cluster, engine

    with contextlib.ExitStack() as stack:
        if planned.due:
            workers = min(processes, len(planned.due))
            gpus = 1 if device == "cuda" else 0
            client = stack.enter_context(cluster.connected(here, scheduler, workers, gpus))
        else:
            client = None
        progress = stack.enter_context(Progressing())

        def report(done: int, total: int) -> None:
            progress.expect(total)
            progress.reached(done)

        progress.skip(len(planned.kept))
        engine.grade(book, run, planned, client, report)


@contextlib.contextmanager
def _alone(to: Path) -> Iterator[None]:
    """Hold the gradebook's lock, which ends with this process however that ends."""
    try:
        to.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(to / LOCK, timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise fail(f"another `grader batch` writes into {one_line(str(to))}") from None
    except OSError as error:
        raise fail(f"{one_line(str(to))} cannot be written: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()


def _chosen(here: Course, named: Sequence[str]) -> list[str]:
    """
    :raises ConfigError: one is not there.
    """
    known = here.assignments()
    for name in named:
        if name not in known:
            raise ConfigError(f"no assignment {one_line(name)!r}; there are: {', '.join(known) or 'none'}")
    return list(dict.fromkeys(named)) or known


def table(standing: Sequence[Standing], assignments: Sequence[str], names: bool) -> Table:
    """Submissions by assignments: points that count, or what is wrong, which :func:`lines` explain."""
    made = Table(box=box.SIMPLE_HEAD)
    made.add_column("Submission", no_wrap=True)
    if names:
        made.add_column("Name", overflow="fold")
    for assignment in assignments:
        made.add_column(Text(assignment), justify="right")
    found: dict[str, dict[str, Standing]] = {}
    for each in standing:
        found.setdefault(each.submission.key, {})[each.assignment] = each
    for by_assignment in found.values():
        submission = next(iter(by_assignment.values())).submission
        who = [Text(submission.pseudonym), *([Text(one_line(submission.name))] if names else [])]
        made.add_row(*who, *(_cell(by_assignment.get(name)) for name in assignments))
    return made


def lines(run: Run, standing: Sequence[Standing]) -> Iterator[str]:
    """What stands under the table: what is wrong with which grade, and what was skipped."""
    for each in standing:
        name = f"{each.submission.pseudonym}, {each.assignment}"
        if not each.usable:
            yield f"{name}: {_why(each.grading)}"
        if each.gpu is not None and not each.gpu.usable:
            yield f"{name} on a GPU: {_why(each.gpu)}; the bonus may be too low"
    if any(each.overrides for each in standing):
        yield f"{BY_HAND} points given by a person among them"
    if run.skipped:
        yield f"{count(len(run.skipped), 'entry', 'entries')} skipped: the report says which, and why"


def _cell(standing: Standing | None) -> Text:
    grading = standing.grading if standing is not None else None
    if standing is None or grading is None or grading.result is None:
        return Text(NOT_GRADED, "bold red")
    points = f"{standing.score:g} / {standing.max_score:g}"
    if standing.bonus:
        points += f" + {standing.bonus:g}"
    if standing.overrides:
        points += f" {BY_HAND}"
    if not standing.usable:
        return Text(f"{points}, not complete", "bold red")
    return Text(points)


def _why(grading: Grading | None) -> str:
    if grading is None:
        return "it was not its turn yet"
    if grading.result is None:
        return grading.fault
    tests = [test for question in grading.result.questions for test in question.tests]
    unjudged = [test for test in tests if test.outcome in ("grader_error", "not_run")]
    said = f"{len(unjudged)} of {len(tests)} tests were not judged"
    return "; ".join(dict.fromkeys([said, *grading.result.problems, *(test.message for test in unjudged)]))
