"""p4.train: buffers for the batch and for the captions are filled in place; rates are set by hand."""

import math

import torch
from captioning import CrossAttentionBlock
from shell import BOS, HEADS, LENGTH, PAD, WIDTH, Captioner
from torch import Generator, Tensor, nn
from torch.nn import functional as F

BATCH, PEAK, CLIP = 32, 3e-3, 1.0


class Decoder(nn.Module):
    """Words look at the words before them, then at the image through the block of p4.block."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.back = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.look = CrossAttentionBlock(WIDTH, HEADS)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Words (B, T, d) and memory (B, S, d) to (B, T, d)."""
        length = x.shape[1]
        hidden = torch.zeros(length, length, dtype=torch.bool, device=x.device)
        for t in range(length):
            hidden[t, t + 1 :] = True
        normed = self.norm(x)
        stream = self.back(normed, normed, normed, attn_mask=hidden, need_weights=False)[0]
        stream += x
        return self.look(stream, memory)


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 400) -> nn.Module:
    """Train a captioner with a warm-up, a cosine and clipping, epoch by epoch."""
    torch.manual_seed(seed)
    model = Captioner(Decoder())
    model.train()
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=PEAK)
    deal = Generator().manual_seed(seed)

    size = min(BATCH, len(images))
    seen = torch.empty(size, *images.shape[1:])
    words = torch.empty(size, captions.shape[1], dtype=torch.int64)
    order, used = torch.empty(0, dtype=torch.int64), 0
    warmup = max(1, steps // 10)
    for step in range(steps):
        if used + size > len(order):
            order, used = torch.randperm(len(images), generator=deal), 0
        rows = order[used : used + size]
        used += size
        torch.index_select(images, 0, rows, out=seen)
        torch.index_select(captions, 0, rows, out=words)

        rate = PEAK * (step + 1) / warmup
        if step >= warmup:
            rate = PEAK * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate

        logits = model(seen, words[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), words[:, 1:].flatten(), ignore_index=PAD)
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, CLIP)
        optimizer.step()
    return model


@torch.no_grad()
def decode(model: nn.Module, images: Tensor) -> Tensor:
    """Caption images greedily: a table (N, 7) is filled column by column."""
    words = torch.full((len(images), LENGTH), PAD)
    words[:, 0] = BOS
    for place in range(1, LENGTH):
        torch.argmax(model(images, words[:, :place])[:, -1], dim=1, out=words[:, place])
    return words
