"""Who of a class got what: the standings of submissions, as those of their students."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grader.gradebook.model import Student, Submission
from grader.gradebook.roster import IDENTITIES, Person, Roster, identified, merged
from grader.gradebook.standings import Standing
from grader.text import count


@dataclass
class Pupil:
    """Somebody of the class, or who handed in where there is no roster.

    :param standings: by assignment; more than one where several submissions are theirs.
    :param handed_in: whether any submission in the gradebook is theirs.
    """

    student: Student
    section: str = ""
    standings: dict[str, list[Standing]] = field(default_factory=dict)
    handed_in: bool = False


@dataclass
class Class:
    """Everybody, with what they got.

    :param nobody: submissions of which at least one student is not known.
    :param absent: the points of whoever handed in nothing; None: they get none.
    """

    pupils: list[Pupil]
    nobody: list[Submission]
    absent: float | None = None
    remarks: list[str] = field(default_factory=list)
    unusable: int = 0

    def say(self, number: int, noun: str, rest: str) -> None:
        """Count something that has to be told, if there is any of it."""
        if number:
            self.remarks.append(f"{count(number, noun)} {rest}")

    def points(self, pupil: Pupil, assignment: str) -> float | None:
        """What somebody got; None where nobody can say."""
        found = pupil.standings.get(assignment, [])
        if not found and not pupil.handed_in:
            return self.absent
        return found[0].total if len(found) == 1 and found[0].usable else None


def everybody(
    standings: Sequence[Standing],
    handed_in: Iterable[Submission],
    roster: Roster | None,
    absent: float | None = None,
) -> Class:
    """The class as it stands.

    :param standings: those that are asked for.
    :param handed_in: all submissions that were ever seen: whoever is among them is not absent.
    :param roster: without one, those are known of whom a platform told more than a name.
    :param absent: the points of whoever handed in nothing.
    """
    pupils: dict[object, Pupil] = {}
    for person in roster.people if roster is not None else ():
        pupils[person.row] = Pupil(person.student, person.section)
    nobody: dict[str, Submission] = {}
    graded: dict[str, list[Standing]] = {}
    for standing in standings:
        graded.setdefault(standing.submission.key, []).append(standing)
    submissions = {each.key: each for each in handed_in}
    submissions |= {each.submission.key: each.submission for each in standings}
    for submission in submissions.values():
        known, unknown = _who(submission, roster)
        if unknown and submission.key in graded:
            nobody[submission.key] = submission
        for identity, student in known:
            if identity not in pupils and submission.key not in graded:
                continue
            pupil = pupils.setdefault(identity, Pupil(student))
            pupil.handed_in = True
            if roster is not None:
                pupil.student = student
            for standing in graded.get(submission.key, []):
                pupil.standings.setdefault(standing.assignment, []).append(standing)
    found = list(pupils.values())
    if roster is None:
        found.sort(key=lambda pupil: (pupil.student.name.casefold(), pupil.student.email, pupil.student.sid))
    return Class(found, list(nobody.values()), absent)


def _who(submission: Submission, roster: Roster | None) -> tuple[list[tuple[object, Student]], bool]:
    """A submission's students, each with what tells them apart, and whether somebody is not known."""
    if roster is None:
        known = [student for student in submission.students if identified(student)]
        identities = [
            next((name, value) for name in IDENTITIES if (value := getattr(student, name)))
            for student in known
        ]
        return list(zip(identities, known, strict=True)), not known or len(known) < len(submission.students)
    people: list[tuple[Person | None, Student | None]] = [
        (roster.of(student), student) for student in submission.students
    ]
    if not submission.students:
        people = [(person, None) for person in roster.handed_in(submission.key)]
    found: list[tuple[object, Student]] = [
        (person.row, merged(person, said)) for person, said in people if person is not None
    ]
    return found, not found or len(found) < len(people)
