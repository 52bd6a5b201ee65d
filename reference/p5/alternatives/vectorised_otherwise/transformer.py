"""Why a 12-layer transformer does not train, by equal formulas: polynomials, scans, einsum, one tree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, starmap

import torch
from given import FAILING, Config, Trace
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p5.grad_norms -----------------------------------------------------------------------------------------


def grad_norms(layers: Sequence[nn.Module]) -> torch.Tensor:
    """The norm of the parameters' norms, which is that of all entries."""

    def norms(layer: nn.Module) -> list[float]:
        return [one.grad.double().norm().item() for one in layer.parameters() if one.grad is not None]

    return torch.tensor([math.hypot(*norms(layer)) for layer in layers], dtype=torch.float32)


# ---- p5.capacity -------------------------------------------------------------------------------------------


def encoder_parameters(
    layers: int,
    d_model: int,
    num_heads: int,
    d_ff: int,
    *,
    vocabulary: int = 0,
    positions: int = 0,
    segments: int = 0,
    pooler: bool = False,
) -> int:
    """A polynomial in d_model: 4 d^2 + 9 d + 2 d f + f a layer, d for each row of a table."""
    d = d_model
    rows = (vocabulary + positions + segments + 2) * (vocabulary > 0)
    return layers * ((4 * d + 9) * d + (2 * d + 1) * d_ff) + rows * d + pooler * (d + 1) * d


def parameters_per_sample(parameters: int, samples: int) -> float:
    """Not rounded."""
    if samples <= 0:
        raise ValueError(f"{samples} samples")
    return parameters / samples


def early_stop(log: list[tuple[int, float]], patience: int) -> tuple[int, int]:
    """A scan that carries the least loss, its place and the evaluations since; the first long wait ends."""
    if not log:
        raise ValueError("no log")

    def look(state: tuple[float, int, int], entry: tuple[int, float]) -> tuple[float, int, int]:
        least, restored, waited = state
        step, loss = entry
        return (loss, step, 0) if abs(loss) < math.inf and loss < least else (least, restored, waited + 1)

    states = list(accumulate(log, look, initial=(math.inf, log[0][0], 0)))[1:]
    pairs = zip(log, states, strict=True)
    stopped = ((entry[0], state[1]) for entry, state in pairs if state[2] >= patience)
    return next(stopped, (log[-1][0], states[-1][1]))


FIXES: set[str] | None = {"augment_text", "more_data", "pretrained_encoder"} | {
    "dropout_or_decay",
    "early_stopping_with_restore",
    "label_smoothing",
    "smaller_model",
}


# ---- p5.adam_bound -----------------------------------------------------------------------------------------


def adam_update(grads: list[float], beta1: float, beta2: float) -> list[float]:
    """Corrected averages have a recurrence of their own: the newest number gets (1 - beta) / (1 - beta^t).

    The root of the average of squares is carried, because the square of a tiny gradient would underflow.
    """

    def move(state: tuple[int, float, float], grad: float) -> tuple[int, float, float]:
        t, mean, root = state
        share1, share2 = ((1 - beta) / (1 - beta ** (t + 1)) for beta in (beta1, beta2))
        rms = math.hypot(math.sqrt(1 - share2) * root, math.sqrt(share2) * grad)
        return t + 1, (1 - share1) * mean + share1 * grad, rms

    states = list(accumulate(grads, move, initial=(0, 0.0, 0.0)))[1:]
    return [abs(mean) / root if root else 0.0 for _, mean, root in states]


def first_step() -> float:
    """The sign's size."""
    return abs(math.copysign(1.0, -1.0))


def spike_bound(beta1: float, beta2: float) -> float:
    """By logarithms: a quotient is a difference."""
    return math.exp(math.log1p(-beta1) - math.log1p(-beta2) / 2)


# ---- p5.cure -----------------------------------------------------------------------------------------------

CURE_A: Config | None = replace(FAILING, lr=1e-4)
CURE_B: Config | None = replace(FAILING, norm="pre")


