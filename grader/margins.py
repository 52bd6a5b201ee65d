"""How clearly a test tells right from wrong: what lies between an answer and the tolerance."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.compare import Compared, excess, watched
from grader.faults import GraderFault
from grader.trivial import rejects_trivial


@dataclass
class Margins:
    """Of the comparisons that one test made.

    :param comparisons: how many; all cases of one ``check_each`` are one.
    :param largest: error in units of the tolerance: at most 1 where everything agreed, infinite where
        something differs in more than rounding.
    :param trivial: comparisons that zeros, or the right numbers in other places, would pass too.
    """

    comparisons: int = 0
    largest: float = 0.0
    trivial: int = 0

    def note(self, compared: Sequence[Compared]) -> None:
        """Take in one comparison."""
        self.comparisons += 1
        with contextlib.suppress(GraderFault):  # an answer that cannot be compared: the test says so itself
            self.largest = max([self.largest, *(excess(*each) for each in compared)])
            if not any(rejects_trivial(want, tolerance) for _, want, tolerance in compared):
                self.trivial += 1


@contextlib.contextmanager
def measured(margins: Margins | None = None) -> Iterator[Margins]:
    """The margins of what is compared inside, added to those of other cases of the test if they are given."""
    margins = margins or Margins()
    with watched(margins.note):
        yield margins
