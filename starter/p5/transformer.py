"""p5, first half: why a 12-layer transformer does not train, told from its gradients, and what cures it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from given import FAILING, Config, Trace
from torch import Tensor, nn

# ---- p5.grad_norms -----------------------------------------------------------------------------------------


def grad_norms(layers: Sequence[nn.Module]) -> torch.Tensor:
    """The gradient norm of each layer, read after ``loss.backward()``.

    A layer's norm is ONE L2 norm over the gradients of all its parameters (weights, biases, norms), as if
    they were laid end to end. A parameter whose ``.grad`` is None counts as zero; a layer without any
    gradient has norm 0.

    Example: a layer with the gradients [3., 0.] and [[4.]] has norm 5.

    :param layers: L modules, first layer to last; L may be 0.
    :return: (L,) float32. The gradients are left as they are.
    """
    raise NotImplementedError("p5.grad_norms")


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
    """Number of parameters of a transformer encoder, in closed form (building a model is too slow for the
    tests).

    A layer has multi-head self-attention (query, key, value and output projections, d_model to d_model, each
    with a bias), a feed-forward net d_model - d_ff - d_model with biases, and two LayerNorms with weight and
    bias. The stack has no norm of its own. With ``vocabulary`` > 0 there are also tables of ``vocabulary``,
    ``positions`` and ``segments`` rows of d_model numbers and ONE LayerNorm on their sum; with ``vocabulary``
    = 0 there are none of these, and ``positions`` and ``segments`` are ignored. ``pooler``: one more Linear
    d_model to d_model, with bias.

    Example: one layer, d_model 2, 1 head, d_ff 4 has 24 + 22 + 8 = 54.
    """
    raise NotImplementedError("p5.capacity")


def parameters_per_sample(parameters: int, samples: int) -> float:
    """Parameters for each training sample, not rounded.

    Example: 54 parameters and 20 samples give 2.7.

    :raises ValueError: if there is no sample.
    """
    raise NotImplementedError("p5.capacity")


def early_stop(log: list[tuple[int, float]], patience: int) -> tuple[int, int]:
    """Where early stopping would have ended a run, and which weights it would have kept.

    Evaluations are read in order. One improves if its validation loss is finite and strictly less than every
    finite one before it (the first finite one improves; NaN and infinity never do). Training stops at the
    evaluation that is the ``patience``-th in a row without improvement, otherwise at the last one; the
    weights of the last improvement are restored.

    Example: losses 1.0, 0.5, 0.7, 0.6, 0.4 at steps 0, 10, 20, 30, 40 with patience 2 give (30, 10).

    :param log: (step, validation loss) of each evaluation; at least one loss at or before the stop is finite.
    :param patience: at least 1.
    :return: (step of the stop, step restored).
    :raises ValueError: if the log is empty.
    """
    raise NotImplementedError("p5.capacity")


# Which of given.FIX_NAMES answer scenario C: a net from scratch, 5,000 samples, training loss 0.02,
# validation loss rising? Name those that act on generalisation. Some are neither right nor wrong and do not
# count either way.
FIXES: set[str] | None = None


# ---- p5.adam_bound (by hand: no autograd, no torch.optim) --------------------------------------------------


def adam_update(grads: list[float], beta1: float, beta2: float) -> list[float]:
    """Size of every step that Adam takes on ONE weight, in units of the learning rate: |step| / lr.

    Adam with bias correction and eps = 0, starting from zero moments; grads[t] is the weight's gradient at
    step t. Where both averages are zero the step is 0 (0/0 := 0).

    Example: gradients 1, -1 with beta1 = 0.5, beta2 = 0.75 give [1.0, 0.3333].

    :param beta1: in [0, 1).
    :param beta2: in (0, 1).
    :return: as many numbers as there are gradients.
    """
    raise NotImplementedError("p5.adam_bound")


def first_step() -> float:
    """|step| / lr of Adam's very first step (eps = 0), for any gradient but zero and any betas."""
    raise NotImplementedError("p5.adam_bound")


