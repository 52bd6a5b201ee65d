"""Content of p4's training.py, the long part: every known mistake, right answers in other styles."""

from __future__ import annotations

import pytest
from p4_training_answers import REWRITES
from test_p4_training import half

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize("name", sorted(half().mistakes))
def test_a_known_mistake_loses_its_questions_and_no_other(name: str) -> None:
    assert set(half().lost(half().planted(name))) == set(half().mistakes[name].questions)


@pytest.mark.parametrize("name", ["clip_before_unscale", "mean_of_means", "a_tie_is_the_best", "no_scaler"])
def test_a_mistake_is_named(name: str) -> None:
    assert half().named(half().planted(name), *half().mistakes[name].questions) == {name}


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_the_reference_loses_nothing(seed: int) -> None:
    assert half().lost(half().submission(), seed=seed) == {}


@pytest.mark.parametrize("seed", [20, 21])
@pytest.mark.parametrize("name", REWRITES)
def test_a_right_answer_in_another_style_loses_nothing(name: str, seed: int) -> None:
    question, text = REWRITES[name]
    assert half().lost(half().submission(training=text), question, seed=seed) == {}
