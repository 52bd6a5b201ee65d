"""Finds the file that was probably meant where a declared one is missing, and says what to do about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from grader.handed_in import shown

# What browsers and file managers add to a second copy: "model (1).py", "model - Copy.py", "model copy 2.py".
# The quantifiers give nothing back ("++"): "1 1 1 1 ..." can be told apart in so many ways that a name of 60
# characters would hold the judge for hours.
copy_marks = re.compile(r"(?:\s*+\(\d++\)|[\s_-]++(?:\d++|copy|kopie|copie)(?:\s*+\d++)?+)++$", re.IGNORECASE)


def likeliest(wanted: str, present: Iterable[str]) -> tuple[str, str] | None:
    """The name among ``present`` that stands for ``wanted``, and advice in a sentence; None if there is none.

    Upper and lower case, one wrong letter, ``.ipynb`` and ``.txt`` in the place of ``.py`` or behind it, a
    copy's number, and blanks or hyphens for underscores are recognised, in that order.
    """
    for reason, alike in RULES:
        for name in sorted(present):
            if name != wanted and alike(wanted, name):
                return (
                    name,
                    f"{wanted} is missing; {shown(name)} looks like it ({reason}): {cure(wanted, name)}",
                )
    return None


def cure(wanted: str, name: str) -> str:
    """What to do so that ``name`` becomes ``wanted``."""
    if name.lower().endswith(".ipynb"):
        return f"export the notebook's code as {wanted}"
    return f"rename it to {wanted}"


def one_letter(a: str, b: str) -> bool:
    """Whether one letter changed, added, left out, or swapped with its neighbour makes ``a`` out of ``b``."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    return (
        rest_a[1:] == rest_b[1:]
        or rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or (rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:])
    )


def _case(wanted: str, name: str) -> bool:
    return wanted.casefold() == name.casefold()


def _letter(wanted: str, name: str) -> bool:
    return one_letter(wanted.casefold(), unicodedata.normalize("NFC", name).casefold())


def _ending(wanted: str, name: str) -> bool:
    """Another ending behind the right one (model.py.txt) or in its place (model.ipynb, model.txt, model)."""
    stem = PurePosixPath(wanted).stem.casefold()
    endings = {"", ".txt", ".ipynb", ".pyc", ".py.txt", ".py.ipynb", ".py.py", ".pyw", ".md"}
    return name.casefold() in {stem + ending for ending in endings}


def _copy(wanted: str, name: str) -> bool:
    path = PurePosixPath(name)
    return (copy_marks.sub("", path.stem) + path.suffix).casefold() == wanted.casefold() != name.casefold()


def _separators(wanted: str, name: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"[\s_-]", "", text).casefold()

    return bare(wanted) == bare(name)


def _windows_path(wanted: str, name: str) -> bool:
    """A zip made on Windows, unpacked by a program that took the folders for a part of the name."""
    return name.rpartition("\\")[2] == wanted


RULES = (
    ("upper and lower case differ", _case),
    ("another ending", _ending),
    ("a numbered copy", _copy),
    ("blanks, hyphens or underscores differ", _separators),
    ("one letter differs", _letter),
    ("a folder became part of the name", _windows_path),
)
