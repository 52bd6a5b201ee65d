"""The pictures of a run: drawn into the folder that ``--artifacts`` names, forgotten without it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from grader.drawing import draw
from grader.pictures import Picture
from grader.results.files import discard
from grader.scoring import PictureFile

LIMIT = 20  # of one test: a loop over cases must not fill a disk


@dataclass
class Artifacts:
    """The pictures of one test.

    :param folder: of the assignment's pictures, or None if nobody wants any.
    :param prefix: begins the names of this test's files; no other test has it.
    """

    folder: Path | None
    prefix: str
    files: list[PictureFile] = field(default_factory=list)

    def add(self, picture: Picture) -> None:
        """Draw a picture. One that cannot be drawn is named with the reason: it must not cost points."""
        if self.folder is None or len(self.files) >= LIMIT:
            return
        stem = re.sub(r"[^\w.-]+", "_", f"{self.prefix}.{picture.name}", flags=re.ASCII)
        alike = sum(known.file.startswith(f"{stem}.") for known in self.files)
        name = f"{stem}{f'.{alike + 1}' if alike else ''}.png"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draw(picture, self.folder / name)
        except Exception as error:  # whatever matplotlib makes of a submission's figures
            discard(self.folder / name)  # on a full disk a part of it lies there
            said = f"{picture.title} (not drawn: {type(error).__name__})"
            self.files.append(PictureFile(name, said, drawn=False))
        else:
            self.files.append(PictureFile(name, picture.title))