def spike_bound(beta1: float, beta2: float) -> float:
    """|step| / lr at a single gradient that is not zero, after infinitely many that were: the limit, in
    closed form.

    Scenario B's story ends here: this is what "dividing by a tiny v" can do at most after silence.

    Example: beta1 = 0.5, beta2 = 0.75 give 1.0.
    """
    raise NotImplementedError("p5.adam_bound")


# ---- p5.cure -----------------------------------------------------------------------------------------------

# Two Config values that train. Each differs from given.FAILING in exactly one field, and they differ in
# different fields. `python -m experiment cure --warmup 40` tries one in three seconds.
CURE_A: Config | None = None
CURE_B: Config | None = None


# ---- p5.pre_ln ---------------------------------------------------------------------------------------------


class PreLNEncoderLayer(nn.Module):
    """One encoder layer that normalises the INPUT of each sublayer and adds to the stream as it was.

    With dropout after attention and after the feed-forward net, on the attention weights and after the GELU,
    as in torch's own layer. LayerNorm has eps 1e-5; GELU is the exact one; the feed-forward net goes from d
    to 4d to d.

    Parameters, by their state_dict keys::

        norm1.{weight,bias}                          (d,)
        attention.{in_proj_weight,in_proj_bias}      (3d, d), (3d,)      an nn.MultiheadAttention
        attention.out_proj.{weight,bias}             (d, d), (d,)
        norm2.{weight,bias}                          (d,)
        ffn.0.{weight,bias}                          (4d, d), (4d,)      a Sequential: Linear, GELU, Dropout,
        ffn.3.{weight,bias}                          (d, 4d), (d,)       Linear, Dropout
    """

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        raise NotImplementedError("p5.pre_ln")

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """One layer.

        :param x: (B, T, d).
        :param padding: (B, T) bool, True where a token is padding and must not be attended to; None: no
            padding.
        :return: (B, T, d). What stands at padded places is free.
        """
        raise NotImplementedError("p5.pre_ln")


class PreLNEncoder(nn.Module):
    """A stack of ``num_layers`` PreLNEncoderLayers and one final LayerNorm, with eps 1e-5 too.

    The layers start from different random weights. Parameters: ``layers.0. ... layers.{L-1}.`` with the keys
    of PreLNEncoderLayer, and ``norm.{weight,bias}`` of shape (d,).
    """

    def __init__(self, num_layers: int, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        raise NotImplementedError("p5.pre_ln")

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """The whole stack: x (B, T, d), padding (B, T) or None -> (B, T, d)."""
        raise NotImplementedError("p5.pre_ln")


# ---- p5.diagnose -------------------------------------------------------------------------------------------

def diagnose(trace: Trace) -> dict[str, str | float]:
    """What went wrong in a training run, from its log alone.

    :param trace: plain lists, see given.Trace. At least two logged rows and two validations.
    :return: with exactly these keys:

        - ``cause``: one of given.CAUSES; ``mechanism``: one of given.MECHANISMS; ``prevention``: one of
          given.PREVENTIONS. Each cause has one mechanism and one prevention; "healthy" has "none" and "none".
        - ``chance_loss``: cross-entropy of equal probabilities for every class, in nats.
        - ``gradient_ratio_first``: gradient norm of the first layer over that of the last, at step 0.
        - ``gradient_ratio_last``: the same at the last row whose norms are all finite, those of the layers in
          between among them, and whose last layer's norm is not 0.
        - ``best_step``: step of the least validation loss, the first one if tied; NaN is never the least.

    Example: num_classes 10, grad_norms [[2., 8.], [1., 10.]], val_loss [2.3, 0.5, 0.5] at val_step [0, 50,
    100] give chance_loss 2.302585, gradient_ratio_first 0.25, gradient_ratio_last 0.1, best_step 50.
    """
    raise NotImplementedError("p5.diagnose")
