"""Why a 12-layer transformer does not train: loops, running values, early returns, sums made in place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from given import FAILING, Config, Trace
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p5.grad_norms -----------------------------------------------------------------------------------------


def grad_norms(layers: Sequence[nn.Module]) -> torch.Tensor:
    """Add the squares into a buffer, then take its roots in place."""
    squares = torch.zeros(len(layers), dtype=torch.float64)
    for total, layer in zip(squares, layers, strict=True):
        for parameter in layer.parameters():
            if parameter.grad is None:
                continue
            total.add_(parameter.grad.double().square_().sum())
    return squares.sqrt_().float()


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
    """Add up weights and biases part by part."""
    count = 4 * (d_model * d_model + d_model)  # query, key, value, output
    count += d_model * d_ff + d_ff
    count += d_ff * d_model + d_model
    count += 2 * (d_model + d_model)  # two norms
    count *= layers
    if vocabulary:
        count += vocabulary * d_model
        count += positions * d_model
        count += segments * d_model
        count += 2 * d_model
    if pooler:
        count += d_model * d_model + d_model
    return count


def parameters_per_sample(parameters: int, samples: int) -> float:
    """Parameters for each sample."""
    if samples == 0:
        raise ValueError("no sample to divide by")
    return parameters / samples


def early_stop(log: list[tuple[int, float]], patience: int) -> tuple[int, int]:
    """Walk along the log with the place of the last improvement in hand."""
    if not log:
        raise ValueError("nothing was evaluated")
    best, best_at = math.inf, -1
    for at, (step, loss) in enumerate(log):
        if -math.inf < loss < best:
            best, best_at = loss, at
            continue
        if at - best_at >= patience:
            return step, log[max(best_at, 0)][0]
    return log[-1][0], log[max(best_at, 0)][0]


FIXES: set[str] | None = {"more_data", "augment_text", "pretrained_encoder"}
FIXES |= {"smaller_model", "dropout_or_decay"}
FIXES.add("early_stopping_with_restore")


# ---- p5.adam_bound -----------------------------------------------------------------------------------------


def adam_update(grads: list[float], beta1: float, beta2: float) -> list[float]:
    """Both averages as quotients of running sums, so that the corrections fall out by themselves."""
    steps = [0.0] * len(grads)
    total = weight = 0.0  # of the gradients
    root = squares_weight = 0.0  # of their squares; root is the root of the sum, which cannot underflow
    decay = math.sqrt(beta2)
    for at, grad in enumerate(grads):
        total = beta1 * total + grad
        weight = beta1 * weight + 1
        root = math.hypot(decay * root, grad)
        squares_weight = beta2 * squares_weight + 1
        if root == 0:
            continue
        steps[at] = abs(total) / weight / root * math.sqrt(squares_weight)
    return steps


def first_step() -> float:
    """The averages of one gradient are itself and its square."""
    return adam_update([1.0], 0.9, 0.999)[0]


def spike_bound(beta1: float, beta2: float) -> float:
    """(1 - beta1) g over sqrt((1 - beta2) g^2)."""
    return (1 - beta1) * (1 - beta2) ** -0.5


# ---- p5.cure -----------------------------------------------------------------------------------------------

CURE_A: Config | None = replace(FAILING, lr=3e-4)
CURE_B: Config | None = replace(FAILING, warmup_steps=120)


# ---- p5.pre_ln ---------------------------------------------------------------------------------------------


class PreLNEncoderLayer(nn.Module):
    """A Pre-LN layer whose sublayers' results take up the stream in place."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout, batch_first=True)
        self.norm2 = nn.LayerNorm(d_model)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * d_model, d_model),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """The stream itself is never written to: gradients, and the caller, still need it."""
        normed = self.norm1(x)
        attended = self.attention(normed, normed, normed, padding, need_weights=False)[0]
        stream = F.dropout(attended, self.dropout, self.training).add(x)
        return self.ffn(self.norm2(stream)).add_(stream)


class PreLNEncoder(nn.Module):
    """Layers built one by one, and a final norm."""

    def __init__(self, num_layers: int, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(num_layers):
            self.layers.append(PreLNEncoderLayer(d_model, num_heads, dropout))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Layer after layer."""
        for layer in self.layers:
            x = layer(x, padding)
        return self.norm(x)


# ---- p5.diagnose -------------------------------------------------------------------------------------------


def _ending(losses: list[float]) -> float:
    """The median of the last fifth; what is not finite counts as endless."""
    tail = losses[-max(1, len(losses) // 5) :]
    for at, loss in enumerate(tail):
        if not math.isfinite(loss):
            tail[at] = math.inf
    tail.sort()
    return tail[len(tail) // 2]


def _words(
    end: float, turned: bool, ratio_first: float, ratio_last: float, chance: float
) -> tuple[str, str, str]:
    """The first case that fits; a network that learned is not asked for its gradients."""
    if end > 4 * chance:
        return "diverged", "runaway_growth", "zero_grad_lower_lr_and_loss_alarm"
    if end < 0.5 * chance:
        if turned:
            return "overfit", "memorising", "validate_and_stop"
        return "healthy", "none", "none"
    if ratio_first < 0.01:
        return "vanishing", "product_of_small_derivatives", "check_layer_norms_at_step_0"
    if ratio_last < 0.01:
        return "lr_too_high", "step_destroys_signal", "warmup_or_range_test"
    return "lr_too_low", "steps_too_small", "lr_range_test"


def diagnose(trace: Trace) -> dict[str, str | float]:
    """What went wrong, told from losses, gradients and validation."""
    norms = trace["grad_norms"]
    ratio_first = ratio_last = norms[0][0] / norms[0][-1]
    for row in reversed(norms):
        if all(math.isfinite(norm) for norm in row) and row[-1] != 0:
            ratio_last = row[0] / row[-1]
            break

    least, best_step, latest = math.inf, trace["val_step"][0], math.inf
    for step, loss in zip(trace["val_step"], trace["val_loss"], strict=True):
        if math.isnan(loss):
            continue
        latest = loss
        if loss < least:
            least, best_step = loss, step

    chance = math.log(trace["num_classes"])
    words = _words(_ending(trace["loss"]), latest > 1.15 * least, ratio_first, ratio_last, chance)
    return {
        "cause": words[0],
        "mechanism": words[1],
        "prevention": words[2],
        "chance_loss": chance,
        "gradient_ratio_first": ratio_first,
        "gradient_ratio_last": ratio_last,
        "best_step": best_step,
    }
