"""Content of p4's network, what takes longer: every known mistake, every rewrite on another seed."""

from __future__ import annotations

from functools import cache

import pytest
from local import Half
from p4_network_answers import REWRITES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@cache
def half() -> Half:
    return Half("p4", "network")


@pytest.mark.parametrize("name", sorted(half().mistakes))
def test_a_mistake_loses_its_question_and_no_other(name: str) -> None:
    assert set(half().lost(half().planted(name))) == set(half().mistakes[name].questions)


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in REWRITES.items() for s in styles])
def test_a_correct_rewrite_earns_everything_on_another_seed(question: str, style: str) -> None:
    folder = half().submission(network=REWRITES[question][style])
    assert half().points(folder, question, seed=7) == {question: half().max_points[question]}
