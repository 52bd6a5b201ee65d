"""p4, first part: what a captioner is made of before it is trained: captions that stay true under a mirror,
its loss, the block that looks at the image, how the new parts start and how fast each part learns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer, lr_scheduler

# ---- p4.captions -------------------------------------------------------------------------------------------


def mirror(tokens: Tensor, left_id: int, right_id: int) -> torch.Tensor:
    """Captions of images that were mirrored left to right.

    The captions are sentences such as "red ring left blue cross": the red ring is left of the blue cross. In
    the mirror every word "left" becomes "right" and every "right" becomes "left"; all other words, and the
    order of the words, stay.

    Example: mirror([[1, 9, 4, 8, 2]], left_id=8, right_id=9) is [[1, 8, 4, 9, 2]].

    :param tokens: (B, T) int64; not changed. B may be 0. Each row may have either word any number of times.
    :return: (B, T) int64.
    """
    # BEGIN SOLUTION p4.captions
    mirrored = tokens.clone()
    mirrored[tokens == left_id] = right_id
    mirrored[tokens == right_id] = left_id
    return mirrored
    # END SOLUTION


# ---- p4.loss -----------------------------------------------------------------------------------------------


def caption_loss(
    logits: Tensor, captions: Tensor, pad: int, smoothing: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor | float]:
    """Loss and perplexity of a captioner on a batch of captions.

    The captioner reads ``captions`` from the left: logits[b, t] is what it says after the words 0 .. t of
    caption b, so it is judged by word t + 1. Nothing is left to predict after the last word: logits[b, T-1]
    count for nothing. Targets that are padding do not count either, wherever they stand (padding may stand at
    the end, at the beginning or between words) and whatever finite logits stand there. What counts is the
    target alone: a word whose predecessor is padding is a target like any other.

    - loss: mean cross-entropy, in nats, over all targets of the batch that count, each with the same weight.
      ``smoothing`` is that of nn.CrossEntropyLoss: of the target's probability a share ``smoothing`` is
      spread evenly over all V words, padding included.
    - perplexity: exp of the same mean WITHOUT smoothing.

    Where no target of the whole batch counts (or T is 1) the loss is 0 and the perplexity 1, and
    ``loss.backward()`` works all the same and gives gradients of 0: one empty batch must not end a training.

    Example: V = 4, logits of zero and any caption without padding give (1.3863, 4.0), that is ln 4 and 4.

    :param logits: (B, T, V), float32, finite; not changed.
    :param captions: (B, T) int64 in 0 .. V - 1; not changed.
    :param pad: id of the padding word, in 0 .. V - 1.
    :param smoothing: in [0, 1).
    :return: (loss, perplexity): a tensor without dimensions that can be differentiated, and a tensor without
        dimensions or a float; whether one could differentiate the perplexity is up to you. Where the mean is
        above 88 the perplexity no longer fits into float32 and may be inf.
    """
    # BEGIN SOLUTION p4.loss
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    counted = (targets != pad).sum().clamp(min=1)
    loss = F.cross_entropy(said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum")
    plain = F.cross_entropy(said.detach(), targets, ignore_index=pad, reduction="sum")
    return loss / counted, torch.exp(plain / counted)
    # END SOLUTION


# ---- p4.block ----------------------------------------------------------------------------------------------


class CrossAttentionBlock(nn.Module):
    """Pre-LN block through which the words look at the image: attention to ``memory``, then a feed-forward
    net.

    Each sublayer reads a normalised copy of the stream and adds to the stream as it was::

        x = x + attention(queries: norm1(x), keys and values: memory)
        x = x + ffn(norm2(x))

    ``memory`` is used as it comes: the encoder has normalised it. Every word may look at every place of the
    memory. LayerNorm has eps 1e-5; GELU is the exact one; the feed-forward net goes from d to 4d to d.
    Dropout acts, in training only, at four places: on the attention weights, on what the attention gives,
    after the GELU, and on what the feed-forward net gives. It drops single numbers, never whole words.

    Parameters, by their state_dict keys (there are no others)::

        norm1.{weight,bias}                          (d,)
        attention.{in_proj_weight,in_proj_bias}      (3d, d), (3d,)      an nn.MultiheadAttention
        attention.out_proj.{weight,bias}             (d, d), (d,)
        norm2.{weight,bias}                          (d,)
        ffn.0.{weight,bias}                          (4d, d), (4d,)      a Sequential: Linear, GELU, Dropout,
        ffn.3.{weight,bias}                          (d, 4d), (d,)       Linear; the last Dropout may be ffn.4
                                                                         or a module of the block's own
    """

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        # BEGIN SOLUTION p4.block
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.norm2 = nn.LayerNorm(d_model)
        widen, narrow = nn.Linear(d_model, 4 * d_model), nn.Linear(4 * d_model, d_model)
        self.ffn = nn.Sequential(widen, nn.GELU(), nn.Dropout(dropout), narrow)
        # END SOLUTION

    def forward(self, x: Tensor, memory: Tensor, memory_padding: Tensor | None = None) -> Tensor:
        """One block.

        :param x: (B, T, d), the words; not changed.
        :param memory: (B, S, d), the image; not changed. S and T may be equal and need not be.
        :param memory_padding: (B, S) bool, True where the memory is padding and must not be looked at; None:
            no padding. Every sample has at least one place that is not padding.
        :return: (B, T, d).
        """
        # BEGIN SOLUTION p4.block
        looked_up, _ = self.attention(
            self.norm1(x), memory, memory, key_padding_mask=memory_padding, need_weights=False
        )
        x = x + self.dropout(looked_up)
        return x + self.dropout(self.ffn(self.norm2(x)))
        # END SOLUTION


# ---- p4.init -----------------------------------------------------------------------------------------------


def initialise(model: nn.Module, new: Sequence[nn.Module]) -> None:
    """Give the new parts of a model their first weights, whatever stood there before, and leave all else as
    it is.

    ``new`` are modules somewhere inside ``model``, such as its cross-attention blocks and its projection.
    They consist, at any depth, of nn.Linear (with or without bias), nn.MultiheadAttention, nn.LayerNorm, and
    modules without parameters of their own (containers, dropout, activations). A LayerNorm over several
    dimensions and an attention with ``add_bias_kv`` do not occur. In them

    - every weight matrix, of Linear and of attention, is drawn from Xavier's uniform distribution with gain
      1: U(-b, b), b = sqrt(6 / (fan_in + fan_out)). Attention has the matrices of its output projection and
      of query, key and value: packed as ``in_proj_weight`` (3d, d), or apart as ``q_proj_weight``,
      ``k_proj_weight``, ``v_proj_weight`` if the memory has another width. Whether a packed matrix is taken
      as one of (3d, d), as torch does, or as three of (d, d) is up to you;
    - every bias is 0, that of query, key and value too;
    - every LayerNorm has weight 1 and bias 0.

    Every other parameter and every buffer of the model stays bit for bit as it was. The parameters stay the
    same objects, with the same ``requires_grad``: an optimizer may already hold them.

    :param new: may be empty. Draws come from torch's global generator; do not seed it.
    """
    # BEGIN SOLUTION p4.init
    for module in (module for part in new for module in part.modules()):
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear | nn.MultiheadAttention):
            # An attention's own parameters are packed and are no Linear; its output projection is one.
            for parameter in module.parameters(recurse=False):
                if parameter.ndim > 1:
                    nn.init.xavier_uniform_(parameter)
                else:
                    nn.init.zeros_(parameter)
    # END SOLUTION


# ---- p4.groups ---------------------------------------------------------------------------------------------

# BEGIN SOLUTION


def _distances(model: nn.Module) -> list[tuple[list[nn.Parameter], int]]:
    """The captioner's parts: parameters, and how far below the new parts they lie."""
    encoder, decoder = model.encoder, model.decoder
    parts = [(list(part.parameters()), 0) for part in (model.cross, model.projection)]
    for stack in (encoder, decoder):
        depth = len(stack.layers)
        parts += [(list(layer.parameters()), depth - k) for k, layer in enumerate(stack.layers)]
        parts.append((list(stack.norm.parameters()), 1))
    parts.append(([*encoder.patch_embedding.parameters(), *_tables(model)[:2]], len(encoder.layers) + 1))
    # The head is the token table: it is already here, and a second time would be an error of the optimizer.
    parts.append((_tables(model)[2:], len(decoder.layers) + 1))
    return parts


