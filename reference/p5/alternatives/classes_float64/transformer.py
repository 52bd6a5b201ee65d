"""Why a 12-layer transformer does not train: small classes that compute in float64 and cast back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import torch
from given import FAILING, Config, Trace
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p5.grad_norms -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerGradient:
    """The gradients of one layer."""

    parts: tuple[Tensor, ...]

    @classmethod
    def of(cls, layer: nn.Module) -> LayerGradient:
        """Those that there are; a parameter without one counts as zero."""
        return cls(tuple(one.grad.detach() for one in layer.parameters() if one.grad is not None))

    @property
    def norm(self) -> float:
        """Root of the sum of all squares."""
        return math.sqrt(sum(part.double().square().sum().item() for part in self.parts))


def grad_norms(layers: Sequence[nn.Module]) -> torch.Tensor:
    """One norm a layer."""
    return torch.tensor([LayerGradient.of(layer).norm for layer in layers], dtype=torch.float64).float()


# ---- p5.capacity -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Linear:
    """A matrix and a bias."""

    inputs: int
    outputs: int

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.inputs * self.outputs + self.outputs


@dataclass(frozen=True)
class Encoder:
    """Sizes of an encoder."""

    layers: int
    d_model: int
    d_ff: int

    @property
    def norm(self) -> int:
        """Weight and bias of a LayerNorm."""
        return 2 * self.d_model

    @property
    def projection(self) -> int:
        """A Linear from d_model to d_model."""
        return Linear(self.d_model, self.d_model).size

    @property
    def layer(self) -> int:
        """Attention, feed-forward net and two norms."""
        ffn = Linear(self.d_model, self.d_ff).size + Linear(self.d_ff, self.d_model).size
        return 4 * self.projection + ffn + 2 * self.norm

    def tables(self, *rows: int) -> int:
        """Embeddings, and the norm on their sum."""
        return sum(rows) * self.d_model + self.norm


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
    """Parameters of an encoder with what stands before and behind its layers."""
    encoder = Encoder(layers, d_model, d_ff)
    before = encoder.tables(vocabulary, positions, segments) if vocabulary > 0 else 0
    behind = encoder.projection if pooler else 0
    return before + layers * encoder.layer + behind


def parameters_per_sample(parameters: int, samples: int) -> float:
    """Parameters divided by samples."""
    try:
        return parameters / samples
    except ZeroDivisionError:
        raise ValueError("there are no samples") from None


@dataclass
class Watch:
    """Early stopping over a finished log."""

    patience: int
    best: float = math.inf
    restored: int | None = None
    waited: int = 0

    def stops(self, step: int, loss: float) -> bool:
        """Take note of one evaluation."""
        self.waited += 1
        if math.isfinite(loss) and loss < self.best:
            self.best, self.restored, self.waited = loss, step, 0
        return self.waited >= self.patience


def early_stop(log: list[tuple[int, float]], patience: int) -> tuple[int, int]:
    """Step of the stop, and step restored."""
    if not log:
        raise ValueError("no evaluations")
    watch = Watch(patience)
    stop = next((step for step, loss in log if watch.stops(step, loss)), log[-1][0])
    return stop, log[0][0] if watch.restored is None else watch.restored


FIXES: set[str] | None = {
    *("more_data", "augment_text"),  # more to learn
    *("smaller_model", "dropout_or_decay"),  # less to store it in
    *("pretrained_encoder", "early_stopping_with_restore"),  # good weights before and after
}


# ---- p5.adam_bound -----------------------------------------------------------------------------------------


@dataclass
class Average:
    """A running average that is corrected for having started at zero."""

    beta: float
    value: float = 0.0
    missing: float = 1.0

    def add(self, number: float) -> float:
        """The corrected average after one more number."""
        self.value = self.beta * self.value + (1 - self.beta) * number
        self.missing *= self.beta
        return self.value / (1 - self.missing)


@dataclass
class RootMeanSquare:
    """The same for squares; it carries roots, because squares of tiny numbers underflow."""

    beta: float
    root: float = 0.0
    missing: float = 1.0

    def add(self, number: float) -> float:
        """Root of the corrected average of squares."""
        self.root = math.hypot(math.sqrt(self.beta) * self.root, math.sqrt(1 - self.beta) * number)
        self.missing *= self.beta
        return self.root / math.sqrt(1 - self.missing)


@dataclass
class Adam:
    """Adam on one weight, in units of the rate."""

    beta1: float
    beta2: float
    mean: Average = field(init=False)
    rms: RootMeanSquare = field(init=False)

    def __post_init__(self) -> None:
        self.mean, self.rms = Average(self.beta1), RootMeanSquare(self.beta2)

    def step(self, grad: float) -> float:
        """Length of the step at this gradient."""
        above, below = abs(self.mean.add(grad)), self.rms.add(grad)
        return above / below if below > 0 else 0.0


def adam_update(grads: list[float], beta1: float, beta2: float) -> list[float]:
    """|step| / lr at every gradient."""
    adam = Adam(beta1, beta2)
    return [adam.step(float(grad)) for grad in grads]


def first_step() -> float:
    """Mean and root are the same after a single gradient."""
    return 1.0


def spike_bound(beta1: float, beta2: float) -> float:
    """The limit of a spike after silence."""
    return (1.0 - beta1) / math.sqrt(1.0 - beta2)


# ---- p5.cure -----------------------------------------------------------------------------------------------

CURE_A: Config | None = replace(FAILING, norm="pre")
CURE_B: Config | None = replace(FAILING, warmup_steps=110)


# ---- p5.pre_ln ---------------------------------------------------------------------------------------------


class ExactNorm(nn.LayerNorm):
    """LayerNorm in float64."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise over the features."""
        return F.layer_norm(x.double(), self.normalized_shape, self.weight.double(), self.bias.double(), 1e-5)


