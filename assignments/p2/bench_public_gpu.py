"""The GPU question's public run: a few steps on a tensor of equal numbers."""

from __future__ import annotations

import gpu
import torch


def gpu_adamw_repeated(
    start: float,
    grads: list[float],
    lr: float,
    weight_decay: float,
    bias_correction: str,
    device: str,
) -> dict[str, torch.Tensor]:
    """Steps over 16,384 numbers that all begin at ``start`` and have these gradients, step by step.

    :return: "p" and "grad" afterwards.
    """
    p, grad = torch.full((16384,), start, device=device), torch.zeros(16384, device=device)
    step = gpu.make_adamw(
        p,
        grad,
        lr=lr,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=weight_decay,
        bias_correction=bias_correction,
    )
    for given in grads:
        grad.fill_(given)
        step()
    return {"p": p.detach().cpu(), "grad": grad.cpu()}
