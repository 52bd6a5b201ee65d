"""Content of p4's training.py, the long part: every known mistake, right answers in other styles."""

from __future__ import annotations

import ast
import sys

import pytest
import torch
from p4_training_answers import REWRITES
from test_p4_training import given, half  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize("name", sorted(half().mistakes))
def test_a_known_mistake_loses_its_questions(name: str) -> None:
    known = half().mistakes[name].questions
    assert set(half().lost(half().planted(name), *known)) == set(known)


@pytest.mark.parametrize("name", sorted(half().mistakes))
def test_a_known_mistake_changes_what_its_questions_ask_for(name: str) -> None:
    """Each question has functions of its own, so no other question can lose by it."""
    functions = {
        "p4.monitor": {"alerts"},
        "p4.amp": {"train_step"},
        "p4.checkpoint": {"save", "load", "should_save"},
        "p4.distributed": {"shard", "accumulate"},
    }
    known = half().mistakes[name]
    (question,) = known.questions
    defined = {node.name for node in ast.parse(known.source).body if isinstance(node, ast.FunctionDef)}
    public = {each for each in defined if not each.startswith("_")}
    assert public
    assert public <= functions[question]


@pytest.mark.parametrize("name", ["clip_before_unscale", "mean_of_means", "one_slow_step", "no_scaler"])
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


def test_ranks_can_be_new_interpreters(given) -> None:  # noqa: F811
    weights = given.TinyDecoder(5).state_dict()
    words = torch.tensor([[1, 2, 3]])
    arguments = [(weights, [], 1.0, batches, 0) for batches in ([(words, words)], [])]
    (loss, gradients), (same, others) = given.launch(
        given.gradients_on_a_rank, arguments, seconds=60.0, method="spawn"
    )
    assert loss == same > 0
    assert all(torch.equal(gradients[name], others[name]) for name in gradients)
    assert sys.modules["__main__"].__name__ == "__main__"
