"""Content of p4's captioning.py, the long part: every known mistake, the answers on another seed."""

from __future__ import annotations

import pytest
from p4_captioning_answers import REWRITES, THOUGHTLESS
from test_p4_captioning import POINTS, half

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OTHER_SEED = 7


@pytest.mark.parametrize("name", sorted(half().mistakes))
def test_a_known_mistake_loses_its_question_and_is_named(name: str) -> None:
    mistake, folder = half().mistakes[name], half().planted(name)
    assert set(half().lost(folder)) == set(mistake.questions)
    assert half().named(folder, *mistake.questions) == {name}


@pytest.mark.parametrize("seed", range(OTHER_SEED, OTHER_SEED + 12))
def test_the_reference_earns_everything(seed: int) -> None:
    assert half().points(half().submission(), seed=seed) == POINTS


@pytest.mark.parametrize("seed", [OTHER_SEED, OTHER_SEED + 1])
@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in REWRITES.items() for s in styles])
def test_a_correct_rewrite_earns_everything(question: str, style: str, seed: int) -> None:
    folder = half().submission(captioning=REWRITES[question][style])
    assert half().points(folder, question, seed=seed) == {question: POINTS[question]}


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in THOUGHTLESS.items() for s in styles])
def test_a_thoughtless_answer_earns_nothing(question: str, style: str) -> None:
    folder = half().submission(captioning=THOUGHTLESS[question][style])
    assert half().points(folder, question, seed=OTHER_SEED) == {question: 0.0}
