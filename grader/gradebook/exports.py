"""The CSV files that go back to a platform, and one with everything.

What the platforms accept is taken from their sources and guides, see docs/batch.md. Points are those that
count. A grade that must not be used is never written, and no 0 stands for what is not known.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from grader.faults import GraderFault
from grader.gradebook import pupils
from grader.gradebook.model import Run, Student, Submission
from grader.gradebook.pupils import Class
from grader.gradebook.roster import Roster
from grader.gradebook.standings import Standing
from grader.text import count, one_line

Platform = Literal["gradescope", "canvas", "moodle", "csv"]
Rows = list[list[str]]

# Begins a formula for a spreadsheet; the wide ones in East Asian ones. A semicolon ends a cell where numbers
# have decimal commas, whatever this file's delimiter is.
FORMULA: Final = re.compile("(^|;\\s*)(?=[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20])")
NUMBER: Final = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")

# Canvas drops a column with one of these words unseen (canvas-lms, lib/gradebook_importer.rb), and reads a
# number in brackets behind a title as an assignment's.
CANVAS_OWN: Final = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
CANVAS_ID: Final = re.compile(r"\s\(([0-9]+)\)$")
CANVAS_POINTS: Final = "    Points Possible"
# An empty cell of a column that Moodle makes a new grade item of is 0 in the end: its database layer turns
# an empty text into 0 for a number. A dash is no grade there, in new items and old ones.
MOODLE_NONE: Final = "-"


@dataclass(frozen=True)
class Exported:
    """What is written.

    :param remarks: what has to be said of it, without a name.
    :param unusable: how many grades are left out because they must not be used.
    """

    text: str
    remarks: list[str]
    unusable: int


def export(
    platform: Platform,
    run: Run,
    standings: Sequence[Standing],
    handed_in: Iterable[Submission],
    assignments: Sequence[str],
    *,
    roster: Roster | None = None,
    columns: Mapping[str, str] | None = None,
    absent: float | None = None,
) -> Exported:
    """A file for ``platform``.

    :param standings: of the run, with all assignments that are asked for.
    :param handed_in: all submissions that the gradebook ever saw: whoever is among them is not absent.
    :param columns: titles of columns by assignment, where they are not the assignment's own.
    :param absent: the points of whoever is on the roster and handed in nothing, instead of an empty cell.
    :raises GraderFault: nothing could be written, a title cannot be used, or it is not sure who is absent.
    """
    chosen = [each for each in standings if each.assignment in assignments]
    everybody = pupils.everybody(chosen, handed_in, roster, absent)
    titles = _titles(chosen, assignments, columns or {})
    if absent is not None:
        _check_absent(absent, run, everybody, roster)
    rows = WRITERS[platform](run, chosen, everybody, titles)
    _tell(everybody, chosen, roster)
    if run.state != "finished":
        everybody.remarks.append(f"run {run.id} did not come to its end: what is not graded yet is empty")
    return Exported(_written(rows), everybody.remarks, everybody.unusable)


def _check_absent(points: float, run: Run, everybody: Class, roster: Roster | None) -> None:
    """
    :raises GraderFault: it is not sure who handed in nothing, or the points are no number.
    """
    if not math.isfinite(points):
        raise GraderFault("--absent is a number of points")
    if roster is None:
        raise GraderFault("--absent needs --roster: nobody knows else who handed in nothing")
    if run.state != "finished":
        raise GraderFault(f"--absent: run {run.id} did not come to its end, so nobody knows who is absent")
    if everybody.nobody:
        unknown = count(len(everybody.nobody), "submission")
        raise GraderFault(
            f"--absent: {unknown} of somebody who is not on the roster and may seem absent: put everybody "
            "on it first"
        )


def cell(text: str) -> str:
    """A text in one line that no spreadsheet takes for a formula."""
    clean = one_line(text)
    return clean if NUMBER.fullmatch(clean) else FORMULA.sub(r"\1'", clean)


def number(points: float | None) -> str:
    """Points with a decimal point and as many digits as they have; empty where there are none."""
    return "" if points is None else f"{round(points, 6):.10g}"


def _tell(everybody: Class, standings: Sequence[Standing], roster: Roster | None) -> None:
    """Count what is not a grade."""
    everybody.unusable = sum(not each.usable for each in standings)
    everybody.say(everybody.unusable, "grade", "must not be used and left empty")
    several = sum(len(found) > 1 for pupil in everybody.pupils for found in pupil.standings.values())
    everybody.say(several, "grade", "of students with several submissions left empty")
    if roster is not None:
        absent = sum(not pupil.handed_in for pupil in everybody.pupils)
        said = "left empty" if everybody.absent is None else f"who get {number(everybody.absent)}"
        everybody.say(absent, "student", f"of the roster without a submission, {said}")
    where = "on the roster" if roster is not None else "known by more than a name; --roster tells who is who"
    everybody.say(len(everybody.nobody), "submission", f"of somebody who is not {where}")


# -- the files


def _csv(run: Run, standings: Sequence[Standing], everybody: Class, titles: Mapping[str, str]) -> Rows:
    """Everything: a row for each submission and assignment, and for whoever handed in nothing."""
    whose: dict[str, list[Student]] = {}
    for pupil in everybody.pupils:
        for found in pupil.standings.values():
            for standing in found:
                students = whose.setdefault(standing.submission.key, [])
                if pupil.student not in students:
                    students.append(pupil.student)
    rows = [list(EVERYTHING)]
    for each in standings:
        students = each.submission.students
        if len(known := whose.get(each.submission.key, [])) >= len(students):
            students = known
        points = [each.score, each.bonus, each.total] if each.usable else []
        rows.append(
            [
                each.submission.pseudonym,
                cell(each.submission.key),
                *_people(students),
                each.assignment,
                *([number(value) for value in points] or ["", "", ""]),
                number(each.max_score) if each.questions else "",
                _yes(each.usable),
                _yes(bool(each.overrides)),
                _yes(each.submission.late),
                each.grading.version.digest if each.grading is not None else "",
                str(run.id),
            ]
        )
    for pupil in everybody.pupils:
        for assignment in titles:
            if not pupil.standings.get(assignment):
                given = number(everybody.points(pupil, assignment))
                row = dict.fromkeys(EVERYTHING, "")
                row |= dict(zip(EVERYTHING[2:6], _people([pupil.student]), strict=True))
                row |= {"assignment": assignment, "score": given, "total": given}
                rows.append([*row.values()])
    return rows


EVERYTHING: Final = (
    "pseudonym",
    "submission",
    "student",
    "sid",
    "email",
    "login",
    "assignment",
    "score",
    "bonus",
    "total",
    "max",
    "complete",
    "override",
    "late",
    "version",
    "run",
)


def _people(students: Sequence[Student]) -> list[str]:
    return [
        cell(", ".join(value for student in students if (value := getattr(student, name))))
        for name in ("name", "sid", "email", "login")
    ]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _canvas(run: Run, standings: Sequence[Standing], everybody: Class, titles: Mapping[str, str]) -> Rows:
    """As Canvas's own export: the students' columns, titles with numbers, a row with what can be had."""
    for title in titles.values():
        if CANVAS_OWN.search(title):
            raise GraderFault(
                f"Canvas passes over a column that is called {title!r}: choose another --column"
            )
    maxima = _maxima(standings)
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *map(cell, titles.values())],
        [CANVAS_POINTS, "", "", "", "", *(maxima.get(assignment, "") for assignment in titles)],
    ]
    unknown = 0
    for pupil in everybody.pupils:
        student = pupil.student
        numbers = [student.platform_id, student.sid, student.login]
        if not any(numbers):
            unknown += 1  # by a name alone Canvas would make a column's grades somebody else's
            continue
        name = "" if CANVAS_POINTS.strip() in student.name else student.name
        grades = [number(everybody.points(pupil, assignment)) for assignment in titles]
        rows.append([*map(cell, (name, *numbers, pupil.section)), *grades])
    _left_out(everybody, unknown, len(rows) == 2, "ID, SIS User ID or SIS Login ID")
    return rows


def _moodle(run: Run, standings: Sequence[Standing], everybody: Class, titles: Mapping[str, str]) -> Rows:
    """Columns to know students by, each of them whole, and a column for each assignment."""
    columns = {"Email address": "email", "ID number": "sid", "Username": "login"}
    has = {
        header: sum(bool(getattr(pupil.student, name)) for pupil in everybody.pupils)
        for header, name in columns.items()
    }
    best = max(has.values(), default=0)
    # Moodle gives up a whole import at the first row in which the column that it was told is empty.
    kept = [header for header in columns if has[header] == best]
    rows = [[*kept, *map(cell, titles.values())]]
    for pupil in everybody.pupils:
        identities = [getattr(pupil.student, columns[header]) for header in kept]
        if all(identities):
            points = [everybody.points(pupil, assignment) for assignment in titles]
            grades = [number(each) or MOODLE_NONE for each in points]
            rows.append([*map(cell, identities), *grades])
    left_out = len(everybody.pupils) - (len(rows) - 1)
    _left_out(everybody, left_out, len(rows) == 1, "email address, ID number or username")
    above = sum(each.usable and each.total > each.max_score for each in standings)
    everybody.say(above, "grade", "above the maximum: Moodle needs its setting unlimitedgrades for these")
    return rows


def _gradescope(run: Run, standings: Sequence[Standing], everybody: Class, titles: Mapping[str, str]) -> Rows:
    """As Gradescope's "Download Grades" has it. Nothing there reads scores from a file."""
    maxima = _maxima(standings)
    headers = [text for title in titles.values() for text in (title, f"{title} - Max Points")]
    rows = [["Name", "SID", "Email", *map(cell, headers)]]
    unknown = 0
    for pupil in everybody.pupils:
        student = pupil.student
        if not student.sid and not student.email:
            unknown += 1
            continue
        row = [*map(cell, (student.name, student.sid, student.email))]
        for assignment in titles:
            row += [number(everybody.points(pupil, assignment)), maxima.get(assignment, "")]
        rows.append(row)
    _left_out(everybody, unknown, len(rows) == 1, "SID or email")
    everybody.remarks.append(
        "Gradescope reads no scores from a file: this is for other programs. Its own scores come from the "
        "autograder, see docs/gradescope.md"
    )
    return rows


