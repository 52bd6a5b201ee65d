"""Which worker gets which task: the one that has asked the reference with that seed before.

A course has 16 seeds a term for each assignment (:mod:`grader.seeds`). The first grading with a seed asks the
reference everything, which takes several times as long as a grading that finds it remembered. If each worker
met every seed, that would be paid for once in every process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Lines(Generic[T]):
    """Tasks that wait, in a line for each seed.

    :param tasks: seed and task, in the order in which they should come.
    """

    def __init__(self, tasks: Iterable[tuple[int, T]]) -> None:
        self._lines: dict[int, deque[tuple[int, T]]] = {}
        for number, (seed, task) in enumerate(tasks):
            self._lines.setdefault(seed, deque()).append((number, task))

    def __bool__(self) -> bool:
        return any(self._lines.values())

    def take(self, worker: str, workers: Sequence[str]) -> T | None:
        """The next task for a worker, None if there is none.

        Of the seeds that are its own the task that comes first; after these one of the longest line, so that
        no worker is idle while another has work.

        :param workers: all there are, in an order that stays.
        """
        left = {seed: line for seed, line in self._lines.items() if line}
        own = [line for seed, line in left.items() if workers[seed % len(workers)] == worker]
        if own:
            return min(own, key=lambda line: line[0][0]).popleft()[1]
        if left:
            return max(left.values(), key=len).popleft()[1]
        return None
