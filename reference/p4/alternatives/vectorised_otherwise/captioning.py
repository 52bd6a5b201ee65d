"""p4, captions, loss, block, weights and rates: arithmetic instead of cases, einsum, closed forms."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.optim import Optimizer, lr_scheduler


def mirror(tokens: Tensor, left_id: int, right_id: int) -> Tensor:
    """Captions (B, T) of images that were mirrored: left and right change places."""
    toward_right = (tokens == left_id).long() - (tokens == right_id).long()
    return tokens + (right_id - left_id) * toward_right


def caption_loss(
    logits: Tensor, captions: Tensor, pad: int, smoothing: float = 0.0
) -> tuple[Tensor, Tensor | float]:
    """Mean (smoothed) cross-entropy of the next words that are no padding, and the unsmoothed perplexity."""
    targets = captions[:, 1:]
    counts = targets != pad
    targets, said = targets[counts], logits[:, :-1][counts]
    # The largest logit becomes 0, for the sake of digits: the loss is a small difference of large numbers.
    said = said - said.detach().amax(dim=1, keepdim=True)
    log_sum = said.logsumexp(dim=1)
    right = said.take_along_dim(targets[:, None], dim=1).squeeze(1)
    aim = (1 - smoothing) * right + smoothing * said.mean(dim=1)
    each = counts.sum().clamp(min=1).reciprocal()
    perplexity = ((log_sum - right).detach().sum() * each).exp()
    return (log_sum - aim).sum() * each, perplexity


class CrossAttentionBlock(nn.Module):
    """Pre-LN block: attention from the words to the memory, then a feed-forward net."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = num_heads
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads)  # its weights are used one head at a time
        self.norm2 = nn.LayerNorm(d_model)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * d_model, d_model),
            nn.Dropout(dropout),
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, memory_padding: Tensor | None = None) -> Tensor:
        """Words (B, T, d) and memory (B, S, d), where True in memory_padding hides a place, to (B, T, d)."""
        packed = self.attention.in_proj_weight.unflatten(0, (3, self.heads, -1))  # (3, heads, e, d)
        offset = self.attention.in_proj_bias.unflatten(0, (3, self.heads, 1, -1))  # (3, heads, 1, e)
        q = torch.einsum("btd,hed->bhte", self.norm1(x), packed[0]) + offset[0]
        k, v = torch.einsum("bsd,phed->pbhse", memory, packed[1:]) + offset[1:, None]
        scores = torch.einsum("bhte,bhse->bhts", q, k) * q.shape[-1] ** -0.5
        if memory_padding is not None:
            hidden = torch.zeros_like(memory_padding, dtype=scores.dtype)
            scores = scores + hidden.masked_fill(memory_padding, -math.inf)[:, None, None]
        weights = self.drop((scores - scores.logsumexp(dim=-1, keepdim=True)).exp())
        out = self.attention.out_proj.weight.unflatten(1, (self.heads, -1))  # (d, heads, e)
        seen = torch.einsum("bhts,bhse,dhe->btd", weights, v, out) + self.attention.out_proj.bias
        x = x + self.drop(seen)
        return x + self.ffn(self.norm2(x))


def initialise(model: nn.Module, new: Sequence[nn.Module]) -> None:
    """Draw the matrices of the new parts by Xavier's rule; biases 0, norms 1 and 0."""
    for name, parameter in nn.ModuleList(new).named_parameters():
        if parameter.ndim == 2:
            nn.init.xavier_uniform_(parameter)
        else:  # of vectors only a norm's weight is no bias
            nn.init.constant_(parameter, float(not name.endswith("bias")))


def _rate_and_table(name: str, depths: dict[str, int]) -> tuple[int, bool]:
    """Distance of a parameter from the new parts, and whether it is a table."""
    layer = re.match(r"(encoder|decoder)\.layers\.(\d+)\.", name)
    if layer:
        return depths[layer[1]] - int(layer[2]), False
    stack = re.match(r"(encoder|decoder)\.(norm)?", name)
    if not stack:
        return 0, False
    if stack[2]:
        return 1, False
    return depths[stack[1]] + 1, not name.startswith("encoder.patch_embedding")


def groups(model: nn.Module, lr_new: float, decay: float, weight_decay: float) -> list[dict[str, object]]:
    """Groups by distance from the new parts, and by whether weight decay acts."""
    depths = {"encoder": len(model.encoder.layers), "decoder": len(model.decoder.layers)}
    keyed = []
    for name, parameter in model.named_parameters():  # names a shared parameter once
        distance, table = _rate_and_table(name, depths)
        keyed.append(((distance, parameter.ndim >= 2 and not table), parameter))
    keyed.sort(key=lambda pair: pair[0])
    return [
        {
            "params": [parameter for _, parameter in members],
            "lr": lr_new * decay**distance,
            "weight_decay": weight_decay * decayed,
        }
        for (distance, decayed), members in groupby(keyed, key=lambda pair: pair[0])
    ]


def schedule(optimizer: Optimizer, total: int, warmup: int, floor: float = 0.1) -> lr_scheduler.LRScheduler:
    """Linear warm-up, then a cosine to the share ``floor`` of each group's own peak, in one formula."""

    def factor(s: int) -> float:
        ramp = min(s, warmup) / warmup if warmup else 1.0
        done = min(max(s - warmup, 0) / (total - warmup), 1.0) if total > warmup else float(s >= total)
        return ramp * (floor + (1 - floor) * math.cos(math.pi / 2 * done) ** 2)

    return lr_scheduler.LambdaLR(optimizer, factor)