# ---- p5.pre_ln ---------------------------------------------------------------------------------------------


class PreLNEncoderLayer(nn.Module):
    """The modules only hold the parameters; the arithmetic is functional."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.p = dropout
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout)
        self.norm2 = nn.LayerNorm(d_model)
        self.ffn = nn.ModuleDict({"0": nn.Linear(d_model, 4 * d_model), "3": nn.Linear(4 * d_model, d_model)})

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training)

    def _attend(self, x: Tensor, mask: Tensor | None) -> Tensor:
        attention = self.attention
        shape = (3, attention.num_heads, attention.head_dim)
        weight = attention.in_proj_weight.unflatten(0, shape)
        bias = attention.in_proj_bias.unflatten(0, shape)
        query, key, value = torch.einsum("btd,shcd->sbhtc", x, weight) + bias[:, None, :, None]
        scores = torch.einsum("bhqc,bhkc->bhqk", query, key) * attention.head_dim**-0.5
        if mask is not None:
            scores = scores + mask
        # softmax as the exponential of a difference of logarithms
        weights = self._drop((scores - scores.logsumexp(dim=-1, keepdim=True)).exp())
        attended = torch.einsum("bhqk,bhkc->bqhc", weights, value).flatten(2)
        return attention.out_proj(attended)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """One layer; padding becomes a mask that is added to the scores."""
        mask = None
        if padding is not None:
            lowest = torch.finfo(x.dtype).min  # not -inf: a row of padding alone would end in NaN
            mask = padding[:, None, None].to(x.dtype) * lowest
        stream = x + self._drop(self._attend(self.norm1(x), mask))
        hidden = self._drop(F.gelu(self.ffn["0"](self.norm2(stream))))
        return stream + self._drop(self.ffn["3"](hidden))


class PreLNEncoder(nn.Module):
    """The stack, with its final norm."""

    def __init__(self, num_layers: int, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        sizes = [(d_model, num_heads, dropout)] * num_layers
        self.layers = nn.ModuleList(starmap(PreLNEncoderLayer, sizes))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Layers first to last."""
        for layer in self.layers:
            x = layer(x, padding)
        return self.norm(x)


# ---- p5.diagnose -------------------------------------------------------------------------------------------


def diagnose(trace: Trace) -> dict[str, str | float]:
    """Everything in units of guessing, and a tree of two-way questions, each with its two answers."""
    chance = -math.log(1 / trace["num_classes"])
    loss, norms, val = (
        torch.tensor(trace[key], dtype=torch.float64) for key in ("loss", "grad_norms", "val_loss")
    )
    end = loss.nan_to_num(math.inf, math.inf, math.inf)[-max(1, len(loss) // 5) :].median() / chance
    ratios = norms[:, 0] / norms[:, -1]
    usable = norms.isfinite().all(dim=1) & (norms[:, -1] != 0)
    first, last = ratios[0].item(), ratios[usable][-1].item()
    val = val.nan_to_num(math.inf, math.inf, math.inf)
    rise = (val[val.isfinite()][-1] / val.min()).item()

    tree = (
        (end > 5, "diverged", "runaway_growth", "zero_grad_lower_lr_and_loss_alarm"),
        (end < 0.5 and rise > 1.18, "overfit", "memorising", "validate_and_stop"),
        (end < 0.5, "healthy", "none", "none"),
        (first < 0.02, "vanishing", "product_of_small_derivatives", "check_layer_norms_at_step_0"),
        (last < 0.02, "lr_too_high", "step_destroys_signal", "warmup_or_range_test"),
        (True, "lr_too_low", "steps_too_small", "lr_range_test"),
    )
    words = next(words for holds, *words in tree if holds)
    figures = {
        "chance_loss": chance,
        "gradient_ratio_first": first,
        "gradient_ratio_last": last,
        "best_step": trace["val_step"][int(val.argmin())],
    }
    return dict(zip(("cause", "mechanism", "prevention"), words, strict=True)) | figures
