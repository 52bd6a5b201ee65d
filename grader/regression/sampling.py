"""A sample of the solutions, so that a regression of two minutes still asks every question."""

from __future__ import annotations

import random
from collections.abc import Sequence

from grader.regression.solutions import Solution


def sampled(solutions: Sequence[Solution], wrong: int, seed: int) -> list[Solution]:
    """The reference, the starter, one alternative, and so many known mistakes, taken question by question in
    turn.

    :param seed: the same sample for the same seed, on every machine.
    """
    mistakes = [solution for solution in solutions if solution.kind == "mistake"]
    by_question: dict[str, list[Solution]] = {}
    for solution in mistakes:
        by_question.setdefault(min(solution.questions or {""}), []).append(solution)
    drawn = random.Random(seed)
    piles = [sorted(pile, key=lambda each: each.name) for _, pile in sorted(by_question.items())]
    for pile in piles:
        drawn.shuffle(pile)
    drawn.shuffle(piles)
    chosen: set[str] = set()
    while len(chosen) < min(wrong, len(mistakes)):
        for pile in piles:
            if pile and len(chosen) < wrong:
                chosen.add(pile.pop().id)
    alternatives = [solution for solution in solutions if solution.kind == "alternative"]
    chosen |= {solution.id for solution in drawn.sample(alternatives, min(1, len(alternatives)))}
    every = ("reference", "starter")
    return [solution for solution in solutions if solution.kind in every or solution.id in chosen]
