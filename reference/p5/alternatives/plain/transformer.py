"""Why a 12-layer transformer does not train, in plain PyTorch and plain Python: the shortest clear code."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

import torch
from given import FAILING, Config, Trace
from torch import Tensor, nn

# ---- p5.grad_norms -----------------------------------------------------------------------------------------


def grad_norms(layers: Sequence[nn.Module]) -> torch.Tensor:
    """One L2 norm over all gradients of each layer."""
    norms = torch.zeros(len(layers))
    for at, layer in enumerate(layers):
        gradients = [one.grad.flatten() for one in layer.parameters() if one.grad is not None]
        if gradients:
            norms[at] = torch.cat(gradients).norm()
    return norms


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
    """Six Linears and two norms a layer, and perhaps embeddings and a pooler; heads cost nothing."""

    def linear(inputs: int, outputs: int) -> int:
        return (inputs + 1) * outputs

    norm = 2 * d_model
    layer = 4 * linear(d_model, d_model) + linear(d_model, d_ff) + linear(d_ff, d_model) + 2 * norm
    total = layers * layer
    if vocabulary > 0:
        total += (vocabulary + positions + segments) * d_model + norm
    if pooler:
        total += linear(d_model, d_model)
    return total


def parameters_per_sample(parameters: int, samples: int) -> float:
    """Their ratio."""
    if samples < 1:
        raise ValueError("there is no sample")
    return parameters / samples


def early_stop(log: list[tuple[int, float]], patience: int) -> tuple[int, int]:
    """Step at which the run would have ended, and step of the last improvement."""
    if not log:
        raise ValueError("the log is empty")
    best, restored, waited = math.inf, log[0][0], 0
    for step, loss in log:
        if math.isfinite(loss) and loss < best:
            best, restored, waited = loss, step, 0
        else:
            waited += 1
        if waited == patience:
            return step, restored
    return log[-1][0], restored


FIXES: set[str] | None = {
    "augment_text",
    "dropout_or_decay",
    "early_stopping_with_restore",
    "more_data",
    "pretrained_encoder",
    "smaller_model",
}


# ---- p5.adam_bound -----------------------------------------------------------------------------------------


def adam_update(grads: list[float], beta1: float, beta2: float) -> list[float]:
    """|step| / lr of Adam with eps = 0."""
    mean, root = 0.0, 0.0
    steps = []
    for t, grad in enumerate(grads, start=1):
        mean = beta1 * mean + (1 - beta1) * grad
        # The root itself is carried: the square of a tiny gradient would underflow.
        root = math.hypot(math.sqrt(beta2) * root, math.sqrt(1 - beta2) * grad)
        correction = math.sqrt(1 - beta2**t) / (1 - beta1**t)
        steps.append(abs(mean) / root * correction if root > 0 else 0.0)
    return steps


def first_step() -> float:
    """g / sqrt(g^2)."""
    return 1.0


def spike_bound(beta1: float, beta2: float) -> float:
    """After endless zeros both corrections are 1."""
    return (1 - beta1) / math.sqrt(1 - beta2)


# ---- p5.cure -----------------------------------------------------------------------------------------------

CURE_A: Config | None = replace(FAILING, norm="pre")
CURE_B: Config | None = replace(FAILING, lr=1e-3)


# ---- p5.pre_ln ---------------------------------------------------------------------------------------------


class PreLNEncoderLayer(nn.Module):
    """Each sublayer reads a normalised stream and adds to the stream as it was."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout=dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.norm2 = nn.LayerNorm(d_model)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * d_model, d_model),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """x (B, T, d); padding (B, T), True where a token must not be attended to."""
        normed = self.norm1(x)
        attended, _ = self.attention(normed, normed, normed, key_padding_mask=padding, need_weights=False)
        x = x + self.dropout(attended)
        return x + self.ffn(self.norm2(x))


class PreLNEncoder(nn.Module):
    """Layers with weights of their own, and a final norm."""

    def __init__(self, num_layers: int, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(PreLNEncoderLayer(d_model, num_heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """The whole stack."""
        for layer in self.layers:
            x = layer(x, padding)
        return self.norm(x)


# ---- p5.diagnose -------------------------------------------------------------------------------------------

WORDS = {
    "diverged": ("runaway_growth", "zero_grad_lower_lr_and_loss_alarm"),
    "healthy": ("none", "none"),
    "lr_too_high": ("step_destroys_signal", "warmup_or_range_test"),
    "lr_too_low": ("steps_too_small", "lr_range_test"),
    "overfit": ("memorising", "validate_and_stop"),
    "vanishing": ("product_of_small_derivatives", "check_layer_norms_at_step_0"),
}


def diagnose(trace: Trace) -> dict[str, str | float]:
    """Cause, mechanism and prevention, and the figures that they were read off from."""
    chance = math.log(trace["num_classes"])
    losses = trace["loss"]
    tail = losses[-max(1, len(losses) // 5) :]
    end = statistics.median(loss if math.isfinite(loss) else math.inf for loss in tail)

    usable = [row for row in trace["grad_norms"] if all(map(math.isfinite, row)) and row[-1] != 0]
    first, last = trace["grad_norms"][0], usable[-1]
    ratio_first, ratio_last = first[0] / first[-1], last[0] / last[-1]

    validations = [
        (loss, step)
        for loss, step in zip(trace["val_loss"], trace["val_step"], strict=True)
        if math.isfinite(loss)
    ]
    least, best_step = min(validations)

    if not end <= 5 * chance:
        cause = "diverged"
    elif end < 0.5 * chance:
        cause = "overfit" if validations[-1][0] > 1.2 * least else "healthy"
    elif ratio_first < 0.02:
        cause = "vanishing"
    elif ratio_last < 0.02:
        cause = "lr_too_high"
    else:
        cause = "lr_too_low"

    mechanism, prevention = WORDS[cause]
    return {
        "cause": cause,
        "mechanism": mechanism,
        "prevention": prevention,
        "chance_loss": chance,
        "gradient_ratio_first": ratio_first,
        "gradient_ratio_last": ratio_last,
        "best_step": best_step,
    }
