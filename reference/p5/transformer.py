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
    # BEGIN SOLUTION p5.grad_norms
    norms = torch.zeros(len(layers))
    for index, layer in enumerate(layers):
        gradients = [p.grad.flatten() for p in layer.parameters() if p.grad is not None]
        if gradients:
            norms[index] = torch.linalg.vector_norm(torch.cat(gradients))
    return norms
    # END SOLUTION


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
    # BEGIN SOLUTION p5.capacity
    attention = 4 * (d_model * d_model + d_model)  # the heads share the width: their number does not enter
    feed_forward = 2 * d_model * d_ff + d_ff + d_model
    norm = 2 * d_model
    total = layers * (attention + feed_forward + 2 * norm)
    if vocabulary:
        total += (vocabulary + positions + segments) * d_model + norm
    if pooler:
        total += d_model * d_model + d_model
    return total
    # END SOLUTION


def parameters_per_sample(parameters: int, samples: int) -> float:
    """Parameters for each training sample, not rounded.

    Example: 54 parameters and 20 samples give 2.7.

    :raises ValueError: if there is no sample.
    """
    # BEGIN SOLUTION p5.capacity
    if samples < 1:
        raise ValueError("a ratio needs at least one sample")
    return parameters / samples
    # END SOLUTION


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
    # BEGIN SOLUTION p5.capacity
    if not log:
        raise ValueError("early stopping needs at least one evaluation")
    best_loss, best_step, waited = math.inf, log[0][0], 0
    for step, loss in log:
        if math.isfinite(loss) and loss < best_loss:
            best_loss, best_step, waited = loss, step, 0
        else:
            waited += 1
            if waited == patience:
                return step, best_step
    return log[-1][0], best_step
    # END SOLUTION


# Which of given.FIX_NAMES answer scenario C: a net from scratch, 5,000 samples, training loss 0.02,
# validation loss rising? Name those that act on generalisation. Some are neither right nor wrong and do not
# count either way.
# BEGIN SOLUTION p5.capacity
FIXES: set[str] | None = {
    "pretrained_encoder",
    "smaller_model",
    "dropout_or_decay",
    "early_stopping_with_restore",
}
# END SOLUTION


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
    # BEGIN SOLUTION p5.adam_bound
    mean, square, steps = 0.0, 0.0, []
    for t, grad in enumerate(grads, start=1):
        mean = beta1 * mean + (1 - beta1) * grad
        square = beta2 * square + (1 - beta2) * grad * grad
        corrected_mean = mean / (1 - beta1**t)
        corrected_square = square / (1 - beta2**t)
        steps.append(abs(corrected_mean) / math.sqrt(corrected_square) if corrected_square else 0.0)
    return steps
    # END SOLUTION


def first_step() -> float:
    """|step| / lr of Adam's very first step (eps = 0), for any gradient but zero and any betas."""
    # BEGIN SOLUTION p5.adam_bound
    return 1.0
    # END SOLUTION


def spike_bound(beta1: float, beta2: float) -> float:
    """|step| / lr at a single gradient that is not zero, after infinitely many that were: the limit, in
    closed form.

    Scenario B's story ends here: this is what "dividing by a tiny v" can do at most after silence.

    Example: beta1 = 0.5, beta2 = 0.75 give 1.0.
    """
    # BEGIN SOLUTION p5.adam_bound
    return (1 - beta1) / math.sqrt(1 - beta2)
    # END SOLUTION


# ---- p5.cure -----------------------------------------------------------------------------------------------

