"""What the platforms give when all submissions are downloaded, read as what it seems to be.

Whether it is believed is decided in :mod:`grader.gradebook.layouts`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from grader import many
from grader.gradebook import canvas_names, moodle_names, submitters
from grader.gradebook.model import Entry, Student
from grader.gradebook.roster import Person, Roster
from grader.handed_in import Kind, hidden
from grader.text import one_line

MAX_NAME_BYTES: Final = 200  # of a single file: where files are gathered, something is put before and behind
TYPED: Final = "typed in on the platform, not a file"
EARLIER: Final = "an earlier upload of a file that is there again"


@dataclass
class Taken:
    """A folder, read as one layout.

    :param strays: entries that do not fit it.
    :param doubt: why it may not be this layout although it fits.
    :param refused: why it cannot be used.
    :param whose: of submissions whose students are told by other things than their numbers, by key.
    :param by_name: how many of them by their names.
    """

    entries: list[Entry] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    doubt: str = ""
    refused: str = ""
    whose: dict[str, list[Person]] = field(default_factory=dict)
    by_name: int = 0

    def skip(self, name: str, reason: str) -> None:
        self.skipped[many.label(name)] = reason


def gradescope(folder: Path, visible: Mapping[str, Kind], roster: Roster | None) -> Taken:
    """Folders, and beside them the file that says whose each one is."""
    taken = Taken()
    if visible.get(submitters.FILE_NAME) is not Kind.FILE:
        return taken
    whose = submitters.read(folder / submitters.FILE_NAME)
    if not whose.keys() & visible.keys():
        return taken  # of another folder
    found, skipped = many.find(folder)
    taken.skipped = {each.name: each.reason for each in skipped if each.name != submitters.FILE_NAME}
    for name in whose.keys() - visible.keys():
        taken.skip(name, f"named in {submitters.FILE_NAME}, but not there")
    for each in found:
        students = whose.get(each.path.name, [])
        key = _key(students) or each.name
        taken.entries.append(Entry(key=key, path=each.path.absolute(), students=students))
    return taken


def _key(students: Sequence[Student]) -> str:
    """A submission's number is another one after each upload; its students stay."""
    for field_name in ("email", "sid"):
        values = [getattr(student, field_name) for student in students]
        if values and all(values):
            return many.label(", ".join(sorted(value.casefold() for value in values)))
    return ""


def canvas(folder: Path, visible: Mapping[str, Kind], roster: Roster | None) -> Taken:
    """Files side by side, whose names begin with their student's name and number."""
    taken = Taken()
    anonymous = 2 * sum(map(canvas_names.anonymous, visible)) > len(visible)
    by_user: dict[str, list[canvas_names.Uploaded]] = {}
    for name, kind in visible.items():
        uploaded = canvas_names.uploaded(name, anonymous, roster)
        if uploaded is None:
            taken.strays.append(name)
        elif not uploaded.attachment:
            taken.skip(name, TYPED)
        elif kind not in (Kind.FILE, Kind.FOLDER):  # a folder: somebody unpacked what was handed in
            taken.skip(name, kind.value)
        else:
            by_user.setdefault(uploaded.user, []).append(uploaded)
    names = Counter(uploads[0].student for uploads in by_user.values())
    taken.doubt = _doubt(folder, by_user, names, anonymous)
    for user, uploads in by_user.items():
        if len({each.student for each in uploads}) > 1:
            taken.refused = f"the user number {user} stands behind several names"
        entry = Entry(
            key=user,
            students=[] if anonymous else [Student(name=uploads[0].student, platform_id=user)],
            late=any(each.late for each in uploads),
        )
        newest: dict[str, canvas_names.Uploaded] = {}
        for each in sorted(uploads, key=lambda each: (int(each.attachment), each.whole)):
            if each.file in newest:
                taken.skip(newest[each.file].whole, EARLIER)
            newest[each.file] = each
        _add(taken, entry, {file: folder / each.whole for file, each in newest.items()}, visible)
        if roster is not None and not anonymous:
            _of_canvas(taken, roster, entry, names)
    return taken


def _doubt(
    folder: Path,
    by_user: Mapping[str, list[canvas_names.Uploaded]],
    names: Mapping[str, int],
    anonymous: bool,
) -> str:
    """Why these may be a person's own names after all, such as ``p1_2026_11_ann.zip``, all of one "user"."""
    attachments = Counter(each.attachment for uploads in by_user.values() for each in uploads)
    if any(times > 1 for times in attachments.values()):
        return "some have one attachment's number"
    if not anonymous and 2 * len(names) < len(by_user):
        return "most have one name"
    several = [
        uploads for uploads in by_user.values() if sum(_whole(folder / each.whole) for each in uploads) > 1
    ]
    return "most users have several archives" if 2 * len(several) > len(by_user) else ""


