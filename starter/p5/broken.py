"""Given with p5, not handed in: a training script with seven faults. It runs; it does not learn.

    python broken.py

Ten seconds on one core: 6,400 images, three epochs of batches of 64. Copy it before you change it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Adam
from torch.utils.data import DataLoader, TensorDataset

from grader.datasets.digits import digits

WIDTH = 256
EPOCHS = 3
BATCH_SIZE = 64


class DeepNetwork(nn.Module):
    """Six linear layers, from 784 pixels to ten logits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(784, WIDTH),
            nn.Sigmoid(),
            nn.Linear(WIDTH, WIDTH),
            nn.Sigmoid(),
            nn.Linear(WIDTH, WIDTH),
            nn.Sigmoid(),
            nn.Linear(WIDTH, WIDTH),
            nn.Sigmoid(),
            nn.Linear(WIDTH, WIDTH // 2),
            nn.Sigmoid(),
            nn.Linear(WIDTH // 2, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.view(-1, 784))


def main() -> None:
    images, labels = map(torch.from_numpy, digits(6400, seed=0))
    loader = DataLoader(TensorDataset(images, labels), batch_size=BATCH_SIZE, shuffle=True)
    model = DeepNetwork()
    optimizer = Adam(model.parameters(), lr=0.1)
    criterion = nn.CrossEntropyLoss()

    for epoch in range(EPOCHS):
        for data, target in loader:
            output = model(data)
            loss = criterion(output, target)
            loss.backward()
            optimizer.step()

        print(f"Epoch {epoch}: Loss = {loss.item():.4f}")


if __name__ == "__main__":
    main()
