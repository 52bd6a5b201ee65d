"""Runs beside captioning.py for the hidden tests: arguments after a call, gradients, dropout."""

from __future__ import annotations

import captioning
import torch
from torch import Tensor


def loss_and_arguments(
    logits: Tensor, captions: Tensor, pad: int, smoothing: float
) -> tuple[float, float, torch.Tensor, torch.Tensor]:
    """Loss, perplexity, and what the two tensors are afterwards."""
    loss, perplexity = captioning.caption_loss(logits, captions, pad, smoothing)
    loss, perplexity = (float(torch.as_tensor(each).detach()) for each in (loss, perplexity))
    return loss, perplexity, logits, captions


def cross_gradients(
    weights: dict[str, Tensor],
    num_heads: int,
    x: Tensor,
    memory: Tensor,
    memory_padding: Tensor | None,
    direction: Tensor,
) -> dict[str, torch.Tensor]:
    """Gradients of sum(direction * block(x, memory)) with respect to words, memory and every parameter."""
    block = captioning.CrossAttentionBlock(x.shape[-1], num_heads).eval()
    block.load_state_dict(weights)
    leaves = {"x": x.clone().requires_grad_(), "memory": memory.clone().requires_grad_()}
    (direction * block(leaves["x"], leaves["memory"], memory_padding)).sum().backward()
    leaves |= dict(block.named_parameters())
    return {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}


def cross_arguments(
    weights: dict[str, Tensor], num_heads: int, x: Tensor, memory: Tensor
) -> list[torch.Tensor]:
    """What words and memory are after a pass."""
    block = captioning.CrossAttentionBlock(x.shape[-1], num_heads)
    block.load_state_dict(weights)
    with torch.no_grad():
        block(x, memory)
    return [x, memory]


def cross_under_dropout(
    weights: dict[str, Tensor],
    num_heads: int,
    x: Tensor,
    memory: Tensor,
    dropout: float,
    training: bool,
    seed: int,
) -> torch.Tensor:
    """What a block with dropout makes of words and memory."""
    block = captioning.CrossAttentionBlock(x.shape[-1], num_heads, dropout).train(training)
    block.load_state_dict(weights)
    torch.manual_seed(seed)
    with torch.no_grad():
        return block(x, memory)