def _of_canvas(taken: Taken, roster: Roster, entry: Entry, names: Mapping[str, int]) -> None:
    """A group's name stands in the place of a student's, before the number of one of its members."""
    (student,) = entry.students
    person = roster.by("platform_id", student.platform_id)
    members = roster.group(student.name, canvas_names.written)
    if members and (person is None or person in members):
        taken.whose[entry.key] = members
    elif person is None and not roster.has("platform_id") and names[student.name] == 1:
        _by_name(taken, entry.key, roster.named(student.name, canvas_names.written))


def moodle(folder: Path, visible: Mapping[str, Kind], roster: Roster | None) -> Taken:
    """A folder for each submission, or files side by side, named after student, number and plugin."""
    taken = Taken()
    handed: dict[str, list[moodle_names.Uploaded]] = {}
    folders: dict[str, list[Path]] = {}
    for name, kind in visible.items():
        uploaded = moodle_names.uploaded(name)
        fits = uploaded is not None and bool(uploaded.file) is (kind is not Kind.FOLDER)
        if uploaded is None or not fits:
            taken.strays.append(name)
        elif uploaded.plugin != "file":
            taken.skip(name, TYPED if uploaded.plugin == "onlinetext" else f"of the plugin {uploaded.plugin}")
        elif kind is Kind.FOLDER:
            folders.setdefault(uploaded.owner, []).append(folder / name)
            handed.setdefault(uploaded.owner, []).append(uploaded)
        elif kind is Kind.FILE:
            handed.setdefault(uploaded.owner, []).append(uploaded)
        else:
            taken.skip(name, kind.value)
    names = Counter(uploads[0].student for uploads in handed.values())
    for owner, uploads in handed.items():
        if len({each.student for each in uploads}) > 1:
            taken.refused = f"the number {one_line(owner)} stands behind several names"
        if len(folders.get(owner, [])) not in (0, len(uploads)) or len(folders.get(owner, [])) > 1:
            taken.refused = f"the number {one_line(owner)} has several submissions"
        student = uploads[0].student
        whose, named = (
            _of_moodle(roster, uploads[0], names[student] == 1) if roster is not None else ([], False)
        )
        key = many.label(uploads[0].prefix)
        if len(whose) == 1:  # the number is another one in the next assignment, and the student is not
            known = whose[0].student
            key = many.label(known.email or known.sid or known.login or key)
        entry = Entry(key=key, students=[Student(name=one_line(student))])
        if whose:
            taken.whose[key] = whose
            taken.by_name += named
        if owner in folders:
            taken.entries.append(msgspec.structs.replace(entry, path=_inner(folders[owner][0]).absolute()))
        else:
            _add(taken, entry, {each.file: folder / each.whole for each in uploads}, visible)
    return taken


def _of_moodle(roster: Roster, uploaded: moodle_names.Uploaded, unique: bool) -> tuple[list[Person], bool]:
    """Whose a submission is, and whether it is told by nothing but a name."""
    person = roster.by("participant", uploaded.number)
    if person is not None:
        return [person], False
    if members := roster.group(uploaded.student, moodle_names.written):
        return members, False
    person = roster.named(uploaded.student, moodle_names.written) if unique else None
    return ([person], True) if person is not None else ([], False)


def _inner(folder: Path) -> Path:
    """What a folder holds if that is nothing but one archive; else the folder."""
    try:
        names = [name for name in os.listdir(folder) if not hidden(name)]
        only = folder / names[0] if len(names) == 1 else folder
        return only if only.is_file() and not only.is_symlink() and _whole(only) else folder
    except OSError:  # whoever grades it says what is wrong with it
        return folder


def _whole(path: Path) -> bool:
    """Whether a single file, or a folder, is a submission by itself."""
    return not many.not_one(path)


def _add(taken: Taken, entry: Entry, files: Mapping[str, Path], visible: Mapping[str, Kind]) -> None:
    """A submission of single files, or of one that is a zip or a notebook."""
    single = next(iter(files.values())) if len(files) == 1 else None
    if single is not None and _whole(single):
        taken.entries.append(msgspec.structs.replace(entry, path=single.absolute()))
        return
    kept = {}
    for name, path in files.items():
        if visible[path.name] is Kind.FOLDER:
            taken.skip(path.name, "a folder beside other files of one submission")
        elif hidden(name) or name in ("", ".."):
            taken.skip(path.name, "hidden")
        elif len(os.fsencode(name)) > MAX_NAME_BYTES:
            taken.skip(path.name, f"its name is longer than {MAX_NAME_BYTES} bytes")
        else:
            kept[name] = path.absolute()
    if kept:
        taken.entries.append(msgspec.structs.replace(entry, files=kept))


def _by_name(taken: Taken, key: str, person: Person | None) -> None:
    if person is not None:
        taken.whose[key] = [person]
        taken.by_name += 1
