"""p2, on a GPU (bonus): AdamW over 110 million parameters, as fast as the memory allows.

One question, p2.gpu_adamw. An optimizer computes next to nothing: a step of AdamW reads four numbers for each
parameter and writes three, 28 bytes in float32. How long that takes is decided by the card's memory, and by
how often your code goes through it. The README's section "On a GPU" says what is judged and timed. Everything
here has to run on a CPU too, where the tests try it at toy size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

# ---- p2.gpu_adamw ------------------------------------------------------------------------------------------


def make_adamw(
    p: Tensor,
    grad: Tensor,
    *,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    bias_correction: Literal["both", "second", "none"],
) -> Callable[[], None]:
    """Return a function that takes one step of AdamW on ``p``, in place, each time it is called.

    The rule is that of p2.updates, ``adamw_step``: decoupled decay, eps outside the root, and the three kinds
    of bias correction. Both averages begin at zero; a second call of ``make_adamw`` knows nothing of the
    first.

    :param p: (n,) float32, on the device, contiguous, n a multiple of 16384; float64 and of any length
        in a test of the rule.
    :param grad: (n,) of the same type. The same tensor holds the gradient of every step: its contents change
        between the calls of what you return, its address does not. Not modified by you.
    :return: called without arguments, it takes a step with what ``grad`` holds then. It need not wait until
        the device has done it.

    Precision: p and both averages are float32 (float64 where p is); nothing may be rounded to fewer bits in
    between. After 1,000 steps every number has to be within 1e-4 of the exact rule, for p in [-1, 1] and
    rates up to 2e-3.

    What is timed: drawing p and the gradient on the device (not yours), this function, 1,000 steps, and one
    sum over p. At n = 110,100,480, 1,000 steps move 3.1 terabytes at least.
    """
    raise NotImplementedError("p2.gpu_adamw")
