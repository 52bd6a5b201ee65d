"""How Canvas names what it puts into ``submissions.zip``.

By the source of its exporter (canvas-lms, lib/content_zipper.rb): ``leeann_12345_67890_model.py``. That is
the sortable name ("Lee, Ann") in small letters, without blanks and commas, or a group's name; ``LATE``,
perhaps; the user's number; the attachment's number; the file's name. With anonymous grading ``anon_Ab3dE``
stands for name and number, and ``LATE`` before it. A text typed in is ``leeann_12345_text.html``, an address
``leeann_12345_link.html``; neither has an attachment's number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from grader.gradebook.roster import Roster

LATE: Final = "LATE"
TYPED: Final = ("text.html", "link.html")
# The alphabet of Ruby's SecureRandom.base58, which draws these five.
ANONYMOUS: Final = re.compile(
    r"(?P<late>LATE_)?(?P<user>anon_[1-9A-HJ-NP-Za-km-z]{5})_(?:(?P<attachment>[0-9]+)_)?(?P<file>.+)",
    re.DOTALL,
)
# What Canvas puts before the ending of a name that was uploaded before.
AGAIN: Final = re.compile(r"(?P<stem>.+)-[0-9]{1,3}(?P<ending>\.[^.]*)?", re.DOTALL)


@dataclass(frozen=True)
class Uploaded:
    """A file of the export.

    :param whole: its name there.
    :param student: name as Canvas writes it, or a group's; empty if it is not told.
    :param attachment: a number that grows with time; empty for what was typed in.
    :param file: its name as the student gave it.
    """

    whole: str
    student: str
    late: bool
    user: str
    attachment: str
    file: str


def anonymous(name: str) -> bool:
    """Whether a file may be one of an anonymous export."""
    return _anonymous(name) is not None


def uploaded(name: str, nameless: bool, roster: Roster | None) -> Uploaded | None:
    """What a file of the export is; None if its name is of another form.

    A name such as ``team_12_34_56_x.py`` can be read in two ways. Canvas itself takes the first two numbers,
    and so does this, unless the roster has the other name with the other number.

    :param nameless: the export is anonymous.
    """
    if nameless:
        return _anonymous(name)
    candidates = list(_candidates(name))
    if roster is not None and len(candidates) > 1:
        candidates.sort(key=lambda each: not _on(roster, each))  # the order is kept among equals
    return candidates[0] if candidates else None


def _on(roster: Roster, candidate: Uploaded) -> bool:
    """Whether the roster has this name, a student's or a group's, with this number.

    The number alone is not enough: it may stand in the name that somebody else gave to a file.
    """
    person = roster.by("platform_id", candidate.user)
    if person is None:
        return False
    return any(_same(written(name), candidate.student) for name in (person.student.name, person.group))


def written(name: str) -> str:
    """A name as Canvas writes it before a number."""
    text = re.sub(r"_([0-9]+)_", r"\1", name).lower()
    return "".join(character for character in text if _of_word(character))


def _anonymous(name: str) -> Uploaded | None:
    match = ANONYMOUS.fullmatch(name)
    if match is None or not (match["attachment"] or match["file"] in TYPED):
        return None
    return Uploaded(
        whole=name,
        student="",
        late=bool(match["late"]),
        user=match["user"],
        attachment=match["attachment"] or "",
        file=_without_number(match["file"]),
    )


def _candidates(name: str) -> Iterator[Uploaded]:
    parts = name.split("_")
    for position in range(1, len(parts) - 1):
        user, attachment, file = parts[position], parts[position + 1], "_".join(parts[position + 2 :])
        typed = position == len(parts) - 2 and attachment in TYPED
        if not _number(user) or not (typed or (_number(attachment) and file)):
            continue
        late = parts[position - 1] == LATE
        student = "_".join(parts[: position - 1 if late else position])
        if all(map(_of_word, student)):
            yield Uploaded(
                whole=name,
                student=student,
                late=late,
                user=user,
                attachment="" if typed else attachment,
                file=attachment if typed else _without_number(file),
            )


def _without_number(file: str) -> str:
    match = AGAIN.fullmatch(file)
    return match["stem"] + (match["ending"] or "") if match else file


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and not text.startswith("0") and len(text) <= 20


def _of_word(character: str) -> bool:
    """Ruby's ``[[:word:]]``."""
    category = unicodedata.category(character)
    return category[0] in "LM" or category in ("Nd", "Pc")


def _same(one: str, other: str) -> bool:
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
