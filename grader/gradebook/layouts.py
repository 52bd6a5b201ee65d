"""What a folder of submissions is: a plain one, or what a platform gives when all submissions are downloaded.

A platform's layout is taken only if every entry of the folder fits it, since who gets a grade hangs on it;
the folder is a plain one otherwise. Names of files are the students' own: none is ever joined to a path.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from grader import many
from grader.directory import kind_of
from grader.faults import GraderFault
from grader.gradebook import platforms, submitters
from grader.gradebook import roster as rosters
from grader.gradebook.model import Entry, Student
from grader.gradebook.platforms import Taken
from grader.gradebook.roster import Roster
from grader.handed_in import Kind, hidden
from grader.intake import zip_starts
from grader.text import count, one_line

Layout = Literal["plain", "gradescope", "canvas", "moodle"]

GRADESCOPE: Final = re.compile("assignment_[0-9]+_export")  # the folder that its zip holds


@dataclass(frozen=True)
class Found:
    """A folder of submissions.

    :param skipped: what lies there and is none, with the reason.
    :param remarks: what is to be said of the whole, without a name.
    :param absent: of the roster, who handed in nothing.
    :param strangers: keys of submissions of somebody who is not on the roster.
    """

    entries: list[Entry]
    skipped: dict[str, str]
    layout: Layout
    remarks: list[str] = field(default_factory=list)
    absent: list[Student] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def find(folder: Path, roster: Path | None = None, layout: Layout | None = None) -> Found:
    """The submissions in ``folder``, by key.

    :param roster: a CSV of the class, see :mod:`grader.gradebook.roster`.
    :param layout: take it for this one, and skip what does not fit.
    :raises GraderFault: no such folder, no submission in it, two that claim to be one, a roster that cannot
        be used, or nothing that fits the layout.
    """
    folder, listing = _listed(folder)
    known = rosters.read(roster) if roster is not None else None
    try:
        name, taken, remarks = _taken(folder, listing, known, layout)
    except OSError as error:  # it changes while it is read
        raise GraderFault(f"{one_line(str(folder))} cannot be read: {error.strerror or error}") from None
    taken.skipped |= {many.label(each): "hidden" for each in listing if hidden(each)}
    twice = [key for key, times in Counter(entry.key for entry in taken.entries).items() if times > 1]
    if twice and not taken.refused:
        taken.refused = f"{count(len(twice), 'submission')} of the same people as another one"
    if taken.refused:
        raise GraderFault(
            f"{one_line(str(folder))} is what {name} exports, but {taken.refused}. Remove what does not "
            "belong there, or say --layout plain"
        )
    if not taken.entries:
        said = "".join(f"\n{each}: {reason}" for each, reason in taken.skipped.items())
        raise GraderFault(f"{one_line(str(folder))}: no submission in it{said}")
    taken.entries.sort(key=lambda entry: entry.key)
    if known is None:
        return Found(taken.entries, taken.skipped, name, remarks)
    return _joined(taken, known, name, remarks)


def _taken(
    folder: Path, listing: Mapping[str, Kind], roster: Roster | None, layout: Layout | None
) -> tuple[Layout, Taken, list[str]]:
    """The layout, what was found by it, and what has to be said of the choice."""
    visible = {name: kind for name, kind in listing.items() if not hidden(name)}
    remarks = []
    for name, take in TAKERS.items():
        if layout not in (None, name):
            continue
        taken = take(folder, visible, roster)
        if layout is None and taken.entries and (taken.strays or taken.doubt):
            doubt = taken.doubt or f"{len(taken.strays)} of {len(visible)} entries do not fit"
            remarks.append(
                f"it looks like what {name} exports, but {doubt}: it is read as a plain folder. If it is an "
                f"export, say --layout {name}"
            )
        elif (taken.entries or taken.skipped) and not (layout is None and taken.strays):
            for stray in taken.strays:
                taken.skip(stray, f"not named as {name} names what it exports")
            return name, taken, remarks
        elif layout is not None:
            raise GraderFault(
                f"{one_line(str(folder))}: nothing in it is named as {name} names what it exports"
            )
    try:
        return "plain", _plain(folder, visible, roster), remarks
    except GraderFault as fault:
        raise GraderFault("\n".join([str(fault), *remarks])) from None


def _listed(folder: Path) -> tuple[Path, dict[str, Kind]]:
    """The folder of the submissions and what lies there; one folder deeper where an export was unpacked.

    :raises GraderFault: it cannot be read, or is a zip.
    """
    shown = one_line(str(folder))
    try:
        if stat.S_ISREG(folder.stat().st_mode) and _starts_as_zip(folder):
            raise GraderFault(f"{shown} is a zip: unpack it, and name the folder")
        listing = _kinds(folder)
        visible = [name for name in listing if not hidden(name)]
        if len(visible) == 1 and GRADESCOPE.fullmatch(visible[0]) and listing[visible[0]] is Kind.FOLDER:
            inner = _kinds(folder / visible[0])
            if inner.get(submitters.FILE_NAME) is Kind.FILE:
                return folder / visible[0], inner
    except OSError as error:
        raise GraderFault(f"{shown} cannot be read: {error.strerror or error}") from None
    except ValueError:  # a NUL
        raise GraderFault(f"there is no folder {shown}") from None
    return folder, listing


def _kinds(folder: Path) -> dict[str, Kind]:
    with os.scandir(folder) as entries:
        return {entry.name: kind_of(entry.stat(follow_symlinks=False).st_mode) for entry in entries}


def _starts_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in zip_starts


def _plain(folder: Path, visible: Mapping[str, Kind], roster: Roster | None) -> Taken:
    found, skipped = many.find(folder)
    taken = Taken([Entry(key=each.name, path=each.path) for each in found])
    taken.skipped = {each.name: each.reason for each in skipped}
    if roster is not None:
        taken.whose = {each.name: roster.handed_in(each.path.name) for each in found}
    return taken


# In the order in which they are tried. Moodle's names are the most certain.
TAKERS: Final[dict[Layout, Callable[[Path, Mapping[str, Kind], Roster | None], Taken]]] = {
    "gradescope": platforms.gradescope,
    "moodle": platforms.moodle,
    "canvas": platforms.canvas,
}


# -- the roster


def _joined(taken: Taken, roster: Roster, name: Layout, remarks: list[str]) -> Found:
    """The submissions with their students as the roster knows them.

    :raises GraderFault: two submissions are of one student.
    """
    entries, strangers = [], []
    seen: dict[int, str] = {}
    for entry in taken.entries:
        people = taken.whose.get(entry.key)
        if people is not None:
            students = [person.student for person in people]
            known = people
        else:
            # Whom a name alone tells was looked for where it is known whether another one has it too.
            pairs = [
                (roster.of(student) if rosters.identified(student) else None, student)
                for student in entry.students
            ]
            students = [rosters.merged(person, said) if person else said for person, said in pairs]
            known = [person for person, _ in pairs if person is not None]
        if not known or len(known) < len(students):
            strangers.append(entry.key)
        for person in known:
            if seen.setdefault(person.row, entry.key) != entry.key:
                raise GraderFault(
                    f"two submissions are of one student, of row {person.row} of the roster: leave one there"
                )
        entries.append(msgspec.structs.replace(entry, students=students))
    absent = [person.student for person in roster.people if person.row not in seen]
    for number, said in (
        (len(absent), "of the roster without a submission"),
        (len(strangers), "that somebody handed in who is not on the roster"),
        (taken.by_name, "known by nothing but a full name"),
    ):
        if number:
            noun = "student" if said.startswith("of") else "submission"
            remarks.append(f"{count(number, noun)} {said}")
    return Found(entries, taken.skipped, name, remarks, absent, strangers)
