"""The GPU question of p2 at toy size on a CPU: numbers, steps against the exact rule, what is settled and
seen.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import torch
from gpu_content import ROOT, loaded

from grader.faults import Mismatch

SIZE = {"parameters": 4 * 16384, "steps": 100}
KINDS = ("both", "second", "none")
CORRECTIONS = ("gpu_always_corrected", "gpu_never_corrected")
MISTAKES = ("gpu_coupled_decay", "gpu_eps_in_root", "gpu_stale_gradient", *CORRECTIONS)


@cache
def content(mistake: str = "") -> SimpleNamespace:
    return loaded("p2", "gpu_numbers", mistake=mistake)


def tensors(given: dict[str, object]) -> dict[str, object]:
    return {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}


def arrays(answer: object) -> object:
    return {k: v.numpy() for k, v in answer.items()} if isinstance(answer, dict) else answer.numpy()


# ---- Numbers


def test_any_number_can_be_computed_without_the_others() -> None:
    modules = content()
    torchs = modules.gpu_numbers.uniform(5_000_000, 2**30 - 7, "cpu").numpy()
    parts = (np.arange(100), np.arange(4_194_300, 4_194_310), np.arange(4_999_990, 5_000_000))
    places = np.concatenate(parts)
    assert np.array_equal(modules.measure_gpu.gpu_uniform(2**30 - 7, places), torchs[places])
    assert abs(torchs.mean()) < 1e-3
    assert abs(torchs.std() - 3**-0.5) < 1e-3
    assert abs(np.corrcoef(torchs[:-1], torchs[1:])[0, 1]) < 2e-3


def test_gradients_change_stripe_by_stripe() -> None:
    numbers = content().gpu_numbers
    grad = numbers.gradients(6400, 5, "cpu")
    before = grad.clone()
    numbers.change(grad, 65)
    assert torch.equal(grad[100:200], -before[100:200])
    assert torch.equal(grad[:100], before[:100])
    assert torch.equal(grad[200:], before[200:])


# ---- Steps


def deviation(kind: str, mistake: str = "") -> float:
    """The largest error of the small steps, relative to how far p moved."""
    modules = content(mistake)
    case, wanted = modules.measure_gpu.gpu_steps_of(np.random.default_rng(4), kind)
    got = arrays(modules.bench_gpu.gpu_adamw_steps(**tensors(case), device="cpu"))
    assert np.array_equal(got["grad"], wanted["grad"])
    moved = np.abs(wanted["one"] - case["p"]).max()
    return float(max(np.abs(got[name] - wanted[name]).max() for name in ("one", "two")) / moved)


@pytest.mark.parametrize("kind", KINDS)
def test_the_steps_are_the_rule(kind: str) -> None:
    assert deviation(kind) < 1e-6


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_known_mistake_is_seen_in_a_few_steps(mistake: str) -> None:
    assert max(deviation(kind, mistake) for kind in KINDS) > 1e-2


def test_the_exact_rule_is_that_of_p2_updates() -> None:
    text = (ROOT / "reference/p2/optimizers.py").read_text(encoding="utf-8")
    part = text[text.index("def _adam_direction") : text.index("# ---- p2.param_groups")]
    namespace: dict[str, object] = {"Any": Any, "Literal": Literal, "Tensor": torch.Tensor}
    exec(part, namespace)
    case, wanted = content().measure_gpu.gpu_steps_of(np.random.default_rng(9), "second")
    p, state = torch.from_numpy(case["p"]), {}
    rule = {key: case[key] for key in ("lr", "betas", "eps", "weight_decay", "bias_correction")}
    for grad in case["grads"]:
        p = namespace["adamw_step"](p, torch.from_numpy(grad), state, **rule)
    assert np.abs(p.numpy() - wanted["one"]).max() < 1e-12


# ---- A round


def answers_of(round_: object, mistake: str = "") -> list[object]:
    bench = content(mistake).bench_gpu
    sums = bench.gpu_adamw_run(**tensors(round_.inputs[0]), device="cpu")
    return [sums.numpy(), arrays(bench.gpu_adamw_blocks(**tensors(round_.inputs[1]), device="cpu"))]


def rounds(number: int) -> object:
    return content().measure_gpu.gpu_adamw(np.random.default_rng(number), SIZE)


def test_rounds_at_toy_size() -> None:
    content().bench_gpu.gpu_adamw_warm_up(**SIZE, device="cpu")
    kinds = set()
    for number in range(5):
        round_ = rounds(number)
        kinds.add(round_.inputs[0]["bias_correction"])
        answers = answers_of(round_)
        assert round_.score(answers, answers) == 1.0
    assert kinds == set(KINDS)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_known_mistake_fails_a_round(mistake: str) -> None:
    failed = 0
    for number in range(5):
        round_ = rounds(number)
        answers = answers_of(round_, mistake)
        try:
            round_.score(answers, answers)
        except Mismatch:
            failed += 1
    assert failed >= (2 if mistake in CORRECTIONS else 5)


def test_numbers_that_change_after_the_sums_are_seen() -> None:
    round_ = rounds(1)
    answers = answers_of(round_)
    late = [answers[0] + 1e-4, answers[1]]
    with pytest.raises(Mismatch, match="after the last step"):
        round_.score(late, answers)
    with pytest.raises(Mismatch, match="NaN"):
        round_.score([answers[0], {**answers[1], "p": np.full_like(answers[1]["p"], np.nan)}], answers)
    with pytest.raises(Mismatch, match="gradient"):
        round_.score([answers[0], {**answers[1], "grad": -answers[1]["grad"]}], answers)
    with pytest.raises(Mismatch, match="shape"):
        round_.score([answers[0][:-1], answers[1]], answers)


def test_bytes_of_a_step() -> None:
    assert content().measure_gpu.gpu_adamw_work({"parameters": 10, "steps": 3}).bytes == 840


# ---- Other ways to do it


def step_by_step(kept: torch.dtype):
    """AdamW operation by operation; the mean is kept in this type between the steps, or in p's if it is
    wider.
    """

    def make_adamw(p, grad, *, lr, betas, eps, weight_decay, bias_correction):
        narrow = kept if p.dtype == torch.float32 else p.dtype
        mean, square, made = torch.zeros_like(p, dtype=narrow), torch.zeros_like(p), [0]

        def step() -> None:
            made[0] += 1
            now = torch.lerp(mean.to(p.dtype), grad, 1 - betas[0])
            mean.copy_(now)
            square.mul_(betas[1]).addcmul_(grad, grad, value=1 - betas[1])
            first = 1 - betas[0] ** made[0] if bias_correction == "both" else 1.0
            second = 1 - betas[1] ** made[0] if bias_correction != "none" else 1.0
            p.mul_(1 - lr * weight_decay)
            p.addcdiv_(now, (square / second).sqrt().add_(eps), value=-lr / first)

        return step

    return make_adamw


@pytest.mark.parametrize(("kept", "right"), [(torch.float32, True), (torch.bfloat16, False)])
def test_float32_passes_however_it_is_computed_and_16_bit_does_not(kept: torch.dtype, right: bool) -> None:
    modules = loaded("p2", "gpu_numbers")
    modules.gpu.make_adamw = step_by_step(kept)
    size = {"parameters": 2 * 16384, "steps": 400}
    round_ = modules.measure_gpu.gpu_adamw(np.random.default_rng(1), size)
    sums = modules.bench_gpu.gpu_adamw_run(**tensors(round_.inputs[0]), device="cpu")
    blocks = modules.bench_gpu.gpu_adamw_blocks(**tensors(round_.inputs[1]), device="cpu")
    answers = [sums.numpy(), arrays(blocks)]
    if right:
        assert round_.score(answers, answers) == 1.0
        for kind in KINDS:
            case, wanted = modules.measure_gpu.gpu_steps_of(np.random.default_rng(4), kind)
            got = arrays(modules.bench_gpu.gpu_adamw_steps(**tensors(case), device="cpu"))
            assert np.abs(got["one"] - wanted["one"]).max() < 1e-10
    else:
        with pytest.raises(Mismatch, match="not what AdamW"):
            round_.score(answers, answers)
