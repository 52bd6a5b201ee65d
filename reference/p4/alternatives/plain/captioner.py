"""p4.train: one layer of torch's own decoder, AdamW at a constant rate, the shortest clear code."""

import torch
from shell import BOS, HEADS, LENGTH, PAD, WIDTH, Captioner
from torch import Tensor, nn
from torch.nn import functional as F


class Decoder(nn.Module):
    """A layer in which words look at the words before them, and at the image."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Words (B, T, d) and memory (B, S, d) to (B, T, d)."""
        length = x.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        return self.layer(x, memory, tgt_mask=later)


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 400) -> nn.Module:
    """Train a captioner with batches of 32 scenes, drawn with replacement."""
    torch.manual_seed(seed)
    model = Captioner(Decoder())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(steps):
        rows = torch.randint(len(images), (32,))
        logits = model(images[rows], captions[rows, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), captions[rows, 1:].flatten(), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@torch.no_grad()
def decode(model: nn.Module, images: Tensor) -> Tensor:
    """Caption images greedily: (N, 7) words, <bos> first."""
    tokens = torch.full((len(images), 1), BOS)
    for _ in range(LENGTH - 1):
        following = model(images, tokens)[:, -1].argmax(dim=-1, keepdim=True)
        tokens = torch.cat([tokens, following], dim=1)
    return tokens
