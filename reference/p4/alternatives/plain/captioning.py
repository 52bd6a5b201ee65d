"""p4, captions, loss, block, first weights and rates: idiomatic torch, the shortest clear code."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer, lr_scheduler


def mirror(tokens: Tensor, left_id: int, right_id: int) -> Tensor:
    """Captions (B, T) of images that were mirrored: left and right change places."""
    return torch.where(tokens == left_id, right_id, torch.where(tokens == right_id, left_id, tokens))


def caption_loss(
    logits: Tensor, captions: Tensor, pad: int, smoothing: float = 0.0
) -> tuple[Tensor, Tensor | float]:
    """Mean (smoothed) cross-entropy of the next words that are no padding, and the unsmoothed perplexity."""
    targets = captions[:, 1:]
    counts = targets != pad
    said, targets = logits[:, :-1][counts], targets[counts]
    n = max(len(targets), 1)
    loss = F.cross_entropy(said, targets, reduction="sum", label_smoothing=smoothing) / n
    with torch.no_grad():
        perplexity = (F.cross_entropy(said, targets, reduction="sum") / n).exp()
    return loss, perplexity


class CrossAttentionBlock(nn.Module):
    """Pre-LN block: attention from the words to the memory, then a feed-forward net."""

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

    def forward(self, x: Tensor, memory: Tensor, memory_padding: Tensor | None = None) -> Tensor:
        """Words (B, T, d) and memory (B, S, d), where True in memory_padding hides a place, to (B, T, d)."""
        seen, _ = self.attention(
            self.norm1(x), memory, memory, key_padding_mask=memory_padding, need_weights=False
        )
        x = x + self.dropout(seen)
        return x + self.ffn(self.norm2(x))


def initialise(model: nn.Module, new: Sequence[nn.Module]) -> None:
    """Draw the matrices of the new parts by Xavier's rule; biases 0, norms 1 and 0."""
    for part in new:
        for module in part.modules():
            for name, parameter in module.named_parameters(recurse=False):
                if "bias" in name:
                    nn.init.zeros_(parameter)
                elif isinstance(module, nn.LayerNorm):
                    nn.init.ones_(parameter)
                else:
                    nn.init.xavier_uniform_(parameter)


def _distances(model: nn.Module) -> Iterator[tuple[nn.Parameter, int]]:
    """Every parameter with its distance from the new parts."""
    for new in (model.projection, model.cross):
        yield from ((parameter, 0) for parameter in new.parameters())
    for stack in (model.encoder, model.decoder):
        n = len(stack.layers)
        of_layer = {p: n - k for k, layer in enumerate(stack.layers) for p in layer.parameters()}
        known = of_layer | dict.fromkeys(stack.norm.parameters(), 1)
        # What is neither in a layer nor in the norm lies below them; the tied head is listed once.
        for parameter in stack.parameters():
            yield parameter, known.get(parameter, n + 1)


def groups(model: nn.Module, lr_new: float, decay: float, weight_decay: float) -> list[dict[str, object]]:
    """Groups by distance from the new parts, and by whether weight decay acts."""
    tables = {
        model.encoder.cls,
        model.encoder.positions,
        model.decoder.positions.weight,
        model.decoder.tokens.weight,
    }
    members = defaultdict(list)
    for parameter, distance in _distances(model):
        decayed = parameter.ndim >= 2 and parameter not in tables
        members[distance, decayed].append(parameter)
    return [
        {"params": params, "lr": lr_new * decay**distance, "weight_decay": weight_decay if decayed else 0.0}
        for (distance, decayed), params in members.items()
    ]


def schedule(optimizer: Optimizer, total: int, warmup: int, floor: float = 0.1) -> lr_scheduler.LRScheduler:
    """Linear warm-up, then a cosine to the share ``floor`` of each group's own peak."""

    def factor(s: int) -> float:
        if s < warmup:
            return s / warmup
        if s >= total:
            return floor
        return floor + (1 - floor) * (1 + math.cos(math.pi * (s - warmup) / (total - warmup))) / 2

    return lr_scheduler.LambdaLR(optimizer, factor)
