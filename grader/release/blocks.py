"""Reads the marks that fence the solutions in the reference: Otter Assign's words, with a question's id.

``# BEGIN SOLUTION p1.backward`` and ``# END SOLUTION``, each alone on its line. What becomes of a block is
told in ``grader.release.starter``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.faults import GraderFault

BEGIN = re.compile(r"(?P<indent>[ \t]*)# BEGIN SOLUTION(?:[ \t]+(?P<id>\S+))?[ \t]*")
END = re.compile(r"[ \t]*# END SOLUTION[ \t]*")
MARK = re.compile(r"\b(BEGIN|END) SOLUTION\b")
# Above the code of a question: its cell in the notebook begins here.
SEPARATOR = re.compile(r"# -{2,} (?P<rest>(?P<question>[A-Za-z_]\w*\.\w+)\b.*?) *-*")


class StarterError(GraderFault):
    """The reference cannot be cut as it stands; the message names the file and the line."""

    def __init__(self, name: str, line: int, text: str) -> None:
        super().__init__(f"{name}, line {line}: {text}")


@dataclass(frozen=True)
class Block:
    """One marked solution: its lines without the marks, and the 1-based lines of the marks."""

    question: str | None
    indent: str
    begin: int
    end: int
    lines: tuple[str, ...]


def solution_blocks(source: str, name: str) -> list[Block]:
    """The marked blocks of a reference file, in order.

    :raises StarterError: a mark without its partner, one inside another, or a mark that is misspelt.
    """
    found: list[Block] = []
    lines = source.splitlines()
    opened: tuple[int, re.Match[str]] | None = None
    for number, line in enumerate(lines, 1):
        if begin := BEGIN.fullmatch(line):
            if opened:
                raise StarterError(name, number, f"a solution begins inside the one of line {opened[0]}")
            opened = number, begin
        elif END.fullmatch(line):
            if not opened:
                raise StarterError(name, number, "a solution ends that never began")
            first, mark = opened
            body = tuple(lines[first : number - 1])
            found.append(Block(mark["id"], mark["indent"], first, number, body))
            opened = None
        elif MARK.search(line):
            raise StarterError(name, number, f"not a solution mark that can be read: {line.strip()!r}")
    if opened:
        raise StarterError(name, opened[0], "a solution begins and never ends")
    return found