def _tables(model: nn.Module) -> list[nn.Parameter]:
    """What is looked up and not multiplied: the encoder's two, then the decoder's two."""
    encoder, decoder = model.encoder, model.decoder
    return [encoder.cls, encoder.positions, decoder.tokens.weight, decoder.positions.weight]


def _is_decayed(model: nn.Module, parameter: nn.Parameter) -> bool:
    return parameter.ndim >= 2 and not any(parameter is table for table in _tables(model))


# END SOLUTION
def groups(model: nn.Module, lr_new: float, decay: float, weight_decay: float) -> list[dict[str, object]]:
    """Parameter groups for a captioner of two pretrained stacks and new parts between them, ready for
    ``torch.optim.AdamW(groups(...))``.

    The nearer a part is to the input of its stack, the more general is what it knows, and the slower it is to
    learn. The model, with rates and with what is decayed; n is the number of layers of the stack that the
    parameter is in, and the two stacks may differ in it::

        model.projection                nn.Linear, from the encoder's width to the decoder's       (new)
        model.cross[j]                  cross-attention blocks                                     (new)
        model.encoder.patch_embedding   nn.Conv2d
        model.encoder.cls               nn.Parameter (1, 1, d)
        model.encoder.positions         nn.Parameter (1, 1 + patches, d)
        model.encoder.layers[k]         layers 0, the first, to n - 1
        model.encoder.norm              nn.LayerNorm after the last layer
        model.decoder.tokens            nn.Embedding
        model.decoder.positions         nn.Embedding
        model.decoder.layers[k]         layers 0, the first, to n - 1
        model.decoder.norm              nn.LayerNorm after the last layer
        model.decoder.head              nn.Linear without bias; head.weight IS tokens.weight, one parameter

        the new parts                                              lr_new
        layers[k] of a stack                                       lr_new * decay ** (n - k)
        norm of a stack                                            lr_new * decay, like layers[n - 1]
        patch_embedding, cls, positions, tokens (and so the head)  lr_new * decay ** (n + 1)

    Weight decay is 0 for every parameter of fewer than two dimensions (biases, norms) and for the tables
    ``cls``, ``positions`` (both) and ``tokens``; it is ``weight_decay`` for every other: matrices in layers
    and new parts, and the kernel of ``patch_embedding``.

    Every parameter of the model, frozen (requires_grad False) or not, stands in exactly one group: what is
    thawed later must not be missing. How many groups there are, and in which order, is up to you.

    Example: lr_new 1e-3, decay 0.5, two layers: 1e-3 for new parts, 5e-4 for layer 1 and the norm, 2.5e-4 for
    layer 0, 1.25e-4 for the embeddings below it.

    :param model: as above; the layers may be of any kind.
    :param decay: in (0, 1].
    :return: dicts with the keys "params" (a list of parameters), "lr" and "weight_decay".
    """
    # BEGIN SOLUTION p4.groups
    found: list[dict[str, object]] = []
    for parameters, distance in _distances(model):
        for decayed in (True, False):
            chosen = [p for p in parameters if _is_decayed(model, p) == decayed]
            strength = weight_decay if decayed else 0.0
            found.append({"params": chosen, "lr": lr_new * decay**distance, "weight_decay": strength})
    return [group for group in found if group["params"]]
    # END SOLUTION


