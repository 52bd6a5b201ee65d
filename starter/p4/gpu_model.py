"""Given with p4, not handed in: the captioner of p4.gpu_captioner, one stack of layers over patches and
words.

Unlike the captioner of p4.train it has no decoder of its own. Patches and words stand in one row: patches
look at patches, words look at all patches and at the words up to themselves.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CaptionTransformer(nn.Module):
    """Logits of the next word at each word. It counts the samples it is trained on in ``seen``.

    :param side: of an image, in pixels; ``patch`` divides it.
    :param length: of a caption, <bos> and <eos> counted.
    """

    def __init__(
        self,
        side: int = 64,
        patch: int = 8,
        width: int = 384,
        depth: int = 12,
        heads: int = 6,
        vocabulary: int = 18,
        length: int = 10,
    ) -> None:
        super().__init__()
        self.length = length
        places = (side // patch) ** 2
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.places = nn.Parameter(0.5 * torch.randn(places, width))
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(0.02 * torch.randn(length, width))
        nn.init.normal_(self.words.weight, std=0.02)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        at = torch.arange(places + length)
        unseen = (at[None] >= places) & (at[None] > at[:, None])
        self.register_buffer("unseen", unseen, persistent=False)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, images: Tensor, tokens: Tensor) -> Tensor:
        """Images (B, 3, side, side), standardised, and words (B, T) -> logits (B, T, vocabulary).

        :param tokens: int64, from <bos> on, T at most ``length``; position t is about word t + 1.
        """
        if self.training:
            self.seen += len(images)
        shown = self.patches(images).flatten(2).transpose(1, 2) + self.places
        said = self.words(tokens) + self.positions[: tokens.shape[1]]
        x = torch.cat([shown, said], dim=1)
        unseen = self.unseen[: x.shape[1], : x.shape[1]]
        for layer in self.layers:
            x = layer(x, src_mask=unseen)
        return self.norm(x[:, len(self.places) :]) @ self.words.weight.T
