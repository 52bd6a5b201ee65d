"""Which lines of a module of the reference are a solution, and which question each of them answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from grader.release.blocks import SEPARATOR, StarterError, solution_blocks


@dataclass(frozen=True)
class Stretch:
    """The lines of a solution, both ends included, and its question."""

    first: int
    last: int
    question: str


def stretches(source: str, name: str, questions: Collection[str]) -> list[Stretch]:
    """The solutions of a module, in order.

    A block whose mark has no id, a private helper, belongs to the question whose section it stands in; above
    all sections it belongs to the first that follows, as a file's imports do.

    :param questions: the ids that the assignment has.
    :raises StarterError: the marks are wrong, or name a question that there is not.
    """
    sections = [
        (number, match["question"])
        for number, line in enumerate(source.splitlines(), 1)
        if (match := SEPARATOR.fullmatch(line))
    ]
    blocks = solution_blocks(source, name)
    marked = [(block.begin, block.question) for block in blocks if block.question]
    found: list[Stretch] = []
    for block in blocks:
        above = [question for number, question in sections if number < block.begin]
        below = [question for number, question in sorted([*sections, *marked]) if number > block.begin]
        question = block.question or (above[-1] if above else below[0] if below else "")
        if question not in questions:
            raise StarterError(
                name, block.begin, f"a solution of no question of the assignment: {question!r}"
            )
        found.append(Stretch(block.begin + 1, block.end - 1, question))
    return found
