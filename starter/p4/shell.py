"""Given with p4, not handed in: the captioner's shell, and scenes to train on.

The shell has everything but the decoder: it turns an image into a memory, words into vectors, and the
decoder's vectors into logits. A grader uses its own copy of this file.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

PAD, BOS, EOS = 0, 1, 2  # ids that never change; a grader numbers the other words in another order
VOCABULARY = 14
LENGTH = 7  # of a caption, <bos> and <eos> counted
WIDTH = 64  # of the model: d
HEADS = 4
PATCHES = 16  # of an image: the length of the memory

_SIDE = 8  # of a patch, in pixels
_PUBLIC_SEED = 2026


class Captioner(nn.Module):
    """Encoder, embeddings and head around a decoder.

    The head is tied: logits are products with the word vectors, there is no matrix of its own.

    :param decoder: a module that maps x (B, T, d) and memory (B, S, d) to (B, T, d), batch first.
    """

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, kernel_size=_SIDE, stride=_SIDE)
        # So large, because where a patch lies must not drown in what it shows: with 0.02, as is usual for
        # words, two runs of three never learn above from below.
        self.places = nn.Parameter(0.5 * torch.randn(PATCHES, WIDTH))
        self.encoder = nn.ModuleList(
            nn.TransformerEncoderLayer(
                WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(1)
        )
        self.memory_norm = nn.LayerNorm(WIDTH)
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Parameter(0.02 * torch.randn(LENGTH, WIDTH))
        nn.init.normal_(self.words.weight, std=0.02)
        self.decoder = decoder
        self.norm = nn.LayerNorm(WIDTH)

    def encode(self, images: Tensor) -> Tensor:
        """What a decoder may look at: (B, 3, 32, 32) in [0, 1] -> memory (B, 16, d)."""
        x = self.patches((images - 0.4) / 0.3).flatten(2).transpose(1, 2) + self.places
        for layer in self.encoder:
            x = layer(x)
        return self.memory_norm(x)

    def logits(self, tokens: Tensor, memory: Tensor) -> Tensor:
        """Words so far (B, T) int64, T up to 7, and memory -> (B, T, 14); position t is about word t + 1."""
        x = self.words(tokens) + self.positions[: tokens.shape[1]]
        return self.norm(self.decoder(x, memory)) @ self.words.weight.T

    def forward(self, images: Tensor, tokens: Tensor) -> Tensor:
        """Images (B, 3, 32, 32) and words (B, T) -> logits (B, T, 14)."""
        return self.logits(tokens, self.encode(images))


def training_scenes(count: int = 6000, seed: int = _PUBLIC_SEED) -> tuple[Tensor, Tensor]:
    """Scenes to try things on.

    :return: images (count, 3, 32, 32) float32 in [0, 1], and captions (count, 7) int64 with the ids of
        grader.datasets.scenes.WORDS.
    """
    from grader.datasets.scenes import scenes  # not there in a grader's worker, which is handed its scenes

    drawn = scenes(count, seed)
    return torch.from_numpy(drawn.images), torch.from_numpy(drawn.captions)
