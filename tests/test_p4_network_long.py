"""Content of p4's network, what takes longer: every known mistake, every rewrite on two seeds."""

from __future__ import annotations

from functools import cache

import pytest
from local import Half
from p4_network_answers import PADDED, REWRITES, THOUGHTLESS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@cache
def half() -> Half:
    return Half("p4", "network")


def test_the_reference_earns_everything() -> None:
    assert half().points(half().submission()) == half().max_points


def test_padding_earns_the_blocks_alone() -> None:
    earned = half().points(half().submission(network=PADDED), "p4.architecture")
    assert earned == {"p4.architecture": pytest.approx(2.1)}


@pytest.mark.parametrize("name", ["zeros_overwritten", "uniform_weights", "running_statistics_wiped"])
def test_a_mistake_of_the_first_weights_is_named(name: str) -> None:
    assert half().named(half().planted(name), "p4.initialization") == {name}


@pytest.mark.parametrize("name", sorted(half().mistakes))
def test_a_mistake_loses_its_question_and_no_other(name: str) -> None:
    assert set(half().lost(half().planted(name))) == set(half().mistakes[name].questions)


@pytest.mark.parametrize("seed", [7, 20])
@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in REWRITES.items() for s in styles])
def test_a_correct_rewrite_earns_everything(question: str, style: str, seed: int) -> None:
    folder = half().submission(network=REWRITES[question][style])
    assert half().points(folder, question, seed=seed) == {question: half().max_points[question]}


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in THOUGHTLESS.items() for s in styles])
def test_a_thoughtless_answer_earns_nothing_anywhere(question: str, style: str) -> None:
    folder = half().submission(network=THOUGHTLESS[question][style])
    assert half().points(folder, question) == {question: 0.0}
