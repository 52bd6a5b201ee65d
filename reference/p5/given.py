"""Given with p5, not handed in: an encoder, the run of it that fails, and the words of the closed questions.

A grader uses its own copy of this file, so a change here changes nothing in a grade.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypedDict

import torch
from torch import Tensor, nn

# ---- The encoder classifier and its training ---------------------------------------------------------------

NUM_LAYERS = 12
D_MODEL = 32
NUM_HEADS = 2
LENGTH = 12  # tokens a sequence
NUM_CLASSES = 10
STEPS = 120
BATCH_SIZE = 32


@dataclass(frozen=True)
class Config:
    """What may be changed about a run; depth, width, data and the number of steps are fixed."""

    norm: Literal["post", "pre"]  # LayerNorm after each residual sum, or on the input of each sublayer
    lr: float  # Adam's learning rate, after warm-up
    warmup_steps: int  # the rate climbs linearly over these steps; 0: none
    clip_norm: float | None  # gradients are scaled down to this total norm; None: never
    dropout: float


FAILING = Config(norm="post", lr=1e-2, warmup_steps=0, clip_norm=None, dropout=0.0)


class EncoderClassifier(nn.Module):
    """Embedding and learned positions, encoder layers, mean over the tokens, a linear head.

    ``layers`` is the list of encoder layers, first to last. A Pre-LN stack ends with a LayerNorm of its own.
    """

    def __init__(
        self,
        norm: Literal["post", "pre"],
        dropout: float = 0.0,
        *,
        num_layers: int = NUM_LAYERS,
        d_model: int = D_MODEL,
        num_heads: int = NUM_HEADS,
        num_classes: int = NUM_CLASSES,
        length: int = LENGTH,
        vocabulary: int = 32,
    ) -> None:
        super().__init__()
        if norm not in ("post", "pre"):
            raise ValueError(f"norm is 'post' or 'pre', not {norm!r}")
        self.embedding = nn.Embedding(vocabulary, d_model)
        self.positions = nn.Parameter(0.02 * torch.randn(length, d_model))
        self.layers = nn.ModuleList(
            # One constructor call a layer: nn.TransformerEncoder would copy one layer, weights included.
            nn.TransformerEncoderLayer(
                d_model, num_heads, 4 * d_model, dropout, "gelu", batch_first=True, norm_first=norm == "pre"
            )
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(d_model) if norm == "pre" else nn.Identity()
        self.head = nn.Linear(d_model, num_classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (N, num_classes) of tokens (N, length)."""
        x = self.embedding(tokens) + self.positions
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x).mean(dim=1))


def train(
    config: Config,
    tokens: Tensor,
    labels: Tensor,
    seed: int,
    on_step: Callable[[int, float, EncoderClassifier], None] | None = None,
) -> EncoderClassifier:
    """Train a fresh encoder for 120 steps of 32 sequences, the way the team of scenario B did.

    :param tokens: (N, 12) int64.
    :param labels: (N,) int64, classes 0 to 9.
    :param seed: decides the initial weights and the batches.
    :param on_step: called after each backward pass and before the update, with the step (from 0), the batch's
        loss and the model, whose parameters hold their gradients.
    :return: the model, in eval mode.
    """
    torch.manual_seed(seed)
    model = EncoderClassifier(config.norm, config.dropout)
    # fused: the same step in 15 % less time.
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr, fused=True)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = config.lr * min(1.0, (step + 1) / max(1, config.warmup_steps))
        batch = torch.randint(len(tokens), (BATCH_SIZE,))
        loss = nn.functional.cross_entropy(model(tokens[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        if on_step is not None:
            on_step(step, loss.item(), model)
        if config.clip_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
        optimizer.step()
    return model.eval()


@torch.no_grad()
def predict(model: nn.Module, tokens: Tensor) -> Tensor:
    """Predicted classes (N,) of tokens (N, 12)."""
    return model(tokens).argmax(dim=1)


# ---- Traces ------------------------------------------------------------------------------------------------


class Trace(TypedDict):
    """What was logged of one training run, as plain lists. Rows are in the order of time."""

    num_classes: int
    step: list[int]  # step of each logged row; the first is 0, before any update
    loss: list[float]  # training loss of that step's batch; may be inf or nan
    grad_norms: list[list[float]]  # per row, one L2 norm for each layer, first layer to last
    val_step: list[int]  # steps at which the validation loss was measured
    val_loss: list[float]


# ---- Words of the closed questions, in alphabetical order --------------------------------------------------

CAUSES = ("diverged", "healthy", "lr_too_high", "lr_too_low", "overfit", "vanishing")

MECHANISMS = (
    "memorising",  # the training set is learned by heart, wrong labels included
    "none",
    "post_ln_always_vanishes",  # a deep Post-LN stack cannot pass a gradient down
    "product_of_small_derivatives",  # each layer multiplies the gradient by a factor well below 1
    "runaway_growth",  # each update leaves the loss, and so the next update's target, further away
    "step_destroys_signal",  # the first updates are so large that every input gives the same features
    "steps_too_small",  # the gradient is fine, the weights hardly move
)

PREVENTIONS = (
    "check_layer_norms_at_step_0",  # look at per-layer gradient norms before training
    "lr_range_test",  # try rates a factor of ten apart for a few steps and raise the rate
    "needs_clipping",
    "needs_more_layers",
    "none",
    "validate_and_stop",  # measure the validation loss, stop, restore the best weights
    "warmup_or_range_test",  # climb to the rate, or find the largest one that survives the first steps
    "zero_grad_lower_lr_and_loss_alarm",  # audit the update, lower the rate, stop past a limit
)

FIX_NAMES = (
    "augment_text",
    "drop_validation_set",
    "dropout_or_decay",
    "early_stopping_with_restore",
    "freeze_layers",
    "gradient_clipping",
    "higher_lr",
    "label_smoothing",
    "more_data",
    "pre_ln",
    "pretrained_encoder",
    "restore_last_weights",
    "smaller_model",
    "train_longer",
    "warmup",
)