# Two Config values that train. Each differs from given.FAILING in exactly one field, and they differ in
# different fields. `python -m experiment cure --warmup 40` tries one in three seconds.
# BEGIN SOLUTION p5.cure
CURE_A: Config | None = replace(FAILING, norm="pre")
CURE_B: Config | None = replace(FAILING, lr=1e-3)
# END SOLUTION


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
        # BEGIN SOLUTION p5.pre_ln
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
        # END SOLUTION

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """One layer.

        :param x: (B, T, d).
        :param padding: (B, T) bool, True where a token is padding and must not be attended to; None: no
            padding.
        :return: (B, T, d). What stands at padded places is free.
        """
        # BEGIN SOLUTION p5.pre_ln
        normed = self.norm1(x)
        attended, _ = self.attention(normed, normed, normed, key_padding_mask=padding, need_weights=False)
        x = x + self.dropout(attended)
        return x + self.ffn(self.norm2(x))
        # END SOLUTION


class PreLNEncoder(nn.Module):
    """A stack of ``num_layers`` PreLNEncoderLayers and one final LayerNorm, with eps 1e-5 too.

    The layers start from different random weights. Parameters: ``layers.0. ... layers.{L-1}.`` with the keys
    of PreLNEncoderLayer, and ``norm.{weight,bias}`` of shape (d,).
    """

    def __init__(self, num_layers: int, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        # BEGIN SOLUTION p5.pre_ln
        self.layers = nn.ModuleList(PreLNEncoderLayer(d_model, num_heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(d_model)
        # END SOLUTION

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """The whole stack: x (B, T, d), padding (B, T) or None -> (B, T, d)."""
        # BEGIN SOLUTION p5.pre_ln
        for layer in self.layers:
            x = layer(x, padding)
        # Every layer added to the stream and none normalised it: it arrives with the sum of all scales.
        return self.norm(x)
        # END SOLUTION


# ---- p5.diagnose -------------------------------------------------------------------------------------------

# BEGIN SOLUTION
_STORY = {  # cause -> mechanism, prevention
    "lr_too_high": ("step_destroys_signal", "warmup_or_range_test"),
    "vanishing": ("product_of_small_derivatives", "check_layer_norms_at_step_0"),
    "lr_too_low": ("steps_too_small", "lr_range_test"),
    "diverged": ("runaway_growth", "zero_grad_lower_lr_and_loss_alarm"),
    "overfit": ("memorising", "validate_and_stop"),
    "healthy": ("none", "none"),
}


def _cause(trace: Trace, chance: float, ratio_first: float, ratio_last: float) -> str:
    """The cause, by limits that lie far from every recorded run; tests/test_p5_transformer.py shows that."""
    losses = trace["loss"]
    if not all(math.isfinite(loss) for loss in losses):
        return "diverged"
    tail = sorted(losses[-max(1, len(losses) // 5) :])
    final = tail[len(tail) // 2]
    if final > 5 * chance:
        return "diverged"
    if final < 0.5 * chance:
        finite = [loss for loss in trace["val_loss"] if math.isfinite(loss)]
        return "overfit" if finite[-1] >= 1.15 * min(finite) else "healthy"
    # Not trained. A small gradient in the first layer is the reason only if it was small before any update.
    if ratio_first < 1e-2:
        return "vanishing"
    return "lr_too_high" if ratio_last < 1e-2 else "lr_too_low"


# END SOLUTION
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
    # BEGIN SOLUTION p5.diagnose
    chance = math.log(trace["num_classes"])
    rows = [row for row in trace["grad_norms"] if all(map(math.isfinite, row)) and row[-1] > 0]
    ratio_first = trace["grad_norms"][0][0] / trace["grad_norms"][0][-1]
    ratio_last = rows[-1][0] / rows[-1][-1]
    validated = [
        (loss, step)
        for loss, step in zip(trace["val_loss"], trace["val_step"], strict=True)
        if not math.isnan(loss)
    ]
    cause = _cause(trace, chance, ratio_first, ratio_last)
    mechanism, prevention = _STORY[cause]
    return {
        "cause": cause,
        "chance_loss": chance,
        "gradient_ratio_first": ratio_first,
        "gradient_ratio_last": ratio_last,
        "best_step": min(validated)[1],  # steps grow, so a tie goes to the first
        "mechanism": mechanism,
        "prevention": prevention,
    }
    # END SOLUTION
