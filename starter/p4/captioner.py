"""A captioner: its decoder, its training, and its captions word by word.

`shell.py` is given: the encoder, the embeddings and the tied head stand there, in `Captioner`.
"""

import torch
from shell import BOS, HEADS, LENGTH, PAD, VOCABULARY, WIDTH, Captioner
from torch import Generator, Tensor, nn
from torch.nn import functional as F

# ---- p4.train ----------------------------------------------------------------------------------------------


class Decoder(nn.Module):
    """What `shell.Captioner` lacks: words look at the words before them, and at the image.

    Any layers will do: one or more of `nn.TransformerDecoderLayer`, or self-attention of your own with the
    CrossAttentionBlock of your captioning.py behind it. One layer of width `shell.WIDTH` with `shell.HEADS`
    heads is enough. No dropout is needed.

    Each sample is by itself, and position t is decided by x[:, 0] to x[:, t] and by memory, never by what
    stands behind t.
    """

    def __init__(self) -> None:
        super().__init__()
        raise NotImplementedError("p4.train")

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Decode.

        Args:
            x: (B, T, d) float32, vectors of the words so far; T is anything from 1 to 7.
            memory: (B, S, d) float32, vectors of the image's patches. The shell's S is 16; any S is to work.

        Returns: (B, T, d). The shell normalises it and makes logits of it.
        """
        raise NotImplementedError("p4.train")


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 400) -> nn.Module:
    """Train a captioner.

    Args:
        images: (N, 3, 32, 32) float32 in [0, 1], as `shell.training_scenes` gives them; 6,000 where the gate
            judges, 64 elsewhere. Not modified.
        captions: (N, 7) int64, from <bos> to <eos>. The grader numbers all words but <pad>, <bos> and <eos>
            in another order on every run. Not modified.
        seed: decides everything random: the same arguments give the same model, whatever random numbers were
            drawn before.
        steps: number of optimizer steps. The gate trains with the default, which is yours to choose, as the
            batch size is. Other tests ask for as few as 2.

    Returns: a model with ``model(images (B, 3, 32, 32), tokens (B, T))`` -> logits (B, T, 14), where position
    t is about word t + 1: a `shell.Captioner` around your decoder is one. The grader puts it into eval mode
    before it goes on to `decode`.

    A run of the grader, training and captions, may take 25 seconds of one processor core; about 7 are enough.

    Example: the loss begins near ln 14 = 2.64; after 50 steps of 32 scenes it is near 1.1.
    """
    raise NotImplementedError("p4.train")


def decode(model: nn.Module, images: Tensor) -> Tensor:
    """Caption images greedily: begin with <bos>, and six times append the word with the largest logit.

    Args:
        model: as your `train` returned it, in eval mode.
        images: (N, 3, 32, 32) float32 in [0, 1]; N at least 1. Not modified.

    Returns: (N, 7) int64, the first column `shell.BOS`. Seven words whatever they are: decoding does not stop
    at <eos>. An image's caption does not depend on the images beside it.

    Example: with the words of grader.datasets.scenes, [1, 3, 7, 10, 5, 8, 2] is a red ring above a blue
    square.
    """
    raise NotImplementedError("p4.train")
