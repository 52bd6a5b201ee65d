"""Why a 12-layer transformer does not train: NumPy for logs and norms, attention written out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from given import Config, Trace
from torch import Tensor, nn

# ---- p5.grad_norms -----------------------------------------------------------------------------------------


def _norm(layer: nn.Module) -> float:
    """Length of all gradients of a layer, laid end to end."""
    gradients = [one.grad.numpy(force=True).ravel() for one in layer.parameters() if one.grad is not None]
    return float(np.linalg.norm(np.concatenate([np.zeros(1), *gradients])))


def grad_norms(layers: Sequence[nn.Module]) -> torch.Tensor:
    """One norm a layer, computed in double precision."""
    return torch.from_numpy(np.array([_norm(layer) for layer in layers], dtype=np.float32))


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
    """Shapes first, then their sizes; Python's whole numbers, because NumPy's end at 64 bits."""
    square, norm = [(d_model, d_model), (d_model,)], [(d_model,), (d_model,)]
    layer = [*4 * square, (d_ff, d_model), (d_ff,), (d_model, d_ff), (d_model,), *2 * norm]
    count = layers * sum(map(math.prod, layer))
    if vocabulary > 0:
        tables = [(rows, d_model) for rows in (vocabulary, positions, segments)]
        count += sum(map(math.prod, tables + norm))
    return count + sum(map(math.prod, square)) if pooler else count


def parameters_per_sample(parameters: int, samples: int) -> float:
    """Parameters for each training sample."""
    if not samples:
        raise ValueError("division by no samples")
    return float(parameters / samples)


def early_stop(log: list[tuple[int, float]], patience: int) -> tuple[int, int]:
    """Improvements are falls of the running minimum; their distances are compared with the patience."""
    if not log:
        raise ValueError("an empty log")
    losses = np.array([loss for _, loss in log], dtype=np.float64)
    losses[~np.isfinite(losses)] = np.inf
    running = np.minimum.accumulate(losses)
    improved = running < np.append(np.inf, running[:-1])
    places = np.arange(len(log))
    latest = np.maximum.accumulate(np.where(improved, places, -1))
    stops = np.flatnonzero(places - latest >= patience)
    end = int(stops[0]) if stops.size else len(log) - 1
    return log[end][0], log[max(int(latest[end]), 0)][0]


FIXES: set[str] | None = {
    "augment_text",
    "dropout_or_decay",
    "early_stopping_with_restore",
    "label_smoothing",
    "more_data",
    "pretrained_encoder",
    "smaller_model",
}


# ---- p5.adam_bound -----------------------------------------------------------------------------------------


def adam_update(grads: list[float], beta1: float, beta2: float) -> list[float]:
    """Running averages by accumulate, corrections and quotients for all steps at once."""
    decay, rise = math.sqrt(beta2), math.sqrt(1 - beta2)
    means = accumulate(grads, lambda mean, grad: beta1 * mean + (1 - beta1) * grad, initial=0.0)
    # hypot keeps the root instead of the square, which would underflow
    roots = accumulate(grads, lambda root, grad: math.hypot(decay * root, rise * grad), initial=0.0)
    mean, root = np.array(list(means)[1:]), np.array(list(roots)[1:])
    t = np.arange(1, len(grads) + 1)
    ratio = np.divide(np.abs(mean), root, out=np.zeros_like(root), where=root > 0)
    return (ratio * np.sqrt(1 - beta2**t) / (1 - beta1**t)).tolist()


def first_step() -> float:
    """Any gradient over its own size."""
    return 1.0


def spike_bound(beta1: float, beta2: float) -> float:
    """What is left when both corrections are 1."""
    return float(np.divide(1 - beta1, np.sqrt(1 - beta2)))


# ---- p5.cure -----------------------------------------------------------------------------------------------

CURE_A: Config | None = Config(norm="post", lr=1e-2, warmup_steps=120, clip_norm=None, dropout=0.0)
CURE_B: Config | None = Config(norm="pre", lr=1e-2, warmup_steps=0, clip_norm=None, dropout=0.0)


# ---- p5.pre_ln ---------------------------------------------------------------------------------------------


class SelfAttention(nn.Module):
    """Multi-head self-attention with the parameters of nn.MultiheadAttention."""

    def __init__(self, d_model: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * d_model, d_model))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * d_model))
        nn.init.xavier_uniform_(self.in_proj_weight)
        self.out_proj = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, padding: Tensor | None) -> Tensor:
        """x (B, T, d) to (B, T, d)."""
        size = x.shape[-1] // self.num_heads
        projected = x @ self.in_proj_weight.T + self.in_proj_bias
        query, key, value = (
            part.unflatten(-1, (self.num_heads, size)).transpose(1, 2) for part in projected.chunk(3, dim=-1)
        )
        scores = query @ key.transpose(-2, -1) / math.sqrt(size)
        if padding is not None:
            scores = scores.masked_fill(padding[:, None, None, :], -math.inf)
        weights = self.dropout(scores.softmax(dim=-1))
        return self.out_proj((weights @ value).transpose(1, 2).flatten(2))


class PreLNEncoderLayer(nn.Module):
    """Attention and feed-forward net, each behind a norm of its own, each added to the stream."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.attention = SelfAttention(d_model, num_heads, dropout)
        self.drop = nn.Dropout(dropout)
        widen, narrow = nn.Linear(d_model, 4 * d_model), nn.Linear(4 * d_model, d_model)
        self.ffn = nn.Sequential(widen, nn.GELU(), nn.Dropout(dropout), narrow, nn.Dropout(dropout))

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """One layer."""
        x = x + self.drop(self.attention(self.norm1(x), padding))
        return x + self.ffn(self.norm2(x))


