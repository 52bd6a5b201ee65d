"""A run of the gradebook as a file of ``grader grade --many`` has it, for two of them to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from grader.comparison import compare
from grader.gradebook.model import Grading, Override, Run
from grader.gradebook.standings import in_force
from grader.gradebook.store import Gradebook, GradebookError
from grader.results.batch import (
    SCHEMA_VERSION,
    AssignmentVersion,
    Batch,
    Graded,
    Skipped,
    SubmissionGradings,
    of_result,
)
from grader.results.changes import Comparison
from grader.text import one_line


@dataclass(frozen=True)
class Pair:
    """Two runs of a gradebook."""

    before: Run
    after: Run


def pair(book: Gradebook, numbers: Sequence[int] = ()) -> Pair:
    """The runs of these numbers, or the last two that came to their end.

    :raises GradebookError: they are not there.
    """
    if not numbers:
        ended = [run.id for run in book.runs() if run.state == "finished"]
        if len(ended) < 2:
            count = {0: "no run", 1: "one run"}[len(ended)]
            raise GradebookError(
                f"{count} came to its end in {one_line(str(book.path))}: two can be compared"
            )
        numbers = ended[-2:]
    before, after = map(book.run, numbers)
    return Pair(before, after)


def differences(book: Gradebook, runs: Pair, *, names: bool = False) -> Comparison:
    """Who changes between two runs, by how much, and why. Points that a person gave count in both.

    :param names: call submissions by their students' names, not by their pseudonyms.
    """
    titles = tuple(f"run {run.id}" for run in (runs.before, runs.after))
    old, new = (as_batch(book, run, names=names) for run in (runs.before, runs.after))
    found = compare(old, new, (titles[0], titles[1]))
    given = len(in_force(book.overrides()))
    if not given:
        return found
    said = "question has points that were" if given == 1 else "questions have points that were"
    cautions = [*found.cautions, f"{given} {said} given by a person: these stay, whatever else is said here"]
    return msgspec.structs.replace(found, cautions=cautions)


def as_batch(book: Gradebook, run: Run, *, names: bool = False) -> Batch:
    """What a run's file would hold."""
    called = {
        each.key: f"{each.pseudonym} {one_line(each.name)}" if names else each.pseudonym
        for each in book.submissions()
    }
    given = in_force(book.overrides())
    assignments: dict[str, AssignmentVersion] = {}
    gradings: dict[str, dict[str, Graded]] = {}
    last: Grading | None = None
    for grading in book.gradings(run):
        last = grading
        version = grading.version
        key = grading.assignment + (" on a GPU" if version.device == "cuda" else "")
        assignments[key] = AssignmentVersion(
            title=version.title, part=version.part, digest=version.files, files=version.parts
        )
        gradings.setdefault(called[grading.submission], {})[key] = _graded(grading, given)
    return Batch(
        schema_version=SCHEMA_VERSION,
        state=run.state,
        started=run.started,
        ended=run.ended,
        versions=last.version.packages if last else {},
        engine=last.version.engine if last else "",
        seed=last.version.seed if last else None,
        assignments=dict(sorted(assignments.items())),
        submissions=[SubmissionGradings(name=name, gradings=made) for name, made in sorted(gradings.items())],
        skipped=[Skipped(name=name, reason=reason) for name, reason in run.skipped.items()],
    )


def _graded(grading: Grading, given: dict[tuple[str, str], Override]) -> Graded:
    if grading.result is None:
        return Graded(fault=grading.fault)
    made = of_result(grading.result)
    if grading.version.device == "cuda":  # what it pays is a bonus, and the other questions were not asked
        return msgspec.structs.replace(made, score=grading.result.bonus, complete=grading.usable)
    questions = []
    for question in made.questions:
        override = given.get((grading.submission, question.id))
        if override is not None and override.points is not None:
            question = msgspec.structs.replace(question, points=override.points)
        questions.append(question)
    return msgspec.structs.replace(
        made, questions=questions, score=round(sum(question.points for question in questions), 6)
    )
