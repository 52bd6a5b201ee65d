"""Runs beside transformer.py for the hidden tests: gradients, fresh weights and dropout of p5.pre_ln."""

from __future__ import annotations

import torch
import transformer
from torch import Tensor


def encoder_gradients(
    weights: dict[str, Tensor], num_layers: int, num_heads: int, x: Tensor, direction: Tensor
) -> dict[str, torch.Tensor]:
    """Gradients of sum(direction * encoder(x)) with respect to x and to every parameter."""
    encoder = transformer.PreLNEncoder(num_layers, x.shape[-1], num_heads).eval()
    encoder.load_state_dict(weights)
    x = x.clone().requires_grad_()
    (direction * encoder(x)).sum().backward()
    found = {name: parameter.grad for name, parameter in encoder.named_parameters()}
    return {"x": x.grad} | {name: grad for name, grad in found.items() if grad is not None}


def fresh_stack(
    num_layers: int, d_model: int, num_heads: int, seed: int, x: Tensor
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """The weights of a new encoder, by state_dict key, and what it makes of x in eval mode."""
    torch.manual_seed(seed)
    encoder = transformer.PreLNEncoder(num_layers, d_model, num_heads).eval()
    weights = {key: value.clone() for key, value in encoder.state_dict().items()}
    with torch.no_grad():
        return weights, encoder(x)


def layer_under_dropout(
    weights: dict[str, Tensor], num_heads: int, x: Tensor, dropout: float, training: bool, seed: int
) -> torch.Tensor:
    """What a PreLNEncoderLayer with dropout makes of x."""
    layer = transformer.PreLNEncoderLayer(x.shape[-1], num_heads, dropout).train(training)
    layer.load_state_dict(weights)
    torch.manual_seed(seed)
    with torch.no_grad():
        return layer(x)
