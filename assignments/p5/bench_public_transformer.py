"""Runs beside transformer.py in the worker: layers and runs cannot cross the border, figures can."""

from __future__ import annotations

import torch
import transformer
from given import Config, predict, train
from torch import Tensor, nn


def layer_gradient_norms(gradients: list[list[Tensor | None]]) -> torch.Tensor:
    """grad_norms of layers whose parameters hold these gradients; None: a parameter that got none."""
    layers = []
    for arrays in gradients:
        layer = nn.Sequential(nn.Module())  # parameters lie one module deep, as in a real layer
        for index, array in enumerate(arrays):
            parameter = nn.Parameter(torch.randn(3 if array is None else array.shape))
            parameter.grad = array
            layer[0].register_parameter(f"p{index}", parameter)
        layers.append(layer)
    return transformer.grad_norms(layers)


def layer_shapes(d_model: int, num_heads: int) -> dict[str, list[int]]:
    """state_dict keys of a PreLNEncoderLayer and their shapes."""
    return {
        key: list(value.shape)
        for key, value in transformer.PreLNEncoderLayer(d_model, num_heads).state_dict().items()
    }


def encoder_shapes(num_layers: int, d_model: int, num_heads: int) -> dict[str, list[int]]:
    """state_dict keys of a PreLNEncoder and their shapes."""
    state = transformer.PreLNEncoder(num_layers, d_model, num_heads).state_dict()
    return {key: list(value.shape) for key, value in state.items()}


def layer_output(
    weights: dict[str, Tensor], num_heads: int, x: Tensor, padding: Tensor | None = None
) -> torch.Tensor:
    """What a PreLNEncoderLayer with these weights makes of x, in eval mode."""
    layer = transformer.PreLNEncoderLayer(x.shape[-1], num_heads).eval()
    layer.load_state_dict(weights)
    with torch.no_grad():
        return layer(x, padding)


def encoder_output(
    weights: dict[str, Tensor], num_layers: int, num_heads: int, x: Tensor, padding: Tensor | None = None
) -> torch.Tensor:
    """What a PreLNEncoder with these weights makes of x, in eval mode."""
    encoder = transformer.PreLNEncoder(num_layers, x.shape[-1], num_heads).eval()
    encoder.load_state_dict(weights)
    with torch.no_grad():
        return encoder(x, padding)


def torch_layer_output(weights: dict[str, Tensor], num_heads: int, x: Tensor) -> torch.Tensor:
    """What torch's own layer with norm_first makes of x; the weights carry PreLNEncoderLayer's names."""
    d = x.shape[-1]
    layer = nn.TransformerEncoderLayer(d, num_heads, 4 * d, 0.0, "gelu", batch_first=True, norm_first=True)
    names = {"attention.": "self_attn.", "ffn.0.": "linear1.", "ffn.3.": "linear2."}
    renamed = {}
    for key, value in weights.items():
        ours = next((name for name in names if key.startswith(name)), "")
        renamed[names.get(ours, "") + key.removeprefix(ours)] = value
    layer.load_state_dict(renamed)
    with torch.no_grad():
        return layer(x)  # train mode without dropout: the same function, without the fused inference path


def cure_predictions(
    config: dict[str, str | float | None], tokens: Tensor, labels: Tensor, test_tokens: Tensor, seed: int
) -> torch.Tensor:
    """Classes that the given encoder, trained as the configuration says, predicts for test_tokens."""
    return predict(train(Config(**config), tokens, labels, seed), test_tokens)
