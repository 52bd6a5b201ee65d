"""p4.train: attention by einsum with an additive mask, all batches drawn at once, the memory read once."""

import math

import torch
from shell import BOS, HEADS, LENGTH, VOCABULARY, WIDTH, Captioner
from torch import Generator, Tensor, nn
from torch.nn import functional as F


class Look(nn.Module):
    """Attention of several heads whose weights are one tensor each."""

    def __init__(self) -> None:
        super().__init__()
        size = WIDTH // HEADS
        spread = WIDTH**-0.5
        self.ask = nn.Parameter(spread * torch.randn(HEADS, WIDTH, size))
        self.answer = nn.Parameter(spread * torch.randn(2, HEADS, WIDTH, size))
        self.out = nn.Parameter(spread * torch.randn(HEADS, size, WIDTH))

    def forward(self, x: Tensor, seen: Tensor, mask: Tensor | float = 0.0) -> Tensor:
        """Queries from x (B, T, d), keys and values from (B, S, d); the mask is added to the scores."""
        q = torch.einsum("btd,hde->bhte", x, self.ask)
        k, v = torch.einsum("bsd,phde->pbhse", seen, self.answer)
        scores = torch.einsum("bhte,bhse->bhts", q, k) / math.sqrt(q.shape[-1])
        return torch.einsum("bhts,bhse,hed->btd", (scores + mask).softmax(-1), v, self.out)


class Decoder(nn.Module):
    """Words look back and at the image; a feed-forward net behind both."""

    def __init__(self) -> None:
        super().__init__()
        self.back, self.look = Look(), Look()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.ffn = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.ReLU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Words (B, T, d) and memory (B, S, d) to (B, T, d)."""
        places = torch.arange(x.shape[1], device=x.device)
        mask = torch.where(places[None, :] > places[:, None], -math.inf, 0.0)
        normed = self.norm1(x)
        x = x + self.back(normed, normed, mask)
        x = x + self.look(self.norm2(x), memory)
        return x + self.ffn(self.norm3(x))


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 450) -> nn.Module:
    """Train a captioner by Adam with a rate that rises and falls like a squared sine."""
    torch.manual_seed(seed)
    model = Captioner(Decoder())
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.9, 0.99))
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: math.sin(math.pi * ((step + 1) / (steps + 1)) ** 0.5) ** 2 + 1e-3
    )
    batches = torch.randint(len(images), (steps, 48), generator=Generator().manual_seed(seed))
    for rows in batches:
        words = captions[rows]
        log_probability = model(images[rows], words[:, :-1]).log_softmax(-1)
        right = F.one_hot(words[:, 1:], VOCABULARY).to(log_probability.dtype)
        loss = -torch.einsum("btv,btv->", log_probability, right) / right.sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rates.step()
    return model


@torch.no_grad()
def decode(model: nn.Module, images: Tensor) -> Tensor:
    """Caption images greedily: (N, 7) words, <bos> first.

    All seven places are asked each time: what stands behind a place does not matter for it.
    """
    memory = model.encode(images)
    words = torch.full((len(images), LENGTH), BOS)
    for place in range(1, LENGTH):
        words[:, place] = model.logits(words, memory)[:, place - 1].argmax(dim=1)
    return words