WRITERS: Final[dict[Platform, Callable[[Run, Sequence[Standing], Class, Mapping[str, str]], Rows]]] = {
    "gradescope": _gradescope,
    "canvas": _canvas,
    "moodle": _moodle,
    "csv": _csv,
}


def _left_out(everybody: Class, number: int, nothing: bool, known_by: str) -> None:
    """
    :raises GraderFault: there is nobody whom the platform could know.
    """
    if nothing:
        raise GraderFault(f"of nobody is {known_by} known: --roster FILE tells who is who, see docs/batch.md")
    everybody.say(number, "student", f"without {known_by}, left out")


def _titles(
    standings: Sequence[Standing], assignments: Sequence[str], columns: Mapping[str, str]
) -> dict[str, str]:
    """What the columns are called.

    :raises GraderFault: two have one title, or one has none.
    """
    own = {}
    for each in standings:
        if each.grading is not None:
            result = each.grading.result
            own[each.assignment] = result.title if result is not None else each.grading.version.title
    titles = {}
    for assignment in assignments:
        title = f"{assignment}: {own[assignment]}" if own.get(assignment) else assignment
        title = CANVAS_ID.sub(r" [\1]", one_line(title))  # not an assignment's number in Canvas
        titles[assignment] = one_line(columns.get(assignment, title))
        if not titles[assignment]:
            raise GraderFault(f"--column {assignment}= gives it no title")
    if len(set(titles.values())) < len(titles):
        raise GraderFault("two assignments would have one title: choose others by --column")
    return titles


def _maxima(standings: Sequence[Standing]) -> dict[str, str]:
    """What could be had on each assignment; it is the same for everybody."""
    found: dict[str, float] = {}
    for each in standings:
        if each.usable:
            found[each.assignment] = max(each.max_score, found.get(each.assignment, 0.0))
    return {assignment: number(points) for assignment, points in found.items()}


def _written(rows: Rows) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
