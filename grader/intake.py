"""Opens what was handed in, a folder, a zip or a notebook, and finds the place where the declared files lie.

A submission lies flat, in a folder named after the assignment, or one folder further down. Where no declared
file is, and none that was meant to be one, a notebook stands for them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader import misnamed
from grader.cells import SUFFIX
from grader.config import Assignment
from grader.directory import Directory, OneFile, kind_of
from grader.handed_in import (
    MAX_ENTRIES,
    MAX_FOLDERS,
    MAX_NAMES,
    Kind,
    Source,
    SubmissionFolderError,
    Where,
    folded,
    hidden,
    listed,
    shown,
)
from grader.text import one_line
from grader.zipped import Zipped

# Told apart from other files by their ending, so that whoever handed one in is told what to do.
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
zip_starts = (b"PK\3\4", b"PK\5\6")


class Intake:
    """One look at a submission: its listings, each made once, and the place that was found.

    :param where: the folder below ``source`` in which the declared files lie.
    """

    def __init__(self, assignment: Assignment, source: Source) -> None:
        self.assignment = assignment
        self.source = source
        self.name = one_line(str(source.path))
        self._wanted = {*assignment.files, assignment.id, assignment.id + SUFFIX}
        self._folded = set(map(folded, self._wanted))
        self._listings: dict[Where, dict[str, Kind]] = {}
        self._seen = 0
        self.where = self._locate()

    @property
    def path(self) -> Path:
        """Where the files lie, for people."""
        return self.source.path.joinpath(*self.where)

    def look(self, where: Where) -> dict[str, Kind]:
        """What a person put into a folder: the first few names, and those that are like a declared one.

        :raises OSError: it cannot be read.
        :raises SubmissionFolderError: there is no end of names.
        """
        if where not in self._listings:
            wanted: dict[str, Kind] = {}
            alike: list[tuple[str, Kind]] = []
            folders: list[tuple[str, Kind]] = []
            others: list[tuple[str, Kind]] = []
            for name, kind in self.source.entries(where):
                self._seen += 1
                if self._seen > MAX_ENTRIES:
                    raise SubmissionFolderError(
                        f"{self.name} holds more than {MAX_ENTRIES:,} files and folders: hand in "
                        f"{listed(self.assignment.files)} only"
                    )
                if hidden(name):
                    continue
                if name in self._wanted:
                    wanted[name] = kind
                elif folded(name) in self._folded:
                    alike.append((name, kind))
                else:
                    (folders if kind is Kind.FOLDER else others).append((name, kind))
            kept = sorted(folders)[:MAX_FOLDERS] + sorted(alike)[:MAX_NAMES] + sorted(others)[:MAX_NAMES]
            self._listings[where] = dict(sorted([*wanted.items(), *kept]))
        return self._listings[where]

    def _locate(self) -> Where:
        """
        :raises SubmissionFolderError: it is empty, cannot be read, or two folders down there could be meant.
        """
        own = self.assignment.id
        try:
            root = self.look(())
            if not root and not self.source.strange:
                raise SubmissionFolderError(
                    f"{self.name} is empty; it should hold {listed(self.assignment.files)}"
                )
            below = [name for name, kind in root.items() if kind is Kind.FOLDER]
            near: list[Where] = [(own,)] if own in below else []
            near.append(())
            for where in near:
                self.look(where)
        except OSError as error:
            place = error.filename if isinstance(error.filename, str) else self.name
            raise SubmissionFolderError(f"{one_line(place)} cannot be read: {error.strerror}") from None
        far: list[Where] = [(name,) for name in below if name != own]
        far += [(*where, own) for where in far if self._peek(where).get(own) is Kind.FOLDER]
        places = self._best(near + far) or [where for where in near + far if self.notebooks(where)]
        if not places:
            return near[0]
        winners = [where for where in near if where in places] or [where for where in far if where in places]
        if len(winners) > 1 and winners[0] in far:
            names = " and ".join(shown("/".join(where)) for where in winners[:2])
            raise SubmissionFolderError(
                f"{self.name} holds several submissions ({names}): name the folder you mean"
            )
        return winners[0]

    def _peek(self, where: Where) -> dict[str, Kind]:
        """A folder that need not be readable, since nobody said that it is the submission."""
        try:
            return self.look(where)
        except OSError:
            return {}

    def _best(self, places: list[Where]) -> list[Where]:
        """The places with the most declared files, and among them with the most names that stand for one.

        Empty if there is nothing anywhere.
        """
        files = self.assignment.files
        exact = {where: sum(name in self._peek(where) for name in files) for where in places}
        places = [where for where in places if exact[where] == max(exact.values())]
        if len(places) == 1:
            return places
        meant = {
            where: sum(self.meant(where, name, notebooks=False) is not None for name in files)
            for where in places
        }
        best = max(meant.values())
        return [where for where in places if meant[where] == best and (best or exact[where])]

    def meant(self, where: Where, wanted: str, *, notebooks: bool = True) -> tuple[str, str] | None:
        """The name in a folder that stands for a declared file which is not there, and advice.

        :param notebooks: whether it may be a notebook's, to be exported.
        """
        names = self._peek(where)
        if wanted in names:
            return None
        others = names.keys() - set(self.assignment.files)
        return misnamed.likeliest(wanted, others if notebooks else others - set(self.notebooks(where)))

    def notebooks(self, where: Where) -> list[str]:
        """The notebooks in a folder, by name."""
        names = self._peek(where).items()
        return [name for name, kind in names if kind is Kind.FILE and name.lower().endswith(SUFFIX)]

    def notebook(self) -> str:
        """The notebook that stands for the declared files; empty if there is none.

        :raises SubmissionFolderError: several could be meant.
        """
        found, own = self.notebooks(self.where), self.assignment.id + SUFFIX
        if len(found) > 1 and own not in found:
            names = " and ".join(map(shown, found[:2]))
            raise SubmissionFolderError(
                f"{self.name} holds several notebooks ({names}): hand in one, or call the right one {own}"
            )
        return own if own in found else found[0] if found else ""


@contextmanager
def opened(assignment: Assignment, path: Path) -> Iterator[Intake]:
    """What was handed in, to be closed.

    :param path: a folder, a zip, or a notebook.
    :raises SubmissionFolderError: nothing that can be graded is there.
    """
    source = _source(assignment, path)
    try:
        yield Intake(assignment, source)
    finally:
        source.close()


def _source(assignment: Assignment, path: Path) -> Source:
    name, wanted = one_line(str(path)), listed(assignment.files)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            return Directory(path)
        if stat.S_ISREG(mode):
            with path.open("rb") as file:
                start = file.read(4)
            if path.suffix.lower() == SUFFIX:
                return OneFile(path)
            if path.suffix.lower() == ".zip" or start in zip_starts:
                return Zipped(path, assignment.files)
            if path.suffix.lower() in ARCHIVES:
                raise SubmissionFolderError(
                    f"{name} is an archive of a kind that is not read here: hand in a zip of {wanted}"
                )
        raise SubmissionFolderError(
            f"{name} is {kind_of(mode)}; name the folder that holds {wanted}, a zip of it, or a notebook"
        )
    except (FileNotFoundError, NotADirectoryError):
        raise SubmissionFolderError(f"there is no folder or zip {name}") from None
    except OSError as error:
        raise SubmissionFolderError(f"{name} cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL
        raise SubmissionFolderError(f"there is no folder or zip {name}") from None
