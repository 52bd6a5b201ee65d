"""p4, captions, loss, block, weights and rates: small classes and closures, float64 inside."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer, lr_scheduler


@dataclass(frozen=True)
class _Swap:
    """Two words that change places."""

    one: int
    other: int

    def __call__(self, word: int) -> int:
        return {self.one: self.other, self.other: self.one}.get(word, word)


def mirror(tokens: Tensor, left_id: int, right_id: int) -> Tensor:
    """Captions (B, T) of images that were mirrored: left and right change places."""
    swap = _Swap(left_id, right_id)
    words = [swap(word) for word in tokens.flatten().tolist()]
    return torch.tensor(words, dtype=tokens.dtype).reshape(tokens.shape)


@dataclass(frozen=True)
class _NextWords:
    """The targets of a batch that count, and what was said before each of them, in float64."""

    said: Tensor  # (n, V), logarithms of probabilities
    targets: Tensor  # (n,)

    @classmethod
    def of(cls, logits: Tensor, captions: Tensor, pad: int) -> _NextWords:
        """Shift, and leave the padding out."""
        targets = captions[:, 1:]
        counts = targets != pad
        return cls(logits[:, :-1][counts].double().log_softmax(dim=-1), targets[counts])

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the targets; 0 if there are none."""
        return values.sum() / max(len(self.targets), 1)

    @property
    def surprise(self) -> Tensor:
        """Mean cross-entropy."""
        return -self.mean(self.said.gather(1, self.targets[:, None]))

    @property
    def evenness(self) -> Tensor:
        """Mean cross-entropy against the even distribution over all words."""
        return -self.mean(self.said.mean(dim=-1))


def caption_loss(
    logits: Tensor, captions: Tensor, pad: int, smoothing: float = 0.0
) -> tuple[Tensor, Tensor | float]:
    """Mean (smoothed) cross-entropy of the next words that are no padding, and the unsmoothed perplexity."""
    words = _NextWords.of(logits, captions, pad)
    loss = (1 - smoothing) * words.surprise + smoothing * words.evenness
    return loss.to(logits.dtype), words.surprise.detach().exp().item()


class CrossAttentionBlock(nn.Module):
    """Pre-LN block: attention from the words to the memory, then a feed-forward net."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.rate = num_heads, dropout
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads)  # keeps the weights
        self.norm2 = nn.LayerNorm(d_model)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * d_model, d_model)
        )

    def forward(self, x: Tensor, memory: Tensor, memory_padding: Tensor | None = None) -> Tensor:
        """Words (B, T, d) and memory (B, S, d), where True in memory_padding hides a place, to (B, T, d)."""
        stream = x.double()
        stream = stream + self._drop(
            self._look(self._norm(self.norm1, stream), memory.double(), memory_padding)
        )
        first, gelu, drop, second = self.ffn
        inner = drop(gelu(self._linear(first, self._norm(self.norm2, stream))))
        return (stream + self._drop(self._linear(second, inner))).to(x.dtype)

    def _look(self, words: Tensor, memory: Tensor, padding: Tensor | None) -> Tensor:
        attention = self.attention
        weights = attention.in_proj_weight.double().chunk(3)
        biases = attention.in_proj_bias.double().chunk(3)
        q, k, v = (
            F.linear(source, weight, bias).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for source, weight, bias in zip((words, memory, memory), weights, biases, strict=True)
        )
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        if padding is not None:
            scores = scores.masked_fill(padding[:, None, None, :], -math.inf)
        seen = self._drop(scores.softmax(dim=-1)) @ v
        return self._linear(attention.out_proj, seen.transpose(1, 2).flatten(2))

    def _drop(self, values: Tensor) -> Tensor:
        return F.dropout(values, self.rate, self.training)

    @staticmethod
    def _linear(layer: nn.Linear, values: Tensor) -> Tensor:
        return F.linear(values, layer.weight.double(), layer.bias.double())

    @staticmethod
    def _norm(layer: nn.LayerNorm, values: Tensor) -> Tensor:
        shape, weight, bias = layer.normalized_shape, layer.weight.double(), layer.bias.double()
        return F.layer_norm(values, shape, weight, bias, layer.eps)


class _Xavier:
    """Sets the parameters of one module, in float64 before they are rounded."""

    def __call__(self, module: nn.Module) -> None:
        for name, parameter in module.named_parameters(recurse=False):
            rule = self._rule(module, name)
            with torch.no_grad():
                parameter.copy_(rule(parameter))

    def _rule(self, module: nn.Module, name: str) -> Callable[[Tensor], Tensor]:
        if "bias" in name:
            return torch.zeros_like
        return torch.ones_like if isinstance(module, nn.LayerNorm) else self._draw

    @staticmethod
    def _draw(matrix: Tensor) -> Tensor:
        bound = math.sqrt(6 / sum(matrix.shape))
        return torch.empty(matrix.shape, dtype=torch.float64).uniform_(-bound, bound)


def initialise(model: nn.Module, new: Sequence[nn.Module]) -> None:
    """Draw the matrices of the new parts by Xavier's rule; biases 0, norms 1 and 0."""
    for part in new:
        part.apply(_Xavier())