class ExactLinear(nn.Linear):
    """Linear in float64."""

    def forward(self, x: Tensor) -> Tensor:
        """x A^T + b."""
        return F.linear(x, self.weight.double(), self.bias.double())


class ExactAttention(nn.Module):
    """Self-attention in float64."""

    def __init__(self, d_model: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads, self.p = num_heads, dropout
        self.in_proj_weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(3 * d_model, d_model)))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * d_model))
        self.out_proj = ExactLinear(d_model, d_model)

    def forward(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        """x (B, T, d); allowed (B, 1, 1, T), True for keys that may be read."""
        projected = F.linear(x, self.in_proj_weight.double(), self.in_proj_bias.double())
        heads = projected.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        p = self.p if self.training else 0.0
        attended = F.scaled_dot_product_attention(*heads, attn_mask=allowed, dropout_p=p)
        return self.out_proj(attended.transpose(1, 2).flatten(2))


class PreLNEncoderLayer(nn.Module):
    """A Pre-LN layer that computes in float64 between float32 parameters and float32 results."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = ExactNorm(d_model)
        self.attention = ExactAttention(d_model, num_heads, dropout)
        self.drop = nn.Dropout(dropout)
        self.norm2 = ExactNorm(d_model)
        self.ffn = nn.Sequential(
            ExactLinear(d_model, 4 * d_model),
            nn.GELU(),
            nn.Dropout(dropout),
            ExactLinear(4 * d_model, d_model),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """One layer, in the precision of x."""
        allowed = None if padding is None else ~padding[:, None, None, :]
        stream = x.double() + self.drop(self.attention(self.norm1(x), allowed))
        return (stream + self.ffn(self.norm2(stream))).to(x.dtype)


class PreLNEncoder(nn.Module):
    """A stack of layers, each drawn by itself, and a norm."""

    def __init__(self, num_layers: int, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(PreLNEncoderLayer(d_model, num_heads, dropout) for _ in range(num_layers))
        self.norm = ExactNorm(d_model)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """The whole stack, in the precision of x."""
        stream = x.double()
        for layer in self.layers:
            stream = layer(stream, padding)
        return self.norm(stream).to(x.dtype)


# ---- p5.diagnose -------------------------------------------------------------------------------------------


class Cause(Enum):
    """A cause, its mechanism and its prevention."""

    DIVERGED = ("diverged", "runaway_growth", "zero_grad_lower_lr_and_loss_alarm")
    HEALTHY = ("healthy", "none", "none")
    LR_TOO_HIGH = ("lr_too_high", "step_destroys_signal", "warmup_or_range_test")
    LR_TOO_LOW = ("lr_too_low", "steps_too_small", "lr_range_test")
    OVERFIT = ("overfit", "memorising", "validate_and_stop")
    VANISHING = ("vanishing", "product_of_small_derivatives", "check_layer_norms_at_step_0")


@dataclass(frozen=True)
class Reading:
    """What can be read off a trace."""

    trace: Trace

    @property
    def chance(self) -> float:
        """Loss of guessing."""
        return math.log(self.trace["num_classes"])

    @property
    def end(self) -> float:
        """Median of the last fifth of the losses, in units of guessing."""
        losses = torch.tensor(self.trace["loss"], dtype=torch.float64).nan_to_num(
            math.inf, math.inf, math.inf
        )
        return losses[-max(1, len(losses) // 5) :].median().item() / self.chance

    def ratio(self, at: int) -> float:
        """First layer's gradient norm over the last layer's."""
        norms = self.trace["grad_norms"][at]
        return norms[0] / norms[-1]

    @property
    def last_usable(self) -> int:
        """The last row that has a ratio."""
        rows = enumerate(self.trace["grad_norms"])
        return max(at for at, norms in rows if norms[-1] != 0 and all(map(math.isfinite, norms)))

    @property
    def validation(self) -> list[tuple[float, int]]:
        """Finite validation losses and their steps, in the order of time."""
        pairs = zip(self.trace["val_loss"], self.trace["val_step"], strict=True)
        return [(loss, step) for loss, step in pairs if math.isfinite(loss)]

    @property
    def cause(self) -> Cause:
        """The cause, by the handout's order of questions."""
        if self.end > 5:
            return Cause.DIVERGED
        if self.end < 0.5:
            turned = self.validation[-1][0] > 1.2 * min(self.validation)[0]
            return Cause.OVERFIT if turned else Cause.HEALTHY
        if self.ratio(0) < 0.02:
            return Cause.VANISHING
        return Cause.LR_TOO_HIGH if self.ratio(self.last_usable) < 0.02 else Cause.LR_TOO_LOW


def diagnose(trace: Trace) -> dict[str, str | float]:
    """Three words and four figures."""
    reading = Reading(trace)
    cause, mechanism, prevention = reading.cause.value
    return {
        "cause": cause,
        "mechanism": mechanism,
        "prevention": prevention,
        "chance_loss": reading.chance,
        "gradient_ratio_first": reading.ratio(0),
        "gradient_ratio_last": reading.ratio(reading.last_usable),
        "best_step": min(reading.validation)[1],
    }
