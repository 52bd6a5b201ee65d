"""p4, captions, loss, block, weights and rates: NumPy wherever gradients allow it, tensors at the border."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer, lr_scheduler


def mirror(tokens: Tensor, left_id: int, right_id: int) -> Tensor:
    """Captions (B, T) of images that were mirrored: left and right change places."""
    words = tokens.numpy()
    return torch.from_numpy(np.select([words == left_id, words == right_id], [right_id, left_id], words))


class _CrossEntropy(torch.autograd.Function):
    """Mean smoothed cross-entropy of the rows that count, with its gradient worked out beside it."""

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, captions: Tensor, pad: int, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        scores, words = logits.detach().numpy(), captions.numpy()
        rows, places = np.nonzero(words[:, 1:] != pad)
        targets = words[rows, places + 1]
        said = scores[rows, places].astype(np.float64)
        number, classes = max(len(rows), 1), scores.shape[-1]

        said -= said.max(axis=1, keepdims=True, initial=-np.inf)
        log_sum = np.log(np.exp(said).sum(axis=1, keepdims=True))
        log_probability = said - log_sum
        hit = np.arange(len(rows)), targets
        plain = -log_probability[hit].sum() / number
        even = -log_probability.mean(axis=1).sum() / number

        slope = np.exp(log_probability) - smoothing / classes
        slope[hit] -= 1 - smoothing
        gradient = np.zeros_like(scores)
        gradient[rows, places] = slope / number
        ctx.save_for_backward(torch.from_numpy(gradient))
        loss = (1 - smoothing) * plain + smoothing * even
        return logits.new_tensor(loss), torch.tensor(plain, dtype=torch.float64)

    @staticmethod
    def backward(ctx: Any, of_loss: Tensor, of_plain: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return of_loss * gradient, None, None, None


def caption_loss(
    logits: Tensor, captions: Tensor, pad: int, smoothing: float = 0.0
) -> tuple[Tensor, Tensor | float]:
    """Mean (smoothed) cross-entropy of the next words that are no padding, and the unsmoothed perplexity."""
    loss, plain = _CrossEntropy.apply(logits, captions, pad, smoothing)
    with np.errstate(over="ignore"):
        return loss, float(np.exp(plain.item()))


class CrossAttentionBlock(nn.Module):
    """Pre-LN block: attention from the words to the memory, then a feed-forward net."""

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads)  # holds the weights, is not called
        self.norm2 = nn.LayerNorm(d_model)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * d_model, d_model)
        )

    def forward(self, x: Tensor, memory: Tensor, memory_padding: Tensor | None = None) -> Tensor:
        """Words (B, T, d) and memory (B, S, d), where True in memory_padding hides a place, to (B, T, d)."""
        rate = self.dropout if self.training else 0.0
        width = x.shape[-1]
        weight, bias = self.attention.in_proj_weight, self.attention.in_proj_bias
        queries = F.linear(self.norm1(x), weight[:width], bias[:width])
        keys, values = F.linear(memory, weight[width:], bias[width:]).chunk(2, dim=-1)
        q, k, v = (t.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for t in (queries, keys, values))
        visible = None if memory_padding is None else ~memory_padding[:, None, None, :]
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=visible, dropout_p=rate)
        seen = self.attention.out_proj(seen.transpose(1, 2).flatten(2))
        x = x + F.dropout(seen, rate)
        return x + F.dropout(self.ffn(self.norm2(x)), rate)


def initialise(model: nn.Module, new: Sequence[nn.Module]) -> None:
    """Draw the matrices of the new parts by Xavier's rule; biases 0, norms 1 and 0."""
    for part in new:
        for module in part.modules():
            for name, parameter in module.named_parameters(recurse=False):
                values = parameter.detach().numpy()  # shares its memory with the parameter
                if "bias" in name:
                    values[...] = 0
                elif isinstance(module, nn.LayerNorm):
                    values[...] = 1
                else:
                    for matrix in np.split(values, 3) if name == "in_proj_weight" else [values]:
                        bound = np.sqrt(6 / sum(matrix.shape))
                        matrix[...] = bound * (2 * torch.rand(matrix.shape).numpy() - 1)


def groups(model: nn.Module, lr_new: float, decay: float, weight_decay: float) -> list[dict[str, object]]:
    """A group for each parameter, with its rate and its decay told by its name."""
    depths = {"encoder": len(model.encoder.layers), "decoder": len(model.decoder.layers)}
    tables = ("cls", "positions", "tokens", "head")

    def rates(name: str, parameter: nn.Parameter) -> tuple[float, float]:
        stack, part, *rest = name.split(".")
        decayed = weight_decay if parameter.ndim >= 2 else 0.0
        if stack not in depths:
            return lr_new, decayed
        if part == "layers":
            return lr_new * decay ** (depths[stack] - int(rest[0])), decayed
        if part == "norm":
            return lr_new * decay, decayed
        return lr_new * decay ** (depths[stack] + 1), 0.0 if part in tables else decayed

    made = []
    for name, parameter in model.named_parameters():
        rate, decayed = rates(name, parameter)
        made.append({"params": [parameter], "lr": rate, "weight_decay": decayed})
    return made


def schedule(optimizer: Optimizer, total: int, warmup: int, floor: float = 0.1) -> lr_scheduler.LRScheduler:
    """Linear warm-up, then a cosine to the share ``floor`` of each group's own peak, from a table."""
    s = np.arange(total + 1)
    share = (s - warmup) / max(total - warmup, 1)
    table = floor + (1 - floor) * (1 + np.cos(np.pi * share)) / 2
    table[:warmup] = s[:warmup] / max(warmup, 1)
    table[total] = floor
    return lr_scheduler.LambdaLR(optimizer, lambda step: float(table[min(step, total)]))