@dataclass
class _Group:
    """Parameters of one rate and one decay."""

    lr: float
    weight_decay: float
    params: list[nn.Parameter] = field(default_factory=list)


@dataclass
class _Grouping:
    lr_new: float
    decay: float
    weight_decay: float
    groups: dict[tuple[int, bool], _Group] = field(default_factory=dict)

    def add(self, *parts: nn.Module | nn.Parameter, distance: int, table: bool = False) -> None:
        """Add parts at a distance from the new ones; tables are looked up, and spared the decay."""
        for part in parts:
            for parameter in [part] if isinstance(part, nn.Parameter) else part.parameters():
                self._group(distance, parameter.ndim >= 2 and not table).params.append(parameter)

    def _group(self, distance: int, decayed: bool) -> _Group:
        rate = self.lr_new * self.decay**distance
        return self.groups.setdefault(
            (distance, decayed), _Group(rate, self.weight_decay if decayed else 0.0)
        )


def groups(model: nn.Module, lr_new: float, decay: float, weight_decay: float) -> list[dict[str, object]]:
    """Groups by distance from the new parts, and by whether weight decay acts."""
    grouping = _Grouping(lr_new, decay, weight_decay)
    grouping.add(model.projection, model.cross, distance=0)
    for stack in (model.encoder, model.decoder):
        n = len(stack.layers)
        for k, layer in enumerate(stack.layers):
            grouping.add(layer, distance=n - k)
        grouping.add(stack.norm, distance=1)
        grouping.add(stack.positions, distance=n + 1, table=True)
    bottom = len(model.encoder.layers) + 1
    grouping.add(model.encoder.patch_embedding, distance=bottom)
    grouping.add(model.encoder.cls, distance=bottom, table=True)
    grouping.add(model.decoder.tokens, distance=len(model.decoder.layers) + 1, table=True)
    return [vars(group) for group in grouping.groups.values()]


@dataclass(frozen=True)
class _WarmupCosine:
    """The share of the peak at a step."""

    total: int
    warmup: int
    floor: float

    def __call__(self, s: int) -> float:
        if s < self.warmup:
            return s / self.warmup
        if s >= self.total:
            return self.floor
        angle = math.pi * (s - self.warmup) / (self.total - self.warmup)
        return self.floor + (1 - self.floor) * (1 + math.cos(angle)) / 2


def schedule(optimizer: Optimizer, total: int, warmup: int, floor: float = 0.1) -> lr_scheduler.LRScheduler:
    """Linear warm-up, then a cosine to the share ``floor`` of each group's own peak."""
    return lr_scheduler.LambdaLR(optimizer, _WarmupCosine(total, warmup, floor))
