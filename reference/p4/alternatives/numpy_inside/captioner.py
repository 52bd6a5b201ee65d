"""p4.train: torch for the network and its gradients; batches, Adam and captions are NumPy's."""

import numpy as np
import torch
from captioning import CrossAttentionBlock
from shell import BOS, HEADS, LENGTH, WIDTH, Captioner
from torch import Tensor, nn
from torch.nn import functional as F

BATCH, PEAK = 32, 2e-3


class Decoder(nn.Module):
    """Words look at the words before them through torch's fused attention, then at the image."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.project = nn.Linear(WIDTH, 3 * WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.look = CrossAttentionBlock(WIDTH, HEADS)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Words (B, T, d) and memory (B, S, d) to (B, T, d)."""
        parts = self.project(self.norm(x)).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        back = F.scaled_dot_product_attention(*parts, is_causal=True)
        x = x + self.mix(back.transpose(1, 2).flatten(2))
        return self.look(x, memory)


class Adam:
    """Adam on the memory of the parameters."""

    def __init__(self, parameters: list[nn.Parameter], betas: tuple[float, float] = (0.9, 0.98)) -> None:
        self.parameters, self.betas, self.steps = parameters, betas, 0
        self.values = [parameter.detach().numpy() for parameter in parameters]
        self.means = [np.zeros_like(value) for value in self.values]
        self.squares = [np.zeros_like(value) for value in self.values]

    def step(self, rate: float) -> None:
        """Make a step, and forget the gradients."""
        self.steps += 1
        one, two = self.betas
        corrections = 1 - one**self.steps, 1 - two**self.steps
        for parameter, value, mean, square in zip(
            self.parameters, self.values, self.means, self.squares, strict=True
        ):
            gradient = parameter.grad.numpy()
            mean += (1 - one) * (gradient - mean)
            square += (1 - two) * (gradient**2 - square)
            value -= rate * (mean / corrections[0]) / (np.sqrt(square / corrections[1]) + 1e-8)
            parameter.grad = None


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 400) -> nn.Module:
    """Train a captioner: a short warm-up, then a straight line down to a tenth."""
    torch.manual_seed(seed)
    model = Captioner(Decoder())
    optimizer = Adam(list(model.parameters()))
    draw = np.random.default_rng(seed)
    pictures, words = images.numpy(), captions.numpy()
    warmup = max(steps // 20, 1)
    rates = PEAK * np.interp(np.arange(1, steps + 1), [0, warmup, steps + 1], [0.0, 1.0, 0.1])
    for rate in rates.tolist():
        rows = draw.integers(len(words), size=BATCH)
        logits = model(torch.from_numpy(pictures[rows]), torch.from_numpy(words[rows, :-1]))
        F.cross_entropy(logits.transpose(1, 2), torch.from_numpy(words[rows, 1:])).backward()
        optimizer.step(rate)
    return model


def decode(model: nn.Module, images: Tensor) -> Tensor:
    """Caption images greedily: (N, 7) words, <bos> first."""
    words = np.full((len(images), 1), BOS)
    while words.shape[1] < LENGTH:
        with torch.no_grad():
            logits = model(images, torch.from_numpy(words)).numpy()
        words = np.hstack([words, logits[:, -1].argmax(axis=1)[:, None]])
    return torch.from_numpy(words)