def schedule(optimizer: Optimizer, total: int, warmup: int, floor: float = 0.1) -> lr_scheduler.LRScheduler:
    """Linear warm-up and a cosine down to a share ``floor`` of the peak, for every group from its OWN peak.

    A group's peak is the learning rate that it has when this function is called. The optimizer is fresh: it
    has made no step, and no scheduler was built for it before. Let s be the number of
    ``scheduler.step()`` calls so far, 0 for the first update. A group's rate is its peak times

    - s / warmup for s < warmup (so the first update has the rate 0),
    - floor + (1 - floor) * (1 + cos(pi * (s - warmup) / (total - warmup))) / 2 for warmup <= s < total,
    - floor for s >= total, however long the run goes on.

    Example: total 100, warmup 20, floor 0.1 and peaks 1e-3 and 1e-5: at s = 5, 20, 60, 100 the first group
    has 2.5e-4, 1e-3, 5.5e-4, 1e-4, the second a hundredth of each.

    :param warmup: 0 .. total; 0: no warm-up, the first update has the peak.
    :param floor: in [0, 1].
    :return: a scheduler of torch, stepped after every optimizer step.
    """

    # BEGIN SOLUTION p4.groups
    def factor(step: int) -> float:
        if step < warmup:
            return step / warmup
        if step >= total:
            return floor
        done = (step - warmup) / (total - warmup)
        return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2

    return lr_scheduler.LambdaLR(optimizer, factor)
    # END SOLUTION
