"""p4, captions, loss, block, weights and rates: buffers changed in place, plain loops, early returns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer, lr_scheduler


def mirror(tokens: Tensor, left_id: int, right_id: int) -> Tensor:
    """Captions (B, T) of images that were mirrored: left and right change places."""
    was_left = tokens == left_id  # has to be known before any "right" becomes "left"
    mirrored = tokens.clone()
    mirrored.masked_fill_(mirrored == right_id, left_id)
    return mirrored.masked_fill_(was_left, right_id)


def caption_loss(
    logits: Tensor, captions: Tensor, pad: int, smoothing: float = 0.0
) -> tuple[Tensor, Tensor | float]:
    """Mean (smoothed) cross-entropy of the next words that are no padding, and the unsmoothed perplexity."""
    number = int((captions[:, 1:] != pad).sum())
    if number == 0:
        return (logits * 0).sum(), 1.0  # still hangs on the logits, so that backward works

    loss, plain = logits.new_zeros(()), logits.new_zeros(())
    for said, words in zip(logits, captions, strict=True):
        said, targets = said[:-1], words[1:]
        loss += F.cross_entropy(said, targets, ignore_index=pad, reduction="sum", label_smoothing=smoothing)
        plain += F.cross_entropy(said.detach(), targets, ignore_index=pad, reduction="sum")
    loss /= number
    plain /= number
    return loss, plain.exp_()


class CrossAttentionBlock(nn.Module):
    """Pre-LN block: attention from the words to the memory, then a feed-forward net."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.rate = dropout
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout=dropout)
        self.norm2 = nn.LayerNorm(d_model)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * d_model, d_model)
        )

    def forward(self, x: Tensor, memory: Tensor, memory_padding: Tensor | None = None) -> Tensor:
        """Words (B, T, d) and memory (B, S, d), where True in memory_padding hides a place, to (B, T, d)."""
        queries, places = self.norm1(x).transpose(0, 1), memory.transpose(0, 1)  # positions come first
        seen = self.attention(queries, places, places, key_padding_mask=memory_padding)[0].transpose(0, 1)
        stream = F.dropout(seen, self.rate, self.training)
        stream += x
        out = F.dropout(self.ffn(self.norm2(stream)), self.rate, self.training)
        out += stream
        return out


@torch.no_grad()
def initialise(model: nn.Module, new: Sequence[nn.Module]) -> None:
    """Draw the matrices of the new parts by Xavier's rule; biases 0, norms 1 and 0."""
    waiting = list(new)
    while waiting:
        module = waiting.pop()
        waiting.extend(module.children())
        for name, values in module.named_parameters(recurse=False):
            if values.dim() == 2:
                fan_out, fan_in = values.shape
                bound = math.sqrt(6 / (fan_in + fan_out))
                values.uniform_(-bound, bound)
            elif isinstance(module, nn.LayerNorm) and name == "weight":
                values.fill_(1)
            else:
                values.zero_()


def groups(model: nn.Module, lr_new: float, decay: float, weight_decay: float) -> list[dict[str, object]]:
    """One group for each part that has a rate of its own, and for its spared and its decayed parameters."""
    made: list[dict[str, object]] = []

    def add(part: nn.Module | nn.Parameter, distance: int, table: bool = False) -> None:
        rate = lr_new * decay**distance
        spared = {"params": [], "lr": rate, "weight_decay": 0.0}
        decayed = {"params": [], "lr": rate, "weight_decay": weight_decay}
        for parameter in [part] if isinstance(part, nn.Parameter) else part.parameters():
            if table or parameter.dim() < 2:
                spared["params"].append(parameter)
            else:
                decayed["params"].append(parameter)
        for group in (spared, decayed):
            if group["params"]:
                made.append(group)

    add(model.projection, 0)
    add(model.cross, 0)
    for stack in (model.encoder, model.decoder):
        distance = len(stack.layers) + 1
        add(stack.positions, distance, table=True)
        for layer in stack.layers:
            distance -= 1
            add(layer, distance)
        add(stack.norm, 1)
    add(model.encoder.patch_embedding, len(model.encoder.layers) + 1)
    add(model.encoder.cls, len(model.encoder.layers) + 1, table=True)
    add(model.decoder.tokens, len(model.decoder.layers) + 1, table=True)  # and with it the tied head
    return made


class _WarmupCosine(lr_scheduler.LRScheduler):
    def __init__(self, optimizer: Optimizer, total: int, warmup: int, floor: float) -> None:
        self.total, self.warmup, self.floor = total, warmup, floor
        super().__init__(optimizer)

    def get_lr(self) -> list[float]:
        s = self.last_epoch
        if s < self.warmup:
            share = s / self.warmup
        elif s < self.total:
            share = (s - self.warmup) / (self.total - self.warmup)
            share = self.floor + (1 - self.floor) * (1 + math.cos(math.pi * share)) / 2
        else:
            share = self.floor
        return [peak * share for peak in self.base_lrs]


def schedule(optimizer: Optimizer, total: int, warmup: int, floor: float = 0.1) -> lr_scheduler.LRScheduler:
    """Linear warm-up, then a cosine to the share ``floor`` of each group's own peak."""
    return _WarmupCosine(optimizer, total, warmup, floor)