class PreLNEncoder(nn.Module):
    """The stack."""

    def __init__(self, num_layers: int, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [PreLNEncoderLayer(d_model, num_heads, dropout) for _ in range(num_layers)]
        )
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """All layers, then the norm."""
        for layer in self.layers:
            x = layer(x, padding)
        return self.norm(x)


# ---- p5.diagnose -------------------------------------------------------------------------------------------

TABLE = (
    ("diverged", "runaway_growth", "zero_grad_lower_lr_and_loss_alarm"),
    ("overfit", "memorising", "validate_and_stop"),
    ("healthy", "none", "none"),
    ("vanishing", "product_of_small_derivatives", "check_layer_norms_at_step_0"),
    ("lr_too_high", "step_destroys_signal", "warmup_or_range_test"),
    ("lr_too_low", "steps_too_small", "lr_range_test"),
)


def diagnose(trace: Trace) -> dict[str, str | float]:
    """Losses in units of guessing; np.select asks for the causes in TABLE's order."""
    chance = float(np.log(trace["num_classes"]))
    loss, norms, val = (np.array(trace[key], dtype=np.float64) for key in ("loss", "grad_norms", "val_loss"))
    loss[~np.isfinite(loss)] = np.inf
    end = np.sort(loss[-max(1, len(loss) // 5) :] / chance)
    end = end[len(end) // 2]

    usable = norms[np.isfinite(norms).all(axis=1) & (norms[:, -1] != 0)]
    first, last = norms[0, 0] / norms[0, -1], usable[-1, 0] / usable[-1, -1]
    finite = val[np.isfinite(val)]
    learned = end < 0.5
    conditions = (
        end > 5,
        learned and finite[-1] > 1.2 * finite.min(),
        learned,
        first < 0.02,
        last < 0.02,
    )
    row = int(np.select(conditions, range(len(conditions)), len(conditions)))
    cause, mechanism, prevention = TABLE[row]
    return {
        "cause": cause,
        "mechanism": mechanism,
        "prevention": prevention,
        "chance_loss": chance,
        "gradient_ratio_first": float(first),
        "gradient_ratio_last": float(last),
        "best_step": trace["val_step"][int(np.nanargmin(val))],
    }
