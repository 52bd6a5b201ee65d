"""Content of p1: the handout, the reference against autograd, the known mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from local import Half, handout_faults

from grader.lint import lint_file

HALF = Half("p1")
POINTS = {
    "p1.forward": 6,
    "p1.backward": 14,
    "p1.zero_cause": 10,
    "p1.dead_units": 6,
    "p1.remedies": 10,
    "p1.batch": 18,
    "p1.warmup": 6,
    "p1.choose": 12,
    "p1.build": 12,
    "p1.reasons": 6,
}


def flow() -> Any:
    """The reference's gradient_flow, asked over the border."""
    return HALF.subject(HALF.submission(), "p1.forward").gradient_flow


# ---- Points and lint


def test_points_of_each_question() -> None:
    assert HALF.max_points == POINTS
    assert set(HALF.questions) == set(POINTS)


def test_the_handout_asks_every_question() -> None:
    assert handout_faults(HALF) == []
    minutes = sum(question.minutes for question in HALF.config.questions.values())
    assert f"**{minutes} minutes**" in (HALF.folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(HALF.folder.glob("test_*.py")), ids=lambda path: path.stem)
def test_lint(path: Path) -> None:
    assert lint_file(path) == []


# ---- The reference


@pytest.mark.parametrize("slope", [0.0, 0.01, 1.0])
def test_batch_gradients_equal_autograd(slope: float) -> None:
    rng = np.random.default_rng(3)
    shapes = {"x": (7, 3), "w1": (4, 3), "w2": (5, 4), "w3": (2, 5), "target": (7, 2)}
    tensors = {name: torch.from_numpy(rng.normal(size=shape)) for name, shape in shapes.items()}
    tensors["w1"][0] = 0.0  # a pre-activation of exactly 0, where both take the negative side
    weights = [tensors[name].requires_grad_() for name in ("w1", "w2", "w3")]
    hidden = tensors["x"]
    for weight in weights[:2]:
        hidden = torch.nn.functional.leaky_relu(hidden @ weight.T, slope)
    loss = 0.5 * ((hidden @ weights[2].T - tensors["target"]) ** 2).sum(dim=1).mean()
    wanted = torch.autograd.grad(loss, weights)
    plain = {name: tensor.detach().numpy() for name, tensor in tensors.items()}
    got = flow().backward_batch(**plain, negative_slope=slope)
    for name, gradient in zip(("dw1", "dw2", "dw3"), wanted, strict=True):
        np.testing.assert_allclose(got[name], gradient.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("w2", [-0.3, 0.0, 0.3, 1.25])
def test_remedies_equal_autograd(w2: float) -> None:
    network = {"x": 2.0, "w1": 0.5, "w2": w2, "w3": 0.8, "target": 1.0}
    got = flow().remedies(**network)
    for variant, slope in (("plain", 0.0), ("leaky", 0.01), ("residual", 0.0)):
        w = torch.tensor([0.5, w2, 0.8], dtype=torch.float64, requires_grad=True)
        h1 = torch.nn.functional.leaky_relu(w[0] * 2.0, slope)
        h2 = torch.nn.functional.leaky_relu(w[1] * h1, slope) + (h1 if variant == "residual" else 0.0)
        (gradient,) = torch.autograd.grad(0.5 * (w[2] * h2 - 1.0) ** 2, w)
        np.testing.assert_allclose(got[variant], gradient.numpy(), rtol=1e-12, atol=1e-15)


def test_the_second_unit_of_the_handout_is_dead_for_every_input() -> None:
    x = np.linspace(-5, 5, 101)[:, None]
    got = flow().dead_units(w1=np.array([[0.5]]), w2=np.array([[-0.3]]), x=x)
    assert got.tolist() == [True]


def test_the_first_gradient_turns_its_sign_where_the_error_does() -> None:
    values = [-1.0, 0.0, 0.5, 1.2, 1.25, 1.3, 2.0]
    got = flow().dw1_for(w2_values=values, x=2.0, w1=0.5, w3=0.8, target=1.0)
    assert np.sign(np.round(got, 12)).tolist() == [0, 0, -1, -1, 0, 1, 1]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(5))
def test_reference_earns_everything(seed: int) -> None:
    assert HALF.points(HALF.submission(), seed=seed) == POINTS


# ---- Known mistakes


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", HALF.mistakes)
def test_mistake_loses_its_questions_and_no_other(name: str) -> None:
    known = HALF.mistakes[name]
    # The two modules do not import each other: the other one's questions cannot change.
    questions = HALF.config.questions
    asked = [name for name, question in questions.items() if question.file == f"{known.module}.py"]
    assert set(HALF.lost(HALF.planted(name), *asked)) == set(known.questions)
