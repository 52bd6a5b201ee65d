"""Given with p2, not handed in: how long ways to make a step of AdamW take on your card.

python -m gpu_experiment                      all of them, over 110 million parameters
python -m gpu_experiment --compile            ... and one that torch.compile makes (needs a C compiler)
python -m gpu_experiment --parameters 1000000 --device cpu      the same on any machine; its times mean
nothing

A step moves 28 bytes a parameter at least. What your card can move is measured by copying a tensor: the share
in the last column is how near a step comes to that.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import torch
from gpu import make_adamw
from gpu_numbers import gradients, uniform
from torch import Tensor

BYTES = 28
RULE = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}
Step = Callable[[], object]


def seconds(step: Step, device: torch.device, steps: int) -> float:
    """Seconds a step, after three that do not count. A device is asked to finish before a clock is read."""

    def finished() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    for _ in range(3):
        step()
    start = finished()
    for _ in range(steps):
        step()
    return (finished() - start) / steps


def one_by_one(p: Tensor, grad: Tensor) -> Step:
    """Each operation goes through the memory by itself."""
    mean, square, made = torch.zeros_like(p), torch.zeros_like(p), [0]
    lr, (beta1, beta2) = RULE["lr"], RULE["betas"]

    def step() -> None:
        made[0] += 1
        p.mul_(1 - lr * RULE["weight_decay"])
        mean.mul_(beta1).add_(grad, alpha=1 - beta1)
        square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        root = (square / (1 - beta2 ** made[0])).sqrt() + RULE["eps"]
        p.sub_(lr * (mean / (1 - beta1 ** made[0])) / root)

    return step


def of_torch(p: Tensor, grad: Tensor, **how: bool) -> Step:
    """torch.optim.AdamW as it is, in one of its kinds."""
    p.grad = grad
    return torch.optim.AdamW([p], **RULE, **how).step


def compiled(p: Tensor, grad: Tensor) -> Step:
    """The operations of ``one_by_one`` in one kernel. What changes from step to step has to be a tensor."""
    mean, square, made = torch.zeros_like(p), torch.zeros_like(p), torch.zeros((), device=p.device)
    lr, (beta1, beta2) = RULE["lr"], RULE["betas"]

    @torch.compile(fullgraph=True)
    def step(p: Tensor, grad: Tensor, mean: Tensor, square: Tensor, made: Tensor) -> None:
        mean.lerp_(grad, 1 - beta1)
        square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        root = (square / (1 - beta2**made)).sqrt() + RULE["eps"]
        p.mul_(1 - lr * RULE["weight_decay"]).sub_(lr * mean / (1 - beta1**made) / root)

    def run() -> None:
        made.add_(1)
        step(p, grad, mean, square, made)

    return run


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m gpu_experiment", description=__doc__.splitlines()[0])
    parser.add_argument("--parameters", type=int, default=6720 * 16384)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args(arguments)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no GPU here that torch can use; --device cpu --parameters 1000000 tries the code")
    ways: dict[str, Callable[[Tensor, Tensor], Step]] = {
        "operation by operation": one_by_one,
        "torch, foreach=False": lambda p, grad: of_torch(p, grad, foreach=False),
        "torch, foreach=True": lambda p, grad: of_torch(p, grad, foreach=True),
        "torch, fused=True": lambda p, grad: of_torch(p, grad, fused=True),
        "yours": lambda p, grad: make_adamw(p, grad, **RULE, bias_correction="second"),
    }
    if options.compile:
        ways["torch.compile"] = compiled
    p, grad = uniform(options.parameters, 0, device), gradients(options.parameters, 1, device)
    copy = seconds(lambda: p.copy_(grad), device, options.steps)
    print(f"a copy moves {8 * options.parameters / copy / 1e9:,.0f} GB a second")
    print(f"{'':24}ms a step   GB a second   share")
    for name, make in ways.items():
        try:
            took = seconds(make(p, grad), device, options.steps)
        except NotImplementedError as stub:
            print(f"{name:24}needs {stub}")
            continue
        moved = BYTES * options.parameters / took
        share = BYTES / 8 * copy / took
        print(f"{name:24}{1e3 * took:9.3f}   {moved / 1e9:11,.0f}   {share:5.2f}")


if __name__ == "__main__":
    main()
