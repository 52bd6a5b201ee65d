"""A captioner: the decoder, its training, and captions word by word.

`shell.py` is given: the encoder, the embeddings and the tied head stand there, in `Captioner`.
"""

import math

import torch
from shell import BOS, HEADS, LENGTH, PAD, VOCABULARY, WIDTH, Captioner
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p4.train ----------------------------------------------------------------------------------------------


class Decoder(nn.Module):
    """x"""

    def __init__(self) -> None:
        # BEGIN SOLUTION p4.train
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        # END SOLUTION

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """x"""
        # BEGIN SOLUTION p4.train
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        return self.layer(x, memory, tgt_mask=later)
        # END SOLUTION


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 600) -> nn.Module:
    """x"""
    # BEGIN SOLUTION p4.train
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Captioner(Decoder())
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, betas=(0.9, 0.98))
    warmup = 50

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    for _ in range(steps):
        rows = torch.randint(len(images), (32,), generator=generator)
        logits = model(images[rows], captions[rows, :-1])
        loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), captions[rows, 1:].reshape(-1), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model
    # END SOLUTION


def decode(model: nn.Module, images: Tensor) -> Tensor:
    """x"""
    # BEGIN SOLUTION p4.train
    tokens = torch.full((len(images), 1), BOS)
    with torch.no_grad():
        memory = model.encode(images)
        while tokens.shape[1] < LENGTH:
            word = model.logits(tokens, memory)[:, -1].argmax(dim=-1)
            tokens = torch.cat([tokens, word[:, None]], dim=1)
    return tokens
    # END SOLUTION
