"""The GPU question's runs: numbers drawn on the device, the submission's steps, and what p holds then."""

from __future__ import annotations

import gpu
import torch
from gpu_numbers import change, gradients, uniform
from torch import Tensor

_GPU_BLOCK = 16384
_gpu_state: dict[str, Tensor] = {}


def gpu_adamw_warm_up(parameters: int, steps: int, device: str) -> None:
    """A few steps on other numbers, with each kind of bias correction."""
    p, grad = uniform(parameters, 1, device), gradients(parameters, 2, device)
    for kind in ("both", "second", "none"):
        step = gpu.make_adamw(
            p, grad, lr=1e-3, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1, bias_correction=kind
        )
        for number in range(min(steps, 5)):
            change(grad, number + 1)
            step()
        del step
    p.view(-1, _GPU_BLOCK).sum(dim=1, dtype=torch.float64).cpu()


def gpu_adamw_run(
    seed: int,
    parameters: int,
    steps: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    bias_correction: str,
    device: str,
) -> Tensor:
    """Take the steps.

    :return: sums of p over blocks of 16384 numbers, float64: what p holds is settled with them.
    """
    p, grad = uniform(parameters, seed, device), gradients(parameters, seed + 1, device)
    step = gpu.make_adamw(
        p,
        grad,
        lr=lr,
        betas=tuple(betas),
        eps=eps,
        weight_decay=weight_decay,
        bias_correction=bias_correction,
    )
    for number in range(steps):
        if number:
            change(grad, number)
        step()
    _gpu_state.update(p=p.detach(), grad=grad)
    return _gpu_state["p"].view(-1, _GPU_BLOCK).sum(dim=1, dtype=torch.float64).cpu()


def gpu_adamw_blocks(blocks: Tensor, device: str) -> dict[str, Tensor]:
    """What p and the gradient hold in some of the blocks, (blocks, 16384) float32."""
    chosen = blocks.to(device)
    return {name: value.view(-1, _GPU_BLOCK)[chosen].cpu() for name, value in _gpu_state.items()}


def gpu_adamw_steps(
    p: Tensor,
    grads: Tensor,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    bias_correction: str,
    device: str,
) -> dict[str, Tensor]:
    """Steps on a few numbers in float64, with another gradient each: (steps, n).

    Two optimizers share the gradient: one on p, which takes every step, one on 2 p, which takes every other
    one.

    :return: "one" and "two", p of each after all steps; "grad", what is left of the last gradient.
    """
    one, two = (factor * p.to(device) for factor in (1, 2))
    grad = torch.empty_like(one)
    rule = {"lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay}
    steps = [gpu.make_adamw(q, grad, **rule, bias_correction=bias_correction) for q in (one, two)]
    for number, given in enumerate(grads):
        grad.copy_(given)
        steps[0]()
        if number % 2:
            steps[1]()
    return {"one": one.detach().cpu(), "two": two.detach().cpu(), "grad": grad.cpu()}
