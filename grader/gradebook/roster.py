"""The class, read from a CSV file as Gradescope, Canvas and Moodle export it, and who of it is meant.

A roster is looked up by numbers and addresses that a platform or a university gives. A full name is believed
only where nothing else is known of somebody, and only if nobody else on the roster has it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

import msgspec

from grader.faults import GraderFault
from grader.gradebook.model import Student
from grader.text import one_line

MAX_BYTES: Final = 16 << 20  # a class of 10,000 with all grades of a term is smaller
SNIFFED_CHARACTERS: Final = 1 << 12  # csv.Sniffer's expressions take long on long texts
DELIMITERS: Final = ",;\t|"

# Headers as they are exported, without regard to case; Canvas's group export has underscores. An "ID" is the
# platform's beside Canvas's "Student" and the university's beside anything else, see `_fields`.
HEADERS: Final = {
    "name": ("name", "student", "student name", "full name"),
    "first": ("first name", "given name"),
    "last": ("last name", "surname", "family name"),
    "sid": ("sid", "student id", "student number", "sis user id", "id number", "idnumber", "user id"),
    "email": ("email", "email address", "e-mail", "e-mail address"),
    "login": ("sis login id", "login id", "login", "username", "user name"),
    "platform_id": ("canvas user id",),
    "participant": ("identifier",),  # of Moodle's grading worksheet: "Participant 1234567"
    "submission": ("submission",),
    "group": ("group name", "group"),
    "section": ("section", "sections"),
    "role": ("role",),
}
FIELDS: Final = {header: field for field, headers in HEADERS.items() for header in headers}
IDENTITIES: Final = ("platform_id", "sid", "email", "login")
JOINING: Final = (*IDENTITIES, "participant", "submission")


@dataclass(frozen=True)
class Person:
    """A row of the roster.

    :param row: its number, the header being 1.
    :param submission: the name of what they handed in; several people of a group have the same.
    :param participant: Moodle's number of theirs in one assignment.
    """

    student: Student
    row: int
    section: str = ""
    group: str = ""
    submission: str = ""
    participant: str = ""


class Roster:
    """The class.

    :raises GraderFault: somebody stands on it twice.
    """

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = list(people)
        self._by: dict[str, dict[str, Person]] = {}
        for field in (*IDENTITIES, "participant"):
            of_field = self._by[field] = {}
            for person in people:
                value = _folded(_value(person, field))
                if value and (other := of_field.setdefault(value, person)) is not person:
                    same = field.replace("_", " ")
                    raise GraderFault(f"the roster: rows {other.row} and {person.row} have the same {same}")
        self._submissions = _several(people, lambda person: person.submission)
        self._written: dict[tuple[str, Callable[[str], str]], dict[str, list[Person]]] = {}

    def of(self, student: Student) -> Person | None:
        """Who somebody is; None if nobody, or if what is known of them is of several people."""
        found = {
            person.row: person
            for field in IDENTITIES
            if (person := self.by(field, getattr(student, field))) is not None
        }
        if not found and not identified(student):
            return self.named(student.name)
        return next(iter(found.values())) if len(found) == 1 else None

    def has(self, field: str) -> bool:
        """Whether it tells this field of anybody."""
        return bool(self._by[field])

    def by(self, field: str, value: str) -> Person | None:
        """The one with this value of a field; None for an empty one."""
        return self._by[field].get(_folded(value)) if value else None

    def named(self, name: str, written: Callable[[str], str] = str) -> Person | None:
        """The only one of a full name.

        :param written: how a platform writes a name into that of a file.
        """
        found = self._as_written("name", written).get(_folded(name), [])
        return found[0] if len(found) == 1 else None

    def group(self, name: str, written: Callable[[str], str] = str) -> list[Person]:
        """The members of a group; see :meth:`named`."""
        return self._as_written("group", written).get(_folded(name), [])

    def _as_written(self, what: str, written: Callable[[str], str]) -> dict[str, list[Person]]:
        if (what, written) not in self._written:
            self._written[what, written] = _several(
                self.people,
                lambda person: written(person.student.name if what == "name" else person.group),
            )
        return self._written[what, written]

    def handed_in(self, name: str) -> list[Person]:
        """Whose a folder or file is by its name: as the roster says, or what somebody is known by.

        The name's ending is none of what somebody is known by; a dot may be.
        """
        for tried in dict.fromkeys((name, PurePath(name).stem)):
            if said := self._submissions.get(_folded(tried)):
                return said
            found = {
                person.row: person for field in IDENTITIES if (person := self.by(field, tried)) is not None
            }
            if found:
                return list(found.values()) if len(found) == 1 else []
        return []


def identified(student: Student) -> bool:
    """Whether anything but a name is known of somebody."""
    return any(getattr(student, field) for field in IDENTITIES)


def merged(person: Person, said: Student | None = None) -> Student:
    """Somebody as the roster knows them; what it leaves empty is as a platform said it."""
    if said is None:
        return person.student
    known = msgspec.structs.asdict(person.student)
    return msgspec.structs.replace(said, **{field: value for field, value in known.items() if value})


def read(path: Path) -> Roster:
    """
    :raises GraderFault: it cannot be read, has no header that is known, or a row of it says nothing, too much
        or what another one says.
    """
    shown = one_line(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise GraderFault(f"the roster {shown} cannot be read: {error.strerror or error}") from None
    except ValueError:  # a NUL
        raise GraderFault(f"there is no roster {shown}") from None
    try:
        people = _people(_decoded(data))
    except _Wrong as wrong:
        raise GraderFault(f"the roster {shown}: {wrong}") from None
    if not people:
        raise GraderFault(f"the roster {shown} names nobody")
    return Roster(people)


class _Wrong(Exception):
    """What is wrong with a roster."""


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _Wrong(f"it is larger than {MAX_BYTES >> 20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise _Wrong(f"row {row} is not text in UTF-8: save the file as UTF-8") from None


def _people(text: str) -> list[Person]:
    delimiter, fields = _header(text)
    people = []
    canvas = "platform_id" in fields.values()
    for row, cells in _rows(text, delimiter):
        if row == 1 or not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(fields) :]):
            raise _Wrong(f"row {row} has more cells than the header")
        said = {field: cell.strip() for field, cell in zip(fields.values(), cells, strict=False) if field}
        # Canvas's export says there what assignments are worth, and which are not shown to students yet.
        if canvas and ("Points Possible" in said.get("name", "") or not any(said.values())):
            continue
        if said.get("role", "student").casefold() not in ("student", ""):
            continue
        people.append(_person(row, said))
    return people


def _person(row: int, said: dict[str, str]) -> Person:
    for field in JOINING:
        if (value := said.get(field, "")) != one_line(value):
            raise _Wrong(f"row {row}: the {field.replace('_', ' ')} holds what cannot be printed, or no end")
    said["participant"] = re.sub(r"^.*?(\d*)$", r"\1", said.get("participant", ""))
    if not any(said.get(field) for field in JOINING):
        raise _Wrong(f"row {row} has nothing but a name to know somebody by")
    name = said.get("name") or f"{said.get('first', '')} {said.get('last', '')}"
    return Person(
        student=Student(name=one_line(name), **{field: said.get(field, "") for field in IDENTITIES}),
        row=row,
        section=one_line(said.get("section", "")),
        group=one_line(said.get("group", "")),
        submission=said.get("submission", ""),
        participant=said["participant"],
    )


def _header(text: str) -> tuple[str, dict[str, str]]:
    """The delimiter, and what the columns are: a field by each header, empty where it is of no use.

    The delimiter is the one of which csv.Sniffer is sure, if a header that is known comes out of it.
    """
    sample = text[:SNIFFED_CHARACTERS]
    try:
        sniffed = csv.Sniffer().sniff(sample[: sample.rfind("\n") + 1] or sample, DELIMITERS).delimiter
    except csv.Error:
        sniffed = ""  # one column, or rows of different lengths
    for delimiter in dict.fromkeys((*sniffed, *DELIMITERS)):
        first = next(_rows(text, delimiter), (1, []))[1]
        fields = _fields(first)
        if set(fields.values()) & set(JOINING):
            return delimiter, fields
    raise _Wrong(
        "row 1 names no column by which somebody is known, such as SID, Email, SIS User ID, SIS Login ID, "
        "ID number, Email address, Username or submission"
    )


def _fields(headers: Sequence[str]) -> dict[str, str]:
    seen: dict[str, str] = {}
    fields: dict[str, str] = {}
    clean = [" ".join(header.replace("_", " ").split()).casefold() for header in headers]
    canvas = "student" in clean
    for position, header in enumerate(clean):
        field = FIELDS.get(header, "")
        if header == "id":
            field = "platform_id" if canvas else "sid"
        if field in seen:
            raise _Wrong(f"row 1 has two columns for one thing: {seen[field]!r} and {header!r}")
        if field:
            seen[field] = header
        fields[f"{position} {header}"] = field
    return fields


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with their numbers, as a spreadsheet counts them."""
    row = 0
    try:
        for row, cells in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1
        ):
            yield row, cells
    except csv.Error as error:
        raise _Wrong(f"row {row + 1} cannot be read: {error}") from None


def _value(person: Person, field: str) -> str:
    value = person.participant if field == "participant" else getattr(person.student, field)
    return str(value)


def _folded(value: str) -> str:
    return " ".join(unicodedata.normalize("NFC", value).casefold().split())


def _several(people: Sequence[Person], name: Callable[[Person], str]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for person in people:
        if value := _folded(name(person)):
            found.setdefault(value, []).append(person)
    return found
