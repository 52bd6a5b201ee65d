"""Turns scores and their context into a result: harmless text, finite numbers, nothing hidden."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from grader import scoring
from grader.config import Assignment
from grader.faults import Outcome
from grader.points import Visibility
from grader.results.model import (
    SCHEMA_VERSION,
    Context,
    FileResult,
    LeaderboardEntry,
    MistakeResult,
    PictureResult,
    QuestionResult,
    Result,
    State,
    SubmissionResult,
    TestResult,
)
from grader.text import one_line, plain

OPENNESS: tuple[Visibility, ...] = ("hidden", "after_published", "after_due_date", "visible")

# Outcomes that say nothing about what a student should reread.
NOTHING_TO_LEARN = scoring.UNJUDGED | {Outcome.PASSED}

OUTPUT_LIMIT = 8_000


def build(
    assignment: Assignment,
    context: Context,
    questions: Sequence[scoring.QuestionScore],
    *,
    state: State,
    problems: Iterable[str] = (),
    leaderboard: Iterable[LeaderboardEntry] = (),
    complete: bool = True,
) -> Result:
    """
    :param complete: False if something beside the cases stands against the run.
    """
    order = {question: place for place, question in enumerate(assignment.questions)}
    questions = sorted(questions, key=lambda question: order.get(question.id, len(order)))
    score, max_score, bonus, judged = scoring.total(questions)
    submission = context.submission
    return Result(
        schema_version=SCHEMA_VERSION,
        assignment=assignment.id,
        title=assignment.title,
        state=state,
        complete=judged and complete,
        score=min(_finite(score), max_score),
        max_score=max_score,
        bonus=_finite(bonus),
        questions=[_question(assignment, question) for question in questions],
        problems=[one_line(text) for text in (*(submission.notes if submission else ()), *problems)],
        submission=_submission(context),
        submission_hash=submission.digest if submission else "",
        leaderboard=[entry for entry in leaderboard if math.isfinite(entry.value)],
        isolation=context.isolation,
        layers=list(context.layers),
        device=context.device,
        seed=context.seed,
        seed_source=context.seed_source,
        versions=dict(context.versions),
        artifacts=one_line(context.artifacts),
        part=assignment.part,
        hidden_points=_finite(context.hidden_points),
    )


def _question(assignment: Assignment, score: scoring.QuestionScore) -> QuestionResult:
    known = assignment.questions.get(score.id)
    return QuestionResult(
        id=score.id,
        title=known.title if known else score.id,
        points=min(_finite(score.points), score.max_points),
        max_points=score.max_points,
        bonus=_finite(score.bonus),
        outcome=score.outcome,
        message=one_line(score.message),
        mistake=_mistake(score.mistake),
        visibility=min((test.plan.visibility for test in score.tests), key=OPENNESS.index),
        seconds=_seconds(score.seconds),
        cpu_seconds=_seconds(score.cpu_seconds),
        review=known.review if known and score.outcome not in NOTHING_TO_LEARN else "",
        tests=[_test(test) for test in score.tests],
    )


def _test(score: scoring.TestScore) -> TestResult:
    shown = score.plan.visibility == "visible"
    return TestResult(
        name=score.plan.test,
        title=one_line(score.plan.title),
        points=min(_finite(score.points), score.max_points),
        max_points=score.max_points,
        outcome=score.outcome,
        message=one_line(score.message),
        detail=plain(score.detail) if shown else "",
        output=plain(score.output, OUTPUT_LIMIT) if shown else "",
        mistake=_mistake(score.mistake),
        visibility=score.plan.visibility,
        rung=score.plan.rung,
        device=score.plan.device,
        seconds=_seconds(score.seconds),
        cpu_seconds=_seconds(score.cpu_seconds),
        note=one_line(score.note),
        pictures=[
            PictureResult(file=picture.file if picture.drawn else "", title=one_line(picture.title))
            for picture in score.pictures
        ],
    )


def _mistake(mistake: scoring.Mistake | None) -> MistakeResult | None:
    if mistake is None:
        return None
    return MistakeResult(name=one_line(mistake.name), message=plain(mistake.message))


def _submission(context: Context) -> SubmissionResult:
    submission = context.submission
    if submission is None:
        return SubmissionResult(folder=one_line(str(context.folder)), files=[], ignored=[])
    return SubmissionResult(
        folder=one_line(str(submission.folder)),
        files=[FileResult(name=f.name, state=f.state, note=one_line(f.note)) for f in submission.files],
        ignored=[one_line(name) for name in submission.ignored],
    )


def _finite(value: float) -> float:
    return max(value, 0.0) if math.isfinite(value) else 0.0


def _seconds(value: float) -> float:
    return round(_finite(value), 3)
