"""p4.train: a recipe in a dataclass, two small layers of classes of their own, the loss in float64."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from shell import BOS, HEADS, LENGTH, PAD, WIDTH, Captioner
from torch import Generator, Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Several heads; words that lie ahead can be hidden."""

    def __init__(self, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, asking: Tensor, asked: Tensor) -> Tensor:
        """Queries from (B, T, d), keys and values from (B, S, d); gives (B, T, d)."""
        q, k, v = (
            layer(source).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for layer, source in ((self.query, asking), (self.key, asked), (self.value, asked))
        )
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        if self.causal:
            ahead = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
            scores = scores.masked_fill(ahead, -math.inf)
        return self.out((scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Words look back, then at the image, then each by itself through a feed-forward net."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.back, self.look = Attention(causal=True), Attention(causal=False)
        self.ffn = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """One layer."""
        first, second, third = self.norms
        normed = first(x)
        x = x + self.back(normed, normed)
        x = x + self.look(second(x), memory)
        return x + self.ffn(third(x))


class Decoder(nn.Module):
    """Two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Layer(), Layer()])

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Words (B, T, d) and memory (B, S, d) to (B, T, d)."""
        for layer in self.layers:
            x = layer(x, memory)
        return x


@dataclass(frozen=True)
class Recipe:
    """How a captioner is trained."""

    seed: int
    steps: int
    batch: int = 32
    peak: float = 2e-3
    warmup: float = 0.1  # share of the steps
    clip: float = 1.0

    def share(self, step: int) -> float:
        """Of the peak rate, at a step."""
        done = (step + 1) / (self.steps + 1)
        return done / self.warmup if done < self.warmup else (1 - done) / (1 - self.warmup)

    def rows(self, count: int) -> Iterator[Tensor]:
        """Batches of rows without end, dealt anew when all were used."""
        deal = Generator().manual_seed(self.seed)
        while True:
            yield from torch.randperm(count, generator=deal).split(self.batch)

    def fit(self, images: Tensor, captions: Tensor) -> Captioner:
        """A trained captioner."""
        torch.manual_seed(self.seed)
        model = Captioner(Decoder())
        optimizer = torch.optim.AdamW(model.parameters(), lr=self.peak, betas=(0.9, 0.98))
        rates = torch.optim.lr_scheduler.LambdaLR(optimizer, self.share)
        for _, rows in zip(range(self.steps), self.rows(len(images)), strict=False):
            words = captions[rows]
            said = model(images[rows], words[:, :-1]).double()
            loss = F.cross_entropy(said.flatten(0, 1), words[:, 1:].flatten(), ignore_index=PAD)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), self.clip)
            optimizer.step()
            rates.step()
        return model


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 400) -> nn.Module:
    """Train a captioner."""
    return Recipe(seed, steps).fit(images, captions)


@torch.inference_mode()
def decode(model: nn.Module, images: Tensor) -> Tensor:
    """Caption images greedily: (N, 7) words, <bos> first."""

    def longer(words: Tensor) -> Tensor:
        return torch.hstack([words, model(images, words)[:, -1:].argmax(dim=-1)])

    words = torch.full((len(images), 1), BOS)
    for _ in range(LENGTH - 1):
        words = longer(words)
    return words
