"""Points that a person gives in the place of what came out: they outlast every regrade until taken back."""

from __future__ import annotations

import getpass

from grader.gradebook.model import Override, Submission
from grader.gradebook.standings import Standing, standings
from grader.gradebook.store import Gradebook, GradebookError
from grader.text import one_line

REASON_LIMIT = 1_000  # characters


class OverrideError(GradebookError):
    """It cannot be given; the text says why, and names nobody."""


def override(book: Gradebook, who: str, question: str, points: float | None, reason: str) -> Override:
    """Give points for a question, or take what was given back.

    :param who: a submission's key or pseudonym, or a student's number, login or address.
    :param points: None takes it back.
    :raises OverrideError: nobody, or several, are called so; no such question; more than it has, or less than
        nothing; no reason.
    """
    submission = find(book, who)
    standing = _standing(book, submission, question)
    judged = next((each for each in standing.questions if each.id == question), None)
    if judged is None:
        known = ", ".join(each.id for each in standing.questions) or "none was graded"
        raise OverrideError(
            f"{submission.pseudonym} has no question {one_line(question)}; there are: {known}"
        )
    if points is None and question not in standing.overrides:
        raise OverrideError(f"nobody gave {submission.pseudonym} points for {question}")
    if points is not None and not 0 <= points <= judged.max_points:
        raise OverrideError(
            f"{question} has from 0 to {judged.max_points:g} points, and {points:g} are given"
        )
    said = one_line(reason, REASON_LIMIT)
    if not said:
        raise OverrideError("say why, by --reason: whoever reads the report will ask")
    return book.override(
        Override(
            submission=submission.key,
            question=question,
            points=points,
            reason=said,
            before=judged.points,
            by=_user(),
        )
    )


def find(book: Gradebook, who: str) -> Submission:
    """The one submission that is called so.

    :raises OverrideError: there is none, or several.
    """
    submissions = book.submissions()
    for called in (
        [each for each in submissions if who in (each.key, each.pseudonym)],
        [
            each
            for each in submissions
            if who and any(who in (student.sid, student.login, student.email) for student in each.students)
        ],
    ):
        if len(called) == 1:
            return called[0]
        if called:
            raise OverrideError(f"{len(called)} submissions are called so: name one by its pseudonym")
    raise OverrideError("no submission is called so; the table of `grader batch` has the pseudonyms")


def _standing(book: Gradebook, submission: Submission, question: str) -> Standing:
    """In the last run that graded it."""
    assignment = question.partition(".")[0]
    for run in reversed(book.runs()):
        for standing in standings(book, run):
            if standing.submission.key == submission.key and standing.assignment == assignment:
                return standing
    raise OverrideError(f"{submission.pseudonym} was not graded on {one_line(assignment) or 'it'}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, in a container
        return ""
