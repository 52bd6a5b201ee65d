"""How Moodle names what "Download all submissions" gives.

By the source of mod_assign (classes/downloader.php, feedback/file/importziplib.php): in folders
``Ann Lee_1234567_assignsubmission_file_/model.py``, since Moodle 4.1 without the last underscore; without
folders ``Ann Lee_1234567_assignsubmission_file_model.py``. The number is the participant's in this assignment
and in no other. A team's name stands with the number of its group; whoever is in none is in "Default group",
in the site's language and without a number. Blanks stand for underscores in names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

NAME: Final = re.compile(
    r"(?P<prefix>(?P<student>[^_]*)_(?P<number>[0-9]{1,20})|[^_]+)_assignsubmission_(?P<plugin>[a-z][a-z0-9]*)"
    r"(?:_(?P<file>.*))?",
    re.DOTALL,
)
# What Moodle's clean_filename takes out of a name.
REFUSED: Final = re.compile("[\x00-\x1f\x7f&<>\"`|':\\\\/]")


@dataclass(frozen=True)
class Uploaded:
    """A folder or a file of the export.

    :param whole: its name there.
    :param prefix: all that is said of whose it is.
    :param student: a student's or a team's name.
    :param number: empty for the team of those who are in none.
    :param plugin: "file", or "onlinetext" for what was typed in.
    :param file: its name as the student gave it; empty for a folder.
    """

    whole: str
    prefix: str
    student: str
    number: str
    plugin: str
    file: str

    @property
    def owner(self) -> str:
        """What tells submissions apart."""
        return self.number or self.student


def uploaded(name: str) -> Uploaded | None:
    """What an entry of the export is; None if its name is of another form."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    return Uploaded(
        whole=name,
        prefix=match["prefix"],
        student=match["student"] or match["prefix"],
        number=match["number"] or "",
        plugin=match["plugin"],
        file=match["file"] or "",
    )


def written(name: str) -> str:
    """A name as Moodle writes it before a number."""
    return REFUSED.sub("", name.replace("_", " "))
