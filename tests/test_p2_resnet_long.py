"""Content of p2's first half, the long part: every known mistake, the answers once more, networks built."""

from __future__ import annotations

from pathlib import Path

import pytest
import support
from p2_resnet_answers import BUILT, REWRITES, THOUGHTLESS
from test_p2_resnet import POINTS, RELATED, half

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OTHER_SEED = 7


@pytest.mark.parametrize("name", sorted(half().mistakes))
def test_a_known_mistake_loses_its_question_and_is_named(name: str) -> None:
    mistake, folder = half().mistakes[name], half().planted(name)
    assert set(half().lost(folder, *RELATED[mistake.questions[0]])) == set(mistake.questions)
    assert half().named(folder, *mistake.questions) == {name}


@pytest.mark.parametrize("seed", [OTHER_SEED, 8, 9])
def test_the_reference_earns_everything(seed: int) -> None:
    assert half().points(half().submission(), seed=seed) == POINTS


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in REWRITES.items() for s in styles])
def test_a_correct_rewrite_earns_everything(question: str, style: str) -> None:
    folder = half().submission(resnet=REWRITES[question][style])
    assert half().points(folder, question, seed=OTHER_SEED) == {question: POINTS[question]}


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in THOUGHTLESS.items() for s in styles])
def test_a_thoughtless_answer_earns_nothing(question: str, style: str) -> None:
    folder = half().submission(resnet=THOUGHTLESS[question][style])
    assert half().points(folder, question, seed=OTHER_SEED) == {question: 0.0}


@pytest.mark.parametrize("style", BUILT)
def test_counting_block_by_block_loses_the_edges_only(tmp_path: Path, style: str) -> None:
    """In real processes, whose memory and time are limited."""
    course = Path(__file__).parents[1]
    folder = half().submission(resnet=BUILT[style])
    graded = support.grade(
        course, folder, "-k", "count_", folder=tmp_path, target="assignments/p2", seconds=600
    )
    points = {question["id"]: question["points"] for question in graded.results["questions"]}
    assert points["p2.count"] == pytest.approx(9.6)
