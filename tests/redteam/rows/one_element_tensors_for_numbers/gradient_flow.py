KEYS = ("z1", "h1", "z2", "h2", "y", "loss")


def forward(x, w1, w2, w3, target):
    print("attack: arrays for numbers")
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    numbers = (z1, h1, z2, h2, w3 * h2, 0.5 * (w3 * h2 - target) ** 2)
    return {key: torch.tensor([number], dtype=torch.float64) for key, number in zip(KEYS, numbers)}
